"""The report's table of subgroups, with intervals, and fairlearn's gaps between them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import recall_score

from features import data_quality
from features.age_bands import BANDS_MONTHS
from features.clock import month_number
from features.data_quality import QualityScores
from models.level import memberships
from registry.contract.arrays import Days, Ints, Texts
from registry.contract.errors import BadInput
from registry.contract.registry import Registry
from training.evaluation.scored_rows import Judged
from training.evaluation.stability import of_centre
from training.evaluation.subgroups import visited
from training.metrics.calibration import observed_over_expected
from training.metrics.discrimination import Estimate, auc, bootstrap, ranked

LEAST_KNOWN, LEAST_CASES = 20, 5
"""A smaller group says nothing, and could tell of single children."""
MOST_DISTRICTS = 8
SIX_MONTHS, INFANTS = 183, "under 6 months"
"""Days. Under it MUAC says nothing of SAM, and a child belongs in a facility: so few are asked
about."""
REPEATS = 200
BY = ("sex", "age", "infants", "setting", "district", "records")


@dataclass(frozen=True)
class AreasAndQuality:
    """Where judged rows were made: of a `registry` (its centres and areas) the `centre` of each row
    (position, -1 where unknown), the `quality` of the centres' records, and the child's id
    (`child_ids`; None where nobody asks)."""

    registry: Registry
    quality: QualityScores
    centre: Days | Ints
    child_ids: Texts | None = None


def groupings(
    judged: Judged,
    places: AreasAndQuality,
    *,
    age_bands: tuple[int, ...] = BANDS_MONTHS,
    own: pd.DataFrame | None = None,
) -> dict[str, np.ndarray]:
    """Group names (object arrays of length n, "" where unknown): sex, age (parted at these months),
    children under six months, setting, district, quality of records; and the columns of `own`, a
    table of texts by `child_id` (`read_groups`)."""
    age = judged.column("age_days")
    infants = np.select([age < SIX_MONTHS, age >= SIX_MONTHS], [INFANTS, "6 months and over"], "")
    found = memberships(judged.column, age_bands) | {
        "infants": infants,
        "district": _district(places),
    }
    return found | {"records": _quality(judged.rows.day, places)} | _own(places.child_ids, own)


def _own(child_ids: Texts | None, own: pd.DataFrame | None) -> dict[str, np.ndarray]:
    if own is None or child_ids is None:
        return {}
    asked = own.reindex(child_ids).fillna("")
    return {str(name): asked[name].to_numpy(object) for name in asked.columns}


def read_groups(file: Path) -> pd.DataFrame:
    """A user's own groups: a CSV with `child_id` and one column or more, a text each; by child.

    `BadInput` EVA012 where it cannot be read, lacks `child_id` or any other column, names a child
    twice, or has a column that the report groups by already.
    """
    try:
        told = pd.read_csv(file, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadInput("EVA012", f"{file} cannot be read as CSV: {type(error).__name__}") from error
    others = [name for name in told.columns if name != "child_id"]
    wrong = (
        "a column child_id is needed"
        if "child_id" not in told
        else "a column of groups is needed beside child_id"
        if not others
        else f"{int(told.child_id.duplicated().sum())} children stand in it twice"
        if told.child_id.duplicated().any()
        else next((f"{name} is grouped by already" for name in others if name in BY), None)
    )
    if wrong:
        raise BadInput("EVA012", f"{file}: {wrong}")
    return told.set_index("child_id")


def _district(places: AreasAndQuality) -> np.ndarray:
    """Districts by id; beyond the eight largest they stand together."""
    of = of_centre(places.registry, places.centre, "district")
    names = np.append(places.registry.district_ids.astype(str), "").astype(object)[of]
    known, count = np.unique(names, return_counts=True)
    large = known[np.argsort(-count)][:MOST_DISTRICTS]
    return np.where((names == "") | np.isin(names, large), names, "other districts")


def _quality(day: np.ndarray, places: AreasAndQuality) -> np.ndarray:
    """The colour of the centre's records in the month before the prediction."""
    scored, month = places.quality, quality_month(day) - 1
    at = np.searchsorted(scored.months, month)
    inside = (places.centre >= 0) & (at < len(scored.months))
    points = np.full(len(month), np.nan)
    points[inside] = scored.score[places.centre[inside], at[inside]]
    names = {name: name for name in ("green", "amber", "red")}
    return np.array([names.get(data_quality.colour(value), "") for value in points], object)


def quality_month(day: np.ndarray) -> np.ndarray:
    """The month of day numbers as `features.data_quality` counts them, from the year 0."""
    return month_number(day) + 1970 * 12


def table(judged: Judged, groups: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One mapping a group: `by`, `group`, `known`, `events`, `auc`, `recall`,
    `observed_over_expected` (estimates)."""
    seen = visited(judged.risk)
    rows = []
    for by, names in groups.items():
        for name in np.unique(names.astype(str)):
            inside = (names == name) & judged.known
            cases = int(judged.happened[inside].sum())
            if (
                name
                and inside.sum() >= LEAST_KNOWN
                and LEAST_CASES <= cases <= inside.sum() - LEAST_CASES
            ):
                rows.append(
                    {"by": by, "group": str(name), "known": int(inside.sum()), "events": cases}
                    | _estimates(judged.take(inside), seen[inside])
                )
    return rows


def too_small(groups: dict[str, np.ndarray], rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The groups by what they group that are too small to stand in the table's `rows`; nothing is
    said of them."""
    shown = {(row["by"], row["group"]) for row in rows}
    left = {
        by: [
            str(name)
            for name in np.unique(names.astype(str))
            if name and (by, str(name)) not in shown
        ]
        for by, names in groups.items()
    }
    return {by: names for by, names in left.items() if names}


def _estimates(part: Judged, seen: np.ndarray) -> dict[str, Estimate]:
    child = part.rows.child
    case = part.happened == 1
    return {
        "auc": bootstrap(
            auc, ranked(part.risk), part.happened, part.weight, cluster=child, repeats=REPEATS
        ),
        "recall": bootstrap(
            _mean, seen[case].astype(float), part.weight[case], cluster=child[case], repeats=REPEATS
        ),
        "observed_over_expected": bootstrap(
            observed_over_expected,
            part.risk,
            part.happened,
            part.weight,
            cluster=child,
            repeats=REPEATS,
        ),
    }


def _mean(value: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(value, weights=weight)) if weight.sum() > 0 else np.nan


def gaps(
    judged: Judged, groups: dict[str, np.ndarray], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """fairlearn's difference and ratio of recall and of the visited share, between the groups of
    the table."""
    from fairlearn.metrics import MetricFrame, selection_rate

    seen = visited(judged.risk)
    told = []
    for by, names in groups.items():
        large = [row["group"] for row in rows if row["by"] == by]
        inside = judged.known & np.isin(names.astype(str), large)
        if len(large) < 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = MetricFrame(
                metrics={"recall": recall_score, "visited": selection_rate},
                y_true=judged.happened[inside],
                y_pred=seen[inside].astype(int),
                sensitive_features=names[inside].astype(str),
                sample_params={
                    name: {"sample_weight": judged.weight[inside]} for name in ("recall", "visited")
                },
            )
        difference, ratio = frame.difference(), frame.ratio()
        told.append(
            {
                "by": by,
                "recall_difference": float(difference["recall"]),
                "recall_ratio": float(ratio["recall"]),
                "visited_difference": float(difference["visited"]),
            }
        )
    return told
