"""Scoring a whole store into its score book: `sanket score STORE --as-of DATE`."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from models.bundle import Bundle
from models.champion import champions, models_folder, trained
from models.level import is_of, level_told
from models.stability_index import index_of_samples
from models.targets import TARGETS, Asked
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import COLUMNS, Registry
from registry.store.store import Store, open_store
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.area_rows import area_pages
from serving.book.book_rows import Scoring
from serving.book.kept_children import FirstLook, first_look
from serving.book.outbox import hand_on
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.database import engine_of
from serving.errors import NothingScored

CHUNK = 2_000
"""Kept children that are scored and written in one step; what a broken-off run has to do again at
most, beside the first look at all children."""
FEWEST_FOR_DRIFT = 100
"""With fewer risks on either side the index is noise."""

Progress = Callable[[int, int], None]
CountOutcomes = Callable[[Registry, str, dt.date], int]
"""How many outcomes of a target a registry knows by a day."""


def score_store(
    address: str,
    *,
    as_of: dt.date,
    models_dir: Path | None = None,
    accept_foreign: bool = False,
    exercise: bool = False,
    count_outcomes: CountOutcomes | None = None,
    progress: Progress = lambda done, of: None,
) -> dict[str, Any]:
    """Score a store into its book as of a day; what was done.

    `count_outcomes` is asked where a champion was trained on another registry, so that the run can
    say whether its level could be fitted to this one (`levels`, see `models.level`).

    `exercise`: a champion that learnt from synthetic records may score real ones, and the run says
    so on every page. Raises BadInput SRV003 where no model was ever trained (where none was
    promoted the rules score alone); Refused SRV007 where one learnt from synthetic records and the
    store's are not, without `exercise`; Refused SRV004 where one was
    trained on another registry, without `accept_foreign`.
    """
    store = open_store(address, must_exist=True)
    engine = engine_of(address)
    try:
        bundles = _champions(models_dir or models_folder(address))
        made_up = _made_up(bundles, store)
        if made_up and not exercise:
            raise Refused(
                "SRV007",
                f"the champion of {', '.join(made_up)} learnt from synthetic records, and "
                "this registry is "
                "not synthetic: rules, z-scores and a one-measure order until you have "
                "trained on it (`sanket train "
                "STORE`). For practice only: --exercise, which marks every page",
            )
        foreign = [target for target in _foreign(bundles, store) if target not in made_up]
        if foreign and not accept_foreign:
            raise Refused(
                "SRV004",
                f"the champion of {', '.join(foreign)} was trained on another registry: "
                "its risks may not "
                "hold here. Train on this store, or say --accept-foreign",
            )
        hand_on(store)
        registry = store.load()
        said = {
            "exercise": bool(made_up),
            "levels": _levels(bundles, registry, as_of, count_outcomes),
        }
        run, facts = _write(engine, registry, bundles, as_of, progress, said=said)
    finally:
        engine.dispose()
        store.close()
    return {"run": run.run, "as_of": as_of.isoformat(), **facts}


def _champions(folder: Path) -> dict[str, Bundle]:
    bundles = champions(folder)
    if not bundles and not trained(folder):
        raise BadInput(
            "SRV003",
            f"there is no champion in {folder}: train a model first (`sanket train STORE`)",
        )
    return {target: bundle.prepare() for target, bundle in bundles.items()}


def _foreign(bundles: Mapping[str, Bundle], store: Store) -> list[str]:
    """Targets whose champion was trained on another registry than this store's."""
    here = store.facts()["registry_id"]
    return [target for target, bundle in bundles.items() if not is_of(bundle, here)]


def _levels(
    bundles: Mapping[str, Bundle],
    registry: Registry,
    as_of: dt.date,
    count_outcomes: CountOutcomes | None,
) -> dict[str, dict[str, Any]]:
    """Of each champion of another registry what is said of its level."""
    here = registry.facts.get("registry_id")
    return {
        target: told
        for target, bundle in bundles.items()
        if not is_of(bundle, here)
        and (
            told := level_told(
                bundle,
                here,
                count_outcomes(registry, target, as_of) if count_outcomes else None,
            )
        )
    }


def _made_up(bundles: Mapping[str, Bundle], store: Store) -> list[str]:
    """Targets whose champion learnt from synthetic records; none where the store's own are
    synthetic too."""
    if store.facts()["synthetic"]:
        return []
    return [target for target, bundle in bundles.items() if bundle.facts.get("synthetic")]


def _write(
    engine: sa.Engine,
    registry: Registry,
    bundles: Mapping[str, Bundle],
    as_of: dt.date,
    progress: Progress,
    *,
    said: Mapping[str, Any],
) -> tuple[Run, dict[str, Any]]:
    scoring = Scoring.of(registry, bundles, as_of)
    made_from = {
        "registry": fingerprint(registry),
        "protocol": scoring.protocol.version,
        "models": {target: bundle.version for target, bundle in bundles.items()},
    }
    run = scorebook.begin(
        engine, as_of=as_of, made_from=made_from, places=sorted(scoring.places.sectors)
    )
    children = len(registry.child_ids)
    looked = first_look(scoring, lambda done: progress(done, 2 * children))
    _write_rows(engine, run, scoring, looked, progress)
    reader = Reader(engine, Scope.of(["state:*"]))
    areas = list(area_pages(reader, run, registry, scoring.protocol, looked.at_risk()))
    figures = [
        page["figures"] for *_, page in areas if not isinstance(page, bytes) and "figures" in page
    ]
    facts = _facts(reader, registry, scoring, run, figures) | dict(said)
    scorebook.publish(engine, run, facts=facts, areas=areas)
    return run, facts


def _write_rows(
    engine: sa.Engine, run: Run, scoring: Scoring, looked: FirstLook, progress: Progress
) -> None:
    """Write the kept children's rows, but for the chunks that a broken-off run wrote already."""
    written, children = scorebook.chunks_written(engine, run), len(looked.kept)
    kept = np.flatnonzero(looked.kept).astype(np.int32)
    for chunk, start in enumerate(range(0, len(kept), CHUNK)):
        part = kept[start : start + CHUNK]
        if chunk not in written:
            scorebook.write_chunk(engine, run, chunk, scoring.rows(part))
        progress(children + int(part[-1]) + 1, 2 * children)
    progress(2 * children, 2 * children)


def fingerprint(registry: Registry) -> str:
    """A checksum of every row of a registry: a broken-off run goes on only where nothing has
    changed."""
    seal = hashlib.sha256()
    for name in COLUMNS:
        for column, values in registry.table(name).items():
            seal.update(f"{name}.{column}".encode())
            seal.update(np.ascontiguousarray(values).data)
    seal.update("\n".join(map(str, registry.child_ids)).encode())
    return seal.hexdigest()


def _facts(
    reader: Reader, registry: Registry, scoring: Scoring, run: Run, sectors: list[dict[str, Any]]
) -> dict[str, Any]:
    """What a reader of the list must know; `sectors` are the figures of each."""
    risks = {target: reader.risks(run, target) for target in TARGETS}
    # Of these the book keeps only some of the children that were asked.
    untreated = [target for target in scoring.bundles if TARGETS[target].asked is Asked.UNTREATED]
    return {
        "synthetic": bool(registry.facts.get("synthetic", False)),
        "registry_id": registry.facts.get("registry_id"),
        "share_assumed_dates": registry.facts.get("share_assumed_dates"),
        "made_up_epoch": registry.facts.get("made_up_epoch"),
        "protocol_version": scoring.protocol.version,
        "model_versions": {target: bundle.version for target, bundle in scoring.bundles.items()},
        "children_in_registry": len(registry.child_ids),
        "children": sum(figures["children"] for figures in sectors),
        "in_danger": sum(figures["in_danger"] for figures in sectors),
        "scored": {
            target: sum(figures["risks"][target]["scored"] for figures in sectors)
            if target in untreated
            else len(found)
            for target, found in risks.items()
        },
        "drift_psi": _drift(reader, risks),
    }


def _drift(reader: Reader, risks: dict[str, list[float]]) -> dict[str, float]:
    """The stability index of this run's risks against the newest complete run's, by target; empty
    without one."""
    try:
        before = reader.run()
    except NothingScored:
        return {}
    pairs = {target: (reader.risks(before, target), now) for target, now in risks.items()}
    return {
        target: round(index_of_samples(*pair), 4)
        for target, pair in pairs.items()
        if min(map(len, pair)) >= FEWEST_FOR_DRIFT
    }
