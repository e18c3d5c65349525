"""A bundle: everything that a score needs, as text and numbers in one checksummed directory. No
pickle.

bundle.json      target and its definition, contract and package, columns, calibrator, blend,
                 priors, catalogue fingerprint, facts
booster.txt      the trees, as LightGBM writes them
linear.json      the penalised logistic regression
reference.json   the training rows' profile (for drift)
card.json        the model card, once the judge has written one
rehearsal/       a bundle of the same training on the earlier block only: it judges the later one
manifest.json    SHA-256 of each file; its own digest is the bundle's version
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from features.age_bands import band_of
from features.trajectory.catalogue import NAMES, fingerprint
from features.trajectory.smoother import DEFAULT_PRIORS, Prior
from models.definition import definition, made_with
from models.forest.explain import Forest
from models.linear import Linear
from registry.contract.errors import BadInput

FORMAT = 6


@dataclass(frozen=True)
class Calibrator:
    """Log-odds to risk: `slope` and `intercept` on the blended log-odds, and how far below and
    above nine in ten refits on other children lie (`training.fitting.uncertainty`).

    `knots`: calibrated log-odds in rising order; `below`, `above`: distances there, in log-odds,
    none negative (interpolated between; beyond the ends as at the ends). All three are empty where
    no refits were made. `age_shifts`: what is added in each age band, parted at `age_cuts` (days of
    age; `training.fitting.age_levels`); empty where no band's level was moved.
    """

    slope: float
    intercept: float
    knots: np.ndarray
    below: np.ndarray
    above: np.ndarray
    age_cuts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    age_shifts: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def shift(self, age_days: np.ndarray) -> np.ndarray:
        """What each age (n,) adds to the calibrated log-odds; 0 where no band was moved, or the age
        is not known."""
        if not len(self.age_shifts):
            return np.zeros(len(age_days))
        moved: np.ndarray = np.append(self.age_shifts, 0.0)[band_of(age_days, self.age_cuts)]
        return moved

    def interval(self, log_odds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(low, high) around the risk of each calibrated log-odds (n,), which lies between them;
        NaN where no refits were made."""
        if not len(self.knots):
            unknown = np.full(len(log_odds), np.nan)
            return unknown, unknown
        below, above = (np.interp(log_odds, self.knots, of) for of in (self.below, self.above))
        return 1.0 / (1.0 + np.exp(below - log_odds)), 1.0 / (1.0 + np.exp(-log_odds - above))


@dataclass(frozen=True)
class Scores:
    """Arrays of length n: calibrated `risk` with `low` and `high`; `contributions` (n, p) in
    calibrated log-odds, which with `base` add up to `log_odds`."""

    risk: np.ndarray
    low: np.ndarray
    high: np.ndarray
    log_odds: np.ndarray
    contributions: np.ndarray
    base: float


@dataclass(frozen=True)
class Bundle:
    """One model of one target. `trees` is the share of the forest in the blend, `1 - trees` the
    linear half's.

    The forest starts from `start` and, where the target has one, from the feature `offset` (a
    logarithm of time); `offset_mean` is that feature's mean among the training rows, from which its
    reason is measured. `definition`: what the target was when it was trained
    (`models.definition.definition`); `made_with`: the contract and the package of that day.
    """

    explained: ClassVar[bool] = True
    """Whether `score` gives reasons that add up (a challenger of somebody else's has none)."""
    target: str
    booster: str
    linear: Linear
    trees: float
    calibrator: Calibrator
    priors: dict[str, Prior]
    facts: dict[str, Any] = field(default_factory=dict)
    reference: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    offset: str | None = None
    offset_mean: float = 0.0
    start: float = 0.0
    columns: tuple[str, ...] = NAMES
    version: str = ""
    definition: dict[str, Any] = field(default_factory=dict)
    made_with: dict[str, str] = field(default_factory=made_with)
    rehearsal: Bundle | None = field(default=None, repr=False, compare=False)
    # Read from `booster` in __post_init__ where it is not given, so it is never None after that.
    forest: Forest = field(default=None, repr=False, compare=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.forest is None:
            object.__setattr__(self, "forest", Forest.from_text(self.booster))
        if not self.definition:
            object.__setattr__(self, "definition", definition(self.target))

    def log_odds(self, rows: np.ndarray) -> np.ndarray:
        """Calibrated log-odds (n,) of feature rows (n, p): what `score` explains, without the
        reasons. Columns of one's own behind those that it knows play no part."""
        rows = rows[:, : len(self.columns)]
        parts, base = self.linear.contributions(rows)
        forest = self.forest.margin(rows) + self.start
        if self.offset:
            forest = forest + np.nan_to_num(rows[:, self.columns.index(self.offset)], nan=0.0)
        blended = self.trees * forest + (1.0 - self.trees) * (base + parts.sum(axis=1))
        shift = self.calibrator.shift(rows[:, self.columns.index("age_days")])
        found: np.ndarray = self.calibrator.intercept + self.calibrator.slope * blended + shift
        return found

    def score(self, rows: np.ndarray) -> Scores:
        """Risk, interval and exact additive reasons of feature rows (n, p), float64 in the order of
        `columns`."""
        rows = rows[:, : len(self.columns)]
        parts, base = self._forest_parts(rows)
        linear_parts, linear_base = self.linear.contributions(rows)
        slope = self.calibrator.slope
        contributions = slope * (self.trees * parts + (1.0 - self.trees) * linear_parts)
        age = self.columns.index("age_days")
        contributions[:, age] += self.calibrator.shift(rows[:, age])
        base = self.calibrator.intercept + slope * (
            self.trees * base + (1.0 - self.trees) * linear_base
        )
        log_odds = base + contributions.sum(axis=1)
        risk = 1.0 / (1.0 + np.exp(-log_odds))
        return Scores(risk, *self.calibrator.interval(log_odds), log_odds, contributions, base)

    def _forest_parts(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """The forest's exact contributions and base, its start and offset among them."""
        parts, base = self.forest.contributions(rows)
        if self.offset:
            at = self.columns.index(self.offset)
            parts[:, at] += np.nan_to_num(rows[:, at], nan=0.0) - self.offset_mean
        return parts, base + self.start + self.offset_mean

    def prepare(self) -> Bundle:
        """Make the explanation tables now (a service does so before its first request)."""
        self.forest.prepare()
        return self


def _files(bundle: Bundle) -> dict[str, str]:
    calibrator = bundle.calibrator
    described = {
        "format": FORMAT,
        "target": bundle.target,
        "definition": bundle.definition,
        "made_with": bundle.made_with,
        "columns": bundle.columns,
        "catalogue": fingerprint(),
        "trees": bundle.trees,
        "forest": {
            "offset": bundle.offset,
            "offset_mean": bundle.offset_mean,
            "start": bundle.start,
        },
        "calibrator": {
            "slope": calibrator.slope,
            "intercept": calibrator.intercept,
            "knots": calibrator.knots.tolist(),
            "below": calibrator.below.tolist(),
            "above": calibrator.above.tolist(),
            "age_cuts": calibrator.age_cuts.tolist(),
            "age_shifts": calibrator.age_shifts.tolist(),
        },
        "priors": {name: prior._asdict() for name, prior in bundle.priors.items()},
        "facts": bundle.facts,
    }
    contents = {
        "bundle.json": described,
        "linear.json": bundle.linear.as_json(),
        "reference.json": bundle.reference,
        "card.json": bundle.card,
    }
    texts = {
        name: json.dumps(told, sort_keys=True, indent=1, allow_nan=False)
        for name, told in contents.items()
    }
    return texts | {"booster.txt": bundle.booster}


def save(bundle: Bundle, bundles: Path) -> Bundle:
    """Write the bundle as `bundles/<version>/` (whole or not at all) and return it with its
    version."""
    files = _with_manifest(_files(bundle) | _of_rehearsal(bundle))
    version = _digest(files["manifest.json"])[:16]
    place = Path(bundles) / version
    if not place.exists():
        half = Path(bundles) / f".{version}.{os.getpid()}"
        for name, text in files.items():
            (half / name).parent.mkdir(parents=True, exist_ok=True)
            (half / name).write_text(text, encoding="utf-8")
        half.rename(place)
    return replace(bundle, version=version)


def _with_manifest(files: dict[str, str]) -> dict[str, str]:
    manifest = json.dumps({name: _digest(text) for name, text in sorted(files.items())}, indent=1)
    return files | {"manifest.json": manifest}


def _of_rehearsal(bundle: Bundle) -> dict[str, str]:
    if bundle.rehearsal is None:
        return {}
    return {
        f"rehearsal/{name}": text for name, text in _with_manifest(_files(bundle.rehearsal)).items()
    }


def load(place: Path, *, rehearsal: bool = False) -> Bundle:
    """The bundle of a directory, with its rehearsal where asked (None where it has none).

    `BadInput` where a file is missing (BUN001), altered (BUN002), made for other features (BUN003)
    or for another definition of its target (BUN006).
    """
    bundle = _loaded(Path(place))
    if not rehearsal or not (Path(place) / "rehearsal").exists():
        return bundle
    return replace(bundle, rehearsal=_loaded(Path(place) / "rehearsal"))


def _loaded(place: Path) -> Bundle:
    texts = {}
    try:
        manifest = (place / "manifest.json").read_text(encoding="utf-8")
        for name, digest in json.loads(manifest).items():
            texts[name] = (place / name).read_text(encoding="utf-8")
            if _digest(texts[name]) != digest:
                raise BadInput(
                    "BUN002", f"{name} of bundle {place.name} was altered: its checksum differs"
                )
        of_this = {
            name: text for name, text in texts.items() if name.endswith(".json") and "/" not in name
        }
        told = {name: json.loads(text) for name, text in of_this.items()}
    except (OSError, ValueError) as error:
        reason = type(error).__name__
        raise BadInput(
            "BUN001", f"bundle {place.name} cannot be read ({reason}): promote another"
        ) from error
    described, calibrator = told["bundle.json"], told["bundle.json"]["calibrator"]
    if described["catalogue"] != fingerprint() or described["format"] != FORMAT:
        raise BadInput("BUN003", f"bundle {place.name} was trained on other features: train again")
    _refuse_another_question(place, described)
    return Bundle(
        target=described["target"],
        definition=described["definition"],
        made_with=described["made_with"],
        booster=texts["booster.txt"],
        linear=Linear.from_json(told["linear.json"]),
        trees=described["trees"],
        **described["forest"],
        calibrator=Calibrator(
            calibrator["slope"],
            calibrator["intercept"],
            *(np.array(calibrator[name], np.float64) for name in ("knots", "below", "above")),
            *(
                np.array(calibrator.get(name, []), np.float64)
                for name in ("age_cuts", "age_shifts")
            ),
        ),
        priors=DEFAULT_PRIORS
        | {name: Prior(**prior) for name, prior in described["priors"].items()},
        facts=described["facts"],
        reference=told["reference.json"],
        card=told["card.json"],
        columns=tuple(described["columns"]),
        version=_digest(manifest)[:16],
    )


def _refuse_another_question(place: Path, described: dict[str, Any]) -> None:
    kept, now = described["definition"], definition(described["target"])
    differ = [name for name in sorted(kept.keys() | now.keys()) if kept.get(name) != now.get(name)]
    if differ:
        told = "; ".join(
            f"{name} {kept.get(name)}, here {now.get(name)}"
            if name != "criteria"
            else "other cut-offs of a child's status"
            for name in differ
        )
        raise BadInput(
            "BUN006",
            f"bundle {place.name} predicts another {described['target']} than this Sanket asks "
            f"about ({told}): train again",
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
