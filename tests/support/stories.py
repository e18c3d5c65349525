"""A child's story in a line, for spec tests: `0 well, 30 sam, 60 sam` is three readings by days
since the index.

`well`: WHZ near -0.5 on a height of the day, no arm, feet not looked at; `clear`: the same with
MUAC 135 mm and no oedema; `sam`: the same with MUAC 110 mm; `arm`: a MUAC of 130 mm alone;
`wasted`: WHZ under -3; `stale`: a weight alone; `wild`: a WHZ that cannot be. The girl was born on
2024-01-01; day 0 is 2025-06-01 (17 months old).
"""

from __future__ import annotations

from registry.checks.table import build
from registry.contract.registry import Registry, day_date, day_number

DAY_0 = day_number("2025-06-01")
BIRTH = "2024-01-01"
_READING = {
    "well": (9.3, 76.0, None, None),
    "sam": (9.3, 76.0, 110, None),
    "oedema": (9.3, 76.0, None, 1),
    "clear": (9.3, 76.0, 135, 0),
    "arm": (None, None, 130, None),
    "thin": (7.2, 76.0, 110, None),
    "stale": (9.3, None, None, None),
    "wild": (19.0, 76.0, None, None),
    "wasted": (7.2, 76.0, None, None),
}


def date(day: int) -> str:
    """The ISO date of a day of the story."""
    return day_date(DAY_0 + day).isoformat()


def parts(text: str) -> list[tuple[int, str]]:
    """`0 well, 30 sam` → [(0, "well"), (30, "sam")]."""
    return [
        (int(day), what) for day, what in (part.split() for part in text.split(",") if part.strip())
    ]


def registry(
    readings: str,
    *,
    episodes: list[dict] | None = None,
    child: dict | None = None,
    checks: list[dict] | None = None,
    more: dict | None = None,
    imported_on: str = "2026-11-01",
) -> Registry:
    """One child's registry. `episodes` have days of the story for `admitted_on` and `closed_on`."""
    rows = [(date(day), *_READING[what]) for day, what in parts(readings)]
    measured = {
        name: [row[at] for row in rows]
        for at, name in enumerate(("measured_on", "weight_kg", "height_cm", "muac_mm", "oedema"))
    }
    tables = {
        "centres": {
            "centre_id": ["A"],
            "sector_id": ["S"],
            "project_id": ["P"],
            "district_id": ["D"],
            "setting": ["urban"],
        },
        "children": {
            name: [value]
            for name, value in (
                {"child_id": "c", "sex": "F", "birth_date": BIRTH, "centre_id": "A"} | (child or {})
            ).items()
        },
        "measurements": {"child_id": ["c"] * len(rows)} | measured,
    }
    if episodes:
        tables["episodes"] = _episodes(episodes)
    if checks:
        tables["checks"] = {
            name: [check.get(name) for check in checks]
            for name in ("checked_on", "diarrhoea", "fever", "cough", "poor_appetite")
        } | {"child_id": ["c"] * len(checks)}
    built, quarantine = build(tables | (more or {}), imported_on=imported_on)
    assert len(quarantine) == 0, quarantine.counts()
    return built


def _episodes(episodes: list[dict]) -> dict[str, list]:
    days = ("admitted_on", "closed_on")
    columns = {
        name: [None if one.get(name) is None else date(one[name]) for one in episodes]
        for name in days
    }
    others = ("programme", "appetite_test", "complications", "outcome", "transfer_reason")
    default = {"programme": "UCDC"}
    return (
        columns
        | {name: [one.get(name, default.get(name)) for one in episodes] for name in others}
        | {
            "episode_id": [f"e{at}" for at in range(len(episodes))],
            "child_id": ["c"] * len(episodes),
        }
    )


def cured(**more) -> dict:
    """The index stay of a relapse story: 42 days in a UCDC, cured on day 0."""
    return {"admitted_on": -42, "closed_on": 0, "outcome": "cured"} | more
