"""Small registries for tests, as a person would write them."""

from __future__ import annotations

from pathlib import Path

CENTRES = "centre_id,name,sector_id,project_id,district_id,setting\nA,Amba,S1,P,D,rural\nB,,S2,P,D,urban\n"
CHILDREN = (
    "child_id,family_id,sex,birth_date,centre_id\nc1,11111111,F,2024-01-01,A\nc2,11111111,M,2024-02-01,B\n"
    "c3,22222222,F,2024-03-01,A\n"
)
MEASUREMENTS = (
    "child_id,measured_on,weight_kg,height_cm,muac_mm\nc1,2025-01-10,7.1,70,121\nc1,2025-02-10,7.4,71,\n"
    "c2,2025-01-11,8.0,72,130\nc3,2025-01-12,6.2,66,112\n"
)


def folder(path: Path, **tables: str) -> Path:
    """A folder with the three needed tables, others added or replaced by name."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in (
        {"centres": CENTRES, "children": CHILDREN, "measurements": MEASUREMENTS} | tables
    ).items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def columns(text: str) -> dict[str, list[str | None]]:
    """A table written as CSV as columns of texts, empty cells as None."""
    header, *rows = [line.split(",") for line in text.strip().splitlines()]
    return {name: [row[at] or None for row in rows] for at, name in enumerate(header)}


def tables(**others: str) -> dict[str, dict[str, list]]:
    """The same registry in memory."""
    return {
        name: columns(text)
        for name, text in (
            {"centres": CENTRES, "children": CHILDREN, "measurements": MEASUREMENTS} | others
        ).items()
    }
