"""Where each rule comes from: the values of the protocol that it uses, with their sources."""

from __future__ import annotations

from care.pathway.rule import PathwayRule
from care.pathway.rules_in_order import ORDER
from care.protocol import Protocol, Value

BY_NAME = {rule.name: rule for rule in ORDER}


def cited(rule: str, protocol: Protocol) -> dict[str, Value]:
    """The protocol's values that a rule uses, by name: those it cites and the one that sets its
    time limit."""
    found = BY_NAME[rule]
    names = (*found.cites, *([found.limit] if found.limit else []))
    return {name: protocol.cited[name] for name in names}


def verified(rule: str, protocol: Protocol) -> bool:
    """Whether every text behind the rule's numbers was read; if not, whoever shows the rule says
    so."""
    return all(value.verified for value in cited(rule, protocol).values())


def record(rule: str, protocol: Protocol) -> dict[str, object]:
    """A rule's numbers as a program reads them: whether all their texts were seen, and each value
    with its source."""
    values = {
        name: {"value": value.value, "source": value.source, "verified": value.verified}
        for name, value in cited(rule, protocol).items()
    }
    return {"verified": verified(rule, protocol), "sources": values}


def words(rule: PathwayRule, protocol: Protocol) -> str:
    """A rule's numbers with their sources in one line; `(not verified)` where the text was not
    seen."""
    return "; ".join(
        f"{name} = {value.value:g}: {value.source}{'' if value.verified else ' (not verified)'}"
        for name, value in cited(rule.name, protocol).items()
    )
