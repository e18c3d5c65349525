"""What an officer is shown of sectors, by the API and the page together: no withheld count can be
worked out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.pathway.decide import STATES as PATHWAY
from care.programme.areas import Areas
from care.programme.disclosure_control import withheld
from models.visits.ranking import IN_TREATMENT
from registry.small_counts import SMALLEST_CELL
from serving.access.permissions import Scope
from serving.book.area_indicators import indicators
from serving.book.disclosure import IN_PROGRAMME, decided, facts_for, withheld_of
from serving.book.reader import Reader
from serving.book.sector_figures import sector_figures
from serving.database import engine_of
from serving.pages.areas.visits.visits_page import sector_line
from tests.support.service_cases import book, row

TREATED = sorted(IN_TREATMENT)[:2]
STATES = [*TREATED, "follow_up", "sam_again", "screened_well"]
EVERY_STATE = sorted({*PATHWAY, *STATES})
COUNTS = ("in_danger", "overdue", "visited_since", "visits_done", "relapse", "non_response")


def small(count):
    return 0 < count < SMALLEST_CELL


@st.composite
def registries(draw):
    """Sectors with children in states; some have one or two children only."""
    seed, high = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([2, 4, 9, 30]))
    rng = np.random.default_rng(seed)
    return [_sector(rng, high) for _ in range(draw(st.integers(1, 6)))]


def _sector(rng, high):
    states = {state: int(count) for state in STATES if (count := rng.integers(0, high))}
    children = sum(states.values())
    part = [int(rng.integers(0, children + 1)) for _ in COUNTS]
    month = {
        target: {"children": n, "events": 0.5, "low": 0.1, "high": 0.9}
        for target, n in zip(("relapse", "non_response"), part[4:], strict=True)
    }
    return {
        "children": children,
        "in_treatment": sum(states.get(state, 0) for state in TREATED),
        "states": states,
        "in_danger": part[0],
        "overdue": part[1],
        "visits": {"ever": part[2], "lately": part[3]},
        "risks": {target: {"scored": month[target]["children"], "events": 0.5} for target in month},
        "month": month,
    }


def shown(figures, whole_is_told, beside=None):
    """By (name, sector; -1 is the whole) what API and page tell, and what is true."""
    found = {f"S{n}": one for n, one in enumerate(figures)}
    told = decided(found, whole_is_told=whole_is_told, beside=beside or {})
    cells, truth = {}, {}
    for at, (name, one) in enumerate(found.items()):
        sector, line = told.sectors[name], sector_line(name, one, told.sectors[name])
        truth |= {("children", at): one["children"], ("treated", at): one["in_treatment"]}
        cells |= {("children", at): sector.children, ("treated", at): line.in_treatment}
        known = dict(
            zip(
                COUNTS,
                (
                    one["in_danger"],
                    one["overdue"],
                    one["visits"]["ever"],
                    one["visits"]["lately"],
                    *(one["risks"][of]["scored"] for of in COUNTS[4:]),
                ),
                strict=True,
            )
        )
        given_ = dict(
            zip(
                COUNTS,
                (
                    sector.in_danger,
                    line.overdue,
                    sector.visited_ever,
                    line.visits_done,
                    *(sector.scored[of] for of in COUNTS[4:]),
                ),
                strict=True,
            )
        )
        truth |= {(count, at): value for count, value in known.items()}
        cells |= {(count, at): value for count, value in given_.items()}
        truth |= {(state, at): one["states"].get(state, 0) for state in EVERY_STATE}
        cells |= {(state, at): sector.by_state.get(state, 0) for state in EVERY_STATE}
    if whole_is_told:
        for name, said in (
            ("children", "children"),
            ("in_danger", "in_danger"),
            ("relapse", "scored relapse"),
            ("non_response", "scored non_response"),
        ):
            truth[name, -1] = sum(truth[name, at] for at in range(len(figures)))
            cells[name, -1] = told.totals[said]
    return cells, truth


def worked_out(cells, sectors):
    """The withheld cells that have one value only, by what adds up to what."""
    at = {cell: number for number, cell in enumerate(cells)}
    rows = []

    def adds_up(whole, parts):
        rows.append(np.zeros(len(at)))
        rows[-1][at[whole]] = -1
        for part in parts:
            rows[-1][at[part]] += 1

    for cell, value in cells.items():
        if value is not None:
            adds_up(cell, [])
    for n in range(sectors):
        adds_up(("children", n), [(state, n) for state in EVERY_STATE])
        adds_up(("treated", n), [(state, n) for state in EVERY_STATE if state in IN_TREATMENT])
    for name, n in [cell for cell in cells if cell[1] == -1]:
        adds_up((name, n), [(name, each) for each in range(sectors)])
    _, sizes, vectors = np.linalg.svd(np.array(rows))
    null = vectors[np.sum(sizes > 1e-9 * sizes.max(initial=1)) :]
    moved = np.abs(null).max(axis=0, initial=0)
    return [cell for cell, value in cells.items() if value is None and moved[at[cell]] < 1e-7]


@given(registries(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_withheld_count_can_be_worked_out_from_all_that_is_shown(figures, whole_is_told):
    cells, truth = shown(figures, whole_is_told)
    assert all(value in (None, truth[cell]) for cell, value in cells.items())
    assert all(cells[cell] is None for cell, count in truth.items() if small(count))
    assert worked_out(cells, len(figures)) == []
    for sector in range(len(figures)):
        gone = [truth[state, sector] for state in EVERY_STATE if cells[state, sector] is None]
        assert not any(gone) or sum(gone) >= min(SMALLEST_CELL, truth["children", sector])


OF_BOOK = {"in_treatment": "treated", "in_danger": "in_danger", "overdue": "overdue"}


def programme_of(figures):
    """What the programme's indicators tell of the same children, sectors of one project: by (name,
    sector; -1 is the project), and their month's record of each sector."""
    sectors, cells = len(figures), {}
    one = np.arange(sectors, dtype=np.int64)
    areas = Areas.from_places(np.stack([one, np.zeros_like(one)]), [sectors, 1])
    for name, count in OF_BOOK.items():
        sums = areas.summed(np.array([[float(one[name]) for one in figures]]))
        twice = np.repeat(sums, 2, axis=1)[None]
        hidden = withheld(twice, areas, smallest=SMALLEST_CELL, last_is_sum=False)[0, :, 0]
        told = [None if gone else int(sums[at, 0]) for at, gone in enumerate(hidden)]
        cells |= {(count, at): told[at] for at in range(sectors)} | {(count, -1): told[sectors]}
    months = [
        {other: cells[OF_BOOK[name], at] for name, other in IN_PROGRAMME.items()}
        for at in range(sectors)
    ]
    return cells, months


def together(figures, whole_is_told, *, decided_together):
    """What the book and the programme tell of the same children, taken together."""
    programme, months = programme_of(figures)
    beside = {f"S{at}": withheld_of(month) for at, month in enumerate(months)}
    cells, truth = shown(figures, whole_is_told, beside if decided_together else None)
    for cell, value in programme.items():
        if cells.get(cell) is None:
            cells[cell] = value
    return cells, truth


@given(registries(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_withheld_count_can_be_worked_out_with_the_programme_beside_it(figures, whole_is_told):
    cells, truth = together(figures, whole_is_told, decided_together=True)
    assert all(cells[cell] is None for cell, count in truth.items() if small(count))
    assert worked_out(cells, len(figures)) == []


def test_each_decided_alone_would_give_a_count_away():
    """What this is for: 3 and 9 in danger. The programme tells 12 and withholds both; the book of
    a project's token, which tells no sum, would show the 9."""
    sectors = [_sector(np.random.default_rng(seed), 30) for seed in (3, 4)]
    sectors[0]["in_danger"], sectors[1]["in_danger"] = 3, 9
    gone = {
        at: worked_out(together(sectors, False, decided_together=at)[0], 2) for at in (True, False)
    }
    assert gone == {False: [("in_danger", 0)], True: []}


def test_a_small_count_withheld_alone_would_be_worked_out():
    cells, truth = shown(
        [_sector(np.random.default_rng(3), 30), _sector(np.random.default_rng(4), 30)], True
    )
    cells = dict(truth)
    cells["children", 0] = None
    assert worked_out(cells, 2) == [("children", 0)]


@pytest.mark.parametrize("scope", [["sector:S1"], ["project:P1"], ["district:D1", "district:D2"]])
def test_totals_of_the_whole_registry_are_for_the_state_alone(tmp_path, scope):
    engine = engine_of(str(tmp_path / "x.db"))
    run = book(
        engine, [row(f"{sector}-{n}", sector) for sector in ("S1", "S2", "S3") for n in range(9)]
    )
    facts = {"children": 27, "in_danger": 0, "scored": {"relapse": 27}, "protocol_version": "1"}
    assert facts_for(facts, state=True) == facts and facts_for(facts, state=False) == {
        "protocol_version": "1"
    }
    reader = Reader(engine, Scope.of(scope))
    assert not {"children", "in_danger", "scored"} & indicators(reader)["facts"].keys()
    found = sector_figures(reader, run)
    assert all(one["children"] == 9 for one in indicators(reader)["sectors"]) and found
    engine.dispose()
