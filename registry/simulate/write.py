"""A simulated registry on disk: the tables, the truth beside them in a folder of its own, and the
provenance."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from registry.contract.days import day_date
from registry.contract.errors import UsageError
from registry.simulate import contract_tables
from registry.simulate.book import NON_RESPONSE, RELAPSE
from registry.simulate.dials import SIMULATOR_VERSION, Dials
from registry.simulate.dirt import soil
from registry.simulate.rates import rates
from registry.simulate.run import SimulatedLives, live_all
from registry.simulate.stocks import stocks_table

FORMATS = ("parquet", "csv")
REALISED = (
    "not_watched",
    "watched",
    "happened",
    "did_not_happen",
    "censored",
    "died",
    "failed_discharge",
)


def clean_tables(
    lives: SimulatedLives, names: contract_tables.Names, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """The nine tables before typing errors, duplicates and impossible rows."""
    rows = lives.rows
    place, people = lives.place, lives.people
    return {
        "centres": contract_tables.centres_table(lives, names, rng),
        "children": contract_tables.children_table(lives, names, rng),
        "measurements": contract_tables.measurements_table(rows["measurements"], names),
        "episodes": contract_tables.episodes_table(rows["episodes"], names),
        "checks": contract_tables.checks_table(rows["checks"], names),
        "rations": contract_tables.rations_table(rows["rations"], names),
        "attendance": contract_tables.attendance_table(rows["attendance"], names),
        "visits": contract_tables.visits_table(rows["visits"], names),
        "stocks": stocks_table(
            place.centres["stock_seed"],
            people.children["centre"][rows["rations"]["child"]],
            rows["rations"],
            (lives.first_day, lives.last_day),
            names.centre,
        ),
    }


def truth_tables(lives: SimulatedLives, names: contract_tables.Names) -> dict[str, pa.Table]:
    """The truth of both targets."""
    return {
        "relapse": contract_tables.truth_table(lives, names, RELAPSE, REALISED),
        "non_response": contract_tables.truth_table(lives, names, NON_RESPONSE, REALISED),
    }


def _save(table: pa.Table, path: Path, format: str) -> None:
    part = path.with_suffix(f".{format}.part")
    if format == "csv":
        pyarrow.csv.write_csv(table, part, pyarrow.csv.WriteOptions(quoting_style="needed"))
    else:
        pyarrow.parquet.write_table(table, part, compression="zstd")
    os.replace(part, path.with_suffix(f".{format}"))


def _folder(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise UsageError("SIM005", f"{out} is a file; name a folder")
    (out / "truth").mkdir(parents=True, exist_ok=True)
    return out


def _forget_former(out: Path) -> None:
    """A table in the other format from an earlier run would be read beside the new one."""
    for format in FORMATS:
        for name in (*_CONTRACT, *_TRUTH):
            (out / f"{name}.{format}").unlink(missing_ok=True)


_CONTRACT = (
    "centres",
    "children",
    "measurements",
    "episodes",
    "checks",
    "rations",
    "attendance",
    "visits",
    "stocks",
)

_TRUTH = ("truth/relapse", "truth/non_response", "truth/registered_twice")


def simulate(
    out: str | Path,
    *,
    children: int,
    months: int,
    seed: int,
    format: str = "parquet",
    dials: Dials | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, object]:
    """Write a registry of `children` over `months` to the folder `out`; returns its provenance and
    own rates.

    Same arguments, same bytes in every table. Raises `UsageError` for a format, size or dial that
    makes no sense.
    """
    dials = dials or Dials()
    if format not in FORMATS:
        raise UsageError("SIM006", f"--format must be one of {', '.join(FORMATS)}")
    if seed < 0:
        raise UsageError("SIM007", "--seed must be 0 or more")
    lives = live_all(children=children, months=months, seed=seed, dials=dials, progress=progress)
    rng = np.random.default_rng([seed, 1])
    out = _folder(Path(out))
    _forget_former(out)
    names = contract_tables.Names(lives, rng)
    late_entry(lives, rng)
    written, twice = soil(clean_tables(lives, names, rng), rng)
    for name, table in written.items():
        _save(table, out / name, format)
    _save(twice, out / "truth" / "registered_twice", "parquet")
    if dials.truth_draws:
        for name, table in truth_tables(lives, names).items():
            _save(table, out / "truth" / name, "parquet")
    return _provenance(
        out, lives, written, {"seed": seed, "months": months, "children": children}, dials
    )


def late_entry(lives: SimulatedLives, rng: np.random.Generator) -> None:
    """`recorded_on` of monthly rows: empty for most; days to weeks later where a centre types in
    arrears."""
    rows = lives.rows["measurements"]
    late = lives.place.centres["late"][lives.people.children["centre"][rows["child"]]]
    delayed = (rng.random(len(late)) < late) & (rows["source"] < 2)
    recorded = rows["day"] + 1 + rng.exponential(11, len(late)).astype(np.int32)
    rows["recorded"] = np.where(delayed & (recorded <= lives.last_day), recorded, -1)


def _provenance(
    out: Path,
    lives: SimulatedLives,
    written: dict[str, pa.Table],
    asked: dict[str, int],
    dials: Dials,
) -> dict[str, object]:
    facts = {
        "synthetic": True,
        **asked,
        "simulator_version": SIMULATOR_VERSION,
        "dials": asdict(dials),
        "first_day": day_date(lives.first_day).isoformat(),
        "last_day": day_date(lives.last_day).isoformat(),
        "rows": {name: table.num_rows for name, table in written.items()},
    }
    (out / "provenance.json").write_text(json.dumps(facts, indent=2) + "\n")
    return facts | {"rates": rates(lives)}
