"""How many visits a list may hold, by default and at most: for command line, API and pages."""

from __future__ import annotations

from models.visits.hold_out import USUAL_PLACES

DEFAULT_CAPACITY = USUAL_PLACES
MOST_VISITS = 500
