"""The child that an address names: as the score book has it, or, where no run kept it, as the rules
place it by its records in the registry.

The book keeps whom somebody must watch; every other child of the registry has a page all the same.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from registry.contract.errors import SanketError
from serving.answering.child_growth import registry_of_child
from serving.book.reader import Reader
from serving.book.scorebook import BookRow, Run
from serving.book.scoring.book_rows import Scoring
from serving.errors import OutOfScope

SCORABLE = "no_model"
"""What a target says of a child whom it could score, where it is asked without a model."""


@dataclass(frozen=True)
class ChildAsked:
    """A child of the reader's scope on a run's day; `in_book`: whether the run kept it."""

    run: Run
    row: BookRow
    in_book: bool = True


def child_asked(store_address: str | None, reader: Reader, child_id: str) -> ChildAsked:
    """The child in the newest run, or of the registry as known on that run's day. OutOfScope where
    there is none, or none that the scope may see."""
    try:
        return ChildAsked(*reader.child(child_id))
    except OutOfScope:
        run = reader.run()
        row = _outside(store_address, child_id, run)
        if row is None or not reader.sectors(run, named=row.candidate.sector_id):
            raise
        return ChildAsked(run, reader.ticked(run, [row])[0], in_book=False)


def _outside(store_address: str | None, child_id: str, run: Run) -> BookRow | None:
    """The rules' answer without any score; None where the registry does not have the child on that
    day, cannot be read, or knows no centre of it."""
    if not store_address:
        return None
    try:
        registry = registry_of_child(store_address, child_id)
    except (SanketError, SQLAlchemyError, sqlite3.Error, OSError):
        return None
    found = np.flatnonzero(registry.child_ids == child_id).astype(np.int32)
    if len(found) != 1:
        return None
    scoring = Scoring.of(registry, {}, run.as_of)
    day = np.full(1, scoring.day, np.int32)
    centre = int(scoring.clock.child_on(found, day)["centre"][0])
    if centre < 0 or not scoring.places.sector[centre]:
        return None
    return next(scoring.rows(found))
