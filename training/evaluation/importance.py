"""SHAP's own plots of a model's reasons (beeswarm, dependence), drawn from our exact
contributions."""

from __future__ import annotations

import textwrap
import warnings
from typing import Any

import numpy as np

from features.trajectory.catalogue import CATALOGUE
from features.trajectory.feature import Feature
from models.bundle import Bundle

SAMPLE = 800
SHOWN = 15
DEPENDENCE = 3


def explanation(bundle: Bundle, matrix: np.ndarray, *, seed: int = 0) -> Any:
    """A `shap.Explanation` of up to 800 of the rows, in calibrated log-odds."""
    shap = _shap()
    some = np.random.default_rng(seed).permutation(len(matrix))[:SAMPLE]
    scores = bundle.score(matrix[some])
    return shap.Explanation(
        scores.contributions,
        base_values=np.full(len(some), scores.base),
        data=matrix[some][:, : len(bundle.columns)],
        feature_names=[*map(plainly, CATALOGUE), *bundle.columns[len(CATALOGUE) :]],
    )


PLAINLY = (
    ("shrunken slope of weight, ", "trend of weight over the "),
    ("shrunken slope of weight", "trend of weight"),
    ("shrunken slope of ", "trend of "),
    (", last ", " over the last "),
    (" behind the noise of its readings", ""),
    (" behind the noise", ""),
    ("how uncertain that ", "how uncertain today's "),
    ("since that ", "since the last "),
    ("velocity of ", "speed of change of "),
    ("standard deviation of ", "ups and downs of "),
    ("last lowest", "lowest"),
    (
        "logarithm of share left of the 183 days",
        "time left of the six months after discharge (log of its share)",
    ),
)
"""Words of the catalogue, and what a paediatrician would say for them."""
WHOLE = {
    "muac_room": "MUAC above its cut-off on the last day that counts, if it goes on so",
    "whz_room": "WHZ above its cut-off on the last day that counts, if it goes on so",
    "least_room": "room above the nearer cut-off (WHZ or MUAC), if it goes on so",
}


UNSAID = ("", "0/1", "0/1/2", "share", "count", "log")


def plainly(feature: Feature) -> str:
    """A column as a plot names it: its meaning in plain words, with its unit where that is a
    measure.

    Example: "shrunken slope of WHZ, last 90 days" is "trend of WHZ over the last 90 days [z per 30
    days]".
    """
    told = WHOLE.get(feature.name, feature.meaning)
    for words, plain in PLAINLY:
        told = told.replace(words, plain)
    return (
        told
        if feature.unit in UNSAID or told.startswith(feature.unit)
        else f"{told} [{feature.unit}]"
    )


def drawings(told: Any) -> dict[str, Any]:
    """Matplotlib figures by name: the beeswarm, and the dependence of the three strongest
    columns."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    shap = _shap()
    figures: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap.plots.beeswarm(told, max_display=SHOWN, show=False, plot_size=(8, 6))
        plt.gca().set_xlabel("part of the log-odds")
        figures["reasons"] = plt.gcf()
        strongest = np.argsort(-np.abs(told.values).mean(axis=0))[:DEPENDENCE]
        for number, column in enumerate(strongest, 1):
            figure, axes = plt.subplots(figsize=(4.2, 3.2), layout="constrained")
            shap.plots.scatter(told[:, int(column)], ax=axes, show=False, hist=False, dot_size=6)
            axes.axhline(0, color="grey", linewidth=0.8)
            axes.set(
                xlabel=textwrap.fill(told.feature_names[column], 44), ylabel="part of the log-odds"
            )
            figures[f"dependence_{number}"] = figure
    plt.close("all")
    return figures


def _shap() -> Any:
    """The package; its own use of what Matplotlib will deprecate is not our user's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap
    return shap
