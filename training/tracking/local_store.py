"""A tracking store in a SQLite file: its artifacts lie beside it, also after both were copied or
moved.

MLflow keeps whole paths of artifacts in its database, so that a copied store would go on writing
into the first one. An experiment that we made says which file it was made in; opened from another
place, the paths are turned to the folder beside the file.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

SQLITE = "sqlite:///"
KEPT_IN = "sanket_database"
"""The experiment's tag: the database file in which its artifacts' paths hold."""
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def database_file(address: str) -> Path | None:
    """The file of a SQLite address; None for any other."""
    if not address.startswith(SQLITE):
        return None
    return Path(unquote(address.removeprefix(SQLITE)).partition("?")[0]).resolve()


def artifacts_beside(file: Path) -> str:
    """The address of the artifacts' folder beside a database file."""
    return (file.parent / "artifacts").as_uri()


def bring_home(address: str, experiment: str) -> bool:
    """Turn the artifacts' paths of a copied or moved store to the folder beside it; whether there
    was anything to turn. A store that others made is left as it is."""
    file = database_file(address)
    if file is None or not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=60)) as opened, opened:
        if not opened.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'experiment_tags'"
        ).fetchone():
            return False
        found = opened.execute(
            "SELECT e.experiment_id, e.artifact_location, t.value FROM experiments e "
            "JOIN experiment_tags t ON t.experiment_id = e.experiment_id "
            "WHERE t.key = ? AND e.name = ?",
            (KEPT_IN, experiment),
        ).fetchone()
        if found is None or found[2] == str(file):
            return False
        _turn(opened, found[1], artifacts_beside(file))
        opened.execute(
            "UPDATE experiment_tags SET value = ? WHERE key = ? AND experiment_id = ?",
            (str(file), KEPT_IN, found[0]),
        )
    return True


def _turn(opened: sqlite3.Connection, old: str, new: str) -> None:
    """Every place that begins with the old folder's address begins with the new one's."""
    for table, column in PLACES:
        if any(row[1] == column for row in opened.execute(f"PRAGMA table_info({table})")):
            opened.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            )
