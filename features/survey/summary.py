"""A survey's summary: prevalence of wasting, stunting and underweight with intervals, flags,
suspicions and digit preference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from features.criteria import criteria, version
from features.survey.column_names import SurveyColumns
from features.survey.survey_results import SurveyResults, is_classified
from features.who.growth import INDICATORS
from features.wilson import wilson
from registry.checks.plausible import (
    counted_by_z,
    far_too_high,
    missing_codes_kept,
    shares_beyond,
)
from registry.contract.arrays import AnyArray
from registry.indian_digits import grouped

Facts = dict[str, Any]
"""The summary as plain data, the `--json` document of `sanket zscores`."""
VERDICTS = ((8, "excellent"), (13, "good"), (21, "acceptable"), (math.inf, "poor"))
"""SMART's words for a digit preference score under each bound."""


def _prevalence(cases: AnyArray, among: AnyArray) -> dict[str, object]:
    """Cases among those that can be judged, in per cent."""
    n, k = int(np.count_nonzero(among)), int(np.count_nonzero(cases & among))
    percent = [100 * share for share in (k / n, *wilson(k / n, n))] if n else (None, None, None)
    return dict(zip(("cases", "n", "percent", "low", "high"), (k, n, *percent), strict=True))


def prevalences(results: SurveyResults) -> dict[str, dict[str, object]]:
    """Each prevalence by name. As WHO counts: flagged z are left out, oedema is severe by anything
    that weighs."""
    c = criteria()
    swollen = results.read["oedema"] >= c.oedema_from_grade
    young = ~(results.status["too_old"] == 1)
    answer: dict[str, dict[str, object]] = {}
    for name, indicator, weighs in (
        ("wasting", "whz", True),
        ("underweight", "waz", True),
        ("stunting", "haz", False),
    ):
        z = results.rounded[indicator]
        counted = swollen & young & weighs
        among = (results.flags[indicator] == 0) | counted
        answer[name] = _prevalence((z < c.moderate_z_below) | counted, among)
        answer[f"severe_{name}"] = _prevalence((z < c.severe_z_below) | counted, among)
    whz, known = results.rounded["whz"], results.flags["whz"] == 0
    answer["overweight"] = _prevalence(whz > 2, known | (swollen & young))
    muac, status = results.read["muac_mm"], results.status
    by_muac = status["sam_by_muac"] >= 0
    answer["muac_below_125_mm"] = _prevalence(muac < c.moderate_muac_below_mm, by_muac)
    answer["muac_below_115_mm"] = _prevalence(status["sam_by_muac"] == 1, by_muac)
    answer["oedema"] = _prevalence(swollen, ~np.isnan(results.read["oedema"]))
    answer["sam_by_any_criterion"] = _prevalence(status["sam"] == 1, status["sam"] >= 0)
    answer["mam_by_any_criterion"] = _prevalence(
        (status["mam"] == 1) & (status["sam"] >= 0), status["sam"] >= 0
    )
    return answer


def digit_preference(values: AnyArray, per_unit: int) -> dict[str, object] | None:
    """How often each last digit was written, and SMART's score: 100·√(χ²/(9·n)); 0 even, above 20
    poor.

    `per_unit` is 10 where the last digit is a tenth (kg, cm), 1 where it is a whole one (mm). None
    under 50 values.
    """
    known = values[np.isfinite(values) & (values > 0) & (values < 1e6)]
    if len(known) < 50:
        return None
    counts = np.bincount(np.floor(known * per_unit + 0.5).astype(np.int64) % 10, minlength=10)
    expected = len(known) / 10
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    score = 100 * math.sqrt(chi_squared / (9 * len(known)))
    verdict = next(word for top, word in VERDICTS if score < top)
    return {"score": round(score, 1), "verdict": verdict, "digits": counts.tolist()}


def _spread(z: AnyArray, flags: AnyArray) -> dict[str, object]:
    """Mean, SD and flags of one indicator; mean and SD without the flagged."""
    good = z[flags == 0]
    answered, flagged = int(np.count_nonzero(flags >= 0)), int(np.count_nonzero(flags == 1))
    mean, sd = (float(good.mean()), float(good.std(ddof=1))) if len(good) > 1 else (None, None)
    return {"answered": answered, "flagged": flagged, "mean": mean, "sd": sd}


def summary(results: SurveyResults, columns: SurveyColumns) -> Facts:
    """Everything above as plain data (the `--json` document)."""
    warnings = [*columns.warnings, *_to_look_at(results)]
    digits = {
        "weight_kg": digit_preference(results.read["weight_kg"], 10),
        "height_cm": digit_preference(results.read["height_cm"], 10),
        "muac_mm": digit_preference(results.read["muac_mm"], 1),
    }
    return {
        "rows": results.rows,
        "columns": columns.named(),
        "warnings": warnings,
        "criteria_version": version(),
        "z": {name: _spread(results.rounded[name], results.flags[name]) for name in INDICATORS},
        "prevalence": prevalences(results),
        "suspicions": results.suspicions.counts(),
        "digit_preference": {name: found for name, found in digits.items() if found},
    }


def _to_look_at(results: SurveyResults) -> list[str]:
    """What should be looked at before the figures are believed."""
    z = results.rounded | {"age": results.read["age_days"]}
    oedema, sam = results.read["oedema"], results.status["sam"]
    counts = {
        "oedema": (np.sum(oedema >= 1), np.sum(np.isfinite(oedema))),
        "sam": (np.sum(sam == 1), np.sum(sam >= 0)),
    }
    lines = missing_codes_kept(results.read) + shares_beyond(counts) + far_too_high(counted_by_z(z))
    without = int((np.isnan(results.read["age_days"]) & is_classified(results.status)).sum())
    if without:
        lines.append(
            f"LOOK: {grouped(without)} rows are classified without an age (column "
            "suspicion): near 24 months "
            "weight for height changes its table, and MUAC is not judged"
        )
    return lines


def words(facts: Facts) -> str:
    """The summary as text for a terminal."""
    lines = [
        f"{grouped(facts['rows'])} rows",
        "",
        "                       cases of judged      %   95 % interval",
    ]
    for name, found in facts["prevalence"].items():
        if found["n"]:
            lines.append(
                f"{name.replace('_', ' '):<22}{found['cases']:>8,} {found['n']:>8,}  "
                f"{found['percent']:5.1f}"
                f"   {found['low']:.1f} to {found['high']:.1f}"
            )
    lines += ["", "            answered  flagged    mean     SD   (without the flagged)"]
    for name, found in facts["z"].items():
        if found["answered"]:
            spread = f"{found['mean']:8.2f} {found['sd']:6.2f}" if found["sd"] is not None else ""
            lines.append(f"{name:<12}{found['answered']:>8,} {found['flagged']:>8,}{spread}")
    if facts["digit_preference"]:
        lines += ["", "digit preference (SMART's score; 0 even, above 20 poor)"]
        found = facts["digit_preference"].items()
        lines += [f"{name:<12}{one['score']:8.1f}  {one['verdict']}" for name, one in found]
    if facts["suspicions"]:
        lines += ["", "rows named with a suspicion (column suspicion)"]
        lines += [f"{count:>8,}  {code}" for code, count in facts["suspicions"].items()]
    lines += [
        "",
        "The intervals are those of a simple random sample; a cluster survey's are wider.",
    ]
    lines += [
        warning if warning.startswith("LOOK") else f"note: {warning}"
        for warning in facts["warnings"]
    ]
    return "\n".join(lines)
