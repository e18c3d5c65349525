"""Home visits, and what they found."""

from __future__ import annotations

from features.trajectory.columns.recorded_rows import CareRows
from features.trajectory.feature import Feature
from features.trajectory.windows import COUNT, summary_of
from registry.machine.numba_kernels import njit

HOME_VISITS = (
    Feature("visits_90", "count", "home visits in 90 days", "missed_weighings"),
    Feature(
        "visit_found_sam_90",
        "count",
        "home visits that found SAM in 90 days",
        "low_weight_for_height",
    ),
    Feature("away_90", "count", "home visits that found nobody in 90 days", "missed_weighings"),
)


@njit(cache=True, nogil=True)
def home_visits(i: int, rows: CareRows, today: int) -> tuple[float, ...]:
    """The values of HOME_VISITS (`rows.found`: any finding, SAM again, away)."""
    begin, end, day = rows.visit_offsets[i], rows.visit_offsets[i + 1], rows.visited_on
    return (
        summary_of(begin, end, day, rows.found[0], today - 89, today)[COUNT],
        summary_of(begin, end, day, rows.found[1], today - 89, today)[COUNT],
        summary_of(begin, end, day, rows.found[2], today - 89, today)[COUNT],
    )
