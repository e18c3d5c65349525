"""The printed list as one self-contained HTML page, to print from any browser: overview, key,
sheets, the others."""

from __future__ import annotations

import html

from models.visits.ranking import VisitList
from serving.language.words import Words
from serving.visits.sheet_lines import (
    TICK_BOXES,
    CentreSheet,
    ListLine,
    anm_lines,
    beyond_lines,
    centre_name,
    key,
    notes,
    practice_key,
    ranked_lines,
    sheets,
    title,
)

STYLE = (
    "body{font:17px/1.35 sans-serif;max-width:48em;margin:1em auto;padding:0 "
    "1em;color:#000;background:#fff}"
    "section.page{break-after:page}section.sheet{border-top:2px dashed "
    "#000;padding-top:.4em;margin-top:1em}"
    "article{border:2px solid #000;margin:.6em 0;padding:.3em "
    ".8em;break-inside:avoid}article.also{border-width:1px}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.2em "  # noqa: E501
    ".5em .2em 0;"
    "border-bottom:1px solid #000}tr{break-inside:avoid}h2,h3{margin:.3em "
    "0;break-after:avoid}p{margin:.2em 0}"
    ".sheet>p:first-of-type{break-after:avoid}"
    "b.tag{border:1px solid #000;padding:0 "
    ".4em}b.danger{background:#000;color:#fff}.fill{margin-right:1.2em}"
    "@media print{body{font-size:14px;margin:0;padding:0}b.danger{print-color-adjust:exact}}"
)


def page(listed: VisitList, words: Words) -> bytes:
    """One self-contained HTML page: the overview and the key each on a page of its own, then a
    section for each centre below a dashed line, then the ANM's children and the officer's."""
    say = words
    parts = [_overview(listed, say), _how_to(listed, say)]
    parts += [_sheet(sheet, listed, say) for sheet in sheets(listed, say)]
    parts.append(_others(listed, say, ("anm_part", "anm_part_give"), anm_lines(listed, say)))
    parts.append(_others(listed, say, ("beyond_title", "beyond_give"), beyond_lines(listed, say)))
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"{tag('title', title(listed, say))}<style>{STYLE}</style>"
    body = "".join(parts) + tag("footer", say("ui", "not_a_verdict"))
    return (
        f'<!doctype html><html lang="{say.language}"><head>{head}</head><body>{body}</body></html>'
    ).encode()


def tag(name: str, text: str) -> str:
    """An element with this text, escaped."""
    return f"<{name}>{html.escape(text)}</{name}>"


def _overview(listed: VisitList, words: Words) -> str:
    """All visits by rank, each with a box to tick."""
    head = tag("h1", title(listed, words)) + "".join(
        tag("p", note) for note in notes(listed, words)
    )
    if not listed.rows:
        return f'<section class="page">{head}{tag("p", words("ui", "empty_list"))}</section>'
    rows = "".join(
        _row(
            (
                line.mark,
                line.child_id,
                centre_name(line.row.candidate, words),
                line.why_short,
                line.step,
            )
        )
        for line in ranked_lines(listed, words)
    )
    return (
        "<section "
        f'class="page">{head}{tag("p", words("ui", "in_this_order"))}{_table(rows, words)}</section>'  # noqa: E501
    )


def _table(rows: str, words: Words) -> str:
    heads = ("number", "child", "centre", "why", "what_to_do", "done")
    return (
        f"<table><tr>{''.join(tag('th', words('ui', head)) for head in heads)}</tr>{rows}</table>"
    )


def _row(cells: tuple[str, ...]) -> str:
    return f"<tr>{''.join(tag('td', cell) for cell in cells)}<td>\u2610</td></tr>"


def _how_to(listed: VisitList, words: Words) -> str:
    """What each box means, once for all sheets."""
    told = "".join(
        tag("p", words("ui", name)) for name in ("bring", "fill_in", "return_by", "find_child")
    )
    rows = "".join(
        f"<p><b>{html.escape(name)}:</b> {html.escape(meaning)}</p>" for name, meaning in key(words)
    )
    also = tag("p", f"B: {words('ui', 'also_here')}") if listed.beyond else ""
    heading = (
        tag("h2", words("ui", "how_to"))
        + told
        + f"<p><b>{html.escape(words('ui', 'key_title'))}</b></p>"
    )
    return (
        "<section "
        f'class="page">{heading}{rows}{also}{tag("p", words("ui", "abbreviations"))}</section>'
    )


def _sheet(sheet: CentreSheet, listed: VisitList, words: Words) -> str:
    """One centre's children; those in danger without a place have boxes and lines too."""
    which = f"{words('ui', 'sector')} {listed.sector_id}, {words.day(listed.as_of)}"
    if practice := practice_key(listed.facts):
        which = f"{words('ui', f'{practice}_short')}; {which}"
    head = tag("h2", f"{words('ui', 'centre')} {sheet.centre}") + tag("p", which)
    head += tag("p", words("ui", "sheet_reminder"))
    articles = "".join(_article(line, words) for line in (*sheet.lines, *sheet.also_here))
    return f'<section class="sheet">{head}{articles}{_watch(sheet, words)}</section>'


def _watch(sheet: CentreSheet, words: Words) -> str:
    """The box with the centre's children who may soon be SAM; empty where there is none."""
    if not sheet.watch:
        return ""
    told = "".join(tag("p", line) for line in sheet.watch)
    title_of_box = html.escape(words("ui", "also_watch"))
    return f"<article class=also><p><b>{title_of_box}:</b></p>{told}</article>"


def _article(line: ListLine, words: Words) -> str:
    facts = (("why", line.why), ("what_to_do", line.do), ("last_measured", line.measured))
    told = "".join(
        f"<p><b>{html.escape(words('ui', name))}:</b> {html.escape(value)}</p>"
        for name, value in facts
    )
    shown = "tag danger" if line.section == "danger" and not line.beyond else "tag"
    who = html.escape(f"{line.mark}  {line.child_id} ({line.whom})")
    head = f'<h3>{who} <b class="{shown}">{html.escape(line.tag(words))}</b></h3>'
    done = (
        ""
        if line.beyond
        else f"<p>{html.escape(words('ui', 'what_was_done'))}: ________________________</p>"
    )
    return f"<article{' class=also' if line.beyond else ''}>{head}{told}{_to_fill_in(words)}{done}</article>"  # noqa: E501


def _to_fill_in(words: Words) -> str:
    """The boxes, and the lines for weight, arm and day."""
    boxes = "".join(
        f'<span class="fill">\u2610 {html.escape(words("findings", finding))}</span>'
        for finding in TICK_BOXES
    )
    blanks = "".join(
        f'<span class="fill">{html.escape(words("ui", name))} ________</span>'
        for name in ("weight_found", "muac_found", "visited_on")
    )
    return f"<p>{boxes}</p><p>{blanks}</p>"


def _others(
    listed: VisitList, words: Words, heading: tuple[str, str], lines: list[ListLine]
) -> str:
    """Children whom somebody else sees: the ANM's, the officer's; empty where there is none."""
    if not lines:
        return ""
    rows = "".join(
        _row(
            (
                line.mark,
                f"{line.child_id} ({line.whom})",
                centre_name(line.row.candidate, words),
                line.why,
                line.do,
            )
        )
        for line in lines
    )
    said = (
        tag("h2", words("ui", heading[0]))
        + tag("p", title(listed, words))
        + tag("p", words("ui", heading[1]))
    )
    return f'<section class="sheet">{said}{_table(rows, words)}</section>'
