"""A few children with their records, as the API brings them: the importer's rules and codes, without its machinery.

Plain Python over cells: for one child with 30 measurements it takes a fraction of a millisecond, where whole-column
tools would spend more on starting up. A property test holds it to `registry.check`, row for row.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from registry import contract
from registry.assemble import DAYS_SPOKEN_OF, EVER
from registry.contract import RULES, SPECS, first_known
from registry.quarantine import bound_of
from registry.record_cells import HISTORY, PLACES, read_row
from registry.tables import COLUMNS, NEVER, OWN_DAY, Registry, Table, day_number, empty_table

_NEVER = int(NEVER)
_first_known = lru_cache(4096)(first_known)
_FAMILY, _CENTRE, _BORN = (PLACES["children"][column] for column in ("family", "centre", "birth_date"))
_EPISODE = PLACES["episodes"]["episode"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One refused row of one child: the table, its number from 1, the cell, the rule and its bound. No values."""

    table: str
    row: int
    column: str
    code: str

    @property
    def bound(self) -> str:
        """The bound that the cell broke."""
        return bound_of(self.table, self.column, self.code)

    @property
    def message(self) -> str:
        """What is wrong and what to do."""
        return f"{RULES[self.code].title} ({self.bound}). {RULES[self.code].advice}"


def build_records(children: Sequence[Mapping[str, object]], *,
                  imported_on: object = None) -> tuple[Registry, list[list[Problem]]]:
    """Children with nested records to a registry and, for each, what was refused.

    The i-th child given has position i in the registry; where the child itself is refused it has no row in any table.
    `centre_id` may be missing here. `imported_on` (date or ISO text; today by default) is the day after which nothing
    can have happened.
    """
    today = day_number(imported_on or dt.date.today())
    twice = _twice(children)
    rows: dict[str, list[list]] = {name: [] for name in ("children", *HISTORY)}
    texts: dict[str, dict[str, int]] = {"centre": {}, "family": {}, "episode": {}}
    problems = [_one(at, child, rows, texts, today, twice) for at, child in enumerate(children)]
    tables = {name: _table(name, rows[name]) if rows.get(name) else _EMPTY_TABLES[name] for name in COLUMNS}
    dated, assumed = _assumed(rows)
    facts = {"synthetic": False, "registry_id": "", "centre_names": {}, "share_assumed_dates": assumed / max(dated, 1)}
    ids = np.array([str(child.get("child_id", "")) for child in children], object)
    return Registry(
        **tables, child_ids=ids, centre_ids=_texts(texts["centre"]), episode_ids=_texts(texts["episode"]),
        sector_ids=_NONE, project_ids=_NONE, district_ids=_NONE, recorded_until=_last_day(tables), facts=facts,
    ), problems


def _twice(children: Sequence[Mapping[str, object]]) -> frozenset:
    if len(children) < 2:
        return frozenset()
    counts = Counter(str(child.get("child_id")) for child in children)
    return frozenset(text for text, count in counts.items() if count > 1)


def _one(at: int, child: Mapping[str, object], rows: dict, texts: dict, today: int, twice: frozenset) -> list[Problem]:
    """Read one child into `rows`; what was refused."""
    cells, wrong = read_row("children", child, today)
    wrong = wrong or _wrong_child(cells) or (("child_id", "REG041") if str(child.get("child_id")) in twice else None)
    if wrong:
        return [Problem("children", 1, *wrong)]
    cells[_FAMILY] = _position(texts["family"], cells[_FAMILY])
    cells[_CENTRE] = _position(texts["centre"], cells[_CENTRE])
    cells.append(at)
    rows["children"].append(cells)
    problems: list[Problem] = []
    for name in HISTORY:
        if records := child.get(name):
            good = _read_history(name, records, cells[_BORN], today, problems)
            rows[name] += [[*row, at] for row in _sorted_once(name, good, problems)]
            if name == "episodes":
                _number_episodes(rows[name], at, texts["episode"])
    return problems


def _number_episodes(rows: list[list], at: int, texts: dict[str, int]) -> None:
    for number, row in enumerate(rows):
        if row[-1] == at:
            row[_EPISODE] = _position(texts, f"{at}\x00{row[_EPISODE] or f'episode {number}'}")


def _read_history(name: str, records: Sequence[Mapping], born: int, today: int,
                  problems: list[Problem]) -> list[tuple[int, list]]:
    good = []
    for number, record in enumerate(records, 1):
        cells, wrong = read_row(name, record, today)
        wrong = wrong or _wrong_history(name, cells, born)
        if wrong:
            problems.append(Problem(name, number, *wrong))
        else:
            good.append((number, cells))
    return good


def _sorted_once(name: str, good: list[tuple[int, list]], problems: list[Problem]) -> list[list]:
    """Rows sorted by own day, without exact repeats and conflicting rows, which become problems."""
    at = [PLACES[name][contract.TEXTS.get(column, column)] for column in SPECS[name].key if column != "child_id"]
    if name == "episodes" and not all(cells[_EPISODE] for _, cells in good):
        at = [*at, PLACES[name]["admitted_on"]]
    own = PLACES[name][OWN_DAY[name]]
    keys = [tuple([cells[place] for place in at]) for _, cells in good]
    if len(set(keys)) < len(keys):
        good = _unrepeated(name, keys, good, problems)
    return sorted((cells for _, cells in good), key=lambda cells: (cells[own], *[cells[place] for place in at]))


def _unrepeated(name: str, keys: list[tuple], good: list, problems: list[Problem]) -> list[tuple[int, list]]:
    versions: dict[tuple, dict[str, int]] = {}
    column = SPECS[name].key[0] if name == "episodes" else OWN_DAY[name]
    for key, (number, cells) in zip(keys, good, strict=True):
        if versions.setdefault(key, {}).setdefault(repr(cells), number) != number:
            problems.append(Problem(name, number, SPECS[name].key[0], "REG040"))
    kept = []
    for key, (number, cells) in zip(keys, good, strict=True):
        if versions[key][repr(cells)] != number:
            continue
        if len(versions[key]) > 1:
            problems.append(Problem(name, number, column, "REG041"))
        else:
            kept.append((number, cells))
    return kept


def _wrong_child(cells: list) -> tuple[str, str] | None:
    places = PLACES["children"]
    born, registered, left = cells[_BORN], cells[places["registered_on"]], cells[places["left_on"]]
    if registered < born - contract.BEFORE_BIRTH:
        return "registered_on", "REG031"
    if left < born:
        return "left_on", "REG031"
    return ("left_on", "REG034") if left < registered != _NEVER else None


def _wrong_history(name: str, cells: list, born: int) -> tuple[str, str] | None:
    own, places = OWN_DAY[name], PLACES[name]
    if cells[places[own]] < (born - 30 if name == "attendance" else born):
        return own, "REG031"
    if name == "measurements" and cells[places[own]] - born < contract.UNDER_FIVE:
        for column, (most, code) in contract.MOST_UNDER_FIVE.items():
            if cells[places[column]] > most:
                return column, code
    if name == "episodes" and cells[places["closed_on"]] < cells[places["admitted_on"]]:
        return "closed_on", "REG033"
    if name == "attendance" and cells[places["attended_days"]] > cells[places["open_days"]]:
        return "attended_days", "REG035"
    return None


_EMPTY_TABLES = {name: empty_table(name) for name in COLUMNS}
_NONE = np.empty(0, object)


def _table(name: str, rows: list[list]) -> Table:
    columns, places = list(zip(*rows, strict=True)), PLACES[name]
    known = _known_from(name, columns, places)
    made = {"known_from": known, "known_until": (_NEVER,) * len(known)}
    later = {"episodes": "closed_on", "children": "left_on"}.get(name)
    if later:
        made[f"{later[:-3]}_known_from"] = [max(*pair) for pair in zip(columns[places[later]], known, strict=True)]
    kinds = COLUMNS[name] | _KNOWN_KINDS
    return Table({
        column: np.array(made[column] if column in made else columns[places[column]], kind)
        for column, kind in kinds.items()
    })


_KNOWN_KINDS = {"known_from": np.int32, "known_until": np.int32}


def _known_from(name: str, columns: list[tuple], places: Mapping[str, int]) -> list[int]:
    own = columns[places["birth_date" if name == "children" else OWN_DAY[name]]]
    if name == "attendance":
        own = [_first_known(name, day) for day in own]
    recorded = columns[places["recorded_on"]]
    return [day if record == _NEVER or record < day else record for day, record in zip(own, recorded, strict=True)]


def _assumed(rows: Mapping[str, list]) -> tuple[int, int]:
    """How many rows of history there are, and how many have no `recorded_on`."""
    recorded = [row[PLACES[name]["recorded_on"]] for name in HISTORY for row in rows[name]]
    return len(recorded), recorded.count(_NEVER)


def _last_day(tables: Mapping[str, Table]) -> int:
    latest = [int(tables[name][column].max()) for name, column in DAYS_SPOKEN_OF.items() if tables[name].rows]
    return max(latest, default=int(EVER))


def _position(texts: dict[str, int], text: str) -> int:
    return texts.setdefault(text, len(texts)) if text else -1


def _texts(texts: dict[str, int]) -> np.ndarray:
    return np.array([text.rpartition("\x00")[2] for text in texts], object) if texts else _NONE
