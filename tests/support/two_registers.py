"""Two registers of one block in stores of their own, for what links do: of forty children both wrote
the same weights, and each has one of two twins."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sanket.app import main
from tests.support.registry_samples import folder

CENTRES = "centre_id,sector_id,project_id,district_id,setting\nA,S1,P1,D1,rural\nB,S2,P1,D1,rural\n"
DAYS = ("2025-01-08", "2025-02-11", "2025-03-10", "2025-04-09")
IMPORTED = "2025-05-01"


def said(*words: str) -> None:
    """Run a command of `sanket` that must end well."""
    try:
        main(list(words))
    except SystemExit as end:
        assert end.code in (0, None), words


def block(prefix: str, twin: float) -> dict[str, str]:
    """Tables of forty children (k0 at A, k1 at B, …), and of a twin at A with a weight of her
    own."""
    draw = np.random.default_rng(5)
    children = ["child_id,sex,birth_date,centre_id"]
    rows = ["child_id,measured_on,weight_kg,height_cm"]
    for at in range(40):
        name, weight, tall = f"{prefix}k{at}", round(float(draw.uniform(7, 12)), 1), 70 + at % 20
        born = f"202{draw.integers(3, 5)}-{draw.integers(1, 9):02}-{draw.integers(2, 29):02}"
        children.append(f"{name},{'FM'[at % 2]},{born},{'AB'[at % 2]}")
        rows += [f"{name},{day},{weight + n / 5:.1f},{tall + n}" for n, day in enumerate(DAYS)]
    children.append(f"{prefix}twin,F,2023-09-09,A")
    rows += [f"{prefix}twin,{day},{twin + n / 5:.1f},{72 + n}" for n, day in enumerate(DAYS)]
    return {
        name: "\n".join(of) + "\n" for name, of in (("children", children), ("measurements", rows))
    }


def two_stores(home: Path) -> tuple[str, str]:
    """Addresses of this register and of another, which knows that k0 was treated and cured."""
    one, other = block("", 8.0), block("p", 9.7)
    other["episodes"] = (
        "episode_id,child_id,programme,admitted_on,closed_on,outcome\n"
        "e1,pk0,UCDC,2024-11-01,2025-01-04,cured\n"
    )
    addresses = str(home / "one.db"), str(home / "other.db")
    for at, (address, tables) in enumerate(zip(addresses, (one, other), strict=True)):
        source = folder(home / f"source{at}", centres=CENTRES, **tables)
        said("import", str(source), "--to", address, "--imported-on", IMPORTED)
    return addresses
