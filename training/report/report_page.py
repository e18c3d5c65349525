"""The page: figures and plots put together into one HTML file that needs nothing else and prints
well."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.targets import TARGETS, Asked
from training.evaluation.scored_rows import ENOUGH_EVENTS
from training.evaluation.visit_lists import AS_LISTED, OURS, RULES, WHZ_AS_LISTED, WHZ_ORDER
from training.metrics.discrimination import Estimate
from training.report import plots
from training.report.figures_told import ORDER_WORDS
from training.report.glossary import BEFORE_USE, BY_WORDS, FOR_DATA_SCIENTISTS, GLOSSARY, attrition
from training.report.one_model import ModelReport
from training.report.sentences import sentences
from training.report.verdict import checked, colour, verdict, warnings

MOST_BYTES = 3_000_000
AS_PICTURE = ("reasons", "dependence_1", "dependence_2", "dependence_3")
LIST_WORDS = {
    OURS: "this model alone",
    RULES: "the protocol's rules alone",
    WHZ_ORDER: "lowest last WHZ alone",
    "lowest MUAC": "lowest last MUAC alone",
    AS_LISTED: "danger first, then this model",
    WHZ_AS_LISTED: "danger first, then lowest last WHZ",
}
SECTIONS = (
    ("who", "who judges it"),
    ("apart", "telling apart"),
    ("risks", "true risks"),
    ("visits", "visits"),
    ("others", "other outcomes"),
    ("fair", "fairness"),
    ("behave", "behaviour"),
    ("checks", "checks and card"),
)
PLOT_WORDS = {
    "calibration": "Calibration curve",
    "decision": "Decision curve",
    "landmarks": "AUC by the day of the prediction",
    "spread": "Spread of the risks",
    "learning": "Learning curve",
    "by_day": "Share with the event by day: observed (lines) and expected (circles)",
    "instability": "Instability: the same children told by refits on children drawn anew",
    "left_out": "AUC of each area, told by a model that learnt from the others",
    "reasons": "What moves its scores most (beeswarm)",
    "dependence_1": "How the strongest column moves the score",
    "dependence_2": "The second strongest",
    "dependence_3": "The third strongest",
}


def assemble(
    told: list[ModelReport],
    drawn: list[dict[str, str]],
    *,
    registry_facts: dict[str, Any],
    made_for: str,
    records_until: str,
) -> str:
    """The page of one or more models as HTML text; `drawn`: the plots of each, of `draw`."""
    room = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters |= {
        "estimate": estimate,
        "number": number,
        "percent": percent,
        "words": words,
        "ties": ties,
        "difference": difference,
    }
    return room.get_template("report.html.jinja").render(
        models=[_model(*one) for one in zip(told, drawn, strict=True)],
        facts=registry_facts,
        made_for=made_for,
        order_words=ORDER_WORDS | LIST_WORDS,
        plot_words=PLOT_WORDS,
        glossary=GLOSSARY,
        terms=FOR_DATA_SCIENTISTS,
        before_use=BEFORE_USE,
        by_words=BY_WORDS,
        by_order=(AS_LISTED, OURS, WHZ_AS_LISTED),
        few=ENOUGH_EVENTS,
        sections=SECTIONS,
        records_until=records_until,
        first_line=first_line(registry_facts),
    )


def _model(one: ModelReport, drawn: dict[str, str]) -> dict[str, Any]:
    """What the template reads of one model."""
    target, card, figures = one.bundle.target, one.bundle.card, one.figures
    findings = card.get("findings", [])
    synthetic = one.bundle.facts.get("synthetic", False)
    return {
        "figures": figures,
        "bundle": one.bundle,
        "card": card,
        "drawn": drawn,
        "verdict": verdict(figures, findings, synthetic=synthetic),
        "warnings": [] if one.judged is None else warnings(figures),
        "checked": checked(findings),
        "colour": colour(figures, findings),
        "sentences": [] if one.judged is None else sentences(figures, target=target),
        "synthetic": synthetic,
        "told_of": TARGETS[target].report,
        "confirmed": TARGETS[target].asked is Asked.AFTER_CURE,
        "attrition": attrition_of(figures, target),
    }


def attrition_of(figures: dict[str, Any], target: str) -> list[tuple[str, int]]:
    """From all records to the judged predictions; nothing where none are judged."""
    if figures["not_judged"]:
        return []
    judged = figures["rows"] + figures["not_scored"]
    return attrition(figures["attrition"], target=target, judged=judged)


def first_line(facts: dict[str, Any]) -> str:
    """What a reader must know before any figure: whose data, and how many dates were assumed."""
    share = facts.get("share_assumed_dates")
    dates = (
        "it is not known how many days of entry were assumed"
        if share is None
        else (
            f"{share:.0%} of the records have an assumed day of entry (nobody wrote down "
            "when they reached the system)"
        )
    )
    if facts.get("synthetic"):
        return (
            "SYNTHETIC DATA: no child in these records ever lived, and no figure here says "
            "anything about real "
            f"children; {dates}."
        )
    return f"Real records of children; {dates}."


def draw(one: ModelReport) -> dict[str, str]:
    """A model's plots by name, as HTML: an inline SVG, or of very many points an inline PNG."""
    target = one.bundle.target
    return {
        name: (plots.png if name in AS_PICTURE else plots.svg)(
            figure, f"{target} {PLOT_WORDS[name]}"
        )
        for name, figure in one.plots.items()
    }


def estimate(told: Estimate, digits: int = 3) -> str:
    """`0.812 (0.790 to 0.834)`."""
    if math.isnan(told.value):
        return "not known"
    certain = (
        f"{told.low:.{digits}f}"
        == f"{told.high:.{digits}f}"
        in (f"{0:.{digits}f}", f"{1:.{digits}f}")
    )
    if math.isnan(told.low) or told.low == told.high or certain:
        return f"{told.value:.{digits}f} (interval not known)"
    return f"{told.value:.{digits}f} ({told.low:.{digits}f} to {told.high:.{digits}f})"


def number(value: float | None, digits: int = 3) -> str:
    """A number, or `not known`."""
    return "not known" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share in per cent, or `not known`."""
    return (
        "not known"
        if value is None or math.isnan(value)
        else f"{value:.1%}".replace("-0.0%", "0.0%")
    )


def ties(bounds: tuple[float | None, float | None]) -> str:
    """` (ties 2.0% to 14.0%)`; nothing where the lot makes no difference."""
    known = sorted(bound for bound in bounds if bound is not None)
    if len(known) < len(bounds) or percent(known[0]) == percent(known[1]):
        return ""
    return f" (ties {percent(known[0])} to {percent(known[1])})"


def difference(told: object) -> str:
    """`+0.9 (0.1 to 1.8)` in percentage points, of `value`, `low`, `high`; nothing where there is
    no such mapping."""
    if not isinstance(told, dict) or told["value"] is None:
        return ""
    if told["low"] is None:
        return f"{100 * told['value']:+.1f} (too few sectors for an interval)"
    return f"{100 * told['value']:+.1f} ({100 * told['low']:.1f} to {100 * told['high']:.1f})"


def words(name: str) -> str:
    """A name for people."""
    return name.replace("non_response", "non-response").replace("_", " ")
