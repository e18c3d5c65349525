"""Held out by lot: children whom a list would name for their risk alone, and does not, so that
what visits change can be known.

An officer decides on it, and for how many (`sanket score --holdout-share`); without that nobody is
held out. Rules outrank it: a child in danger, and one with a late step, is listed whatever the lot
says (`models.visits.ranking`).
"""

from __future__ import annotations

import hashlib

MOST_SHARE = 0.5
"""More than half held out would leave a list that serves the comparison and not the children."""
USUAL_PLACES = 20
"""Visits of a list where nobody says: a supervisor makes some 15 to 30 home visits a month; and of
the list by which the score book keeps who was listed. verified: false."""


def drawn(registry_id: str, child_id: str, share: float) -> bool:
    """Whether the lot holds a child out, for a share of all children.

    The same on every day and in every process: of the registry and the child alone. Who is held out
    at a share is so at any larger one.
    """
    if share <= 0:
        return False
    digest = hashlib.sha256(f"hold-out\n{registry_id}\n{child_id}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < share
