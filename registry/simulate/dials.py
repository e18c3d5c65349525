"""What a user may turn: how noisy, how incomplete, how tellingly incomplete, and how relapsing the
registry is."""

from __future__ import annotations

from dataclasses import dataclass

from registry.contract.errors import UsageError

SIMULATOR_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Dials:
    """Multipliers, 1 being the calibrated registry; `truth_draws` forward lives per landmark.

    noise: size of weighing and measuring errors and of rounding's share. missing: odds of a missed
    weighing or height. informative: how much missing follows illness, poverty and poor adherence
    (0: missing at random). relapse: how much of the gain fades and how deep the setback after
    discharge is. set_point: how strongly a child is drawn back to where it stood before treatment:
    0.81 to that power of the gain stays (0: all, 3: half). `truth_draws` = 0 writes no risks.
    """

    noise: float = 1.0
    missing: float = 1.0
    informative: float = 1.0
    relapse: float = 1.0
    set_point: float = 1.0
    truth_draws: int = 100

    def __post_init__(self) -> None:
        for name in ("noise", "missing", "informative", "relapse", "set_point"):
            if not 0.0 <= getattr(self, name) <= 5.0:
                raise UsageError(
                    "SIM001", f"{name} must lie between 0 and 5; 1 is the calibrated registry"
                )
        if not 0 <= self.truth_draws <= 10_000:
            raise UsageError("SIM002", "truth-draws must lie between 0 and 10000")
