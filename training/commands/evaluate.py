"""`sanket evaluate`: judge bundles on a registry, write the page, and put its figures and plots
into the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.age_bands import BANDS_MONTHS
from models.bundle import Bundle, load
from models.champion import champions, models_folder
from registry.contract.errors import BadInput
from registry.contract.registry import Registry, day_date
from registry.engine import IN_THIS_PROCESS, Engine
from training.commands.recalibrate import save_updated
from training.evaluation.subgroup_table import read_groups
from training.fitting.fit import Progress
from training.metrics.compared import as_table, at_top
from training.metrics.discrimination import Estimate
from training.report.one_model import ModelReport, told_of, unjudged
from training.report.report_page import MOST_BYTES, assemble, draw
from training.report.whose_records import WhoseRecords, whose_records
from training.tracking import mlflow_runs
from training.tracking.find_bundle import find_bundle
from training.tracking.reachable import ask
from training.validation.held_out import Marked
from training.validation.left_out import FIGURES, AreaJudged, LeftOut, leave_out

FIGURES_TABLE = "figures_of_report.json"
"""The artifact with every figure of the report, for `mlflow.load_table`."""
LISTED = {
    "found_per_visit": "precision",
    "worst": "precision_worst",
    "best": "precision_best",
    "recall": "recall",
    "recall_worst": "recall_worst",
    "recall_best": "recall_best",
}


def evaluate(
    address: str,
    output: Path,
    *,
    run: str | None = None,
    update: str | None = None,
    groups: Path | None = None,
    age_bands: tuple[int, ...] = BANDS_MONTHS,
    without: str | None = None,
    marks: Callable[[], Sequence[Marked]] = tuple,
    tracked_at: str | None = None,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> tuple[list[ModelReport], list[str]]:
    """Judge the bundle of a run (or the champions) on a store and write the report to `output`.

    `BadInput` EVA001 where the run is not known, EVA002 where there is no champion, EVA003 where
    there is nobody to judge on. The figures and plots are added to the run that made each bundle,
    where MLflow knows one. `update` (`large` or `slope`) makes recalibrated bundles for another
    registry, without promoting them. `groups`: a CSV of a user's own groups (`child_id` and a
    column each), `age_bands`: months at which the report's age groups part. `without`: a kind of
    area, each of which is left out in turn (`training.validation.left_out`), with a child run in
    MLflow for each. `marks`: asks the score book whom its lists named and a lot held out
    (`training.validation.held_out`). A store of several parts is read part by part, by the
    `engine`; what asks the records once more looks at up to MOST_AT_HAND children. Returns what was
    told, and the versions of the updated bundles.
    """
    own_groups = None if groups is None else read_groups(groups)
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    ask(tracked)
    marked = marks()
    bundles = _bundles(models, run, tracked)
    found = whose_records(
        address,
        bundles,
        engine=engine,
        marks=marked,
        with_ids=own_groups is not None,
        said=said,
    )
    left = [
        _left_out(found, one, without, models, said, alone=len(bundles) == 1) for one in bundles
    ]
    materials = found.materials()
    told = [
        unjudged(bundle, why)
        if (why := found.why_not[bundle.version])
        else told_of(
            materials.pop(bundle.version),
            left_out=one,
            said=said,
            age_bands=age_bands,
            own_groups=own_groups,
        )
        for bundle, one in zip(bundles, left, strict=True)
    ]
    drawn = [draw(one) for one in told]
    page = assemble(
        told,
        drawn,
        registry_facts=found.places.facts,
        made_for=made_for(found.places, found.children),
        records_until=day_date(found.places.recorded_until).isoformat(),
    )
    if len(page.encode()) > MOST_BYTES:
        raise BadInput("EVA004", f"the report has {len(page.encode())} bytes, over {MOST_BYTES}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")
    for one, plots in zip(told, drawn, strict=True):
        said(f"{one.bundle.target}: adding the report to its run")
        _track(one, plots, tracked, models, page)
    return told, [] if update is None else [
        save_updated(one, update, models, found.places).version for one in told
    ]


def _left_out(
    found: WhoseRecords,
    bundle: Bundle,
    without: str | None,
    models: Path,
    said: Progress,
    *,
    alone: bool,
) -> LeftOut | None:
    """The internal-external validation of a bundle; None where it was not asked for, where nothing
    can be judged, and for one of several that has too few areas."""
    if without is None or found.why_not[bundle.version]:
        return None
    hand, folder = found.hand, models / "left_out"
    try:
        return leave_out(
            hand.clock,
            bundle,
            by=without,
            context=hand.context,
            folder=folder,
            among=hand.population,
            said=said,
        )
    except BadInput as error:
        if alone:
            raise
        said(f"no area is left out: {error}")
        return None


def _bundles(models: Path, run: str | None, tracked: str) -> list[Bundle]:
    if run is not None:
        return [load(find_bundle(models, run, tracked=tracked), rehearsal=True)]
    found = list(champions(models, rehearsal=True).values())
    if not found:
        raise BadInput(
            "EVA002", f"there is no champion in {models}: `sanket train` first, or name a --run"
        )
    return found


def made_for(registry: Registry, children: int) -> str:
    """A registry of so many children in words, for the head of the page."""
    return (
        f"a registry of {children:,} children in {len(registry.district_ids):,} "
        f"district{'s' if len(registry.district_ids) > 1 else ''}"
    )


def _track(one: ModelReport, plots: dict[str, str], tracked: str, models: Path, page: str) -> None:
    """Figures, plots and page into the run that made the bundle; where there is none, nothing."""
    run_id = mlflow_runs.run_of_bundle(tracked, one.bundle.version)
    if run_id is None:
        return
    with mlflow_runs.reopened(tracked, run_id):
        figures = flat(one.figures)
        documents = {"report.html": page, "card.json": one.bundle.card}
        mlflow_runs.log({}, reported(figures), documents)
        mlflow_runs.log_table(run_id, FIGURES_TABLE, as_table(figures))
        for name, drawn in plots.items():
            mlflow_runs.log_drawn(f"report_{name}", drawn)
    left: LeftOut | None = one.figures.get("left_out")
    if left is None:
        return
    for area in left.areas:
        tags = {"target": one.bundle.target, "kind": "left_out", "area": area.area}
        name = f"without {left.by} {area.area}"
        with mlflow_runs.run(tracked, models, name=name, tags=tags, parent=run_id):
            mlflow_runs.log({"by": left.by, "area": area.area}, flat_area(area), {})


def flat_area(area: AreaJudged) -> dict[str, float]:
    """The figures of one area that was left out, with their bounds."""
    told = {name: float(getattr(area, name)) for name in ("known", "children", "events")}
    for name in FIGURES:
        told |= _with_bounds(name, getattr(area, name))
    return told


def flat_together(left: LeftOut | None) -> dict[str, float]:
    """What an internal-external validation expects on average, and of the next area."""
    told: dict[str, float] = {}
    for name, found in left.together.items() if left else ():
        told |= {
            f"left_out_{name}": found.mean.value,
            f"left_out_{name}_low": found.mean.low,
            f"left_out_{name}_high": found.mean.high,
            f"left_out_{name}_next_low": found.next_low,
            f"left_out_{name}_next_high": found.next_high,
        }
    return told


def reported(figures: Mapping[str, float]) -> dict[str, float]:
    """The metrics of a report in its run: what trainings are compared by, named after it."""
    return {f"report_{name}": value for name, value in at_top(figures).items()}


def flat(figures: dict[str, Any]) -> dict[str, float]:
    """Every figure that fits on one line, by name, bounds as `<name>_low` and `<name>_high`; none
    where nothing could be judged.

    `lists_the_rules_20_recall_worst`: of lists of 20 visits a sector and month in the rules' order,
    the share of the events that they reach had the ties fallen out worst.
    """
    if figures["not_judged"]:
        return {}
    apart, late = figures["discrimination"], figures["delayed"]
    estimates = (
        {f"auc_{name}": value for name, value in apart["overall"].items()}
        | {f"auc_more_than_{name.lower()}": of for name, of in apart["more_than"].items()}
        | {f"auc_day_{day}": value for day, value in apart["by_landmark"].items()}
        | {name: of for name, of in figures["true_risks"].items() if isinstance(of, Estimate)}
        | {f"auc_later_{name}": value for name, value in late["overall"].items()}
        | {"auc": apart["overall"]["model"], "auc_as_used": figures["as_used"]["auc"]}
        | {"calibration_slope": figures["true_risks"]["slope"]}
        | {f"auc_against_{one.question.name}": one.auc for one in figures["others"]}
    )
    told = dict(figures["compared"])
    for name, found in estimates.items():
        told |= _with_bounds(name.replace(" ", "_"), found)
    told |= _flat_visits(figures) | flat_together(figures["left_out"])
    told["share_not_scored_as_used"] = figures["as_used"]["not_scored"] / max(
        figures["as_used"]["asked"], 1
    )
    if figures["instability"]:
        told["mean_difference_of_refits"] = figures["instability"]["mean_difference"]
    return told | {
        name: float(figures[name])
        for name in ("rows", "known", "events", "prevalence", "mean_risk")
    }


def _with_bounds(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _flat_visits(figures: dict[str, Any]) -> dict[str, float]:
    """Precision and recall within the visits there are, over all rows and in lists."""
    told: dict[str, float] = {}
    for row in figures["within_visits"]:
        name = f"{row['order']}_{round(100 * row['share'])}".replace(" ", "_")
        told |= {f"precision_{name}": row["at"].precision, f"recall_{name}": row["at"].recall}
    for row in figures["lists"]:
        name = f"lists_{row['order']}_{row['capacity']}".replace(" ", "_")
        told |= {f"{name}_{word}": row[key] for key, word in LISTED.items() if row[key] is not None}
    return told


def as_json(told: list[ModelReport], updated: list[str]) -> str:
    """The whole of the figures as one JSON document."""
    return json.dumps(
        {
            "updated": updated,
            "models": [
                {
                    "target": one.bundle.target,
                    "bundle": one.bundle.version,
                    "figures": plain(one.figures),
                    "findings": one.bundle.card.get("findings", []),
                }
                for one in told
            ],
        },
        allow_nan=False,
    )


def plain(told: object) -> object:
    """Estimates, arrays and NaN as JSON values."""
    if hasattr(told, "__dataclass_fields__"):
        return {name: plain(getattr(told, name)) for name in told.__dataclass_fields__}
    if isinstance(told, dict):
        return {str(name): plain(value) for name, value in told.items()}
    if isinstance(told, (list, tuple, np.ndarray)):
        return [plain(value) for value in told]
    if isinstance(told, (float, np.floating)):
        return float(told) if np.isfinite(told) else None
    return told.item() if isinstance(told, np.generic) else told
