"""No withheld count can be worked out from what is published: other counts, sums over places and
months, shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from care.programme.areas import Areas
from care.programme.disclosure_control import withheld

SMALLEST = 5


def areas_of(centres_in_sectors, sectors_in_projects, projects_in_districts):
    """A tree of places: how many centres each sector has, how many sectors each project, projects
    each district."""
    sector = np.repeat(np.arange(len(centres_in_sectors)), centres_in_sectors)
    project = np.repeat(np.arange(len(sectors_in_projects)), sectors_in_projects)[
        : len(centres_in_sectors)
    ]
    district = np.repeat(np.arange(len(projects_in_districts)), projects_in_districts)[
        : len(sectors_in_projects)
    ]
    own = np.stack(
        [np.arange(len(sector)), sector, project[sector], district[project[sector]]]
    ).astype(np.int64)
    return Areas.from_places(
        own, [len(sector), len(centres_in_sectors), len(sectors_in_projects), len(district)]
    )


@st.composite
def published(draw):
    """Areas, and counts of 1 or 3 kinds in every place and time, the last of which stands for
    all."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    projects = draw(st.integers(1, len(sizes)))
    split = [len(part) for part in np.array_split(np.arange(len(sizes)), projects)]
    districts = np.array_split(np.arange(projects), draw(st.integers(1, projects)))
    areas = areas_of(sizes, split, [len(part) for part in districts])
    kinds, months = draw(st.sampled_from([1, 3])), draw(st.integers(1, 2))
    last_is_sum = kinds == 3 or draw(st.booleans())
    seed, high = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([2, 5, 12]))
    cells = np.random.default_rng(seed).integers(0, high, (kinds, months, sum(sizes))).astype(float)
    sums = np.stack([areas.summed(kind) for kind in cells])
    whole = sums.sum(axis=2, keepdims=True) if last_is_sum else sums[..., -1:]
    return areas, np.concatenate([sums, whole], axis=2), last_is_sum


def equations(areas, counts, hidden, last_is_sum):
    """What anybody can write down: each row times all cells (and each total of kinds) is zero or a
    published number."""
    kinds, places, times = counts.shape
    at = np.arange(counts.size).reshape(counts.shape)
    totals = counts.size + np.arange(places * times).reshape(places, times)
    rows = []

    def row(**terms):
        rows.append(np.zeros(counts.size + places * times))
        for sign, cells in ((1, terms["plus"]), (-1, terms["minus"])):
            for cell in np.ravel(cells):
                rows[-1][cell] += sign

    for cell in at[~hidden]:
        row(plus=[cell], minus=[])
    for kind in range(kinds):
        for place in range(places):
            if last_is_sum:
                row(plus=at[kind, place, :-1], minus=at[kind, place, -1])
            else:
                row(plus=at[kind, place, -2], minus=at[kind, place, -1])
            centres = areas.place_of[:, areas.first[place] : areas.last[place]]
            level = areas.level_of[place]
            for time in range(times):
                for below in range(level):
                    row(plus=at[kind, np.unique(centres[below]), time], minus=at[kind, place, time])
    if kinds > 1:
        total = counts.sum(axis=0)
        for place in range(places):
            for time in range(times):
                row(plus=at[:, place, time], minus=totals[place, time])
                for kind in range(kinds):
                    # A share is published where its count is: count - share * total = 0.
                    if not hidden[kind, place, time] and total[place, time] >= SMALLEST:
                        row(plus=[at[kind, place, time]], minus=[])
                        rows[-1][totals[place, time]] = (
                            -counts[kind, place, time] / total[place, time]
                        )
    return np.array(rows)


def solvable(matrix, cells):
    """Which of these unknowns have one value only: those that no vector of the null space moves."""
    _, sizes, vectors = np.linalg.svd(matrix)
    null = vectors[np.sum(sizes > 1e-9 * sizes.max(initial=1)) :]
    return np.abs(null[:, cells]).max(axis=0, initial=0) < 1e-7


@given(published())
@settings(max_examples=25, deadline=None)
def test_no_withheld_count_can_be_solved_for(given_counts):
    areas, counts, last_is_sum = given_counts
    hidden = withheld(counts, areas, smallest=SMALLEST, last_is_sum=last_is_sum)
    assert hidden[(counts > 0) & (counts < SMALLEST)].all()
    cells = np.flatnonzero(hidden.ravel())
    assert not solvable(equations(areas, counts, hidden, last_is_sum), cells).any()


def test_a_small_count_withheld_alone_is_solved_for():
    """What this is for: two centres of 3 and 9 make a sector of 12."""
    areas = areas_of([2], [1], [1])
    sums = areas.summed(np.array([[3.0, 9.0], [8.0, 9.0]]))[None]
    counts = np.concatenate([sums, sums.sum(axis=2, keepdims=True)], axis=2)
    alone = (counts > 0) & (counts < SMALLEST)
    assert solvable(equations(areas, counts, alone, True), np.flatnonzero(alone.ravel())).all()
    hidden = withheld(counts, areas, smallest=SMALLEST, last_is_sum=True)
    assert hidden.sum() == 4 and hidden[0, :2, :2].all()


@pytest.mark.parametrize("last_is_sum", [True, False])
def test_nothing_is_withheld_where_nothing_is_small(last_is_sum):
    areas = areas_of([2, 2], [2], [1])
    sums = areas.summed(np.full((2, 4), 7.0))[None]
    whole = sums.sum(axis=2, keepdims=True) if last_is_sum else sums[..., -1:]
    counts = np.concatenate([sums, whole], axis=2)
    assert not withheld(counts, areas, smallest=SMALLEST, last_is_sum=last_is_sum).any()
