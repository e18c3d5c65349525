"""How many visits a list may hold, by default and at most: for command line, API and pages."""

from __future__ import annotations

DEFAULT_CAPACITY = 20
"""Where nobody says: a supervisor makes some 15 to 30 home visits a month. verified: false."""
MOST_VISITS = 500
