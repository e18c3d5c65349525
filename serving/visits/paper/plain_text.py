"""The visit list as plain text, for a terminal or a message."""

from __future__ import annotations

from itertools import groupby

from models.visits.ranking import VisitList
from serving.language.words import Words
from serving.visits.sheet_lines import (
    ListLine,
    anm_lines,
    beyond_lines,
    centre_name,
    notes,
    ranked_lines,
    sheets,
    title,
)


def plain_text(listed: VisitList, words: Words) -> bytes:
    """Plain text for a terminal or a message: the overview, then each centre's children, then who
    sees the others."""
    out = [title(listed, words), *notes(listed, words), ""]
    if not listed.rows:
        out.append(words("ui", "empty_list"))
    for section, of_section in groupby(ranked_lines(listed, words), key=lambda line: line.section):
        out += [
            f"== {words('sections', section)} ==",
            *(_overview_line(line, words) for line in of_section),
        ]
    for sheet in sheets(listed, words):
        out += ["", f"== {words('ui', 'centre')} {sheet.centre} =="]
        for line in sheet.lines:
            out += _told(line, words)
        for line in sheet.also_here:
            out.append(f"{words('ui', 'also_here')}: {line.mark}. {line.child_id}")
        if sheet.watch:
            out += [f"{words('ui', 'also_watch')}:", *(f"     {told}" for told in sheet.watch)]
    parts = (
        ("beyond_title", "beyond_give", beyond_lines),
        ("anm_part", "anm_part_give", anm_lines),
    )
    for heading, give, lines_of in parts:
        if lines := lines_of(listed, words):
            out += ["", f"== {words('ui', heading)} ==", words("ui", give)]
            out += [_others_line(line, words) for line in lines]
    return ("\n".join([*out, "", words("ui", "not_a_verdict")]) + "\n").encode()


def _overview_line(line: ListLine, words: Words) -> str:
    return (
        f"{line.mark:>3}. {line.child_id}, {centre_name(line.row.candidate, words)}: "
        f"{line.why_short}; {line.step}"
    )


def _told(line: ListLine, words: Words) -> list[str]:
    return [
        (
            f"{line.mark:>3}. {line.child_id} ({line.whom}); {words('ui', 'last_measured')}: "
            f"{line.measured}"
        ),
        f"     {words('ui', 'why')}: {line.why}",
        f"     {words('ui', 'what_to_do')}: {line.do}",
    ]


def _others_line(line: ListLine, words: Words) -> str:
    centre = centre_name(line.row.candidate, words)
    return (
        f"{line.mark:>3}. {line.child_id} ({line.whom}); {words('ui', 'centre')} {centre}: "
        f"{line.why}; {line.do}; "
        f"{words('ui', 'last_measured')}: {line.measured}"
    )
