"""Nobody exposed: what is forgotten stays out, families are hashes, small cells are not shown; the
command's ways."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from registry.contract.errors import BadInput
from registry.privacy import keyed_hash
from registry.small_counts import shown
from registry.store import quarantine
from registry.store.forgetting import forget, unseen_since
from registry.store.store import open_store
from sanket.app import main
from tests.support.registry_samples import CHILDREN, MEASUREMENTS, folder

EPISODES = "episode_id,child_id,programme,admitted_on\nep-77,c1,UCDC,2025-01-05\n"


@pytest.fixture
def store(tmp_path):
    """A store with three children, one of whose rows is in quarantine."""
    opened = open_store(tmp_path / "x.db")
    text = MEASUREMENTS.replace("c1", "CHILD-ONE") + "CHILD-ONE,2025-03-01,78,70,\n"
    opened.import_source(
        folder(
            tmp_path / "in",
            children=CHILDREN.replace("c1", "CHILD-ONE"),
            measurements=text,
            episodes=EPISODES.replace("c1", "CHILD-ONE"),
        ),
        imported_on="2026-01-01",
    )
    yield opened
    opened.close()


def test_family_codes_are_kept_as_keyed_hashes(store, tmp_path):
    content = (tmp_path / "x.db").read_bytes()
    registry = store.load()
    assert b"11111111" not in content and b"22222222" not in content
    families = registry.children["family"]
    assert families[0] == families[1] != families[2], "siblings stay siblings"
    assert (tmp_path / "x.key").stat().st_mode & 0o077 == 0


def test_a_hash_depends_on_its_key():
    assert keyed_hash(b"one", "x") != keyed_hash(b"two", "x") and keyed_hash(
        b"one", " x "
    ) == keyed_hash(b"one", "x")


def test_a_forgotten_child_leaves_no_trace_and_cannot_come_back(store, tmp_path):
    from sqlalchemy import text

    with store.engine.begin() as connection:
        connection.execute(text("CREATE TABLE scores (child_id TEXT, risk REAL)"))
        connection.execute(text("INSERT INTO scores VALUES ('CHILD-ONE', 0.3), ('c2', 0.1)"))
    erased = forget(store, "CHILD-ONE", on=dt.date(2026, 1, 2))
    assert erased == {"children": 1, "measurements": 2, "episodes": 1, "quarantine": 1, "scores": 1}
    assert (
        b"CHILD-ONE" not in (tmp_path / "x.db").read_bytes()
        and b"ep-77" not in (tmp_path / "x.db").read_bytes()
    )
    assert list(store.load().child_ids) == ["c2", "c3"]
    again = store.import_source(tmp_path / "in", imported_on="2026-02-01")
    assert again.tables["children"]["codes"] == {"REG053": 1}
    assert again.tables["measurements"]["codes"] == {"REG053": 3}
    assert b"CHILD-ONE" not in (tmp_path / "x.db").read_bytes()
    assert list(store.load().child_ids) == ["c2", "c3"]


def test_forgetting_the_unknown_is_an_error(store):
    with pytest.raises(BadInput, match="REG065"):
        forget(store, "nobody")


def test_retention_finds_children_of_whom_nothing_was_heard(store):
    assert unseen_since(store, dt.date(2025, 1, 12)) == ["c2"]
    assert unseen_since(store, dt.date(2025, 1, 1)) == []


def test_small_cells_are_not_shown():
    assert shown(np.array([0, 1, 4, 5, 40])) == [0, None, None, 5, 40]


def test_quarantined_rows_get_through_once_their_child_is_there(tmp_path):
    opened = open_store(tmp_path / "x.db")
    source = folder(
        tmp_path / "in", measurements=MEASUREMENTS + "c4,2025-03-01,7,70,\nc1,2025-03-01,78,70,\n"
    )
    opened.import_source(source, imported_on="2026-01-01")
    assert [(row["code"], row["rows"]) for row in quarantine.summary(opened)] == [
        ("REG012", 1),
        ("REG050", 1),
    ]
    opened.import_source(
        folder(tmp_path / "in", children=CHILDREN + "c4,,F,2024-01-01,A\n"),
        imported_on="2026-02-01",
    )
    assert quarantine.retry(opened, imported_on="2026-02-02") == {"tried": 2, "released": 1}
    assert [row["code"] for row in quarantine.summary(opened)] == ["REG012"]
    assert opened.load().measurements.rows == 5
    assert quarantine.retry(opened, imported_on="2026-02-02") == {"tried": 1, "released": 0}
    opened.close()


def test_refused_rows_are_exported_for_correction_without_formulas(tmp_path):
    opened = open_store(tmp_path / "x.db")
    opened.import_source(
        folder(tmp_path / "in", measurements=MEASUREMENTS + "c1,2025-03-01,=1+1,70,\n"),
        imported_on="2026-01-01",
    )
    assert quarantine.export(opened, tmp_path / "out.csv", table="measurements") == 1
    header, row = (tmp_path / "out.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("child_id,measured_on,weight_kg") and row.startswith(
        "c1,2025-03-01,'=1+1,70"
    )
    opened.close()


def test_the_commands_exit_codes_and_its_one_json_document(tmp_path, capsys):
    def sanket(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        return ended.value.code, capsys.readouterr().out

    source = folder(tmp_path / "in", measurements=MEASUREMENTS + "c1,2025-03-01,78,70,\n")
    to = str(tmp_path / "x.db")
    code, out = sanket("import", str(source), "--to", to, "--json")
    said = json.loads(out)
    assert code == 0 and set(said) >= {"import_id", "tables"}
    assert said["tables"]["measurements"] == {
        "rows": 5,
        "kept": 4,
        "quarantined": 1,
        "codes": {"REG012": 1},
    }
    assert sanket("import", str(source), "--to", to, "--max-quarantined", "1")[0] == 4
    assert sanket("import", str(tmp_path / "nothing"), "--to", to)[0] == 3
    assert sanket("import", str(source), "--to", "x.txt")[0] == 2
    assert "REG012" in sanket("quarantine", "list", to)[1]
    assert json.loads(sanket("quality", to, "--by", "sector", "--json")[1])
    assert sanket("forget", to, "c1")[0] == 0 and sanket("forget", to, "c1")[0] == 3
