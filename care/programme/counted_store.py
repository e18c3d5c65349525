"""The programme's monthly sums of a whole store, counted part by part."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from care.programme import by_month
from care.programme.by_month import Months
from care.protocol import Protocol
from registry.contract.arrays import Ints
from registry.contract.registry import Registry
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import StorePart, over_parts


def of_store(
    address: str,
    protocol: Protocol,
    *,
    months: int = 12,
    engine: Engine = IN_THIS_PROCESS,
    done: Callable[[int, int], None] = lambda children, of: None,
) -> tuple[Registry, Months]:
    """(the store's centres and areas, the sums of its last months): what
    `care.programme.indicators.of` asks for, without the whole registry in memory."""
    task = partial(_of_part, protocol=protocol, months=months)
    places, parts = over_parts(address, task, engine, done=done)
    counted = by_month.gathered(parts, len(places.centre_ids))
    return places, counted or by_month.of(places, protocol, months=months)


def _of_part(part: StorePart, *, protocol: Protocol, months: int) -> tuple[Ints, Months]:
    centres = np.flatnonzero(part.own_centres[:-1])
    return centres, by_month.of(part.registry, protocol, months=months).taken(centres)
