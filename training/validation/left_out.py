"""Internal-external validation: the same training without one area, judged on that area, for each
in turn.

Source: Steyerberg and Harrell 2016, J Clin Epidemiol 69:245; Riley et al. 2016, BMJ 353:i3140. The
areas are those of the rows that a bundle learnt from. The refit has the bundle's settings and
chooses all else anew (trees, penalty, blend, calibration, its donor without the area's children);
the smoother's priors, which know no outcome, stay the bundle's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features.clock import Clock
from features.trajectory.as_of import as_of
from features.trajectory.context import Context
from models.bundle import Bundle
from models.targets import HAPPENED, TARGETS, Target
from registry.contract.arrays import Flags, Floats
from registry.contract.codes import Setting
from registry.contract.errors import BadInput, UsageError
from registry.contract.registry import day_number
from training.cohorts import censoring
from training.cohorts.areas_and_days import EVERYBODY, Population
from training.cohorts.landmarks import Cohort
from training.evaluation.scored_rows import few_of, learnt_from
from training.evaluation.stability import centres, of_centre
from training.fitting.examples import without_context
from training.fitting.fit import Progress, fit
from training.fitting.pipeline import LEAST_EVENTS, examples
from training.fitting.transfer import Donor, donor_of
from training.fitting.visit_weights import weighed
from training.metrics.calibration import calibration
from training.metrics.discrimination import Estimate, auc, bootstraps
from training.metrics.random_effects import Together, together

AREAS = ("district", "project", "sector", "setting")
LEAST_JUDGED = 10
"""Indexes with the event, and as many without, that an area needs to be judged by itself."""
REPEATS = 200
WIDTHS = 2 * 1.96
FIGURES = ("auc", "observed_over_expected", "slope")


@dataclass(frozen=True)
class AreaJudged:
    """One area, judged by a model that learnt from all others: rows with a `known` outcome, of
    `children`; `events` (indexes); the figures with their intervals by child."""

    area: str
    known: int
    children: int
    events: int
    auc: Estimate
    observed_over_expected: Estimate
    slope: Estimate


@dataclass(frozen=True)
class LeftOut:
    """`areas` judged one by one; `too_small`: those with too few events to be judged by themselves
    (they were learnt from); `together`: by figure, what to expect on average and of the next
    area."""

    by: str
    areas: tuple[AreaJudged, ...]
    too_small: tuple[str, ...]
    together: dict[str, Together]


def leave_out(
    clock: Clock,
    bundle: Bundle,
    *,
    by: str,
    context: Context,
    folder: Path,
    among: Population = EVERYBODY,
    said: Progress = lambda text: None,
) -> LeftOut:
    """Internal-external validation of a bundle of this registry by one kind of area (AREAS);
    `among`: whose records the clock holds, where it does not hold all. Of very many rows those of
    children drawn by lot.

    What is judged is kept in `folder` area by area, figures alone: a run that was broken off goes
    on with the next area. UsageError EVA014 for another column; BadInput EVA015 for a bundle of
    another registry, and where fewer than two areas can be judged.
    """
    if by not in AREAS:
        raise UsageError("EVA014", f"--leave-out takes {', '.join(AREAS)}, not {by!r}")
    if bundle.facts.get("registry_id") != clock.registry.facts.get("registry_id"):
        raise BadInput("EVA015", f"{bundle.target} learnt from another registry: no area to leave")
    rows = learnt_from(clock, bundle)
    if among != EVERYBODY:
        rows = rows.take(np.flatnonzero(among.judged(clock, rows)))
    rows = few_of(rows, rows=len(rows.index))
    area = areas_of(clock, rows, by)
    judged, too_small = _large_enough(rows, area)
    if len(judged) < 2:
        raise BadInput(
            "EVA015",
            f"{bundle.target}: {len(judged)} of the areas by {by} with {LEAST_JUDGED} events, and "
            "enough others to learn from; two are needed",
        )
    matrix = as_of(clock, rows.child, rows.day, priors=bundle.priors, context=context)
    rows = weighed(rows, matrix)
    kept = Kept(folder, bundle, by, rows, area, matrix)
    learner = _Learner(clock, bundle, rows, matrix, context)
    found = []
    for number, name in enumerate(judged, 1):
        one = kept.of(name)
        said(f"{bundle.target}: without {name}, {number} of {len(judged)}{' (kept)' * bool(one)}")
        found.append(one or kept.keep(_judged(name, learner, rows, area == name)))
    return LeftOut(by, tuple(found), too_small, {of: _together(found, of) for of in FIGURES})


def areas_of(clock: Clock, rows: Cohort, by: str) -> np.ndarray:
    """The name of each row's area (str, "" where unknown): where the child was on that day."""
    position = of_centre(clock.registry, centres(clock, rows), by)
    names = (
        {int(one): one.text for one in Setting}
        if by == "setting"
        else dict(enumerate(getattr(clock.registry, f"{by}_ids").astype(str).tolist()))
    )
    return np.array([names.get(of, "") for of in position.tolist()], dtype=object).astype(str)


def _large_enough(rows: Cohort, area: np.ndarray) -> tuple[list[str], tuple[str, ...]]:
    """(areas with enough events to be judged and enough outside to learn from, all others)."""
    names = [str(name) for name in np.unique(area) if name]
    large = [name for name in names if _bears(rows, area == name)]
    return large, tuple(name for name in names if name not in large)


def _bears(rows: Cohort, inside: Flags) -> bool:
    outside = ~np.isin(rows.child, rows.child[inside])
    with_event, without = (
        len(np.unique(rows.index[inside & of]))
        for of in (rows.outcome == HAPPENED, (rows.outcome != HAPPENED) & (rows.outcome >= 0))
    )
    left = len(np.unique(rows.index[outside & (rows.outcome == HAPPENED)]))
    return min(with_event, without) >= LEAST_JUDGED and left >= LEAST_EVENTS


class _Learner:
    """The training of a bundle, done again without some children."""

    def __init__(
        self, clock: Clock, bundle: Bundle, rows: Cohort, matrix: Floats, context: Context
    ) -> None:
        self.target: Target = TARGETS[bundle.target]
        self.seed, self.rows, self.matrix = int(bundle.facts["seed"]), rows, matrix
        self.settings: dict[str, Any] = bundle.facts.get("settings", {})
        self.until = day_number(bundle.facts["trained_until"])
        self.donor: Donor | None = donor_of(
            clock,
            self.target,
            until=self.until,
            seed=self.seed,
            priors=bundle.priors,
            context=context,
        )

    def risk(self, inside: Flags) -> Floats:
        """Risks of the rows inside by a model of the other children; a child who has rows in both
        is not learnt from."""
        children = np.unique(self.rows.child[inside])
        outside = ~np.isin(self.rows.child, children)
        donor = self.donor and self.donor.before(self.until, without=children)
        fitted = fit(
            without_context(examples(self.rows, self.matrix, outside), self.seed),
            target=self.target,
            settings=self.settings,
            seed=self.seed,
            donor=donor if donor and donor.teaches else None,
        )
        found: Floats = 1.0 / (1.0 + np.exp(-fitted.log_odds(self.matrix[inside])))
        return found


def _judged(name: str, learner: _Learner, rows: Cohort, inside: Flags) -> AreaJudged:
    risk, here = learner.risk(inside), rows.take(np.flatnonzero(inside))
    weight, happened = censoring.weights(here), (here.outcome == HAPPENED).astype(np.int8)
    known = weight > 0

    def measured(risk: Floats, happened: Floats, weight: Floats) -> tuple[float, float, float]:
        level = calibration(risk, happened, weight)
        return auc(risk, happened, weight), level.observed_over_expected, level.slope

    figures = bootstraps(measured, risk, happened, weight, cluster=here.child, repeats=REPEATS)
    return AreaJudged(
        name,
        int(known.sum()),
        len(np.unique(here.child[known])),
        len(np.unique(here.index[known & (happened == 1)])),
        *figures,
    )


Scale = Callable[[Any], Any]
_SCALES: dict[str, tuple[Scale, Scale]] = {
    "auc": (lambda of: np.log(of / (1.0 - of)), lambda of: 1.0 / (1.0 + np.exp(-of))),
    "observed_over_expected": (np.log, np.exp),
    "slope": (lambda of: of, lambda of: of),
}
"""On which scale a figure of areas is near to normal (Snell et al. 2018, Stat Methods Med Res
27:3505), and back."""


def _together(areas: list[AreaJudged], figure: str) -> Together:
    """One figure of all areas put together, on its own scale; the standard error of each is from
    the width of its interval."""
    there, back = _SCALES[figure]
    told = [getattr(one, figure) for one in areas]
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = (
            there(np.array([getattr(one, side) for one in told], np.float64))
            for side in ("value", "low", "high")
        )
        found = together(value, (high - low) / WIDTHS)
    mean = Estimate(
        *(float(back(of)) for of in (found.mean.value, found.mean.low, found.mean.high))
    )
    return Together(
        mean,
        float(back(found.next_low)),
        float(back(found.next_high)),
        found.between,
        found.areas,
    )


class Kept:
    """Areas that were judged already, one file of figures each; of other rows or another model
    nothing is taken."""

    def __init__(
        self,
        folder: Path,
        bundle: Bundle,
        by: str,
        rows: Cohort,
        area: np.ndarray,
        matrix: Floats,
    ) -> None:
        seal = hashlib.sha256(f"{bundle.version} {bundle.booster} {by} {REPEATS}".encode())
        for part in (rows.child, rows.day, rows.outcome, rows.time, matrix):
            seal.update(np.ascontiguousarray(part).data)
        seal.update("\n".join(area.tolist()).encode())
        self.folder = Path(folder) / f"{bundle.target}-{by}-{seal.hexdigest()[:16]}"

    def of(self, area: str) -> AreaJudged | None:
        """What was kept of an area."""
        file = self._file(area)
        return _from_plain(json.loads(file.read_text())) if file.exists() else None

    def keep(self, one: AreaJudged) -> AreaJudged:
        """Keep it, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self._file(one.area).with_suffix(".part")
        part.write_text(json.dumps(asdict(one)))
        part.replace(self._file(one.area))
        return one

    def _file(self, area: str) -> Path:
        return self.folder / f"{hashlib.sha256(area.encode()).hexdigest()[:16]}.json"


def _from_plain(told: dict[str, Any]) -> AreaJudged:
    return AreaJudged(**told | {name: Estimate(**told[name]) for name in FIGURES})
