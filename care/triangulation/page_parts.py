"""A report as one page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from registry.indian_digits import grouped

STYLE = """
body{font:15px/1.45 sans-serif;color:#222;max-width:1000px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:1em 0}td,th{padding:.25em .6em;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child{text-align:left}.wide{overflow-x:auto}
.note{color:#555;font-size:13px}@media print{body{margin:0}}
"""  # noqa: E501


def document(title: str, parts: Sequence[str]) -> str:
    """The page with its parts (HTML)."""
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            "</body></html>",
        ]
    )


def table(heads: Iterable[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; None is a dash, whole numbers are grouped as India does."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    cells = ("".join(f"<td>{_cell(cell)}</td>" for cell in row) for row in rows)
    body = "".join(f"<tr>{one}</tr>" for one in cells)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _cell(cell: object) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, int | np.integer):
        return grouped(int(cell))
    return escape(f"{cell:g}" if isinstance(cell, float) else str(cell))
