"""The pathway as a picture: what each event does to a child in each state, asked of the rules
themselves.

Nothing here is drawn by hand: an example child of every state meets every event, and
`care.pathway.decide.place` says where it stands before and after. If a rule changes, so does the
picture.
"""

from __future__ import annotations

from collections.abc import Callable

from care.pathway import facts
from care.pathway.conditions import (
    CURED,
    DEFAULTED,
    FAIL,
    NO_GAIN,
    NOT_RECOVERED,
    NRC,
    PASS,
    TRANSFERRED,
    UCDC,
)
from care.pathway.decide import STATES, place
from care.protocol import Protocol
from registry.contract import registry
from registry.contract.registry import day_number

TODAY = day_number("2026-03-10")
MANY = 8
Child = dict[str, float]
NEVER = int(registry.NEVER)


def ago(days: int) -> int:
    return TODAY - days


SEEN: Child = {"judged_on": ago(2), "measured_on": ago(2), "weighed_on": ago(2)}
WELL: Child = SEEN | {"sam": 0, "mam": 0, "suw": 0}
SAM: Child = SEEN | {"sam": 1, "sam_since": ago(2), "sam_on": ago(2), "mam": 0}
STAY: Child = SAM | {
    "programme": UCDC,
    "admitted_on": ago(10),
    "sam_since": ago(12),
    "height_on": ago(10),
    "weight_kg": 7.5,
}
CURE: Child = {
    "closed_programme": UCDC,
    "closed_on": ago(20),
    "outcome": CURED,
    "discharged_on": ago(20),
}
EXAMPLES: tuple[Child, ...] = (
    {},
    {"measured_on": ago(2)},
    WELL,
    WELL | {"mam": 1},
    WELL | {"suw": 1, "suw_since": ago(2)},
    SAM,
    SAM | {"checked_on": ago(1)},
    SAM | {"appetite_test": PASS, "tested_on": ago(1)},
    SAM | {"appetite_test": FAIL, "tested_on": ago(1)},
    STAY,
    STAY | {"gain_kg": -0.1},
    STAY | WELL | {"exit_visits_met": 2},
    STAY | {"admitted_on": ago(90)},
    SAM | {"programme": NRC, "admitted_on": ago(3)},
    WELL | CURE,
    SAM | CURE,
    {"closed_programme": NRC, "closed_on": ago(2), "outcome": CURED},
    {"closed_programme": UCDC, "closed_on": ago(2), "outcome": DEFAULTED},
    {"closed_programme": UCDC, "closed_on": ago(2), "outcome": NOT_RECOVERED},
    {"closed_programme": NRC, "closed_on": ago(2), "outcome": DEFAULTED},
    {"closed_programme": UCDC, "closed_on": ago(2), "outcome": TRANSFERRED},
    WELL | {"recent_loss_share": 0.12},
    WELL | {"ill": 1, "ill_on": ago(1), "found_ill_on": ago(1)},
    WELL | {"age_days": 1100, "mam": 1},
    WELL | {"age_days": 120, "last_change_kg": -0.2},
    STAY | {"rate_g_kg_day": 1.5},
    STAY | {"admitted_on": ago(25), "rate_g_kg_day": 0.2},
)


def _measured(**status: float) -> Callable[[Child], Child]:
    def event(child: Child) -> Child:
        now: Child = {
            "judged_on": TODAY,
            "measured_on": TODAY,
            "weighed_on": TODAY,
            "height_on": TODAY,
            "sam_since": NEVER,
            "last_change_kg": 0.3,
            "recent_loss_share": 0.0,
        }
        inside = child.get("programme") == UCDC
        gained: Child = {}
        if inside and status["sam"] == 0:
            gained = {
                "exit_visits_met": child.get("exit_visits_met", 0) + 2 * (status["mam"] == 0),
                "gain_kg": 0.4,
                "rate_g_kg_day": 4.0,
            }
        if status["sam"] == 1 and child.get("sam") == 1:
            gained = {"sam_since": child["sam_since"]}
        return child | {"mam": 0, "suw": 0, "suw_since": NEVER} | now | status | gained

    return event


def _becomes(**changes: float) -> Callable[[Child], Child]:
    return lambda child: child | changes


def _in(treated_at: int, **changes: float) -> Callable[[Child], Child]:
    return lambda child: child | changes if child.get("programme") == treated_at else child


def _closed(programme: int, **changes: float) -> Callable[[Child], Child]:
    ended = {
        "programme": -1,
        "closed_programme": programme,
        "closed_on": TODAY,
        "exit_visits_met": 0,
    }
    return _in(programme, **ended, **changes)


def _admitted(programme: int) -> Callable[[Child], Child]:
    entered = {
        "programme": programme,
        "admitted_on": TODAY,
        "weighed_on": TODAY,
        "height_on": TODAY,
    }
    return lambda child: child if child.get("programme") == programme else child | entered


EVENTS: dict[str, Callable[[Child], Child]] = {
    "reads well": _measured(sam=0, mam=0),
    "reads MAM": _measured(sam=0, mam=1),
    "reads severely underweight": _measured(sam=0, mam=0, suw=1, suw_since=TODAY),
    "reads SAM": _measured(sam=1, mam=0, sam_since=TODAY, sam_on=TODAY, exit_visits_met=0),
    "examined": _becomes(checked_on=TODAY),
    "appetite passed": _becomes(appetite_test=PASS, tested_on=TODAY),
    "appetite failed": _becomes(appetite_test=FAIL, tested_on=TODAY),
    "oedema or complication": _becomes(
        oedema_grade=1, oedema_on=TODAY, complication=1, assessed_on=TODAY
    ),
    "admitted UCDC/VCDC": _admitted(UCDC),
    "admitted NRC/CTC": _admitted(NRC),
    "too low to believe": _becomes(
        sam=1, sam_since=TODAY, sam_on=TODAY, open_low_on=TODAY, low_days=1
    ),
    "no gain or weight lost": _in(UCDC, gain_kg=-0.1, weight_loss_share=0.06),
    "over 10 % lost": _becomes(recent_loss_share=0.12, weighed_on=TODAY),
    "gains too slowly": _in(UCDC, rate_g_kg_day=1.5),
    "three weeks without gain": _in(
        UCDC, admitted_on=TODAY - 25, rate_g_kg_day=0.2, weight_kg=7.5, weighed_on=TODAY
    ),
    "fever or diarrhoea": _becomes(ill=1, ill_on=TODAY, checked_on=TODAY),
    "twelve weeks passed": _in(UCDC, admitted_on=TODAY - 85),
    "discharged as cured": _closed(
        UCDC, outcome=CURED, discharged_on=TODAY, sam=0, mam=0, sam_since=NEVER
    ),
    "treatment broken off": _closed(
        UCDC, outcome=DEFAULTED, sam=-1, mam=-1, judged_on=NEVER, sam_since=NEVER
    ),
    "ended without recovery": _closed(UCDC, outcome=NOT_RECOVERED, sam=0, mam=1, sam_since=NEVER),
    "sent to NRC": _closed(UCDC, outcome=TRANSFERRED, transfer_reason=NO_GAIN),
    "sent elsewhere": _closed(UCDC, outcome=TRANSFERRED),
    "left the NRC": _closed(NRC, outcome=DEFAULTED, sam=-1, sam_since=NEVER),
    "back from NRC": _closed(NRC, outcome=CURED, sam=0, mam=1, sam_since=NEVER),
}


def transitions(protocol: Protocol) -> dict[tuple[str, str], list[str]]:
    """Events by (state before, state after), for every example and event that changes the state."""
    found: dict[tuple[str, str], list[str]] = {}
    for example in EXAMPLES:
        before = _state(example, protocol)
        for label, event in EVENTS.items():
            after = _state(event(example), protocol)
            if after != before and label not in found.setdefault((before, after), []):
                found[before, after].append(label)
    return {pair: labels for pair, labels in found.items() if labels}


def _state(child: Child, protocol: Protocol) -> str:
    table = facts.table(1, **({"day": TODAY, "age_days": 420, "registered_on": ago(300)} | child))
    return STATES[place(table, protocol).state[0]]


def everywhere(found: dict[tuple[str, str], list[str]]) -> dict[str, str]:
    """Events that lead to one and the same state from at least eight others, with that state."""
    ends: dict[str, list[str]] = {}
    for (_, after), labels in found.items():
        for label in labels:
            ends.setdefault(label, []).append(after)
    return {
        label: after[0]
        for label, after in ends.items()
        if len(after) >= MANY and len(set(after)) == 1
    }


def mermaid(protocol: Protocol) -> str:
    """A Mermaid state diagram of the transitions.

    An event that leads everywhere to the same state is drawn once, from `any_state`. Leaving and
    death, possible from every state, are left out.
    """
    found = transitions(protocol)
    common = everywhere(found)
    arrows = [f"    any_state --> {after}: {label}" for label, after in common.items()]
    for (before, after), labels in sorted(found.items(), key=_in_order_of_states):
        own = [label for label in labels if label not in common]
        if own:
            arrows.append(f"    {before} --> {after}: {', '.join(own)}")
    return "\n".join(["stateDiagram-v2", "    [*] --> not_screened", *arrows])


def _in_order_of_states(item: tuple[tuple[str, str], list[str]]) -> tuple[int, int]:
    (before, after), _ = item
    return STATES.index(before), STATES.index(after)
