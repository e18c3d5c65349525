"""Promote, and go back: which bundle answers. Refused on an issue unless somebody accepts it with a
reason.

The pointer is turned first, in one step; MLflow's alias follows. What was accepted, by whom, when
and why is kept in `x.models/promotions.jsonl`, one line a turn, and as tags of the model version in
MLflow.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import getpass
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.bundle import Bundle, load
from models.champion import bundles_folder, models_folder, pointer, turn, turn_back
from registry.contract.errors import BadInput, Refused, SanketError, UsageError
from registry.engine import IN_THIS_PROCESS, Engine
from training.card.fingerprint import stamp
from training.checks import of_figures, run_checks
from training.checks.finding import CHECKS, ISSUE, CheckResult, Finding
from training.evaluation.challenge import Challenge
from training.fitting.fit import Progress
from training.report.judge import Judge, judge_of
from training.tracking import mlflow_runs
from training.tracking.find_bundle import competed, find_bundle

KEPT = "promotions.jsonl"


def promote(
    address: str,
    run: str,
    *,
    accepted: Mapping[str, str] | None = None,
    by: str | None = None,
    tracked_at: str | None = None,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> dict[str, Any]:
    """Make the model of a run (MLflow's id, or a bundle's version) the champion of its target.

    `accepted`: reasons by the code of the issue. `Refused` PRM001 where an issue stands that nobody
    accepted, PRM002 where the bundle holds no findings, or not those of every check, PRM006 where
    they were made on another model, PRM007 where the model only competes. Returns what is
    kept of it, with `alias`: whether MLflow followed; `findings` of today (RISK017, RISK018), and
    `challenge`: the comparison with the champion on the same rows, None where there is none.
    """
    models, accepted = models_folder(address), dict(accepted or {})
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    bundle = load(find_bundle(models, run, tracked=tracked), rehearsal=True)
    if why := bundle.facts.get("benchmark_only"):
        raise Refused("PRM007", competed(f"bundle {bundle.version}", "; ".join(why)))
    findings = findings_of(bundle)
    _refuse_stale(bundle, findings)
    asked = asked_today(address, bundle, findings, engine=engine, said=said)
    findings = [asked.findings.get(one.code, one) for one in findings]
    _refuse(bundle, findings, accepted)
    with _alone(models):
        before = pointer(models, bundle.target)
        if before is None or before["bundle"] != bundle.version:
            turn(models, bundle.target, bundle.version)
        told = _kept("promote", bundle.target, bundle.version, before, by) | {
            "accepted": {
                code: because for code, because in accepted.items() if code in _issues(findings)
            },
            "findings": {code: one.message for code, one in asked.findings.items()},
            "challenge": asked.challenge,
        }
        _append(models, told)
    return told | {"alias": _follow(tracked, bundle.target, bundle.version, told)}


def rollback(
    address: str, target: str, *, by: str | None = None, tracked_at: str | None = None
) -> dict[str, Any]:
    """Make the champion before this one answer again. `BadInput` (BUN005) where there is none."""
    models = models_folder(address)
    tracked = mlflow_runs.tracking_address(models, tracked_at)
    with _alone(models):
        before = pointer(models, target)
        version = turn_back(models, target)
        told = _kept("rollback", target, version, before, by) | {"accepted": {}}
        _append(models, told)
    return told | {"alias": _follow(tracked, target, version, told)}


def history(models: Path) -> list[dict[str, Any]]:
    """Every turn of a models folder, the oldest first."""
    try:
        lines = (Path(models) / KEPT).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def findings_of(bundle: Bundle) -> list[Finding]:
    """What the checks found when the bundle was made, and what those that need no records find
    today."""
    kept = [Finding.from_dict(told) for told in bundle.card.get("findings", [])]
    return [
        CHECKS[one.code].find(None) if one.code in run_checks.WITHOUT_RECORDS else one
        for one in kept
    ]


@dataclass(frozen=True)
class AskedToday:
    """What was asked when somebody promoted: `findings` by code, and the `challenge` as plain JSON
    values (None where nothing was compared)."""

    findings: dict[str, Finding]
    challenge: dict[str, Any] | None = None


def asked_today(
    address: str,
    bundle: Bundle,
    findings: list[Finding],
    *,
    engine: Engine = IN_THIS_PROCESS,
    said: Progress = lambda text: None,
) -> AskedToday:
    """RISK017 of today's records where it was an issue, and RISK018 against today's champion; the
    store is read only where one of them asks for it, one of several parts by the `engine`."""
    models = models_folder(address)
    before = pointer(models, bundle.target)
    other = before["bundle"] if before and before["bundle"] != bundle.version else None
    unshown = "RISK017" in _issues(findings)
    if other is None and not unshown:
        return AskedToday({})
    try:
        judge = judge_of(address, engine=engine, said=said)
    except SanketError as error:
        if other is None:
            return AskedToday({})
        why = f"the store's records cannot be read ({error.code})"
        return AskedToday({"RISK018": _found("RISK018", of_figures.against_champion(why))})
    found, kept = {}, None
    if unshown:
        judged = judge.judged([bundle])[bundle.version]
        found["RISK017"] = _found("RISK017", of_figures.work_shown(judged))
    if other is not None:
        told = _beside_champion(judge, bundle, bundles_folder(models) / other)
        found["RISK018"] = _found("RISK018", of_figures.against_champion(told))
        kept = None if isinstance(told, str) else told.as_dict()
    return AskedToday(found, kept)


def _beside_champion(judge: Judge, bundle: Bundle, place: Path) -> Challenge | str:
    """The comparison with the champion of a folder; or why there is none."""
    try:
        champion = load(place, rehearsal=True)
        return judge.challenge(bundle, champion)
    except BadInput as error:
        return f"the champion cannot be asked ({error.code})"


def _found(code: str, said: CheckResult) -> Finding:
    return Finding(code, CHECKS[code].title, said.outcome, said.message, said.figures)


def _refuse_stale(bundle: Bundle, findings: list[Finding]) -> None:
    """Findings must be there, of every check that the program knows, and of this very model."""
    again = "train it again with `sanket train`"
    missing = sorted(CHECKS.keys() - {finding.code for finding in findings})
    if missing:
        raise Refused(
            "PRM002", f"bundle {bundle.version} was never checked by {', '.join(missing)}: {again}"
        )
    if bundle.card.get("checked") != stamp(bundle):
        raise Refused(
            "PRM006", f"the findings of bundle {bundle.version} were made on another model: {again}"
        )


def _issues(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings if finding.outcome == ISSUE}


def _refuse(bundle: Bundle, findings: list[Finding], accepted: Mapping[str, str]) -> None:
    standing = _issues(findings)
    for code, because in accepted.items():
        if code not in standing:
            raise UsageError(
                "PRM003", f"{code} is not an issue of bundle {bundle.version}: nothing to accept"
            )
        if not because.strip():
            raise UsageError("PRM004", f"accepting {code} needs a reason: --because TEXT")
    left = [
        f"{finding.code} ({finding.message})"
        for code, finding in standing.items()
        if code not in accepted
    ]
    if left:
        raise Refused(
            "PRM001",
            f"bundle {bundle.version} has issues: {'; '.join(left)}. Mend them, or accept each "
            "with --accept CODE --because TEXT",
            issues=sorted(standing),
        )


def _kept(
    turned: str, target: str, version: str, before: dict[str, Any] | None, by: str | None
) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {
        "turned": turned,
        "target": target,
        "bundle": version,
        "before": before and before["bundle"],
        "by": by or _somebody(),
        "at": now,
    }


def _somebody() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


@contextmanager
def _alone(models: Path) -> Iterator[None]:
    """One turn at a time: reading the pointer and turning it must not be torn apart."""
    models.mkdir(parents=True, exist_ok=True)
    with (models / ".turning").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def _append(models: Path, told: dict[str, Any]) -> None:
    with (models / KEPT).open("a", encoding="utf-8") as file:
        file.write(json.dumps(told, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _follow(tracked: str, target: str, version: str, told: dict[str, Any]) -> bool:
    """Let MLflow's alias follow; the pointer has turned already, so its failure is told, not
    raised."""
    tags = {"promoted_by": told["by"], "promoted_at": told["at"]}
    tags |= {f"accepted_{code}": because for code, because in told["accepted"].items()}
    tags |= {f"asked_{code}": message for code, message in told.get("findings", {}).items()}
    return mlflow_runs.follow(tracked, target, version, tags)


def bundle_folder(models: Path, version: str) -> Path:
    """Where a bundle lies."""
    return bundles_folder(models) / version
