"""Whose records a report judges on: a registry in memory, or a store that is read part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from features import data_quality
from models.bundle import Bundle
from registry.contract.registry import Registry
from registry.engine import Engine
from registry.store.partitions import several_parts
from registry.store.store import open_store
from training.evaluation.scored_rows import not_judged
from training.priors.priors import Said
from training.report.material import Material, of_registry
from training.report.material_by_parts import StoreMaterial, why_not_judged
from training.rows.at_hand import AtHand, at_hand
from training.validation.held_out import Marked

SEED = 1
"""Of the lot of sectors whose records are at hand."""


@dataclass(frozen=True)
class WhoseRecords:
    """Of some bundles why nothing can be judged of each (`why_not`, by version; None where
    something can), and the `materials` of the others, made when asked for; records at `hand`; the
    registry's centres, areas and facts (`places`); how many `children` it has."""

    hand: AtHand
    places: Registry
    children: int
    why_not: dict[str, str | None]
    materials: Callable[[], dict[str, Material]]


def whose_records(
    address: str,
    bundles: Sequence[Bundle],
    *,
    engine: Engine,
    marks: Sequence[Marked] = (),
    with_ids: bool = False,
    said: Said = lambda text: None,
) -> WhoseRecords:
    """Those of a store: all in memory where it is of one part, else found part by part, with up to
    `training.rows.at_hand.MOST_AT_HAND` children at hand."""
    if not several_parts(address, engine):
        said("reading the registry")
        hand = at_hand(address, None, seed=SEED, most=None)
        return _in_memory(hand, bundles, marks, with_ids)
    found = StoreMaterial.of(address, bundles, engine=engine, marks=marks, said=said)
    hand = at_hand(address, None, seed=SEED)
    with closing(open_store(address, must_exist=True)) as store:
        children = store.children()
    why = {plan.bundle.version: why_not_judged(plan) for plan in found.plans}
    return WhoseRecords(
        hand, found.places, children, why, lambda: found.materials(hand, with_ids, said)
    )


def _in_memory(
    hand: AtHand, bundles: Sequence[Bundle], marks: Sequence[Marked], with_ids: bool
) -> WhoseRecords:
    registry = hand.clock.registry
    why = {one.version: not_judged(hand.clock, one) for one in bundles}

    def materials() -> dict[str, Material]:
        quality = data_quality.score(registry)
        return {
            one.version: of_registry(hand, one, quality=quality, marks=marks, with_ids=with_ids)
            for one in bundles
            if why[one.version] is None
        }

    return WhoseRecords(hand, registry, len(registry.child_ids), why, materials)
