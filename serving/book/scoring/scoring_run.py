"""Scoring a whole store into its score book: `sanket score STORE --as-of DATE`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from care.programme.supplies import admissions_ahead
from care.protocol import Protocol, standard
from models.bundle import Bundle
from models.champion import champions, models_folder, trained
from models.level import ages_unknown, groups_off, is_of, level_told
from models.stability_index import index_of_samples
from models.targets import TARGETS, Asked
from registry.contract.errors import BadInput, Refused
from registry.contract.registry import Registry, day_number
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import divide
from registry.store.store import Store, open_store, refusing_writes
from serving.access.permissions import Scope
from serving.book import scorebook
from serving.book.escalation.escalation_records import take_over_told
from serving.book.outbox import hand_on
from serving.book.publishing import publish
from serving.book.reader import Reader
from serving.book.scorebook import Run
from serving.book.scoring.area_rows import MONTHS, area_pages
from serving.book.scoring.book_rows import Places
from serving.book.scoring.listed_marks import held_out_of
from serving.book.scoring.scoring_part import (
    CountOutcomes,
    PartDone,
    PartTask,
    Progress,
    parts_kept,
    score_part,
)
from serving.book.scoring.supply_rows import supply_pages
from serving.database import engine_of
from serving.errors import NothingScored

FEWEST_FOR_DRIFT = 100
"""With fewer risks on either side the index is noise."""


@dataclass(frozen=True)
class How:
    """How a run is made: of which store, by which engine, who counts outcomes and who hears of the
    progress (children done, of all)."""

    address: str
    engine: Engine
    count_outcomes: CountOutcomes | None
    progress: Progress


def score_store(
    address: str,
    *,
    as_of: dt.date,
    models_dir: Path | None = None,
    accept_foreign: bool = False,
    exercise: bool = False,
    holdout_share: float = 0.0,
    count_outcomes: CountOutcomes | None = None,
    engine: Engine = IN_THIS_PROCESS,
    progress: Progress = lambda done, of: None,
) -> dict[str, Any]:
    """Score a store into its book as of a day; what was done.

    `count_outcomes` is asked where a champion was trained on another registry, so that the run can
    say whether its level could be fitted to this one (`levels`, see `models.level`).

    `holdout_share`: of all children, how many a lot holds out of the lists' risk
    (`models.visits.hold_out`).

    `exercise`: a champion that learnt from synthetic records may score real ones, and the run says
    so on every page. Raises BadInput SRV003 where no model was ever trained (where none was
    promoted the rules score alone); Refused SRV007 where one learnt from synthetic records and the
    store's are not, without `exercise`; Refused SRV004 where one was
    trained on another registry, without `accept_foreign`.
    """
    store, folder = open_store(address, must_exist=True), models_dir or models_folder(address)
    book = refusing_writes(engine_of(address))
    try:
        bundles = _champions(folder)
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
        how = How(address, engine, count_outcomes, progress)
        said: dict[str, Any] = {
            "exercise": bool(made_up),
            "ages_unknown": {
                target: ages for target, bundle in bundles.items() if (ages := ages_unknown(bundle))
            },
            "groups_off": {
                target: off for target, bundle in bundles.items() if (off := groups_off(bundle))
            },
        }
        if holdout_share:
            said["holdout_share"] = holdout_share
        run, facts = _write(book, store, folder, bundles, as_of, how, said=said)
    finally:
        book.dispose()
        store.close()
    return {"run": run.run, "as_of": as_of.isoformat(), **facts}


def _champions(folder: Path) -> dict[str, Bundle]:
    bundles = champions(folder)
    if not bundles and not trained(folder):
        raise BadInput(
            "SRV003",
            f"there is no champion in {folder}: train a model first (`sanket train STORE`)",
        )
    return bundles


def _foreign(bundles: Mapping[str, Bundle], store: Store) -> list[str]:
    """Targets whose champion was trained on another registry than this store's."""
    here = store.facts()["registry_id"]
    return [target for target, bundle in bundles.items() if not is_of(bundle, here)]


def _levels(
    bundles: Mapping[str, Bundle], here: object, outcomes: Mapping[str, int | None]
) -> dict[str, dict[str, Any]]:
    """Of each champion of another registry than this one (its id) what is said of its level."""
    told = {
        target: level_told(bundle, here, outcomes.get(target))
        for target, bundle in bundles.items()
        if not is_of(bundle, here)
    }
    return {target: said for target, said in told.items() if said}


def _made_up(bundles: Mapping[str, Bundle], store: Store) -> list[str]:
    """Targets whose champion learnt from synthetic records; none where the store's own are
    synthetic too."""
    if store.facts()["synthetic"]:
        return []
    return [target for target, bundle in bundles.items() if bundle.facts.get("synthetic")]


def _write(
    engine: sa.Engine,
    store: Store,
    folder: Path,
    bundles: Mapping[str, Bundle],
    as_of: dt.date,
    how: How,
    *,
    said: Mapping[str, Any],
) -> tuple[Run, dict[str, Any]]:
    protocol = standard()
    areas = store.load(children=())
    parts = divide(store, day_number(as_of))
    versions = {target: bundle.version for target, bundle in bundles.items()}
    made_from = {
        "protocol": protocol.version,
        "models": versions,
        "parts": len(parts),
        "months": 2 * MONTHS,
        **{name: said[name] for name in said if name == "holdout_share"},
    }
    foreign = tuple(_foreign(bundles, store))
    # The store's version is a sum over all its rows: seconds, in which workers get ready.
    with ThreadPoolExecutor(1) as beside:
        version = beside.submit(store.version)
        with how.engine.started(score_part, len(parts)) as started:
            run = scorebook.begin(
                engine,
                as_of=as_of,
                made_from=made_from | {"registry": version.result()},
                places=sorted(Places.of(areas, day_number(as_of)).sectors),
            )
            take_over_told(engine)
            tasks = [
                PartTask(how.address, folder, versions, run, part, foreign, how.count_outcomes)
                for part in parts
            ]
            done = _scored_parts(engine, run, tasks, replace(how, engine=started))
    outcomes = {
        target: sum(part.outcomes[target] for part in done) if how.count_outcomes else None
        for target in foreign
    }
    levels = _levels(bundles, areas.facts.get("registry_id"), outcomes)
    reader = Reader(engine, Scope.of(["state:*"]))
    figures = [page["figures"] for part in done for page in part.counts.sectors.values()]
    facts = _facts(reader, store, areas, bundles, run, figures, protocol)
    facts |= dict(said) | {"levels": levels}
    counts = [part.counts for part in done]
    forecast = admissions_ahead.read(store.engine, day_number(as_of))
    pages = chain(
        area_pages(counts, areas, protocol), supply_pages(counts, areas, protocol, forecast)
    )
    publish(engine, run, facts=facts, areas=pages)
    lot = {"held_out": held_out_of(engine, run)} if "holdout_share" in said else {}
    return run, facts | lot


def _scored_parts(engine: sa.Engine, run: Run, tasks: list[PartTask], how: How) -> list[PartDone]:
    """What every part says, in their order; those that a broken-off run finished are not done
    again."""
    kept = parts_kept(engine, run)
    found = {number: PartDone.of(page) for number, page in kept.items()}
    waiting = [task for task in tasks if task.partition.number not in found]
    if not how.engine.here:
        # The largest first, so that no worker waits long for another's last part.
        waiting.sort(key=lambda task: -task.partition.children)
    children = {task.partition.number: task.partition.children for task in tasks}
    ready, total = sum(children[number] for number in found), sum(children.values())
    # While a connection of this process is open, rows could only be read the slower way
    # (`registry.store.connections.plain_bulk`).
    engine.dispose()

    def here(task: PartTask) -> PartDone:
        share = children[task.partition.number]
        return score_part(
            task, lambda done, of: how.progress(ready + share * done // max(of, 1), total)
        )

    score = here if how.engine.here else score_part
    for task, done in how.engine.each(score, waiting):
        found[task.partition.number] = done
        ready += children[task.partition.number]
        how.progress(ready, total)
    return [found[task.partition.number] for task in tasks]


def _facts(
    reader: Reader,
    store: Store,
    areas: Registry,
    bundles: Mapping[str, Bundle],
    run: Run,
    sectors: list[dict[str, Any]],
    protocol: Protocol,
) -> dict[str, Any]:
    """What a reader of the list must know; `sectors` are the figures of each."""
    risks = {target: reader.risks(run, target) for target in TARGETS}
    # Of these the book keeps only some of the children that were asked.
    untreated = [target for target in bundles if TARGETS[target].asked is Asked.UNTREATED]
    return {
        "synthetic": bool(areas.facts.get("synthetic", False)),
        "registry_id": areas.facts.get("registry_id"),
        "share_assumed_dates": areas.facts.get("share_assumed_dates"),
        "made_up_epoch": areas.facts.get("made_up_epoch"),
        "protocol_version": protocol.version,
        "model_versions": {target: bundle.version for target, bundle in bundles.items()},
        "children_in_registry": store.children(),
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
