"""An experiment: a TOML file that says which training to make, read against the store it is for.

All faults are said at once, each with where it stands, what is wrong, the bound, and what to do.
The form: docs/data-scientist.md.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from features.trajectory.catalogue import NAMES, REASON_OF
from models.targets import TARGETS, Asked, Target
from registry.contract.errors import BadInput
from registry.contract.registry import OwnTable, Registry, day_number
from training.cohorts.areas_and_days import AREAS, Population
from training.experiments import own_tables
from training.experiments.faults import Faults
from training.experiments.foreign_model import Estimator, ForeignFit, found_estimator
from training.fitting.plan import TrainingPlan
from training.fitting.tune import USUAL_SPACE

KEYS = (
    "name",
    "target",
    "horizon_days",
    "since",
    "until",
    "seeds",
    "scoring_days",
    "areas",
    "features",
    "estimator",
    "search",
    "own",
)
OURS = ("blend", "lightgbm", "bag", "linear")
SHARES = {"blend": None, "lightgbm": 1.0, "bag": 1.0, "linear": 0.0}
MOST_FORESTS, MOST_TRIALS, MOST_SEEDS = 20, 200, 20
SHORTEST_HORIZON = 28
BOUNDS: dict[str, tuple[float, float]] = {
    "num_leaves": (2, 256),
    "min_child_samples": (5, 2000),
    "feature_fraction": (0.02, 1.0),
    "lambda_l2": (0.001, 10_000.0),
    "learning_rate": (0.005, 0.3),
}
"""Of the forest's settings, between which bounds an experiment may choose or search."""
USUAL_TRIALS = 8


@dataclass(frozen=True)
class Experiment:
    """A file that was read whole: `text` as it stands there; `horizon` in days where it is not the
    target's own; `until` a day number (None: all that is known); `own` tables with their names in
    the file; `estimator`: somebody else's, None for ours."""

    name: str
    target: Target
    text: str
    plan: TrainingPlan
    kind: str
    horizon: int | None = None
    until: int | None = None
    trials: int = USUAL_TRIALS
    seeds: tuple[int, ...] = (1,)
    own: tuple[OwnTable, ...] = ()
    estimator: Estimator | None = None

    @property
    def in_memory(self) -> bool:
        """Whether its models live in the command alone, since no bundle could hold them."""
        return bool(self.estimator or self.own or self.horizon)

    @property
    def benchmark_only(self) -> tuple[str, ...]:
        """Why its models may not answer, in words; empty where they may."""
        why = []
        if self.estimator:
            why.append(f"{self.kind} is not one of Sanket's own estimators")
        if self.own:
            names = ", ".join(name for table in self.own for name in table.names)
            why.append(f"scoring does not have its columns ({names})")
        if self.horizon:
            why.append(f"it tells {self.horizon} days, and scores are of {self.target.horizon}")
        if self.plan.population.of_some_areas:
            why.append("it learnt from some areas only, and would answer for all")
        return tuple(why)

    def plan_of(self, seed: int) -> TrainingPlan:
        """The plan of one of its seeds."""
        if self.estimator is None:
            return self.plan
        foreign = ForeignFit(self.estimator, seed)
        return replace(self.plan, share=None, forests=None, transfer=False, foreign=foreign)


@dataclass
class _File:
    """A file while it is read: its content `told`, the store's registry, the `faults` so far."""

    told: dict[str, Any]
    registry: Registry
    faults: Faults
    folder: Path
    families: Mapping[str, int] = field(default_factory=dict)

    def table(self, name: str, within: dict[str, Any] | None = None) -> dict[str, Any]:
        """A table of the file; empty where it is left out."""
        found = (self.told if within is None else within).get(name, {})
        if isinstance(found, dict):
            return found
        self.faults.add(name, "is no table", f"write it as [{name}]")
        return {}

    def day(self, name: str) -> int | None:
        """A day's number; None where it is left out."""
        found = self.told.get(name)
        if found is None:
            return None
        try:
            return day_number(str(found)[:10] if isinstance(found, dt.date) else str(found))
        except ValueError:
            self.faults.add(name, f"{found!r} is no date", "write it as 2026-03-14")
            return None

    def number(
        self, told: dict[str, Any], name: str, where: str, bounds: tuple[int, int], otherwise: int
    ) -> int:
        """A whole number within bounds."""
        found = told.get(name, otherwise)
        least, most = bounds
        if isinstance(found, int) and not isinstance(found, bool) and least <= found <= most:
            return found
        self.faults.add(f"{where}{name}", f"{found!r}", f"a whole number from {least} to {most}")
        return otherwise


def read(path: Path, registry: Registry, families: Mapping[str, int] | None = None) -> Experiment:
    """The experiment of a file, for a store's registry; `families`: of codes as somebody's own
    tables write them, the positions.

    `BadInput` TRN020 where it cannot be read as TOML, TRN021 with all its faults.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        told = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise BadInput("TRN020", f"{path} cannot be read as TOML: {error}") from error
    file = _File(told, registry, Faults(Path(path).name), Path(path).parent, families or {})
    file.faults.unknown("", told, KEYS)
    found = _read(file, text)
    file.faults.raise_if_any()
    if found is None:
        raise ValueError("an experiment without a target and without a fault")
    return found


def _read(file: _File, text: str) -> Experiment | None:
    """Every part is read, also beside one that is at fault, so that all faults are found."""
    target, name, until, seeds = _target(file), _name(file), file.day("until"), _seeds(file)
    kind, estimator, of_kind = _estimator(file)
    trials, space = _search(file, kind)
    days = _scoring_days(file, target)
    plan = TrainingPlan(
        _population(file), _left_out(file, target), scoring_days=days, space=space, **of_kind
    )
    horizon, own = _horizon(file, target), _own(file)
    if target is None:
        return None
    return Experiment(name, target, text, plan, kind, horizon, until, trials, seeds, own, estimator)


def _name(file: _File) -> str:
    found = file.told.get("name")
    if not isinstance(found, str) or not 0 < len(found.strip()) <= 100:
        file.faults.add("name", f"{found!r}", "a text of 1 to 100 signs")
        return ""
    return found.strip()


def _target(file: _File) -> Target | None:
    found = file.told.get("target")
    if found in TARGETS:
        return TARGETS[found]
    file.faults.add("target", f"{found!r} is no target", f"give {', '.join(TARGETS)}")
    return None


def _horizon(file: _File, target: Target | None) -> int | None:
    if target is None or "horizon_days" not in file.told:
        return None
    if target.asked is Asked.IN_TREATMENT:
        file.faults.add(
            "horizon_days",
            f"{target.name} is of the 12 weeks of the Government Resolution, and of no other time",
            "leave it out",
        )
        return None
    bounds = (SHORTEST_HORIZON, target.horizon)
    found = file.number(file.told, "horizon_days", "", bounds, target.horizon)
    return None if found == target.horizon else found


def _seeds(file: _File) -> tuple[int, ...]:
    found = file.told.get("seeds", [1])
    good = isinstance(found, list) and all(type(of) is int and 0 <= of < 2**31 for of in found)
    if not good or not 0 < len(set(found)) == len(found) <= MOST_SEEDS:
        file.faults.add("seeds", f"{found!r}", f"1 to {MOST_SEEDS} different whole numbers")
        return (1,)
    return tuple(found)


def _scoring_days(file: _File, target: Target | None) -> bool:
    """Whether it learns from the days on which scores are made, too."""
    found = file.told.get("scoring_days", False)
    if not isinstance(found, bool):
        file.faults.add("scoring_days", f"{found!r}", "true or false")
        return False
    if found and target is not None and target.indexes_repeat:
        told = f"{target.name} is asked of every child each quarter: its days are drawn by lot"
        file.faults.add("scoring_days", told, "leave it out")
    return bool(found)


def _population(file: _File) -> Population:
    areas = file.table("areas")
    file.faults.unknown("areas.", areas, ("include", "exclude"))
    include, exclude = (
        _areas(file, name, file.table(name, areas)) for name in ("include", "exclude")
    )
    return Population(include, exclude, file.day("since"))


def _areas(file: _File, name: str, told: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    file.faults.unknown(f"areas.{name}.", told, AREAS)
    found = {}
    for kind in AREAS:
        ids, where = told.get(kind, []), f"areas.{name}.{kind}"
        if not isinstance(ids, list) or not all(isinstance(of, str) for of in ids):
            file.faults.add(where, f"{ids!r}", 'a list of ids, as ["D01"]')
            continue
        known = set(getattr(file.registry, f"{kind}_ids").astype(str))
        for unknown in [of for of in ids if of not in known]:
            some = ", ".join(sorted(known)[:5])
            file.faults.add(where, f"{unknown!r} is no {kind} of this store", f"it has {some} …")
        if ids:
            found[kind] = tuple(ids)
    return found


def _left_out(file: _File, target: Target | None) -> tuple[str, ...]:
    told = file.table("features")
    file.faults.unknown("features.", told, ("leave_out", "keep_only"))
    if "leave_out" in told and "keep_only" in told:
        file.faults.add("features", "leave_out and keep_only say two things", "give one of them")
    named = {name: _columns(file, f"features.{name}", told.get(name, [])) for name in told}
    left_out = named.get("leave_out", set())
    if "keep_only" in told:
        left_out = set(NAMES) - named["keep_only"]
    needed = {target.offset, target.early.column if target.early else None} if target else set()
    for name in sorted(of for of in needed & left_out if of):
        if "keep_only" in told:
            left_out.discard(name)
        else:
            file.faults.add(
                "features.leave_out", f"{name} is where the forest starts", "leave it in"
            )
    if left_out == set(NAMES):
        file.faults.add("features", "no column is left", "keep at least one")
    return tuple(name for name in NAMES if name in left_out)


def _columns(file: _File, where: str, told: Any) -> set[str]:
    """Columns by their own names, or by that of the reason they stand for."""
    if not isinstance(told, list):
        file.faults.add(where, f"{told!r}", "a list of columns or groups")
        return set()
    found: set[str] = set()
    for name in told:
        group = {column for column, reason in REASON_OF.items() if reason == name}
        if name in NAMES:
            found.add(name)
        elif group:
            found |= group
        else:
            groups = ", ".join(sorted(set(REASON_OF.values())))
            file.faults.add(where, f"{name!r} is no column and no group", f"groups: {groups}")
    return found


def _estimator(file: _File) -> tuple[str, Estimator | None, dict[str, Any]]:
    """(kind, somebody else's estimator, what our plan is told of it)."""
    told = file.table("estimator")
    kind = told.get("kind", "blend")
    settings = file.table("settings", told)
    if not isinstance(kind, str) or not (kind in OURS or ":" in kind or "." in kind):
        known = f"one of {', '.join(OURS)}, or an import path as module:Class"
        file.faults.add("estimator.kind", f"{kind!r}", known)
        return "blend", None, {}
    if kind not in OURS:
        file.faults.unknown("estimator.", told, ("kind", "settings", "impute"))
        impute = told.get("impute", False)
        if not isinstance(impute, bool):
            file.faults.add("estimator.impute", f"{impute!r}", "true or false")
        found = found_estimator(kind, settings, impute=bool(impute), faults=file.faults)
        return kind, found, {}
    file.faults.unknown("estimator.", told, ("kind", "settings", "forests", "transfer"))
    forests = None
    if "forests" in told or kind in ("lightgbm", "bag"):
        usual = 1 if kind == "lightgbm" else 3
        forests = file.number(told, "forests", "estimator.", (1, MOST_FORESTS), usual)
    transfer = told.get("transfer", kind == "blend")
    if not isinstance(transfer, bool):
        file.faults.add("estimator.transfer", f"{transfer!r}", "true or false")
    return kind, None, {"share": SHARES[kind], "forests": forests, "transfer": bool(transfer)}


def _search(file: _File, kind: str) -> tuple[int, dict[str, tuple[float, float]]]:
    """(trials, what they choose from); a setting that is fixed leaves its trials no choice."""
    told = file.table("search")
    if kind not in OURS:
        if told:
            file.faults.add("search", f"tunes Sanket's own forests, not {kind}", "leave it out")
        return 0, {}
    trials = file.number(told, "trials", "search.", (0, MOST_TRIALS), USUAL_TRIALS)
    ranges = {name: of for name, of in told.items() if name != "trials"}
    fixed = file.table("settings", file.table("estimator"))
    file.faults.unknown("search.", ranges, tuple(BOUNDS))
    file.faults.unknown("estimator.settings.", fixed, tuple(BOUNDS))
    space = dict(USUAL_SPACE) if trials and not ranges else {}
    for name, (least, most) in BOUNDS.items():
        pair = ranges.get(name, [least, most])
        if not _pair(pair, least, most):
            file.faults.add(f"search.{name}", f"{pair!r}", f"[least, most] from {least} to {most}")
        elif name in ranges:
            space[name] = float(pair[0]), float(pair[1])
        value = fixed.get(name, least)
        if not _pair([value, value], least, most):
            bound = f"a number from {least} to {most}"
            file.faults.add(f"estimator.settings.{name}", f"{value!r}", bound)
        elif name in fixed:
            space[name] = float(value), float(value)
    return max(trials, 1 if fixed else 0), space


def _pair(told: Any, least: float, most: float) -> bool:
    """Whether it is two numbers in order within bounds."""
    if not isinstance(told, list) or len(told) != 2:
        return False
    if not all(isinstance(of, int | float) and not isinstance(of, bool) for of in told):
        return False
    return bool(least <= told[0] <= told[1] <= most)


def _own(file: _File) -> tuple[OwnTable, ...]:
    told = file.told.get("own", [])
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        file.faults.add("own", "is no list of tables", "write each as [[own]]")
        return ()
    numbered = [(f"own {number}", one) for number, one in enumerate(told, 1)]
    asked = [(where, _own_asked(file, where, one)) for where, one in numbered]
    named = [(where, one) for where, one in asked if one is not None]
    own_tables.taken([one for _, one in named], file.faults)
    known = own_tables.keys(file.registry, file.families) if named else {}
    found = [own_tables.read(one, where, known, file.faults) for where, one in named]
    return tuple(table for table in found if table is not None)


def _own_asked(file: _File, where: str, told: dict[str, Any]) -> own_tables.OwnAsked | None:
    """What one `[[own]]` asks for; None where a fault was noted."""
    before = len(file.faults.found)
    file.faults.unknown(f"{where}.", told, ("file", "by", "known_from", "columns"))
    by, columns = told.get("by"), told.get("columns")
    if by not in own_tables.BY:
        file.faults.add(f"{where}.by", f"{by!r}", f"one of {', '.join(own_tables.BY)}")
    for name in ("file", "known_from"):
        if not isinstance(told.get(name, "known_from" if name == "known_from" else None), str):
            file.faults.add(f"{where}.{name}", f"{told.get(name)!r}", "a text")
    if (
        not isinstance(columns, list)
        or not columns
        or not all(isinstance(of, str) for of in columns)
    ):
        file.faults.add(f"{where}.columns", f"{columns!r}", 'a list of columns, as ["rain_mm"]')
    if len(file.faults.found) > before or not isinstance(columns, list):
        return None
    known_from = told.get("known_from", "known_from")
    return own_tables.OwnAsked(file.folder / told["file"], str(by), known_from, tuple(columns))
