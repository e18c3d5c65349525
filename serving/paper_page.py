"""The sheets as one self-contained HTML page, to print from any browser."""

from __future__ import annotations

import html
from pathlib import Path

from models.ranking import VisitList
from serving.sheets import TICK_BOXES, Line, Sheet, beyond_lines, centre_name, key, notes, sheets, title
from serving.words import Words


def page(listed: VisitList, words: Words) -> bytes:
    """One self-contained HTML page with a section of its own (and a page break) for each centre."""
    say, escape = words, html.escape
    parts = [f"<h1>{escape(title(listed, say))}</h1>", *(f"<p>{escape(note)}</p>" for note in notes(listed, say))]
    parts += [f"<p>{escape(say('ui', 'empty_list'))}</p>"] * (not listed.rows)
    for place, sheet in enumerate(sheets(listed, say), 1):
        parts.append(f"<section><h2>{escape(say('ui', 'centre'))} {escape(sheet.centre)}</h2>")
        parts.append(f"<p>{escape(say('ui', 'bring'))} {escape(say('ui', 'fill_in'))}</p>")
        parts.append(_key(say))
        parts += [_article(line, say, f"{place}.{number}") for number, line in enumerate(sheet.lines, 1)]
        parts.append(_also_here(sheet, say, place))
        parts.append("</section>")
    parts.append(_beyond(listed, say))
    parts.append(f"<footer>{escape(say('ui', 'not_a_verdict'))}</footer>")
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title(listed, say))}'
    )
    body = "".join(parts)
    head += f"</title><style>{LETTERS}{STYLE}</style>"
    return f'<!doctype html><html lang="{say.language}"><head>{head}</head><body>{body}</body></html>'.encode()


def _beyond(listed: VisitList, words: Words) -> str:
    """The section for the project officer; empty where every child in danger has a place."""
    if not listed.beyond:
        return ""
    stop = words("ui", "stop")
    rows = "".join(
        f"<li>{html.escape(f'{line.child_id} ({line.whom})')}, {html.escape(words('ui', 'centre'))} "
        f"{html.escape(centre_name(line.row.candidate, words))}: {html.escape(line.why + stop + line.do)}</li>"
        for line in beyond_lines(listed, words)
    )
    said = f"<h2>{html.escape(words('ui', 'beyond_title'))}</h2><p>{html.escape(words('ui', 'beyond_give'))}</p>"
    return f"<section>{said}<ol>{rows}</ol></section>"


def _key(words: Words) -> str:
    rows = "".join(f"<p><b>{html.escape(name)}:</b> {html.escape(meaning)}</p>" for name, meaning in key(words))
    return f'<div class="key"><p><b>{html.escape(words("ui", "key_title"))}</b></p>{rows}</div>'


def _also_here(sheet: Sheet, words: Words, place: int) -> str:
    """Children in danger at this centre without a place, with lines to write on; empty where there is none."""
    if not sheet.also_here:
        return ""
    rows = ""
    for number, line in enumerate(sheet.also_here, len(sheet.lines) + 1):
        told = f"{place}.{number} {line.child_id} ({line.whom}): {line.why}{words('ui', 'stop')}{line.do}"
        rows += f"<article><p>{html.escape(told)}</p>{_to_fill_in(words)}</article>"
    return f"<p><b>{html.escape(words('ui', 'also_here'))}:</b></p>{rows}"


def _to_fill_in(words: Words) -> str:
    """The boxes, and the lines for weight, arm and day."""
    boxes = "".join(
        f'<span class="fill">\u2610 {html.escape(words("findings", finding))}</span>' for finding in TICK_BOXES
    )
    blanks = "".join(
        f'<span class="fill">{html.escape(words("ui", name))} ________</span>'
        for name in ("weight_found", "muac_found", "visited_on")
    )
    return f"<p>{boxes}</p><p>{blanks}</p>"


LETTERS = (Path(__file__).with_name("fonts") / "devanagari.css").read_text(encoding="utf-8")
"""Where a reader without a Devanagari font gets one, as long as the service answers; all else is in the page."""
STYLE = (
    "body{font:18px/1.4 var(--letters,sans-serif)}"
    "body{max-width:48em;margin:1em auto;padding:0 1em;color:#000;background:#fff}"
    "section{break-after:page}article{border:2px solid #000;margin:.8em 0;padding:.4em .8em;break-inside:avoid}"
    ".key{border:1px solid #000;padding:.2em .8em;font-size:.85em}"
    "h3{margin:.2em 0}p{margin:.25em 0}b.tag{background:#000;color:#fff;padding:0 .4em}.fill{margin-right:1.2em}"
)


def _article(line: Line, words: Words, number: str) -> str:
    say = words
    facts = (
        (say("ui", "why"), line.why),
        (say("ui", "last_weight"), line.last_weight),
        (say("ui", "what_to_do"), line.do),
    )
    told = "".join(f"<p><b>{html.escape(name)}:</b> {html.escape(value)}</p>" for name, value in facts)
    tag = html.escape(say("sections_short", line.section))
    head = f'<h3>{number} {html.escape(line.child_id)} ({html.escape(line.whom)}) <b class="tag">{tag}</b></h3>'
    done = f"<p>{html.escape(say('ui', 'what_was_done'))}: ________________________</p>"
    return f"<article>{head}{told}{_to_fill_in(say)}{done}</article>"
