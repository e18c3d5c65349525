"""The verbs for trained models: `evaluate`, `recalibrate`, `promote`, `rollback`, `drift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Json, Scheduler, Store, Target, Tracking, Workers, targets_of

if TYPE_CHECKING:
    from training.validation.left_out import LeftOut

Run = Annotated[
    str,
    typer.Option(metavar="ID", help="a run of MLflow, or the version (or directory) of a bundle"),
]
By = Annotated[
    str | None, typer.Option(metavar="NAME", help="who decides; else the user of this machine")
]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(evaluate)
    app.command()(recalibrate)
    app.command()(promote)
    app.command()(rollback)
    app.command()(drift)


def evaluate(
    store: Store,
    output: Annotated[Path, typer.Option("-o", "--output", help="the report, one HTML file")],
    run: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="a run of MLflow, or a bundle's version; else the champions"
        ),
    ] = None,
    update: Annotated[
        str | None,
        typer.Option(metavar="large|slope", help="on another registry: make a recalibrated bundle"),
    ] = None,
    groups: Annotated[
        Path | None,
        typer.Option(help="your own groups: a CSV with child_id and a column each"),
    ] = None,
    age_bands: Annotated[
        str, typer.Option(metavar="MONTHS", help="months at which age groups part")
    ] = "12,24",
    leave_out: Annotated[
        str | None,
        typer.Option(
            metavar="district|project|sector|setting",
            help="train without each area in turn and judge on it; goes on where it was broken off",
        ),
    ] = None,
    tracking: Tracking = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Judge models on a store and write a report that a sceptical paediatrician can read.

    Judged are predictions after the day until which the model learnt, where enough of their
    outcomes are known; else a rehearsal on earlier months, where there are events enough for one,
    and the report says so. On another
    registry than the model's own, all predictions are judged and recalibrations are offered.
    """
    from functools import partial

    from registry.engine import Engine
    from sanket.progress import steps
    from serving.book.scoring.listed_marks import marks_of
    from training.commands.evaluate import as_json as document
    from training.commands.evaluate import evaluate as judge
    from training.evaluation.subgroups import bands_of

    engine = Engine.of(workers, scheduler)
    with steps("Report") as said:
        told, updated = judge(
            store,
            output,
            run=run,
            update=update,
            groups=groups,
            age_bands=bands_of(age_bands),
            without=leave_out,
            marks=partial(marks_of, store),
            tracked_at=tracking,
            engine=engine,
            said=said,
        )
    if as_json:
        typer.echo(document(told, updated))
        return
    for one in told:
        if one.judged is None:
            typer.echo(f"{one.bundle.target}: not shown to work: {one.figures['not_judged']}")
            continue
        auc = one.figures["discrimination"]["overall"]["model"]
        typer.echo(
            f"{one.bundle.target}: AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f}), "
            f"{one.figures['events']} events, on {one.figures['block_words']}"
        )
        if left := one.figures["left_out"]:
            typer.echo(_left_out_told(left))
    for version in updated:
        typer.echo(f"recalibrated bundle {version}: `sanket promote` it, or leave it")
    typer.echo(f"report: {output}")


def _left_out_told(left: LeftOut) -> str:
    """One line: the average AUC over areas, and what to expect of the next."""
    from training.metrics.random_effects import LEAST_FOR_A_NEXT

    found = left.together["auc"]
    told = (
        f"  each {left.by} left out in turn ({len(left.areas)}): AUC {found.mean.value:.3f} on "
        f"average ({found.mean.low:.3f} to {found.mean.high:.3f})"
    )
    if found.areas < LEAST_FOR_A_NEXT:
        return f"{told}; two areas say nothing of the next"
    return f"{told}, the next one between {found.next_low:.3f} and {found.next_high:.3f}"


def recalibrate(
    store: Store,
    target: Target = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Fit the level of champions of another registry to the outcomes known in this one.

    From 20 known outcomes on; the order of the children and their reasons stay as they are. Each
    new bundle waits for `sanket promote`; what answers is not changed.
    """
    from registry.engine import Engine
    from sanket.progress import steps
    from training.commands.recalibrate import fit_levels

    engine = Engine.of(workers, scheduler)
    with steps("Recalibration") as said:
        told = fit_levels(store, targets=targets_of(target), engine=engine, said=said)
    if as_json:
        import json

        typer.echo(json.dumps({"levels": told}))
        return
    for one in told:
        typer.echo(f"{one['target']}: {_of_level(one)}")


def _of_level(one: dict[str, Any]) -> str:
    if one["bundle"] is None:
        return f"{one['outcomes']} of 20 outcomes known: its level stays as it is"
    return (
        f"level fitted from {one['outcomes']} outcomes ({one['shift']:+.2f} in log-odds): mean "
        f"risk {one['before']:.3f}, now {one['after']:.3f}, observed {one['observed']:.3f}. "
        f"Bundle {one['bundle']}: `sanket promote` it, or leave it"
    )


def drift(
    store: Store,
    month: Annotated[str, typer.Option(metavar="2026-03", help="the month to look at")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="write the report as HTML")
    ] = None,
    tracking: Tracking = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Compare a month with what the champions learnt from: columns, risks, calibration, quality of
    the records.

    Ends with exit code 5 when something drifted beyond its bounds, so that a scheduler notices; it
    never trains.
    """
    import json

    from registry.contract.errors import Refused
    from registry.engine import Engine
    from sanket.progress import steps
    from training.commands.drift import as_dict
    from training.commands.drift import drift as compare
    from training.forecasting.forecast_drift import forecast_drift
    from training.report.drift_page import drift_page

    engine = Engine.of(workers, scheduler)
    with steps("Drift") as said:
        found = compare(store, month, tracked_at=tracking, engine=engine, said=said)
        told = [as_dict(one) for one in found]
        forecasts = [one.record() for one in forecast_drift(store, month, engine=engine)]
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(drift_page(told), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps({"month": month, "targets": told, "forecasts": forecasts}))
    else:
        if told[0]["looked_at"]:
            typer.echo(told[0]["looked_at"])
        for one in told:
            typer.echo(f"{one['target']}, {one['rows']} predictions: {one['advice']}")
            for note in one["notes"]:
                typer.echo(f"  {note}")
        for one in forecasts:
            typer.echo(one["line"])
    if any(one["drifted"] for one in [*told, *forecasts]):
        raise Refused(
            "DRF001", f"{month} drifted from what the champion learnt from; nothing was changed"
        )


def promote(
    store: Store,
    run: Run,
    accept: Annotated[
        list[str] | None,
        typer.Option(metavar="RISK0xx", help="an issue to accept; may be given several times"),
    ] = None,
    because: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="why; once for all, or once for each --accept"),
    ] = None,
    by: By = None,
    tracking: Tracking = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Let a model answer from now on, unless a check found an issue.

    An issue stands in the way until it is accepted with a reason, which is kept with the name and
    the time. A running service follows by itself.
    """
    from registry.engine import Engine
    from sanket.progress import steps
    from training.commands.promote import promote as turn

    engine, accepted = Engine.of(workers, scheduler), _reasons(accept or [], because or [])
    with steps("Promotion") as said:
        told = turn(
            store, run, accepted=accepted, by=by, tracked_at=tracking, engine=engine, said=said
        )
    _say_turned(told, as_json)


def rollback(
    store: Store,
    target: Annotated[str, typer.Option(help="relapse, non_response or onset")],
    by: By = None,
    tracking: Tracking = None,
    as_json: Json = False,
) -> None:
    """Let the model that answered before this one answer again."""
    from training.commands.promote import rollback as turn_back

    targets_of(target)
    _say_turned(turn_back(store, target, by=by, tracked_at=tracking), as_json)


def _reasons(accepted: list[str], because: list[str]) -> dict[str, str]:
    from registry.contract.errors import UsageError

    if because and not accepted:
        raise UsageError("PRM005", "--because belongs to --accept RISK0xx")
    if accepted and len(because) not in (1, len(accepted)):
        raise UsageError(
            "PRM004",
            "accepting an issue needs a reason: --because TEXT, once or once for each --accept",
        )
    return dict(
        zip(accepted, because * len(accepted) if len(because) == 1 else because, strict=True)
    )


def _say_turned(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(told))
        return
    before = f", before it {told['before']}" if told["before"] else ""
    typer.echo(f"{told['target']}: bundle {told['bundle']} answers now{before}")
    for code, message in told.get("findings", {}).items():
        typer.echo(f"  {code}: {message}")
    for code, because in told["accepted"].items():
        typer.echo(f"  accepted {code}: {because}")
    if not told["alias"]:
        typer.echo(
            (
                "sanket: MLflow does not know this bundle, or was not reached: its alias was "
                "not turned"
            ),
            err=True,
        )
