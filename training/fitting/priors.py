"""The smoother's priors, estimated from a registry's own records within the time that every target
fits on."""

from __future__ import annotations

import numpy as np

from features.clock import Clock
from features.trajectory.columns.series import readings
from features.trajectory.points import growth_points
from features.trajectory.smoother import DEFAULT_PRIORS, Prior, estimate
from models.targets import RELAPSE
from registry.contract.codes import Programme
from training.cohorts.landmarks import Cohort

FIT_SHARE = 0.72
"""The earlier share of the indexes chooses how to fit, and rehearses; the later judges the
rehearsal."""

PRIOR_CHILDREN = 4_000
"""Of a whole population so many children tell the noise of readings well enough."""


def registry_priors(clock: Clock, *, until: int) -> dict[str, Prior]:
    """Priors for a split: from the children treated in the earlier share of what both targets may
    train on.

    The same for both targets, so that one feature row serves both models of a split. A registry
    without stays keeps the defaults.
    """
    children, day = _treated_early(clock, until)
    return estimate_priors(clock, children, day)


def population_priors(clock: Clock, rows: Cohort) -> dict[str, Prior]:
    """Priors for a question about every child: from some thousands of the rows' children, as known
    when the earlier share of the rows had been asked."""
    children = np.unique(rows.child)
    day = int(np.quantile(rows.day, FIT_SHARE, method="lower"))
    return estimate_priors(clock, children[:: max(len(children) // PRIOR_CHILDREN, 1)], day)


def estimate_priors(clock: Clock, child: np.ndarray, day: int) -> dict[str, Prior]:
    """Priors from the records of these children (positions, each counted once) as known by a
    day."""
    children = np.unique(child)
    known = clock.known_by(children, np.full(len(children), day, np.int32))
    priors = dict(DEFAULT_PRIORS)
    # HAZ first: the height that a weight stands on comes from it.
    for name in ("haz", "whz", "waz", "muac", "log_weight"):
        growth = growth_points(known, haz_prior=priors["haz"])
        value, extra = readings(growth, name)
        priors[name] = estimate(
            growth.offsets,
            growth["measured_on"],
            value,
            extra_noise=extra,
            fallback=DEFAULT_PRIORS[name],
        )
    return priors


def _treated_early(clock: Clock, until: int) -> tuple[np.ndarray, int]:
    """(children admitted by a day, that day): the earlier share of admissions whose relapse label
    lies before."""
    everyone = np.arange(len(clock.registry.child_ids), dtype=np.int32)
    stays = clock.known_by(everyone, np.full(len(everyone), until - 1, np.int32)).episodes
    counted = np.isin(stays["programme"], (Programme.UCDC, Programme.VCDC)) & (
        stays["admitted_on"] < until - RELAPSE.label_days
    )
    if not counted.any():
        return everyone[:0], until - 1
    day = int(np.quantile(stays["admitted_on"][counted], FIT_SHARE, method="lower"))
    return stays["child"][counted & (stays["admitted_on"] <= day)], day
