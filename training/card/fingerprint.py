"""The stamp that ties findings to the model that they were made on: a digest of all that its scores
come from."""

from __future__ import annotations

import hashlib
import json

from models.bundle import Bundle


def stamp(bundle: Bundle) -> str:
    """SHA-256 (hex) of the target's definition, contract, package, columns, both halves, blend,
    calibrator, priors and facts; not of card or profile.

    The same before a bundle is saved and after it is loaded. A model whose trees, calibrator or
    training window differ in a bit has another stamp, so findings cannot be carried over to it.
    """
    calibrator = bundle.calibrator
    scored_by = [
        bundle.target,
        bundle.definition,
        bundle.made_with,
        list(bundle.columns),
        bundle.booster,
        bundle.linear.as_json(),
        bundle.trees,
        bundle.offset,
        bundle.offset_mean,
        bundle.start,
        calibrator.slope,
        calibrator.intercept,
        *(bound.tolist() for bound in (calibrator.knots, calibrator.below, calibrator.above)),
        *(level.tolist() for level in (calibrator.age_cuts, calibrator.age_shifts)),
        {name: prior._asdict() for name, prior in bundle.priors.items()},
        bundle.facts,
    ]
    return hashlib.sha256(json.dumps(scored_by, sort_keys=True).encode()).hexdigest()
