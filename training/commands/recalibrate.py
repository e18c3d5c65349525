"""Recalibration for another place: a new bundle, made when asked for, promoted by nobody but a
person.

`sanket recalibrate` fits the level of each champion that was trained on another registry to the
outcomes known in this one; `sanket evaluate --update` does so with the report, and offers a slope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from models.bundle import Bundle, Calibrator, save
from models.champion import bundles_folder, champions, models_folder
from models.level import ENOUGH_OUTCOMES, is_of
from registry.contract.errors import Refused, UsageError
from registry.contract.registry import Registry
from registry.engine import IN_THIS_PROCESS, Engine
from registry.machine.today import today
from training.card.card_wording import RECALIBRATED, UPDATING
from training.card.fingerprint import stamp
from training.checks.finding import NOT_APPLICABLE, SKIPPED
from training.evaluation.scored_rows import ELSEWHERE, Judged
from training.fitting.fit import Progress
from training.fitting.uncertainty import COVERED
from training.metrics.recalibration import level_error, level_shift
from training.report.judge import judge_of
from training.report.one_model import ModelReport

LARGE, SLOPE = "large", "slope"
SIDES = NormalDist().inv_cdf((1.0 + COVERED) / 2.0)
"""So many standard errors lie on either side of a level within the interval of a risk."""
NO_LONGER = {"RISK004": NOT_APPLICABLE, "RISK011": SKIPPED, "RISK015": NOT_APPLICABLE}
"""Findings of the first training that a recalibration makes void."""


def fit_levels(
    address: str,
    *,
    targets: Sequence[str] | None = None,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> list[dict[str, Any]]:
    """Fit the level of every champion of another registry to this store's outcomes, and save the
    new bundles, which nobody has promoted. A store of several parts is read part by part, by the
    `engine`; of very many rows those of children drawn by lot tell the level.

    Returns of each target what was done: `outcomes` known, `bundle` (None where they are fewer than
    20), `shift` in log-odds, and beside the share `observed` the mean risk `before` and `after`.
    `UsageError` EVA009 where no champion is of another registry, EVA010 where one learnt from
    synthetic records and these are not; `Refused` EVA011 where no target has outcomes enough.
    """
    models = models_folder(address)
    judge = judge_of(address, engine=engine, said=said)
    bundles = _of_another(champions(models, rehearsal=True), judge.facts, targets)
    said(f"{', '.join(bundles)}: outcomes known here")
    told, rows = [], judge.judged(list(bundles.values()))
    for name, bundle in bundles.items():
        judged = rows[bundle.version]
        # Of another registry all rows are judged, whatever was rehearsed.
        assert isinstance(judged, Judged)
        told.append({"target": name, "outcomes": judged.outcomes_known, "bundle": None})
        if judged.outcomes_known >= ENOUGH_OUTCOMES:
            fitted, figures = level_fitted(bundle, judged, judge.facts.get("registry_id"))
            told[-1] |= {"bundle": save(fitted, bundles_folder(models)).version, **figures}
    _refuse_too_few(told)
    return told


def _of_another(
    found: Mapping[str, Bundle], facts: Mapping[str, object], targets: Sequence[str] | None
) -> dict[str, Bundle]:
    """The champions (of some targets) that were not trained on the registry of these facts."""
    here = facts.get("registry_id")
    others = {
        name: bundle
        for name, bundle in found.items()
        if not is_of(bundle, here) and (targets is None or name in targets)
    }
    if not others:
        raise UsageError(
            "EVA009", "no champion here was trained on another registry: there is no level to fit"
        )
    made_up = [name for name, bundle in others.items() if bundle.facts.get("synthetic")]
    if made_up and not facts.get("synthetic"):
        raise UsageError(
            "EVA010",
            f"the champion of {', '.join(made_up)} learnt from synthetic records: no level makes "
            "it fit for these children. Train on this store",
        )
    return others


def level_fitted(
    bundle: Bundle, judged: Judged, registry_id: object
) -> tuple[Bundle, dict[str, float]]:
    """(the bundle with its level fitted to the judged rows, `shift` and mean risks).

    The intervals of risks grow by how uncertain so few outcomes leave the level. A level that was
    fitted to this registry before is taken back first, so that fitting again from more outcomes
    gives what fitting once from all of them does.
    """
    known, outcomes = judged.known, judged.outcomes_known
    columns = judged.log_odds[known], judged.happened[known], judged.weight[known]
    trained = _level_taken_back(bundle, registry_id)
    former = bundle.calibrator.intercept - trained.calibrator.intercept
    shift = level_shift(columns[0] - former, *columns[1:], outcomes=outcomes)
    error = level_error(columns[0] - former + shift, columns[2], outcomes=outcomes)
    fitted = recalibrated(trained, 1.0, shift, registry_id, outcomes=outcomes, error=error)

    def mean(log_odds: np.ndarray) -> float:
        return float(np.average(1.0 / (1.0 + np.exp(-log_odds)), weights=columns[2]))

    return fitted, {
        "shift": shift,
        "observed": float(np.average(columns[1], weights=columns[2])),
        "before": mean(columns[0]),
        "after": mean(columns[0] + shift - former),
    }


def _level_taken_back(bundle: Bundle, registry_id: object) -> Bundle:
    """The bundle as it was before its level was fitted to this registry, where it was."""
    made = bundle.facts.get("recalibrated") or {}
    if made.get("registry_id") != registry_id or made.get("slope") != 1.0:
        return bundle
    one, grown = bundle.calibrator, SIDES * made["error"]
    below, above = (np.sqrt(np.maximum(side**2 - grown**2, 0.0)) for side in (one.below, one.above))
    before = replace(
        one,
        intercept=one.intercept - made["shift"],
        knots=one.knots - made["shift"],
        below=below,
        above=above,
    )
    return replace(bundle, calibrator=before)


def _refuse_too_few(told: Sequence[Mapping[str, Any]]) -> None:
    if any(one["bundle"] for one in told):
        return
    counts = ", ".join(f"{one['target']} {one['outcomes']} of {ENOUGH_OUTCOMES}" for one in told)
    raise Refused(
        "EVA011",
        f"too few outcomes are known in this registry to fit a level: {counts}. Import what has "
        "come in since and ask again; until then the order holds better than the percentages",
    )


def save_updated(told: ModelReport, how: str, models: Path, registry: Registry) -> Bundle:
    """Save the bundle recalibrated on the judged rows: `large` shifts the log-odds, `slope` also
    stretches them.

    `UsageError` EVA005 where the rows are the model's own registry's: there one trains again;
    EVA007 where fewer than 20 outcomes are known.
    """
    if how not in (LARGE, SLOPE):
        raise UsageError("EVA006", f"--update is {LARGE} or {SLOPE}")
    if told.judged is None or told.figures["updates"] is None:
        raise UsageError(
            "EVA005", f"--update is for another registry ({ELSEWHERE}): on its own one trains again"
        )
    offered, here = told.figures["updates"], registry.facts.get("registry_id")
    line = offered["slope"], offered["intercept"]
    if offered["outcomes"] < ENOUGH_OUTCOMES or not (how == LARGE or np.isfinite(line).all()):
        raise UsageError(
            "EVA007",
            f"the recalibration is not known: {offered['outcomes']} outcomes are, and at least "
            f"{ENOUGH_OUTCOMES}, with and without the event, are needed. Nothing was made",
        )
    made = (
        level_fitted(told.bundle, told.judged, here)[0]
        if how == LARGE
        else recalibrated(told.bundle, *line, here, outcomes=offered["outcomes"])
    )
    return save(made, bundles_folder(models))


def recalibrated(
    bundle: Bundle,
    slope: float,
    shift: float,
    registry_id: object,
    *,
    outcomes: int,
    error: float = 0.0,
) -> Bundle:
    """The bundle with log-odds of `slope * log_odds + shift`, from so many outcomes of a registry;
    its card says so, and which findings no longer hold. `error`: the shift's standard error, by
    which the intervals of risks grow."""
    facts = bundle.facts | {
        "recalibrated": {
            "of": bundle.version,
            "registry_id": registry_id,
            "slope": slope,
            "shift": shift,
            "error": error,
            "on": today().isoformat(),
            "outcomes": outcomes,
        }
    }
    calibrator = _stretched(bundle.calibrator, slope, shift, SIDES * error)
    moved = replace(bundle, calibrator=calibrator, facts=facts, card={}, version="")
    return replace(moved, card=_card(bundle.card, moved)) if bundle.card else moved


def _stretched(one: Calibrator, slope: float, shift: float, grown: float) -> Calibrator:
    """Two errors that have nothing to do with each other add as squares do."""
    return Calibrator(
        one.slope * slope,
        one.intercept * slope + shift,
        one.knots * slope + shift,
        np.hypot(one.below * slope, grown),
        np.hypot(one.above * slope, grown),
        one.age_cuts,
        one.age_shifts * slope,
    )


def _card(card: Mapping[str, Any], moved: Bundle) -> dict[str, Any]:
    """The card of the training with the findings that still hold, and what was done since."""
    because = "the bundle was recalibrated on another registry after these checks"
    findings = [
        found
        | {
            "outcome": NO_LONGER.get(found["code"], found["outcome"]),
            "message": because if found["code"] in NO_LONGER else found["message"],
        }
        for found in card.get("findings", [])
    ]
    said = RECALIBRATED.format(**moved.facts["recalibrated"])
    items = [
        row | ({"answer": said} if row["title"] == UPDATING else {})
        for row in card.get("tripod_ai", [])
    ]
    return dict(card) | {"findings": findings, "tripod_ai": items, "checked": stamp(moved)}
