"""The columns of each export: stable names with units, their kinds and what they mean, said once
for files, the API's document and the page `docs/connect.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from care.programme.indicators import AMOUNTS, COUNTS, MEASUREMENTS, RATIOS, SPHERE
from models.targets import TARGETS

KINDS_OF_COLUMN: dict[str, pa.DataType] = {
    "text": pa.string(),
    "day": pa.date32(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "truth": pa.bool_(),
}


@dataclass(frozen=True)
class ExportColumn:
    """One column: its name, its kind (a key of `KINDS_OF_COLUMN`) and what it holds."""

    name: str
    kind: str
    meaning: str


def _columns(kind: str, **meanings: str) -> list[ExportColumn]:
    return [ExportColumn(name, kind, meaning) for name, meaning in meanings.items()]


RUN = [
    *_columns("day", as_of="the scoring day: what was known by then"),
    *_columns("truth", synthetic="made-up records that mean nothing clinically"),
    *_columns("text", protocol_version="of the care protocol that named the steps"),
]
PLACE = _columns(
    "text",
    district_id="district of the sector",
    project_id="project of the sector",
    sector_id="the programme's own id",
)
CHILD = [
    *_columns("day", counted_to="the day to which overdue_days is counted"),
    *PLACE,
    *_columns("text", centre_id="the programme's own id", centre_name="where it is known"),
    *_columns("text", child_id="the programme's own code", sex="F or M"),
    *_columns("whole", age_months="completed months on the scoring day"),
    *_columns(
        "text",
        state="where the protocol places the child",
        rule="the rule that says so",
        next_step="what the protocol asks for",
        who="who does it",
    ),
    *_columns("day", by_when="when the step is due"),
    *_columns("whole", overdue_days="days that the step is late; empty where it is not"),
    *_columns("truth", danger="in danger: before everything else"),
    *_columns("number", last_weight_kg="last weight"),
    *_columns("day", last_weight_on="its day"),
    *_columns("number", last_muac_mm="last mid-upper-arm circumference"),
    *_columns("day", last_muac_on="its day", last_visited_on="last home visit, ticked ones too"),
    *_columns("text", last_finding="what that visit found"),
]
LISTED = [
    *_columns("text", part="rows (visits by urgency), for_the_anm, or beyond (no visit left)"),
    *_columns("whole", rank="order of urgency within the sector, rows alone"),
    *_columns("text", section="danger, overdue or risk; rows alone"),
    *_columns("text", why="one line why, in the language asked for", what_to_do="what to do"),
    *_columns("text", target="the event whose risk the list ranks by"),
    *_columns(
        "number",
        risk="calibrated probability of the target, 0 to 1",
        risk_low="lower end of its 90 % interval",
        risk_high="upper end of its 90 % interval",
    ),
]


def _of_target(target: str) -> list[ExportColumn]:
    """The columns of what one model said."""
    return [
        *_columns("text", **{f"{target}_score_status": "scored or not_scored"}),
        *_columns("text", **{f"{target}_why_not": "why there is no score"}),
        *_columns("whole", **{f"{target}_landmark_day": "days since admission or discharge"}),
        *_columns(
            "number",
            **{
                f"{target}_risk": "calibrated probability, 0 to 1",
                f"{target}_risk_low": "lower end of its 90 % interval",
                f"{target}_risk_high": "upper end of its 90 % interval",
            },
        ),
        *_columns("text", **{f"{target}_model_version": "of the model that said it"}),
    ]


INDICATORS = [
    *RUN,
    *_columns("text", level="district, project or sector", place="its id"),
    *_columns("text", district_id="that holds it", project_id="that holds it"),
    *_columns("text", month="YYYY-MM; empty in the row over all months"),
    *_columns("text", from_month="first month counted", to_month="last month counted"),
    *_columns("whole", **dict.fromkeys(COUNTS, "children; empty where fewer than five")),
    *_columns("number", **dict.fromkeys(AMOUNTS, "days, or rations issued")),
    *_columns(
        "number",
        **{
            ratio.name: ratio.says + ("" if ratio.name in MEASUREMENTS else ", 0 to 1")
            for ratio in RATIOS
        },
    ),
    *_columns("number", ednf_share="sachets issued, of those the protocol asks for"),
    *_columns(
        "text", **{f"sphere_{name}": "met, not met or too few: Sphere" for name, *_ in SPHERE}
    ),
]
EXPORTS: Mapping[str, list[ExportColumn]] = {
    "visits": [*RUN, *CHILD, *LISTED],
    "children": [
        *RUN,
        *CHILD,
        *_columns("text", other_codes="of linked records, as REGISTER:CODE, a space between"),
        *(column for target in TARGETS for column in _of_target(target)),
    ],
    "indicators": INDICATORS,
}
"""What can be exported, and its columns in their order."""


def schema_of(columns: Iterable[ExportColumn]) -> pa.Schema:
    """The columns as Parquet types, each with what it means."""
    return pa.schema(
        [
            pa.field(one.name, KINDS_OF_COLUMN[one.kind], metadata={"meaning": one.meaning})
            for one in columns
        ]
    )


def columns_page() -> str:
    """The columns of every export as Markdown, as they stand in `docs/connect.md`."""
    lines: list[str] = []
    for what, columns in EXPORTS.items():
        lines += [f"### {what}", "", "| column | kind | holds |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.kind} | {one.meaning} |" for one in columns]
        lines.append("")
    return "\n".join(lines)
