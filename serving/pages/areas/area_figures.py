"""An area's figures in words: as things stand, treatment beside Sphere's lines, the year by month,
and how far its centres' records can be believed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from care.programme.indicators import MET, NOT_MET, SPHERE
from care.programme.indicators import OUTCOMES as ENDED
from care.protocol import standard
from serving.book.scoring.quality_reasons import checks_of
from serving.language.words import Words
from serving.pages.areas.area_parts import AreaPart
from serving.pages.areas.area_shown import AreaShown
from serving.pages.areas.attention import Figures, centres, percent
from serving.pages.areas.month_lines import Line, month_lines
from serving.visits.quality_told import check_told, quality_words

Record = Mapping[str, Any]
NOW = (
    "children",
    "coverage",
    "judged",
    "sam_share",
    "mam_share",
    "in_treatment",
    "sam_untreated",
    "treatment_coverage",
    "danger",
    "overdue",
)
"""How things stand in the last month."""
TREATMENT = (
    "cured_share",
    "defaulted_share",
    "died_share",
    "not_recovered_share",
    "relapse_1_month",
    "relapse_3_months",
    "relapse_6_months",
    "gain_g_kg_day",
    "stay_days",
)
"""What came of treatment, over all months."""
BY_MONTH = (
    *NOW,
    "cured",
    "defaulted",
    "died",
    "not_recovered",
)
CHARTS = (
    ("chart_measured", ("coverage",)),
    ("chart_status", ("sam_share", "mam_share")),
    ("chart_treated", ("in_treatment", "sam_untreated")),
    ("chart_treatment_coverage", ("treatment_coverage",)),
    ("chart_waiting", ("danger", "overdue")),
)
CHARTED = tuple(name for _, names in CHARTS for name in names)
UNDER = {
    "coverage": ("children",),
    "sam_share": ("judged",),
    "mam_share": ("judged",),
    "treatment_coverage": ("in_treatment", "sam_untreated"),
    **{f"{name}_share": ENDED for name in ENDED},
    "gain_g_kg_day": ("cured",),
    "stay_days": ("cured",),
}
"""Of which counts a figure speaks: where all of them are nought it says nothing, and nothing is
withheld."""
UNITS = {"gain_g_kg_day": "grams", "stay_days": "days"}
DOUBTFUL, MIXED = 0.5, 0.25
"""From these shares of centres with poor or no known records on, the area's figures say little, or
are read with care. verified: false (ours)."""


POOREST_TOLD = 3
"""So many of a sector's centres are named with what spoils their records."""


@dataclass(frozen=True)
class TreatmentLine:
    """An indicator of treatment: its value, Sphere's line, whether it is met ("" without one)."""

    name: str
    value: str
    line: str
    verdict: str


@dataclass(frozen=True)
class Chart:
    """A picture of a year, with its caption."""

    caption: str
    picture: Markup


@dataclass(frozen=True)
class Believed:
    """How many centres have good, fair, poor and no known records, and what follows."""

    counts: str
    advice: str


def value_of(record: Record, name: str) -> Any:
    """A figure of a record, None where it is not told.

    `treatment_coverage`: of all known SAM at the month's end (in treatment, or SAM without it), the
    share in treatment; told where both counts are, so that it tells nothing more.
    """
    if name != "treatment_coverage":
        return record.get(name)
    treated, untreated = record.get("in_treatment"), record.get("sam_untreated")
    if treated is None or untreated is None or not treated + untreated:
        return None
    return treated / (treated + untreated)


def cell(record: Record, name: str, words: Words) -> str:
    """A figure as it is read: a dash where there is nobody to tell of, `not shown` where it is
    withheld."""
    value = value_of(record, name)
    if value is None:
        under = [record.get(count) for count in UNDER.get(name, ())]
        nobody = bool(under) and all(count == 0 for count in under)
        return "\u2013" if nobody else words("areas", "withheld")
    if name == "judged" and record.get("screened"):
        share = percent(value / record["screened"], words)
        return words.say("areas", "judged_of", n=int(value), share=share)
    if name in UNITS:
        return words.say("areas", UNITS[name], number=words.number(value, 1))
    return percent(value, words) if _is_share(name) else words.number(value)


def _is_share(name: str) -> bool:
    return name.endswith(("coverage", "_share")) or name.startswith("relapse")


def name_of(name: str, words: Words) -> str:
    """What a figure is called."""
    return words("areas", f"figure_{name}")


def now(record: Record, words: Words) -> list[tuple[str, str]]:
    """(name, value) of the last month."""
    return [(name_of(name, words), cell(record, name, words)) for name in NOW]


def treatment(period: Record, words: Words) -> list[TreatmentLine]:
    """What came of treatment over all months, beside Sphere's lines."""
    limits = {name: (value, side) for name, value, side in SPHERE}
    protocol = standard()
    lines = []
    for name in TREATMENT:
        line = verdict = ""
        if name in limits:
            value, side = limits[name]
            share = f"{words.number(100 * float(protocol[value]))}%"
            line = words.say("areas", f"sphere_{side}", share=share)
            verdict = _verdict(period.get(f"sphere_{name}"), words)
        lines.append(TreatmentLine(name_of(name, words), cell(period, name, words), line, verdict))
    return lines


def _verdict(said: object, words: Words) -> str:
    known = {MET: "met", NOT_MET: "not_met"}
    return words("areas", known.get(str(said), "too_few"))


def month_name(record: Record, words: Words) -> str:
    """`Jun 2026`, for a record of `2026-06`."""
    year, _, month = str(record["month"]).partition("-")
    return f"{words.tree['months_short'][int(month) - 1]} {year}"


def charts(months: Sequence[Record], before: Sequence[Record], words: Words) -> list[Chart]:
    """The year's lines, and in grey those of the months a year before, where these are known; lines
    of which no month is told are left out."""
    labels, found = [month_name(record, words) for record in months], []
    for key, names in CHARTS:
        lines = [
            Line(name_of(name, words), [_number(value_of(record, name)) for record in months])
            for name in names
        ]
        if len(before) == len(months):
            lines += [
                Line(
                    words.say("areas", "year_before_of", figure=name_of(name, words)),
                    [_number(value_of(record, name)) for record in before],
                    of_year_before=at,
                    months=[month_name(record, words) for record in before],
                )
                for at, name in enumerate(names)
            ]
        shares = _is_share(names[0])
        caption = words("areas", key)
        picture = month_lines(
            lines,
            labels,
            lambda value, shares=shares: percent(value, words) if shares else words.number(value),  # type: ignore[misc]
            title=caption,
        )
        if picture is not None:
            found.append(Chart(caption, picture))
    return found


def records_before(found: Mapping[str, Sequence[Any]]) -> list[Record]:
    """The months a year before as records, the earliest first; none where no figure of them is
    told."""
    names = [name for name in found if name != "month"]
    if not any(value is not None for name in names for value in found[name]):
        return []
    return [{name: found[name][at] for name in found} for at in range(len(found.get("month", ())))]


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def believed(figures: Figures, words: Words) -> Believed | None:
    """How far these figures can be believed, from the records of the area's centres; None where no
    centre is known."""
    many = centres(figures)
    if not many:
        return None
    counts = {
        name: figures[f"centres_{colour}"]
        for name, colour in (
            ("good", "green"),
            ("fair", "amber"),
            ("poor", "red"),
            ("unknown", "unknown"),
        )
    }
    doubtful = (counts["poor"] + counts["unknown"]) / many
    advice = "doubtful" if doubtful >= DOUBTFUL else "mixed" if doubtful >= MIXED else "believable"
    return Believed(
        words.say("areas", "believe_counts", n=many, **counts), words("areas", f"believe_{advice}")
    )


def spoiled(area: AreaShown, parts: Sequence[AreaPart], words: Words) -> list[str]:
    """Of a centre its own checks; of other areas what spoils most of their centres, and of a sector
    also its poorest centres by name. Nothing where all records are good."""
    if area.level == "centre":
        own = (area.figures or {}).get("quality")
        return [check_told(name, share, words) for name, share in checks_of(own or {}).items()]
    return [*_spoiled_at(area, words), *_poorest_centres(parts, words)]


def _spoiled_at(area: AreaShown, words: Words) -> list[str]:
    figures = area.figures or {}
    doubted = figures.get("centres_amber", 0) + figures.get("centres_red", 0)
    return [
        words.say("areas", "spoiled_at", n=centres, of=doubted, why=check_told(check, share, words))
        for check, centres, share in area.spoiled
    ]


def _poorest_centres(parts: Sequence[AreaPart], words: Words) -> list[str]:
    """The centres with the least score that is not good, with the check that costs most."""
    doubted = [
        (quality["score"], part.place.place, quality)
        for part in parts
        if part.level == "centre"
        and (quality := part.figures.get("quality")) is not None
        and quality["colour"] != "green"
    ]
    lines = []
    for _, centre, quality in sorted(doubted, key=lambda one: one[:2])[:POOREST_TOLD]:
        name, share = next(iter(checks_of(quality).items()), ("", 0.0))
        if name:
            lines.append(
                words.say(
                    "areas",
                    "spoiled_centre",
                    centre=f"{words('areas', 'centre')} {centre}",
                    records=quality_words(quality, words),
                    why=check_told(name, share, words),
                )
            )
    return lines
