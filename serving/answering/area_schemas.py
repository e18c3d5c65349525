"""What the API tells of areas, as named JSON Schemas: figures of sectors, the programme's
indicators."""

from __future__ import annotations

from typing import Any

from care.pathway.decide import STATES
from care.programme.areas import UPWARDS
from care.programme.indicators import AMOUNTS, COUNTS, MEASUREMENTS, MET, NOT_MET, RATIOS, SPHERE
from care.programme.indicators import TOO_FEW as FEW
from models.targets import TARGETS
from serving.answering.schema_parts import (
    DAY,
    INTEGER,
    INTEGER_OR_NULL,
    MONTH,
    NULL,
    NUMBER_OR_NULL,
    TEXT,
    TEXT_OR_NULL,
    TRUTH,
    Schema,
    many,
    obj,
    or_null,
    ref,
    told,
)

WITHHELD = "null: under five, or lest another be worked out"
_ON_THE_ROLLS = {
    "children": "on the rolls at the month's end, listed or not",
    "overdue": "on the rolls at the month's end, whose step is late",
    "danger": "on the rolls at the month's end",
}
PROGRAMME: dict[str, Schema] = {
    **{
        name: told(INTEGER_OR_NULL, f"children: {_ON_THE_ROLLS.get(name, name)}; {WITHHELD}")
        for name in COUNTS
    },
    **{name: told(NUMBER_OR_NULL, "days, or rations issued") for name in AMOUNTS},
    **{
        ratio.name: told(
            NUMBER_OR_NULL, ratio.says + ("" if ratio.name in MEASUREMENTS else ", 0 to 1")
        )
        for ratio in RATIOS
    },
    "ednf_share": told(NUMBER_OR_NULL, "sachets issued, of those the protocol asks for"),
    **{f"sphere_{name}": {"type": "string", "enum": [MET, NOT_MET, FEW]} for name, *_ in SPHERE},
}
"""The care indicators of a place in a time (`care/programme/indicators.py`)."""
_PLACES = {
    "place": told(TEXT, "the sector's, project's or district's id"),
    "months": many("ProgrammeFigures", "month by month, then the period of all of them"),
}
AREA_SCHEMAS: dict[str, Any] = {
    "Expected": told(
        obj(scored=told(INTEGER, "children with a risk"), events=told({"type": "number"}, "sum")),
        "how many events the risks add up to",
    ),
    "SectorFigures": told(
        obj(
            sector_id=TEXT,
            children=told(INTEGER_OR_NULL, f"of the score book; {WITHHELD}"),
            in_danger=told(INTEGER_OR_NULL, WITHHELD),
            overdue=told(INTEGER_OR_NULL, f"whose step is late on counted_to; {WITHHELD}"),
            visited_since=told(INTEGER_OR_NULL, f"ever visited at home; {WITHHELD}"),
            by_state=told(
                obj(optional=STATES, **dict.fromkeys(STATES, INTEGER_OR_NULL)),
                f"a state without children is left out; {WITHHELD}",
            ),
            expected=obj(
                optional=TARGETS, **{target: or_null("Expected", WITHHELD) for target in TARGETS}
            ),
        ),
        "children of the score book, counted as on the sector's page and list",
    ),
    "ProgrammeFigures": told(
        obj(
            month={"anyOf": [MONTH, NULL], "description": "YYYY-MM; null in a period"},
            from_month=told(MONTH, "the first month counted"),
            to_month=told(MONTH, "the last month counted"),
            **PROGRAMME,
        ),
        "the care programme in a month or a period, over all children on the rolls",
    ),
    "AreaFigures": obj(
        level={"type": "string", "enum": list(UPWARDS[::-1])},
        area_id=told(TEXT, "the programme's own id; of the state: state"),
        sector_id=told(TEXT_OR_NULL, "that holds it; null of a sector and above"),
        project_id=told(TEXT_OR_NULL, "that holds it; null of a project and above"),
        district_id=told(TEXT_OR_NULL, "that holds it; null of a district and above"),
        months=many("ProgrammeFigures", "the last months, the newest last"),
        period=or_null("ProgrammeFigures", "all months together; null: nothing was counted"),
    ),
    "AreaPage": obj(
        as_of=told(DAY, "the scoring day of the run that all pages are of"),
        synthetic=told(TRUTH, "made-up records that mean nothing clinically"),
        protocol_version=TEXT_OR_NULL,
        areas=many("AreaFigures", "from the state down, by id"),
        next=told(TEXT_OR_NULL, "cursor of the next page; null on the last one"),
    ),
    "ProgrammeOfPlace": obj(**_PLACES),
    "IndicatorsAnswer": obj(
        as_of=told(DAY, "the scoring day"),
        counted_to=told(DAY, "the day to which `overdue` of `sectors` is counted"),
        facts=ref("RunFacts"),
        sectors=many("SectorFigures"),
        programme=obj(
            sector=many("ProgrammeOfPlace"),
            project=many("ProgrammeOfPlace"),
            district=many("ProgrammeOfPlace"),
        ),
    ),
}
"""The named schemas of areas."""
