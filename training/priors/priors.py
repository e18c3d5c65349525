"""The smoother's priors, estimated from a registry's own records within the time that every target
fits on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.clock import Clock
from features.trajectory.columns.series import readings
from features.trajectory.points import growth_points
from features.trajectory.smoother import DEFAULT_PRIORS, Prior
from models.targets import RELAPSE
from registry.contract.codes import Programme
from training.cohorts.landmarks import Cohort
from training.priors.prior_fit import FittedPrior, fitted_prior

FIT_SHARE = 0.72
"""The earlier share of the indexes chooses how to fit, and rehearses; the later judges the
rehearsal."""

PRIOR_CHILDREN = 4_000
"""So many children tell the noise of readings well enough."""

Said = Callable[[str], None]


def registry_priors(
    clock: Clock, *, until: int, said: Said = lambda text: None
) -> dict[str, Prior]:
    """Priors for a split: from the children treated in the earlier share of what both targets may
    train on.

    The same for both targets, so that one feature row serves both models of a split. A registry
    without stays keeps the defaults.
    """
    treated, day = treated_early(*admissions(clock, until), until=until)
    return estimate_priors(clock, treated, day, said=said)


def population_priors(
    clock: Clock, rows: Cohort, *, said: Said = lambda text: None
) -> dict[str, Prior]:
    """Priors for a question about every child: from some thousands of the rows' children, as known
    when the earlier share of the rows had been asked."""
    return estimate_priors(clock, *of_population(rows), said=said)


def of_population(rows: Cohort) -> tuple[np.ndarray, int]:
    """(children, day) whose records tell the priors of a question about every child."""
    return earlier_share(rows.child, rows.day)


def earlier_share(child: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, int]:
    """The same of each row's child and day."""
    return np.unique(child), int(np.quantile(day, FIT_SHARE, method="lower"))


def estimate_priors(
    clock: Clock, child: np.ndarray, day: int, *, said: Said = lambda text: None
) -> dict[str, Prior]:
    """Priors from the records of these children (positions, each counted once; of many, some
    thousands) as known by a day. `said` is told of each that was not estimated as it should be."""
    found = fitted_priors(clock, child, day)
    for name, fitted in found.items():
        note = fitted.note(name)
        if note is not None:
            said(note)
    return {name: fitted.prior for name, fitted in found.items()}


def fitted_priors(clock: Clock, child: np.ndarray, day: int) -> dict[str, FittedPrior]:
    """The same, each with how its search ended."""
    children = spread(child)
    known = clock.known_by(children, np.full(len(children), day, np.int32))
    found: dict[str, FittedPrior] = {}
    growth = growth_points(known)
    # HAZ first: the height that a weight stands on comes from it.
    for name in ("haz", "whz", "waz", "muac", "relative_weight"):
        found[name] = fitted_prior(
            growth.offsets, readings(growth, name), default=DEFAULT_PRIORS[name]
        )
        if name == "haz":
            growth = growth_points(known, haz_prior=found["haz"].prior)
    return found


def spread(child: np.ndarray) -> np.ndarray:
    """Of children (positions, each counted once) some thousands, spread over all."""
    children = np.unique(child)
    found: np.ndarray = children[:: max(len(children) // PRIOR_CHILDREN, 1)]
    return found


def admissions(clock: Clock, until: int) -> tuple[np.ndarray, np.ndarray]:
    """(child, day) of every admission whose relapse label lies before `until`."""
    everyone = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    stays = clock.known_by(everyone, np.full(len(everyone), until - 1, np.int32)).episodes
    counted = np.isin(stays["programme"], (Programme.UCDC, Programme.VCDC)) & (
        stays["admitted_on"] < until - RELAPSE.label_days
    )
    return stays["child"][counted], stays["admitted_on"][counted]


def treated_early(
    child: np.ndarray, admitted_on: np.ndarray, *, until: int
) -> tuple[np.ndarray, int]:
    """(children, day): the earlier share of these admissions, and the day by which they were."""
    if not len(child):
        return child, until - 1
    day = int(np.quantile(admitted_on, FIT_SHARE, method="lower"))
    return child[admitted_on <= day], day
