"""A survey or register file answered: `score_file` reads, answers, sums up and writes; the rooms
beside it each do one.

`reading` reads through the registry's readers and maps, `columns` finds what is what, `cells` reads
spellings, `suspicion` names what cannot be, `answers` computes, `summary` counts, `report` draws,
`files` writes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from features.survey import files
from features.survey.answers import Answers, answer, columns_of
from features.survey.reading import Survey, read_survey
from registry.contract.errors import BadInput, UsageError
from registry.indian_digits import grouped


def score_file(
    source: Path,
    out: Path,
    *,
    unrounded: bool = False,
    older: str | None = None,
    report: Path | None = None,
    map: Path | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> dict[str, object]:
    """Answer every row of `source` into `out`, the same rows in the same order; the summary as
    plain data.

    map: a MAP.toml as `sanket import` takes it, which says what the columns are, in what unit and
    form.
    """
    from features.survey.summary import summary

    _refuse_overwriting(source, out, report)
    files.writer(out)
    step(f"reading {source.name}")
    survey = read_survey(source, map)
    if not survey.table.num_rows:
        raise BadInput("GRO111", f"{source.name} has a header and no rows: nothing to answer")
    step(f"answering {grouped(survey.table.num_rows)} rows")
    answers = answer(survey.read, survey.columns, older=older, decimal_comma=survey.decimal_comma)
    step(f"writing {out.name}")
    files.write(
        _together(survey, answers, unrounded=unrounded, typed=out.suffix.lower() != ".csv"), out
    )
    facts = summary(answers, survey.columns)
    if report is not None:
        from features.survey.survey_report import page

        step(f"drawing {report.name}")
        report.write_text(page(answers, facts, title=source.name), encoding="utf-8")
    return facts


def _refuse_overwriting(source: Path, out: Path, report: Path | None) -> None:
    """The source is never written over."""
    for target in (out, report):
        if target is not None and target.absolute() == source.absolute():
            raise UsageError(
                "GRO121", f"{target.name} is the file to be read: choose another name to write"
            )
    if report is not None and not report.absolute().parent.is_dir():
        raise UsageError("GRO121", f"cannot write {report.name}: its folder is not there")


def _together(survey: Survey, answers: Answers, *, unrounded: bool, typed: bool) -> pa.Table:
    """The source's columns, then ours. A column of the source that has one of our names becomes
    `input_…`."""
    ours = columns_of(answers, unrounded=unrounded)
    names = [f"input_{name}" if name in ours else name for name in survey.table.column_names]
    kept = list(survey.table.columns)
    if typed:
        read = set(survey.columns.named().values())
        kept = [
            files.as_numbers(column, codes=name not in read)
            if name in read or survey.is_typed
            else column
            for name, column in zip(survey.table.column_names, kept, strict=True)
        ]
    return pa.Table.from_arrays([*kept, *ours.values()], names=[*names, *ours])
