"""What the feature functions read of a view: growth points, the stay in question, and the windows of days around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features import episodes
from features.clock import Clock, Known, Ragged
from features.points import growth_points
from features.smoother import DEFAULT_PRIORS, Prior
from features.windows import Grid
from registry.tables import NEVER

Window = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Trace:
    """A view with its growth points and stays. `setting`: int8 codes; `seasonal`: the dates are real ones."""

    known: Known
    growth: Ragged
    stays: episodes.Stays
    setting: np.ndarray
    seasonal: bool
    priors: Mapping[str, Prior]

    @property
    def day(self) -> np.ndarray:
        """The day of each question."""
        return self.known.day

    def last(self, days: int) -> Window:
        """The window of so many days that ends today."""
        return self.day - np.int32(days - 1), self.day

    @cached_property
    def stay(self) -> Window:
        """From admission to today, or to the close once it is known; empty where there was no stay."""
        return self.stays.admitted_on, np.minimum(self.day, self.stays.closed_on)

    def out(self, before: int = -1) -> Window:
        """From the day after discharge (or from `before` days ahead of it) to today; empty while in treatment."""
        closed = self.stays.closed_on
        return np.where(closed == NEVER, NEVER, closed - np.int32(before)), self.day

    @cached_property
    def readings(self) -> Grid:
        """The growth rows' columns over the windows that several features share."""
        growth = self.growth
        colour = np.where(growth["reported_status"] < 0, np.nan, growth["reported_status"])
        return Grid(
            growth.offsets, growth["measured_on"],
            columns={
                "weight": growth["weight_kg"], "log_weight": growth["log_weight"], "whz": growth["whz"],
                "sam": np.where(growth["valid"] > 0, growth["sam"], np.nan), "wasted": growth["wasted"],
                "own_height": np.where(growth["height_days"] == 0.0, growth["height_cm"], np.nan),
                "colour": colour, "red": np.where(np.isnan(colour), np.nan, colour == 2.0),
            },
            windows={
                "stay": self.stay, "out": self.out(), "out_week": self.out(7),
                "ever": self.last(1830), "90": self.last(90), "180": self.last(180),
            },
        )


def trace(clock: Clock, known: Known, *, priors: Mapping[str, Prior] = DEFAULT_PRIORS) -> Trace:
    """Growth points and stays of a view, ready for the features (and for whoever else needs them)."""
    growth = growth_points(known, haz_prior=priors["haz"])
    setting = clock.setting_of(known.children["centre"])
    # A registry whose dates hang on a made-up epoch has no season.
    return Trace(known, growth, episodes.find(known), setting, clock.real_dates, priors)
