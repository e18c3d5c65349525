"""The verbs that train, and what a data scientist trains on: `train`, `features`, `backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import (
    Json,
    Scheduler,
    Store,
    Target,
    Tracking,
    Workers,
    day_if_given,
    day_of,
    targets_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from registry.engine import Engine

Trials = Annotated[
    int, typer.Option(min=0, max=200, help="settings tried while tuning (0: the cautious base)")
]
Seed = Annotated[
    int, typer.Option(help="the same seed and records give the same model, bit for bit")
]


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(train)
    app.command()(features)
    app.command()(backtest)


def train(
    store: Store,
    target: Target = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="learn from what was known before this day")
    ] = None,
    experiment: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml", help="the training that a file describes (docs/data-scientist.md)"
        ),
    ] = None,
    again: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="make the model of a run (or of a bundle's version) once more, from what was "
            "known then; ends with 5 where another bundle comes out",
        ),
    ] = None,
    tracking: Tracking = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=0, max=200, help="settings tried while tuning (0: the cautious base); 8 if left out"
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="the same seed and records give the same model, bit for bit; 1 if left out"
        ),
    ] = None,
    without_visits: Annotated[
        bool,
        typer.Option(
            "--without-visits",
            help="learn the risk without visits: follow children until the first visit that a list "
            "asked for (not onset)",
        ),
    ] = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Train the models of a store, judge them on a later block, and track each as a run in MLflow.

    A target that has no champion yet takes this model if no check finds an issue (RISK017: it must
    have been shown to work); others are promoted with `sanket promote`. Nothing that was recorded
    on or after --until is used. --experiment FILE says in one file which areas, dates, columns
    and estimator to train with; its model waits for `sanket promote`, or only competes. --again RUN
    makes last month's model anew, whatever was imported since.
    """
    from registry.contract.errors import UsageError
    from registry.contract.registry import day_number
    from registry.engine import Engine
    from sanket.progress import steps
    from training.commands.train import train as train_store
    from training.experiments.run_experiment import run_experiment

    engine = Engine.of(workers, scheduler)
    beside = (target, until, trials, seed, without_visits or None, workers, scheduler)
    if again:
        if any(option is not None for option in (*beside, experiment)):
            raise UsageError("TRN022", "the run of --again says what to train: leave the rest away")
        _again(store, again, tracking, as_json)
        return
    if experiment and any(option is not None for option in beside):
        raise UsageError(
            "TRN022",
            f"{experiment.name} says what to train: leave --target, --until, --trials, --seed, "
            "--without-visits, --workers and --scheduler away",
        )
    learn_until = day_if_given(until, option="--until", code="TRN011")
    with steps("Training") as said:
        told = (
            run_experiment(store, experiment, tracked_at=tracking, said=said)
            if experiment
            else train_store(
                store,
                targets=targets_of(target),
                until=day_number(learn_until) if learn_until else None,
                tracked_at=tracking,
                trials=8 if trials is None else trials,
                seed=1 if seed is None else seed,
                without_visits=without_visits,
                engine=engine,
                said=said,
            )
        )
    if as_json:
        import json

        typer.echo(json.dumps({"models": told}))
        return
    for model in told:
        typer.echo(_in_words(model))


def _again(store: str, run: str, tracking: str | None, as_json: bool) -> None:
    """A run's training once more."""
    from sanket.progress import steps
    from training.experiments.train_again import train_again

    with steps("Training") as said:
        told = train_again(store, run, tracked_at=tracking, said=said)
    if as_json:
        import json

        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"{told['target']}: bundle {told['bundle']} once more, as run {told['run_id']} has it"
    )


def _in_words(model: dict[str, Any]) -> str:
    attrition, learnt = model["attrition"], model["learnt"]
    kept = f"bundle {model['bundle']}" if model["bundle"] else "a challenger, not kept"
    asked = f" ({model['experiment']}, seed {model['seed']})" if "experiment" in model else ""
    lines = [
        f"{model['target']}{asked}: {kept}, run {model['run_id']}"
        + (", now the champion" if model["champion"] else ""),
        f"  {attrition['in_cohort']} of {attrition['indexes']} indexes in the cohort",
        f"  learnt from {learnt['rows']} rows of {learnt['children']} children, "
        f"{learnt['children_with_event']} of them with the event",
        _rehearsed(model),
    ]
    why = model.get("benchmark_only", [])
    if why:
        lines.append(f"  it only competes: {'; '.join(why)}")
    if "report" in model:
        lines += [f"  beside the champion: {model['beside_champion']}", f"  {model['report']}"]
    elif (
        not why
        and not model["champion"]
        and any(found["outcome"] == "issue" for found in model["findings"])
    ):
        lines.append(
            "  it does not answer: until it does, lists go by the rules and by one measurement "
            f"(`sanket promote STORE --run {model['bundle']} --accept CODE --because TEXT` lets it)"
        )
    lines += [
        f"  {found['code']} {found['outcome']}: {found['message']}"
        for found in model["findings"]
        if found["outcome"] in ("issue", "tip")
    ]
    return "\n".join(lines)


def _rehearsed(model: dict[str, Any]) -> str:
    if model["not_rehearsed"]:
        return f"  {model['not_rehearsed']}"
    figures = model["figures"]
    return (
        f"  on the later block: AUC {figures['auc']:.3f} (WHZ alone {figures['auc_whz']:.3f}), "
        f"{figures['rows_judged']:.0f} rows, {figures['events_judged']:.0f} of them with the event"
    )


def features(
    store: Store,
    output: Annotated[Path, typer.Option("-o", "--output", help="rows, a Parquet file")],
    target: Annotated[str, typer.Option(help="relapse, non_response or onset")] = "relapse",
    bundle: Annotated[
        str | None, typer.Option(metavar="ID", help="a bundle's version; else the champion's")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="the same, by the MLflow run that made it")
    ] = None,
    tracking: Tracking = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Write the rows of a target for pandas: features as a bundle sees them, outcome, weight, block
    and fold.

    With the risks that the bundle and its report say of them. Without a champion the rows are cut,
    and the priors estimated, as a training of today would. Columns: docs/data-scientist.md.
    """
    from registry.contract.errors import UsageError
    from registry.engine import Engine
    from sanket.progress import steps
    from training.commands.feature_table_by_parts import write_feature_table

    targets_of(target)
    engine = Engine.of(workers, scheduler)
    if bundle and run:
        raise UsageError("TRN024", "--bundle and --run both name a model: give one of them")
    with steps("Features") as said:
        found = write_feature_table(
            store,
            target,
            output,
            bundle=bundle or run,
            tracked_at=tracking,
            engine=engine,
            said=said,
        )
    if as_json:
        import json

        told = {"rows": found.rows, "columns": found.columns, "blocks": found.blocks}
        typer.echo(json.dumps({"target": target, "out": str(output)} | told))
        return
    typer.echo(
        f"{found.rows} rows of {found.columns} columns in {output}: "
        + ", ".join(f"{count} {name}" for name, count in found.blocks.items())
    )


def backtest(
    store: Store,
    split: Annotated[
        list[str],
        typer.Option(
            metavar="DATE",
            help="train before this day, predict from it; several (given again, or with commas): "
            "a rolling backtest, each day's model predicts up to the next day",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="predictions, a Parquet file")],
    target: Target = None,
    visits: Annotated[
        bool,
        typer.Option(
            "--visits", help="add what lists of 10, 20 and 30 visits a sector would have found"
        ),
    ] = False,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="with --visits: what `sanket simulate` wrote, for its true risks"
        ),
    ] = None,
    tracking: Tracking = None,
    trials: Trials = 8,
    seed: Seed = 1,
    workers: Workers = None,
    scheduler: Scheduler = None,
    as_json: Json = False,
) -> None:
    """Train only on what was known before a day, predict every later landmark, and say what became
    of it.

    Writes one row for each child, index and landmark on or after --split, with its risk and its
    outcome; counts and AUC go into a run of MLflow. --json adds the same risks against secondary
    outcomes and sensitivity rows (docs/models.md). With several --split one table compares them, a
    run of MLflow holds a child run for each, and a command that was broken off goes on. --visits
    and the --json of one --split look at up to 100,000 children, of a larger store in whole sectors
    drawn by lot.
    """
    from registry.engine import Engine

    engine = Engine.of(workers, scheduler)
    split = [day.strip() for of in split for day in of.split(",")]
    if len(split) > 1:
        _rolling(store, split, output, target, tracking, trials, seed, visits, engine, as_json)
        return
    from features.clock import Clock
    from models.champion import models_folder
    from registry.contract.registry import day_number
    from registry.store.partitions import several_parts
    from sanket.progress import steps
    from training.commands.backtest import backtest as run
    from training.commands.backtest import summary, track
    from training.commands.backtest_store import backtest_store
    from training.commands.train import load_registry
    from training.tracking.mlflow_runs import tracking_address
    from training.tracking.reachable import ask

    day = day_number(day_of(split[0], option="--split", code="TRN011"))
    true_risks = _truth(truth)
    targets = targets_of(target, backtest=True)
    with steps("Backtest") as said:
        models = models_folder(store)
        tracked = tracking_address(models, tracking)
        ask(tracked)
        divided = several_parts(store, engine)
        if not divided:
            clock = Clock(load_registry(store))
        how: dict[str, Any] = {"targets": targets, "trials": trials, "seed": seed, "said": said}
        predictions, bundles = (
            backtest_store(store, models, split=day, engine=engine, **how)
            if divided
            else run(clock, split=day, **how)
        )
        output.parent.mkdir(parents=True, exist_ok=True)
        predictions.to_parquet(output, index=False)
        told = summary(predictions, bundles)
        models.mkdir(parents=True, exist_ok=True)
        asked = {"split": split[0], "trials": trials, "seed": seed}
        track(told, models, tracked, asked)
        if visits or as_json:
            from features.trajectory.context import Context
            from training.evaluation.secondary import of_predictions
            from training.evaluation.visit_lists import lists_found
            from training.rows.at_hand import AtHand, at_hand

            hand = at_hand(store, None, seed=seed) if divided else AtHand(clock, Context(clock))
            told |= {"at_hand": hand.counted} if hand.counted else {}
            if visits:
                told["visits"] = lists_found(
                    hand, predictions, bundles, split=day, said=said, truth=true_risks
                )
            if as_json:
                told["secondary"] = of_predictions(hand, predictions, bundles, split=day)
    if as_json:
        import json

        typer.echo(json.dumps(told))
        return
    for name, found in told["targets"].items():
        typer.echo(
            f"{name}: {found['rows']} rows, {found['scored']:.1%} scored, mean risk "
            f"{found['mean_risk']:.3f}, "
            f"AUC {found['auc']:.3f} over those with a known outcome"
        )
    if drawn := told.get("at_hand"):
        typer.echo(
            f"lists of {drawn['children']:,} children in {drawn['sectors']:,} sectors drawn by lot:"
        )
    for line in told.get("visits", {}).get("lines", []):
        typer.echo(line)


def _rolling(
    store: str,
    splits: list[str],
    output: Path,
    target: str | None,
    tracking: str | None,
    trials: int,
    seed: int,
    visits: bool,
    engine: Engine,
    as_json: bool,
) -> None:
    """A backtest of several splits; predictions that are ready wait in a folder beside OUTPUT."""
    import shutil

    from features.clock import Clock
    from models.champion import models_folder
    from registry.contract.errors import UsageError
    from registry.contract.registry import day_number
    from registry.store.partitions import several_parts
    from sanket.progress import steps
    from training.commands.backtest_store import StoreByParts
    from training.commands.rolling_backtest import Rolling, rolling_backtest, table, track_all
    from training.commands.train import load_registry
    from training.tracking.mlflow_runs import tracking_address
    from training.tracking.reachable import ask

    if visits:
        raise UsageError("TRN013", "--visits asks for one --split")
    days = tuple(day_number(day_of(of, option="--split", code="TRN011")) for of in splits)
    asked = Rolling(days, targets_of(target, backtest=True), trials, seed)
    parts, models = output.with_name(f"{output.name}.parts"), models_folder(store)
    with steps("Backtest") as said:
        tracked = tracking_address(models, tracking)
        ask(tracked)
        divided = several_parts(store, engine)
        records = StoreByParts.of(store, models, engine) if divided else Clock(load_registry(store))
        frame = rolling_backtest(records, asked, parts=parts, said=said)
        output.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(output, index=False)
        models.mkdir(parents=True, exist_ok=True)
        track_all(frame, asked, models, tracked)
    shutil.rmtree(parts, ignore_errors=True)
    told = table(frame)
    if as_json:
        typer.echo(f'{{"splits": {told.to_json(orient="records")}}}')
    else:
        typer.echo(told.to_string(index=False, float_format=lambda value: f"{value:.3f}"))


def _truth(folder: Path | None) -> dict[str, pd.DataFrame] | None:
    """The true risks of a simulated source, by target; None where none was named."""
    from registry.contract.errors import UsageError
    from training.evaluation.visit_lists import truth_of

    if folder is None:
        return None
    found = truth_of(folder)
    if not found:
        raise UsageError(
            "TRN012", f"{folder} has no truth/relapse.parquet: name what `sanket simulate` wrote"
        )
    return found
