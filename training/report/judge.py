"""Who judges bundles on a store's records for verbs that ask for no report: the registry in memory,
or the store part by part. Both say the same to the bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from features.clock import Clock
from features.trajectory.context import Context
from models.bundle import Bundle
from registry.engine import IN_THIS_PROCESS, Engine
from registry.store.partitions import several_parts
from registry.store.store import open_store
from training.evaluation.challenge import Challenge, Contest, by_training, challenge
from training.evaluation.scored_rows import Judged, judged_rows, not_judged
from training.priors.priors import Said
from training.report.material_by_parts import StoreMaterial, why_not_judged
from training.report.whose_records import SEED
from training.rows.at_hand import at_hand


class Judge(Protocol):
    """The registry's `facts`; the rows to judge bundles on, by version, or why there are none, in
    words; and a challenger beside the champion."""

    @property
    def facts(self) -> Mapping[str, object]: ...

    def judged(self, bundles: Sequence[Bundle]) -> dict[str, Judged | str]: ...

    def challenge(self, challenger: Bundle, champion: Bundle) -> Challenge | str: ...


@dataclass(frozen=True)
class WholeInMemory:
    """All records in memory."""

    clock: Clock

    @property
    def facts(self) -> Mapping[str, object]:
        """Of the registry."""
        return self.clock.registry.facts

    def judged(self, bundles: Sequence[Bundle]) -> dict[str, Judged | str]:
        """See `Judge`."""
        context = Context(self.clock)
        return {
            one.version: not_judged(self.clock, one)
            or judged_rows(self.clock, one, context=context)
            for one in bundles
        }

    def challenge(self, challenger: Bundle, champion: Bundle) -> Challenge | str:
        """See `Judge`."""
        return challenge(self.clock, challenger, champion)


@dataclass(frozen=True)
class ByParts:
    """A store of such `facts`, read part by part by the `engine`."""

    address: str
    facts: Mapping[str, object]
    engine: Engine
    said: Said

    def judged(self, bundles: Sequence[Bundle]) -> dict[str, Judged | str]:
        """See `Judge`."""
        found = self._counted(bundles)
        rows = found.judged(self.said)
        return {
            plan.bundle.version: why_not_judged(plan) or rows[plan.bundle.version]
            for plan in found.plans
        }

    def known_and_judged(self, bundle: Bundle) -> tuple[int, Judged | str]:
        """(the last day, as a number, that is known; as `judged`)."""
        found = self._counted([bundle])
        (plan,) = found.plans
        why = why_not_judged(plan)
        return found.until, why or found.judged(self.said)[bundle.version]

    def challenge(self, challenger: Bundle, champion: Bundle) -> Challenge | str:
        """See `Judge`; lists are of the records of at most so many children as stay at hand."""
        here = self.facts.get("registry_id")
        newer, _ = by_training(challenger, champion, here)
        found = self._counted([newer])
        (plan,) = found.plans
        if why := why_not_judged(plan):
            return why
        contest = Contest.of(challenger, champion, plan.block, here)
        if isinstance(contest, str):
            return contest
        return found.challenge(plan, contest, at_hand(self.address, None, seed=SEED), self.said)

    def _counted(self, bundles: Sequence[Bundle]) -> StoreMaterial:
        return StoreMaterial.of(
            self.address, bundles, engine=self.engine, with_quality=False, said=self.said
        )


def judge_of(
    address: str, *, engine: Engine = IN_THIS_PROCESS, said: Said = lambda text: None
) -> Judge:
    """Of a store that must exist: in memory where it is of one part."""
    divided = several_parts(address, engine)
    said("reading the registry")
    store = open_store(address, must_exist=True)
    try:
        if divided:
            return ByParts(address, store.load(children=()).facts, engine, said)
        return WholeInMemory(Clock(store.load()))
    finally:
        store.close()
