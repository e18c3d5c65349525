"""What crosses a border between parts, child by child: a family of which one is linked with an id of
another register's centre, a centre that goes to another sector and project, a child at two centres
in one day, one without any centre."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from care.programme import by_month, counted_store
from care.protocol import standard
from features.clock import Clock
from features.trajectory.context import Context
from registry.contract.registry import day_date, day_number
from registry.store import partitions
from registry.store.links.decisions import decide
from registry.store.partitions import NOW, divide, drawn_sectors, read
from registry.store.store import open_store
from tests.parity.test_partitions import rows_of
from training.rows.store_rows import at_home, own_rows

BORN, FIRST, SECOND = dt.date(2024, 3, 1), dt.date(2025, 6, 30), dt.date(2025, 9, 1)
CENTRES = {"A": ("S1", "P1"), "B": ("S1", "P1"), "C": ("S2", "P2"), "D": ("S3", "P2")}
CHILDREN = {
    # child: (family, centre)
    "elder": ("f1", "A"),
    "younger": ("f1", "C"),
    "elder-elsewhere": ("", "D"),
    "mover": ("f2", "A"),
    "movers-brother": ("f2", "D"),
    "of-B": ("f3", "B"),
    "sister-of-B": ("f3", "C"),
    "nowhere": ("f1", ""),
    **{f"other-{name}": ("", name) for name in CENTRES},
}


def write(folder, name, rows):
    folder.mkdir(exist_ok=True)
    columns = {key: pa.array([row[key] or None for row in rows], pa.string()) for key in rows[0]}
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def centre_rows(places):
    return [
        {
            "centre_id": name,
            "sector_id": sector,
            "project_id": project,
            "district_id": "one",
            "setting": "rural",
        }
        for name, (sector, project) in places.items()
    ]


def child_rows(at):
    told = {name: CHILDREN[name][0] for name in at}
    return [
        {
            "child_id": name,
            "family_id": family,
            "sex": "F" if len(name) % 2 else "M",
            "birth_date": BORN.isoformat(),
            "centre_id": at[name],
        }
        for name, family in told.items()
    ]


def measured(children, months):
    """Each child's weight grows as its place in the list says, so that no two are alike."""
    return [
        {
            "child_id": name,
            "measured_on": day.isoformat(),
            "recorded_on": day.isoformat(),
            "weight_kg": f"{7.0 + 0.15 * at + 0.11 * month:.2f}",
            "height_cm": f"{70.0 + at + 0.8 * month:.1f}",
            "muac_mm": str(112 + 3 * at + month),
        }
        for at, name in enumerate(children)
        for month in months
        if (day := FIRST - dt.timedelta(days=30 * (11 - month) - at)) <= SECOND
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    home = tmp_path_factory.mktemp("borders")
    at = {name: centre for name, (_, centre) in CHILDREN.items()}
    write(home / "one", "centres", centre_rows(CENTRES))
    write(home / "one", "children", child_rows(at))
    write(home / "one", "measurements", measured(CHILDREN, range(12)))
    # In the second, B goes to another sector and project, and a child to a centre of S2.
    write(home / "two", "centres", centre_rows(CENTRES | {"B": ("S2", "P2")}))
    write(home / "two", "children", child_rows({"mover": "C", "nowhere": "B"}))
    # On the same day a correction: the child is in S3.
    write(home / "three", "children", child_rows({"mover": "D"}))
    with closing(open_store(home / "x.db")) as opened:
        opened.import_source(home / "one", imported_on=FIRST)
        opened.import_source(home / "two", imported_on=SECOND)
        opened.import_source(home / "three", imported_on=SECOND)
        with opened.engine.begin() as connection:
            link = day_number(SECOND) + 5
            decide(connection, "elder", "elder-elsewhere", "same", by="test", on=link)
        yield opened


DAYS = (
    day_number(FIRST) + 1,
    day_number(SECOND) - 1,
    day_number(SECOND),
    day_number(SECOND) + 5,
    day_number(SECOND) + 30,
)


def centres_of(registry, day):
    everyone = np.arange(len(registry.child_ids), dtype=np.int32)
    known = Clock(registry).child_on(everyone, np.full(len(everyone), day, np.int32))
    return known["centre"], known["sex"] >= 0


def test_where_each_child_was_on_each_day(store):
    registry = store.load()
    ids, names = registry.child_ids.tolist(), [*registry.centre_ids, None]
    was = {
        day: {name: names[at] for name, at in zip(ids, centres_of(registry, day)[0], strict=True)}
        for day in DAYS
    }
    assert [was[day]["mover"] for day in DAYS] == ["A", "A", "D", "D", "D"]
    assert [was[day]["nowhere"] for day in DAYS] == [None, None, "B", "B", "B"]
    assert [was[day]["of-B"] for day in DAYS] == ["B"] * 5
    assert [was[day]["elder"] for day in DAYS] == ["A"] * 5


@pytest.mark.parametrize("divided_on", [*DAYS, NOW])
def test_every_question_of_every_day_is_one_parts_and_answered_as_by_the_whole(store, divided_on):
    registry = store.load()
    parts = [read(store, part) for part in divide(store, divided_on, most=1)]
    assert len(parts) >= 3
    for day in DAYS:
        centre, known = centres_of(registry, day)
        asked = np.flatnonzero(known & (centre >= 0))
        whole = rows_of(registry, asked.astype(np.int32), np.full(len(asked), day, np.int32))
        answered = np.zeros(len(asked), int)
        for part in parts:
            mine = np.flatnonzero(part.owns(centre[asked]))
            at = {name: position for position, name in enumerate(part.registry.child_ids)}
            own = np.array([at[name] for name in registry.child_ids[asked[mine]]], np.int32)
            rows = rows_of(part.registry, own, np.full(len(mine), day, np.int32))
            np.testing.assert_array_equal(rows, whole[mine])
            answered[mine] += 1
        assert (answered == 1).all() and len(asked) >= 9


def test_a_family_over_two_parts_counts_its_linked_child_once(store):
    """The younger one's part holds the elder with what stood under the other id: a family of two
    before the link, and no third child after it."""
    registry, day = store.load(), DAYS[-1]
    (held,) = [
        part
        for part in (read(store, one) for one in divide(store, day, most=1))
        if "C" in part.partition.centres
    ]
    assert {"younger", "elder", "of-B", "sister-of-B"} <= set(held.registry.child_ids)
    for name, brothers_and_sisters in (("younger", 2), ("sister-of-B", 1)):
        told = []
        for one in (registry, held.registry):
            at = np.array([one.child_ids.tolist().index(name)], np.int32)
            clock = Clock(one)
            known = clock.known_by(at, np.array([day], np.int32))
            told.append(Context(clock).columns(known))
        for column, value in told[0].items():
            np.testing.assert_array_equal(told[1][column], value, err_msg=column)
        assert told[0]["siblings"].tolist() == [brothers_and_sisters]


def test_a_training_and_lists_of_now_know_one_home_of_each_child(store):
    registry = store.load()
    homes: list[str] = []
    for partition in divide(store, NOW, most=1):
        part = read(store, partition)
        homes += part.registry.child_ids[at_home(part)].tolist()
    known = centres_of(registry, NOW)[1]
    # An id that was linked is nobody's any more.
    assert sorted(homes) == sorted(registry.child_ids[known]) and "elder-elsewhere" not in homes


class Row:
    """A landmark row of one child and day."""

    def __init__(self, child, day):
        self.child, self.day = np.array([child], np.int32), np.array([day], np.int32)


def test_a_row_of_a_day_before_the_move_is_the_former_centres(store):
    registry, owners = store.load(), {}
    mover = registry.child_ids.tolist().index("mover")
    for day in DAYS[:3]:
        for partition in divide(store, NOW, most=1):
            part = read(store, partition)
            ids = part.registry.child_ids.tolist()
            if "mover" in ids:
                row = Row(ids.index("mover"), day)
                if len(own_rows(part, Clock(part.registry), row)):
                    owners.setdefault(day, []).append(partition.centres)
    assert [len(owners[day]) for day in DAYS[:3]] == [1, 1, 1] and mover >= 0
    assert "A" in owners[DAYS[0]][0] and "A" in owners[DAYS[1]][0] and "D" in owners[DAYS[2]][0]


def test_a_centre_is_divided_with_the_sector_that_it_has_on_the_day(store):
    def beside_b(day):
        (own,) = [part.centres for part in divide(store, day, most=1) if "B" in part.centres]
        return set(own)

    assert beside_b(DAYS[0]) == {"A", "B"} and beside_b(DAYS[2]) == {"B", "C"} == beside_b(NOW)
    few = drawn_sectors(store, NOW, most=4, seed=1)
    assert few is not None and few.children <= 4


def test_months_are_counted_as_by_the_whole(store, monkeypatch):
    whole = by_month.of(store.load(), standard(), months=6)
    monkeypatch.setattr(partitions, "MOST_CHILDREN", 1)
    _, found = counted_store.of_store(str(store.url.database), standard(), months=6)
    for name, cells in whole.sums.items():
        np.testing.assert_array_equal(found.sums[name], cells, err_msg=name)
    assert whole.sums["screened"].sum() > 20 and day_date(DAYS[0]) > FIRST
