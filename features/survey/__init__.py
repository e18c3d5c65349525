"""`sanket zscores`: z-scores and nutrition status for every row of a survey's or register's file,
and what they add up to.

`read_survey` reads the file through the registry's reader and maps, `column_names` finds which
column is which, `survey_cells` reads numbers, dates and codes, `suspicion` names values that cannot
be right, `survey_results` computes, `summary` counts, `survey_report` draws, `write_table` writes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from features.survey import write_table
from features.survey.read_survey import Survey, read_survey
from features.survey.survey_results import SurveyResults, columns_of, results_of
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
    write_table.writer(out)
    step(f"reading {source.name}")
    survey = read_survey(source, map)
    if not survey.table.num_rows:
        raise BadInput("GRO111", f"{source.name} has a header and no rows: nothing to answer")
    step(f"answering {grouped(survey.table.num_rows)} rows")
    results = results_of(
        survey.read, survey.columns, older=older, decimal_comma=survey.decimal_comma
    )
    step(f"writing {out.name}")
    write_table.write(
        _together(survey, results, unrounded=unrounded, typed=out.suffix.lower() != ".csv"), out
    )
    facts = summary(results, survey.columns)
    if report is not None:
        from features.survey.survey_report import page

        step(f"drawing {report.name}")
        report.write_text(page(results, facts, title=source.name), encoding="utf-8")
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


def _together(survey: Survey, results: SurveyResults, *, unrounded: bool, typed: bool) -> pa.Table:
    """The source's columns, then ours. A column of the source that has one of our names becomes
    `input_…`."""
    ours = columns_of(results, unrounded=unrounded)
    names = [f"input_{name}" if name in ours else name for name in survey.table.column_names]
    kept = list(survey.table.columns)
    if typed:
        read = set(survey.columns.named().values())
        kept = [
            write_table.as_numbers(column, codes=name not in read)
            if name in read or survey.is_typed
            else column
            for name, column in zip(survey.table.column_names, kept, strict=True)
        ]
    return pa.Table.from_arrays([*kept, *ours.values()], names=[*names, *ours])
