"""Where the rows of a training are kept: a folder beside the store's bundles, named after all that
decides what stands in it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from features.trajectory.catalogue import NAMES, fingerprint
from models.definition import made_with
from registry.contract.arrays import Floats
from registry.store.partitions import NOW, Partition, StorePart, divide, numbers_of, read
from registry.store.store import Store, open_store
from training.cohorts.known_before import KnownBefore
from training.cohorts.landmarks import Cohort
from training.rows.kept_rows import feature_table, write
from training.rows.question import RowsQuestion

KEPT = "rows"
"""The folder, beside the bundles, of what models learnt from."""
LANDMARKS, DRAWN = "landmarks", "drawn"
"""What only a broken-off training needs."""


@dataclass(frozen=True)
class RowsFolder:
    """A store, and the folder where its parts keep what they have done."""

    address: str
    folder: Path
    known: KnownBefore

    @classmethod
    def of(
        cls, address: str, models: Path, questions: Sequence[RowsQuestion], known: KnownBefore
    ) -> RowsFolder:
        """Of some questions to a store; `models`: the folder of its bundles. Of other records,
        questions, features or another package nothing is found there."""
        told = [
            (one.name, one.until, one.labels_before, one.seed, one.without_visits)
            for one in with_lent(questions)
        ]
        with closing(open_store(address, must_exist=True)) as store:
            made_from = _records(store), told, fingerprint(), made_with()
        seal = hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
        return cls(address, models / KEPT / seal, known)

    def landmarks(self, question: RowsQuestion, part: Partition) -> Path:
        """Rows that may be learnt from."""
        return self.folder / LANDMARKS / question.name / f"{part.number:05}.parquet"

    def drawn(self, question: RowsQuestion) -> Path:
        """Rows that were drawn, of all parts."""
        return self.folder / DRAWN / f"{question.name}.parquet"

    def features(self, question: RowsQuestion, part: int) -> Path:
        """Drawn rows with their features."""
        return self.folder / question.name / f"{part:05}.parquet"

    def treated(self, part: Partition) -> Path:
        """Admissions that priors are estimated from."""
        return self.folder / LANDMARKS / "admissions" / f"{part.number:05}.parquet"

    def read(self, part: Partition, *, empty: Collection[str] = ()) -> StorePart:
        """The part's records, as known before the questions' day; `empty`: tables left unread."""
        with closing(open_store(self.address, must_exist=True)) as store:
            found = read(store, part, empty=empty)
        registry = self.known.cut(found.registry)
        return replace(found, registry=registry, numbers=found.numbers[: len(registry.child_ids)])

    def keep(self, question: RowsQuestion, rows: Cohort, matrix: Floats) -> None:
        """Keep what a model learnt from records that were in memory."""
        with closing(open_store(self.address, must_exist=True)) as store:
            child = numbers_of(store)[rows.child]
        write(self.features(question, 0), feature_table(rows, child, NAMES, matrix))

    @property
    def broken_off(self) -> bool:
        """Whether a training that was broken off has left what it had done."""
        return (self.folder / LANDMARKS).exists()

    def tidy(self) -> None:
        """Let go of what only a broken-off training needs."""
        for name in (LANDMARKS, DRAWN):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def erase(self) -> None:
        """Let go of all that is kept here."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def supersede(self, questions: Sequence[RowsQuestion]) -> None:
        """Let go of the rows of earlier trainings of the same targets."""
        for other in self.folder.parent.glob("*"):
            if other == self.folder:
                continue
            for question in with_lent(questions):
                shutil.rmtree(other / question.name, ignore_errors=True)
            if not any(other.rglob("*.parquet")):
                shutil.rmtree(other, ignore_errors=True)


def with_lent(questions: Sequence[RowsQuestion]) -> list[RowsQuestion]:
    """The questions, and those of the rows that another target lends."""
    return [of for one in questions for of in (one, one.lent()) if of is not None]


def erase(models: Path) -> None:
    """Erase all rows that are kept beside a store's bundles: a child was forgotten, and a training
    makes them anew."""
    shutil.rmtree(models / KEPT, ignore_errors=True)


def _records(store: Store) -> tuple[str, list[tuple[int, tuple[str, ...]]]]:
    return store.version(), [(part.number, part.centres) for part in divide(store, NOW)]
