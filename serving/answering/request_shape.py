"""Checks the JSON structure of a request: an object for each child, lists of objects in it. Values
of the wrong JSON type are refused here; the values themselves are checked by the data contract
(`registry.checks.table`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from registry.contract.rules import RULES
from registry.contract.tables import SPECS
from serving.answering.field_names import KNOWN, MOST_NAMED, NESTED, unknown_fields

MOST_RECORDS = 2000
"""Records of one kind for one child: weekly for a life of six years is 313."""
NOT_SINGLE = frozenset({list, dict})


@dataclass(frozen=True)
class RequestChild:
    """One child as it came: what can be looked at, and the problems of what cannot."""

    child_id: str | None
    records: dict[str, Any]
    usable: bool = True
    problems: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=dict)
    """For a table of which rows were set aside: the places in the request of those that were not.
    """

    def problems_with(self, refused: list[Any]) -> list[dict[str, Any]]:
        """All problems of this child: of its shape, then those that the contract refused."""
        if not self.usable:
            return self.problems
        return self.problems + [
            {"code": problem.code, "field": self.field_of(problem), "problem": problem.message}
            for problem in refused
        ]

    def field_of(self, problem: Any) -> str:
        """Where in the request a problem of the contract lies: `measurements[3].weight_kg`."""
        if problem.table == "children":
            return str(problem.column)
        row = problem.row - 1
        row = self.kept[problem.table][row] if problem.table in self.kept else row
        return f"{problem.table}[{row}].{problem.column}"


def incoming(children: list[Any]) -> list[RequestChild]:
    """Each child of a request with what can be looked at; a child that stands in it twice is told
    so at each place."""
    arrived = [_child(child) for child in children]
    return arrived if len(arrived) < 2 else _once(arrived)


def _once(arrived: list[RequestChild]) -> list[RequestChild]:
    """Which of two is right cannot be known: neither is answered, and each says where the other
    stands."""
    places: dict[str, list[int]] = {}
    for place, child in enumerate(arrived):
        if child.child_id:
            places.setdefault(child.child_id, []).append(place)
    for at in places.values():
        for place in at if len(at) > 1 else ():
            other = next(one for one in at if one != place)
            said = (
                f"the same child stands at children[{other}] too: send each child once, with "
                "all its records"
            )
            problem = {"code": "REG041", "field": "child_id", "problem": said}
            arrived[place] = RequestChild(arrived[place].child_id, {}, False, [problem])
    return arrived


def _child(child: object) -> RequestChild:
    if not isinstance(child, dict):
        return RequestChild(None, {}, False, [_problem("", "REG011", "a child must be an object")])
    records = dict(_with_ids("children", [child])[0])
    kept: dict[str, list[int]] = {}
    problems = [] if child.keys() <= KNOWN["children"] else unknown_fields("children", child, "")
    for table in NESTED:
        if (rows := child.get(table)) is not None:
            records[table] = _rows(table, rows, problems, kept)
    for name in list(records):
        if (
            name not in NESTED
            and name in KNOWN["children"]
            and isinstance(records[name], list | dict)
        ):
            problems.append(_problem(name, "REG025", "must be a single value"))
            records[name] = None
    child_id = records.get("child_id")
    return RequestChild(
        child_id if isinstance(child_id, str) else None, records, True, problems, kept
    )


ID_COLUMNS = {
    table: tuple(
        column.name
        for column in SPECS[table].columns
        if column.kind == "id" and column.name != "child_id"
    )
    for table in NESTED
} | {"children": tuple(column.name for column in SPECS["children"].columns if column.kind == "id")}


def _with_ids(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with ids that came as whole numbers taken as their digits: 104 is the child
    "104"."""
    for name in ID_COLUMNS[table]:
        if any(type(row.get(name)) is int for row in rows):
            rows = [
                {**row, name: str(row[name])} if type(row.get(name)) is int else row for row in rows
            ]
    return rows


def _rows(
    table: str, rows: object, problems: list[dict[str, Any]], kept: dict[str, list[int]]
) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or len(rows) > MOST_RECORDS:
        problems.append(
            _problem(table, "REG025", f"must be a list of at most {MOST_RECORDS} objects")
        )
        return []
    objects = [row for row in rows if type(row) is dict]
    if not KNOWN[table].issuperset(chain.from_iterable(objects)):
        problems += _unknown(table, rows)
    places = [place for place, row in enumerate(rows) if _flat(row)]
    if len(places) < len(rows):
        kept[table] = places
        aside = sorted(set(range(len(rows))) - set(places))
        problems += [
            _problem(f"{table}[{place}]", "REG025", "must be an object of single values")
            for place in aside
        ]
        rows = [rows[place] for place in places]
    return _with_ids(table, rows)


def _unknown(table: str, rows: list[Any]) -> list[dict[str, Any]]:
    """A problem for each name that the table does not have, at the first row that has it."""
    problems, named = [], set(KNOWN[table])
    for place, row in enumerate(rows):
        if type(row) is dict and not row.keys() <= named:
            problems += unknown_fields(table, row.keys() - named, f"{table}[{place}].")
            named |= row.keys()
        if len(problems) >= MOST_NAMED:
            break
    return problems[:MOST_NAMED]


def _flat(row: object) -> bool:
    return type(row) is dict and NOT_SINGLE.isdisjoint(map(type, row.values()))


def _problem(where: str, code: str, what: str) -> dict[str, Any]:
    return {"code": code, "field": where, "problem": f"{what}. {RULES[code].advice}"}
