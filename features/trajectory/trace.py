"""What the features read of a view: growth points, the stay in question, the setting, and the
priors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features import episodes
from features.clock import Clock, Known, Ragged
from features.trajectory.points import growth_points
from features.trajectory.smoother import DEFAULT_PRIORS, Prior
from registry.contract.arrays import Codes, Days

Window = tuple[Days, Days]


@dataclass(frozen=True)
class Trace:
    """A view with its growth points and stays. `setting`: int8 codes; `seasonal`: the dates are
    real ones."""

    known: Known
    growth: Ragged
    stays: episodes.Stays
    setting: Codes
    seasonal: bool
    priors: Mapping[str, Prior]

    @property
    def day(self) -> Days:
        """The day of each question."""
        return self.known.day

    def last(self, days: int) -> Window:
        """The window of so many days that ends today."""
        return self.day - np.int32(days - 1), self.day


def trace(clock: Clock, known: Known, *, priors: Mapping[str, Prior] = DEFAULT_PRIORS) -> Trace:
    """Growth points and stays of a view, ready for the features (and for whoever else needs
    them)."""
    growth = growth_points(known, haz_prior=priors["haz"])
    setting = clock.setting_of(known.children["centre"])
    # A registry whose dates hang on a made-up epoch has no season.
    return Trace(known, growth, episodes.find(known), setting, clock.real_dates, priors)
