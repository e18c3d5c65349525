"""What a run tells of a training: tags, parameters, counts, a description, and the rows that it
learnt from by digest, size and dates. No row, no id and no value of a child."""

from __future__ import annotations

import hashlib
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import Bundle
from models.targets import HAPPENED
from registry.contract.registry import day_date
from training.fitting.pipeline import Learned

ROOT = Path(__file__).resolve().parents[2]


def tags(bundle: Bundle) -> dict[str, str]:
    """Target, bundle, store, contract, package and commit; whether the children were made up."""
    return {
        "target": bundle.target,
        "bundle": bundle.version,
        "synthetic": str(bundle.facts["synthetic"]).lower(),
        "store": str(bundle.facts["registry_id"]),
        "package": bundle.made_with["package"],
        "contract": bundle.made_with["contract"],
    } | commit()


@cache
def commit() -> dict[str, str]:
    """The checkout's commit, marked where files differ from it; nothing where there is none."""
    try:
        head, changed = (
            subprocess.run(
                ["git", "-C", str(ROOT), *words],
                capture_output=True,
                text=True,
                check=True,
                timeout=20,
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": f"{head} (changed)" if changed else head}


def parameters(learned: Learned, *, trials: int) -> dict[str, object]:
    """What was chosen, and from how much."""
    bundle, choice = learned.bundle, learned.fitted.choice
    own, linear, lent = choice.parts
    settings: dict[str, object] = bundle.facts["settings"]
    chosen = {
        "trials": trials,
        "rounds": choice.rounds,
        "penalty": choice.penalty,
        "share_of_trees": own,
        "share_of_linear": linear,
        "share_of_donor": lent,
        "effective_parameters": bundle.facts["effective_parameters"],
    }
    return counts(learned) | chosen | settings


def counts(learned: Learned) -> dict[str, object]:
    """Until when, and from how much: indexes (`events`) and children with the event, beside the
    rows."""
    bundle = learned.bundle
    return {
        "until": bundle.facts["trained_until"],
        "seed": bundle.facts["seed"],
        "without_visits": bool(bundle.facts.get("without_visits")),
        "horizon_days": bundle.definition["horizon_days"],
        "features": len(bundle.columns) - len(bundle.facts.get("plan", {}).get("left_out", ())),
    } | learnt(learned)


def learnt(learned: Learned) -> dict[str, int]:
    """Rows, children, indexes with the event (`events`) and children with it that a training learnt
    from: those of its areas, with the whole label before its day."""
    rows = learned.rows
    with_event = rows.outcome == HAPPENED
    return {
        "rows": len(rows.index),
        "children": len(np.unique(rows.child)),
        "events": len(np.unique(rows.index[with_event])),
        "children_with_event": len(np.unique(rows.child[with_event])),
    }


def datasets(learned: Learned) -> list[dict[str, Any]]:
    """The rows of the training and, where there was a rehearsal, of its two blocks: `name`,
    `context`, `digest`, and a `profile` of sizes, days and the split."""
    everything = np.ones(len(learned.rows.index), bool)
    parts = {"training": everything}
    if not learned.not_rehearsed:
        parts |= {"rehearsal": learned.earlier_on, "validation": learned.later_on}
    return [_dataset(learned, context, block) for context, block in parts.items()]


def _dataset(learned: Learned, context: str, block: np.ndarray) -> dict[str, Any]:
    rows, facts = learned.rows.take(np.flatnonzero(block)), learned.bundle.facts
    with_event = rows.outcome == HAPPENED
    told = hashlib.sha256()
    for column in (rows.day, rows.landmark, rows.outcome, learned.features[block]):
        told.update(np.ascontiguousarray(column).tobytes())
    days = [day_date(int(day)).isoformat() for day in (rows.day.min(), rows.day.max())]
    return {
        "name": f"{learned.bundle.target} {context}",
        "context": context,
        "digest": told.hexdigest()[:16],
        "source": {"store": facts["registry_id"], "synthetic": facts["synthetic"]},
        "profile": {
            "rows": len(rows.index),
            "children": len(np.unique(rows.child)),
            "events": len(np.unique(rows.index[with_event])),
            "children_with_event": len(np.unique(rows.child[with_event])),
            "first_day": days[0],
            "last_day": days[1],
            "labels_before": facts["labels_before"],
            "later_from": facts["later_from"],
            "trained_until": facts["trained_until"],
        },
    }


def description(learned: Learned, judged: dict[str, float]) -> str:
    """A run and its model in a few sentences."""
    bundle, counted = learned.bundle, counts(learned)
    asked = bundle.definition
    made_up = " The children are made up (synthetic)." if bundle.facts["synthetic"] else ""
    figure = (
        learned.not_rehearsed
        or f"rehearsed on the later block: AUC {judged['auc']:.3f}, {judged['events_judged']:.0f} "
        f"of {judged['rows_judged']:.0f} rows with the event"
    )
    return (
        f"Risk of {bundle.target.replace('_', ' ')} within {asked['horizon_days']} days, learnt "
        f"from what was known before {bundle.facts['trained_until']}: {counted['rows']} rows of "
        f"{counted['children']} children, {counted['children_with_event']} of them with the event; "
        f"{figure}. Bundle {bundle.version}.{made_up}"
    )


def as_entities(told: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The datasets as texts that MLflow keeps; the source is told as tags, since a store's address
    can hold a password."""
    return [
        {
            "name": one["name"],
            "digest": one["digest"],
            "context": one["context"],
            "source": json.dumps({"tags": {k: str(v) for k, v in one["source"].items()}}),
            "profile": json.dumps(one["profile"]),
        }
        for one in told
    ]
