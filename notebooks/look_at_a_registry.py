"""Look at a registry: what is in it, how far it can be trusted, and which children make the
cohorts.

`marimo edit notebooks/look_at_a_registry.py -- --store x.db`
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import pandas as pd

    from features import data_quality
    from features.clock import Clock
    from models.targets import TARGETS
    from registry.contract.registry import OWN_DAY, day_date
    from training.cohorts.landmarks import attrition_table, cohort
    from training.commands.train import load_registry

    store = mo.cli_args().get("store") or "demo/demo.db"
    clock = Clock(load_registry(store))
    return (
        OWN_DAY,
        TARGETS,
        attrition_table,
        clock,
        cohort,
        day_date,
        mo,
        pd,
        data_quality,
    )


@app.cell
def _(OWN_DAY, clock, day_date, mo, pd):
    registry = clock.registry
    rows = pd.DataFrame(
        {"rows": {name: registry.table(name).rows for name in ("centres", "children", *OWN_DAY)}}
    )
    mo.vstack(
        [
            mo.md(
                f"# {len(registry.child_ids):,} children, records until "
                f"{day_date(registry.recorded_until)}"
            ),
            mo.md("**Synthetic**" if registry.facts.get("synthetic") else "Real records"),
            rows,
        ]
    )
    return (registry,)


@app.cell
def _(mo, pd, data_quality, registry):
    scored = data_quality.rows_of(data_quality.score(registry, by="sector"))
    by_sector = pd.DataFrame(
        [{name: row[name] for name in ("sector", "colour", "score", "measured")} for row in scored]
    )
    mo.vstack([mo.md("## Quality of the records, last month"), by_sector])
    return (by_sector,)


@app.cell
def _(TARGETS, attrition_table, clock, cohort, mo, pd, registry):
    attrition = pd.DataFrame(
        {
            name: attrition_table(cohort(clock, target, cutoff=registry.recorded_until))
            for name, target in TARGETS.items()
        }
    )
    mo.vstack([mo.md("## From records to cohorts"), attrition])
    return (attrition,)


if __name__ == "__main__":
    _, defined = app.run()
    print(defined["by_sector"].to_string(index=False), defined["attrition"], sep="\n\n")
