"""The verbs of care: `indicators` of the programme, `budget` for money and supply."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Json, ProtocolFile, Scheduler, Store, Workers, day_if_given

if TYPE_CHECKING:
    from care.money import BudgetPlan
    from care.programme.resolution import Outlook
    from care.protocol import Protocol
    from registry.engine import Engine


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(indicators)
    app.command()(budget)


def indicators(
    store: Store,
    by: Annotated[
        str, typer.Option(help="One row per: district, project, sector or centre (and month).")
    ] = "district",
    months: Annotated[
        int, typer.Option(min=1, max=120, help="How many months, up to the last recorded one.")
    ] = 12,
    format: Annotated[str, typer.Option(help="text, csv or parquet.")] = "text",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to write; text goes to the screen.")
    ] = None,
    protocol: ProtocolFile = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Programme indicators by place and month, against Sphere's thresholds.

    Screened and coverage, SAM and MAM, admissions, cured, defaulted, died, not recovered, SAM again
    within 1, 3 and 6 months of cure, gain in g/kg/day, length of stay, attendance, food issued, and
    how many are overdue. Counts from 1 to 4 and shares of fewer than 5 children are not shown. A
    past month is told from today's records.
    """
    import json

    from rich.console import Console

    from care.programme import counted_store, programme_report
    from care.programme import indicators as programme
    from care.protocol import load, standard
    from registry.contract.errors import UsageError
    from registry.engine import Engine
    from registry.indian_digits import grouped

    if by not in programme.LEVELS:
        raise UsageError("CARE015", f"--by is {by!r}: give one of {', '.join(programme.LEVELS)}.")
    if format not in ("text", "csv", "parquet"):
        raise UsageError("CARE014", f"--format is {format!r}: give text, csv or parquet.")
    if format == "parquet" and out is None:
        raise UsageError(
            "CARE016", "Parquet cannot be shown on a screen: say where to write it with -o FILE."
        )
    rules, engine = load(protocol) if protocol else standard(), Engine.of(workers, scheduler)
    what = "placing every child at each month's end"
    with Console(stderr=True).status(what) as status:

        def done(children: int, of: int) -> None:
            status.update(f"{what}: {grouped(children)} of {grouped(of)} children")

        places, counted = counted_store.of_store(
            store, rules, months=months, engine=engine, done=done
        )
        found = programme.of(places, counted, rules, level=by)
    if out is not None:
        programme_report.write_indicators(found, out, kind=format)
    if as_json:
        print(json.dumps(programme_report.indicators_rows(found), ensure_ascii=False))
    elif out is None:
        print(
            (
                programme_report.indicators_text
                if format == "text"
                else programme_report.indicators_csv
            )(found).rstrip("\n")
        )


def budget(
    store: Annotated[
        str | None, typer.Argument(help="A store, for the same table from its own children.")
    ] = None,
    plan: Annotated[
        str, typer.Option(help="A plan of the care protocol.")
    ] = "government-resolution",
    children: Annotated[int | None, typer.Option(min=0, help="Children of one round.")] = None,
    days: Annotated[int | None, typer.Option(min=0, help="Days of food in one round.")] = None,
    sachet_price: Annotated[
        str | None, typer.Option(help="Rupees for one EDNF sachet, such as 26.80.")
    ] = None,
    intensive_share: Annotated[
        str | None, typer.Option(help="Share on three sachets a day, such as 0.20.")
    ] = None,
    projects: Annotated[
        int | None, typer.Option(min=0, help="Projects with the yearly sums.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=0, help="Rounds a year.")] = None,
    send_months: Annotated[
        int, typer.Option(min=1, max=6, help="For how many months what is sent should last.")
    ] = 2,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Of a store: as known at the end of this day."),
    ] = None,
    protocol: ProtocolFile = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Money and supply: the Government Resolution's table 3.1, exact to the paisa.

    Without options, the Resolution's own figures; each option changes one parameter. With a STORE,
    also the same table from the children it has in treatment or SAM now, from the admissions it
    expects, the EDNF sachets that each project needs for the next 4, 8 and 12 weeks, with an
    interval, when the store rooms run out and what to send. Admissions follow the season where a
    forecast of them is published. Children on three sachets are whole children, rounded down.
    """
    import json
    from dataclasses import replace

    from care import money
    from care.programme import programme_report
    from care.protocol import load, standard
    from registry.engine import Engine

    rules = load(protocol) if protocol else standard()
    engine = Engine.of(workers, scheduler)
    given = {"children": children, "days": days, "projects": projects, "rounds": rounds}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if sachet_price is not None:
        changes["sachet_price_paise"] = money.paise(sachet_price, name="--sachet-price")
    if intensive_share is not None:
        changes["intensive_share"] = money.share(intensive_share, name="--intensive-share")
    chosen = replace(rules.plan(plan), **changes)
    table = money.budget(chosen)
    day = day_if_given(as_of, option="--as-of", code="CARE017")
    resolution = (
        _outlook(
            store,
            rules,
            chosen,
            projects=projects,
            send_months=send_months,
            day=day,
            engine=engine,
        )
        if store
        else None
    )
    if as_json:
        document = {
            "plan": plan,
            "protocol_version": rules.version,
        } | programme_report.budget_record(table)
        print(
            json.dumps(
                document
                | {"registry": programme_report.outlook_record(resolution) if resolution else None}
            )
        )
        return
    print(programme_report.budget_text(f"Plan {plan}, protocol {rules.version}", table))
    if resolution:
        print(
            "\n"
            + programme_report.budget_text(
                "The same from the present caseload", resolution.budgets["caseload"]
            )
        )
        print(
            "\n"
            + programme_report.budget_text(
                "The same from the forecast", resolution.budgets["forecast"]
            )
        )
        print("\n" + programme_report.supply_text(resolution))


def _outlook(
    store: str,
    rules: Protocol,
    plan: BudgetPlan,
    *,
    projects: int | None,
    send_months: int,
    day: dt.date | None,
    engine: Engine,
) -> Outlook:
    from rich.console import Console

    from care.programme import resolution
    from registry.contract.registry import day_number
    from registry.indian_digits import grouped

    what = "counting treatment and food"
    with Console(stderr=True).status(what) as status:

        def done(children: int, of: int) -> None:
            status.update(f"{what}: {grouped(children)} of {grouped(of)} children")

        return resolution.of_store(
            store,
            rules,
            plan,
            projects=projects,
            send_months=send_months,
            day=None if day is None else day_number(day),
            engine=engine,
            done=done,
        )
