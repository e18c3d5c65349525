"""`sanket link` and `sanket triangulate` from files to reports: nothing that names a child stays on
the disk or is said."""

import csv
import json
import shutil
import tempfile

import pytest

from registry.simulate.dials import Dials
from registry.simulate.second_register import two_registers
from registry.simulate.write import simulate
from sanket.app import main

NAME, PHONE, AADHAAR = "Vaishali Gaikwad", "9822012345", "234123412346"
KEY = "an identity key of both offices"


def run(*words: object) -> int:
    """The command's exit code."""
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="module")
def registers(tmp_path_factory):
    """Two stores of one simulated block, whose sources held names, phones and Aadhaar numbers; and
    the links of both."""
    import numpy as np
    import pyarrow.csv
    import pyarrow.parquet as pq

    place = tmp_path_factory.mktemp("two")
    sources = tmp_path_factory.mktemp("sources")
    simulate(sources / "sim", children=700, months=14, seed=11, dials=Dials(truth_draws=0))
    names = ("centres", "children", "measurements")
    tables = {name: pq.read_table(sources / "sim" / f"{name}.parquet") for name in names}
    pair = two_registers(tables, np.random.default_rng(2))
    families = [one for one in pair.one["children"]["family_id"].to_pylist() if one][:40]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANKET_IDENTITY_KEY", KEY)
        patch.setattr(tempfile, "tempdir", str(place))
        for side, register in (("one", pair.one), ("other", pair.other)):
            (sources / side).mkdir()
            for name, table in register.items():
                if name == "children":
                    table = _with_names(table)
                pyarrow.csv.write_csv(table, sources / side / f"{name}.csv")
            assert run("import", sources / side, "--to", place / f"{side}.db", "--json") in (0, 4)
        links = place / "links.csv"
        assert run("link", place / "one.db", place / "other.db", "-o", links, "--json") == 0
        yield place, families, pair


def _with_names(children):
    """As an export has them: columns that must not be taken in, and Aadhaar for some families."""
    import pyarrow as pa

    count = children.num_rows
    family = children["family_id"].to_pylist()
    family = [AADHAAR if at % 50 == 0 else one for at, one in enumerate(family)]
    children = children.set_column(
        children.column_names.index("family_id"), "family_id", pa.array(family, pa.string())
    )
    for column, text in (("child_name", NAME), ("mobile", PHONE), ("aadhaar", AADHAAR)):
        children = children.append_column(column, pa.array([text] * count))
    return children


@pytest.fixture
def keyed(monkeypatch):
    monkeypatch.setenv("SANKET_IDENTITY_KEY", KEY)


def test_alone_it_says_what_it_needs(registers, keyed, capsys):
    place, *_ = registers
    assert run("triangulate", place / "one.db") == 2
    told = capsys.readouterr()
    assert "LNK013" in told.err and "--other" in told.err and "--families" in told.err
    assert run("triangulate", place / "one.db", "--other", "a.db", "--families", "b.csv") == 2


@pytest.mark.parametrize("with_links", [True, False])
def test_the_report_counts_every_child_once_and_names_none(
    registers, keyed, capsys, tmp_path, with_links
):
    place, families, pair = registers
    capsys.readouterr()
    words = ["triangulate", place / "one.db", "--other", place / "other.db", "--months", 6]
    words += ["-o", tmp_path / "report.html", "--children", tmp_path / "children.csv", "--json"]
    words += ["--links", place / "links.csv"] if with_links else []
    assert run(*words) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    whole = found["rows"][-1]
    assert whole["sector"] == "(all)" and len(found["months"]) == 6
    counted = [whole[f"children_{kind}"] for kind in ("both", "here_only", "there_only")]
    assert counted[0] > 250 and all(counted)
    assert abs(counted[1] - counted[2]) < 0.25 * counted[0]
    assert found["disagreements"]["birth_date"] > 10
    texts = told.out + told.err + (tmp_path / "report.html").read_text()
    for secret in (NAME, PHONE, AADHAAR, *families, *pair.one["children"]["child_id"].to_pylist()):
        assert secret not in texts
    with (tmp_path / "children.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert (tmp_path / "children.csv").stat().st_mode & 0o077 == 0
    assert {row["kind"] for row in rows} >= {"birth_date", "weights_of_one_day"}


def test_links_kept_in_the_store_are_taken_as_last_decided(registers, keyed, capsys, tmp_path):
    place, *_ = registers
    store = tmp_path / "one.db"
    shutil.copy(place / "one.db", store)
    other = place / "other.db"
    assert run("link", store, other, "-o", tmp_path / "l.csv", "--keep", "health", "--json") in (
        0,
        4,
    )
    words = ["triangulate", store, "--other", other, "--months", 1, "--json"]
    capsys.readouterr()
    assert run(*words, "--kept", "health") == 0
    kept = json.loads(capsys.readouterr().out)["rows"][-1]
    assert run(*words, "--links", tmp_path / "l.csv") == 0
    assert kept == json.loads(capsys.readouterr().out)["rows"][-1]
    with (tmp_path / "l.csv").open() as file:
        same = [row for row in csv.DictReader(file) if row["verdict"] == "same"]
    assert len(same) > 300
    for row in same[:100]:
        _undo(store, row["child_id"], row["other_child_id"])
    capsys.readouterr()
    assert run(*words, "--kept", "health") == 0
    undone = json.loads(capsys.readouterr().out)["rows"][-1]
    assert 60 <= kept["children_both"] - undone["children_both"] <= 100
    assert run(*words, "--kept", "nobody") == 3 and "LNK011" in capsys.readouterr().err


def _undo(store, child: str, code: str) -> None:
    from registry.store.links.decisions import decide, decision_day
    from registry.store.store import open_store

    opened = open_store(store, must_exist=True)
    with opened.engine.connect() as connection:
        day = decision_day(connection)
        connection.rollback()
        decide(connection, child, code, "different", by="officer", on=day)
        connection.commit()
    opened.close()


def test_links_of_other_registers_are_refused(registers, keyed, capsys, tmp_path):
    place, *_ = registers
    words = ["triangulate", place / "other.db", "--other", place / "one.db"]
    assert run(*words, "--links", place / "links.csv") == 3
    assert "LNK012" in capsys.readouterr().err
    (tmp_path / "none.csv").write_text("a,b\n1,2\n")
    assert run(*words, "--links", tmp_path / "none.csv") == 3
    twice = "child_id,other_child_id,verdict\nx,y,same\nx,z,same\n"
    (tmp_path / "twice.csv").write_text(twice)
    assert run(*words, "--links", tmp_path / "twice.csv") == 3
    assert capsys.readouterr().err.count("LNK011") == 2


def test_who_stands_twice_in_one_register(registers, keyed, capsys, tmp_path):
    place, *_ = registers
    capsys.readouterr()
    assert run("link", place / "one.db", "-o", tmp_path / "twice.csv", "--json") == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["children"] > 500 and "other_children" not in counts
    with (tmp_path / "twice.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == counts["same"] + counts["look"] < 40
    assert all(row["child_id"] < row["other_child_id"] for row in rows)


def test_an_extract_of_families(registers, keyed, capsys, tmp_path):
    place, families, pair = registers
    children = pair.one["children"]
    born = dict(
        zip(children["family_id"].to_pylist(), children["birth_date"].to_pylist(), strict=True)
    )
    lines = [f"{family}.0,{born[family]},{NAME}" for family in families]
    lines += [f"99{at:06},2025-01-0{1 + at % 9},{NAME}" for at in range(12)]
    lines += [f"{AADHAAR},2025-01-01,{NAME}"]
    (tmp_path / "extract.csv").write_text("family_id,birth_date,member\n" + "\n".join(lines))
    capsys.readouterr()
    words = ["triangulate", place / "one.db", "--families", tmp_path / "extract.csv"]
    out, missing = tmp_path / "cover.csv", tmp_path / "missing.csv"
    assert run(*words, "-o", out, "--children", missing, "--json") == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["refused"]["aadhaar"] == 1
    whole = found["rows"][-1]
    assert whole["sector"] == "(all)" and whole["nobody"] >= 12
    texts = told.out + told.err + out.read_text() + missing.read_text()
    for secret in (NAME, AADHAAR, *families, "99000001"):
        assert secret not in texts


def test_nothing_that_names_a_child_stays_on_the_disk(registers):
    """Stores, links, and whatever a temporary file left behind."""
    place, families, _ = registers
    secrets = [text.encode() for text in (NAME, "Vaishali", PHONE, AADHAAR)]
    secrets += [family.encode() for family in families if len(family) >= 8]
    assert len(secrets) > 20
    files = [path for path in place.rglob("*") if path.is_file()]
    assert len(files) >= 3
    for path in files:
        content = path.read_bytes()
        assert not any(secret in content for secret in secrets), path.name
