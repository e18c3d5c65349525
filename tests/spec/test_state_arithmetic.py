"""From a measured state to one of five million children and to India, by hand."""

from __future__ import annotations

import json

import pytest

from benchmarks import state
from benchmarks._copy_rates import rates
from benchmarks._state_arithmetic import (
    INDIA_CHILDREN,
    STATE_CHILDREN,
    costs,
    lines,
    most_children_a_night,
)


def stage(cpu_s, **more):
    return {"wall_s": 1.0, "cpu_s": cpu_s, "peak_gb": 1.0, "read_gb": 0.0, "written_gb": 0.0} | more


FEW = {
    "children": 200_000,
    "months": 30,
    "rows": 7_000_000,
    "train": stage(700.0),
    "score": stage(144.0, server_cpu_s=36.0, read_gb=0.1),
    "store_gb": 0.4,
}
MANY = {
    "children": 1_000_000,
    "months": 30,
    "rows": 36_000_000,
    "train": stage(1_500.0, written_gb=1.0),
    "score": stage(720.0, server_cpu_s=180.0, read_gb=0.5, wal_gb=0.25),
    "store_gb": 2.0,
    "copy": {"children": rates(1_000_000, 8e7, 2.0), "measurements": rates(35_000_000, 2e9, 70.0)},
}


def by_name(found):
    return {one.stage: one for one in found.stages}


def test_one_measurement_grows_with_the_children():
    found = costs([MANY], STATE_CHILDREN)
    assert (found.states, found.rows, found.store_gb) == (1, 180_000_000, 10.0)
    score = by_name(found)["score"]
    assert score.cpu_hours == pytest.approx(1.0) and score.server_cpu_hours == pytest.approx(0.25)
    assert (score.read_gb, score.wal_gb) == (2.5, 1.25)
    # Five times 1,500 s are 2.08 hours: 3.08 with scoring, which one core does in a night.
    assert found.cpu_hours == pytest.approx(3.0833, abs=1e-4) and found.cores == 1


def test_what_does_not_grow_with_the_children_is_told_by_two_measurements():
    """500 s of fits whoever many children, 1,000 s for each million: 5,500 s for five."""
    found = by_name(costs([MANY, FEW], STATE_CHILDREN))
    assert found["train"].cpu_hours == pytest.approx(5_500 / 3600)
    assert found["score"].cpu_hours == pytest.approx(1.0)


def test_india_is_states_with_stores_and_models_of_their_own():
    one, india = costs([FEW, MANY], STATE_CHILDREN), costs([FEW, MANY], INDIA_CHILDREN)
    assert india.states == 16 and india.store_gb == 160.0
    assert india.cpu_hours == pytest.approx(16 * one.cpu_hours)
    # 16 × (5,500 + 3,600) s are 40.4 hours: six cores do them in eight hours.
    assert india.cores == 6 and india.server_cores == 1
    assert india.copy_hours == one.copy_hours == pytest.approx(5 * 72 / 3600)


def test_where_one_connection_is_the_limit():
    # A million children's rows take 72 s, a night has 28,800.
    assert most_children_a_night([FEW, MANY]) == 400_000_000
    assert most_children_a_night([FEW]) is None


def test_the_command_prints_it(tmp_path, capsys, monkeypatch):
    files = []
    for name, measured in (("few", FEW), ("many", MANY)):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text("a line for people\n" + json.dumps(measured) + "\n")
    monkeypatch.setattr("sys.argv", ["state.py", "--arithmetic", *map(str, files)])
    state.main()
    told = capsys.readouterr().out.splitlines()
    assert told == lines([FEW, MANY])
    assert "India: 80,000,000 children, 16 states, 2,880 million rows, stores of 160.0 GB" in told
    assert any(line.startswith("one connection's COPY is a night's limit") for line in told)
