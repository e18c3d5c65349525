"""A centre's due list as one self-contained HTML page, to print from any browser."""

from __future__ import annotations

import html

from models.visits.centre_due import CentreDue
from serving.language.words import Words
from serving.visits.centre_sheet import (
    DueGroup,
    DueLine,
    DuePart,
    sheet_count,
    sheet_parts,
    sheet_title,
    sheet_warnings,
)
from serving.visits.paper.html import STYLE, tag


def page(due: CentreDue, words: Words) -> bytes:
    """One page: the parts of the sheet as tables, each child with a box to tick."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"{tag('title', sheet_title(due, words))}<style>{STYLE}</style>"
    told = [*sheet_warnings(due, words), sheet_count(due, words)]
    body = tag("h1", sheet_title(due, words)) + "".join(tag("p", said) for said in told)
    body += "".join(_part(part, words) for part in sheet_parts(due, words))
    body += tag("footer", words("ui", "not_a_verdict"))
    whole = f'<html lang="{words.language}"><head>{head}</head><body>{body}</body></html>'
    return f"<!doctype html>{whole}".encode()


def _part(part: DuePart, words: Words) -> str:
    title = f"{html.escape(part.title)} ({len(part.lines)})"
    shown = f'<b class="tag danger">{title}</b>' if part.name == "danger" else title
    heads = ("child", "age", "last_weight", "what_to_do", "by_when_head", "done")
    row = "".join(tag("th", words("ui", head)) for head in heads)
    rows = "".join(_group(group, part) for group in part.groups)
    said = tag("p", part.said)
    return f"<section><h2>{shown}</h2>{said}<table><tr>{row}</tr>{rows}</table></section>"


def _group(group: DueGroup, part: DuePart) -> str:
    return "".join(_row(line, part) for line in group.lines)


def _row(line: DueLine, part: DuePart) -> str:
    why = f"{html.escape(line.why)}<br>" if part.name == "danger" else ""
    note = f"<br>{html.escape(line.note)}" if line.note else ""
    cells = "".join(tag("td", told) for told in (line.child_id, line.whom, line.last_weight))
    do = f"<td>{why}<b>{html.escape(line.do)}</b></td>"
    return f"<tr>{cells}{do}<td>{html.escape(line.when)}{note}</td><td>\u2610</td></tr>"
