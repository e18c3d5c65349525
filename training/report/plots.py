"""The report's plots as Matplotlib figures, and figures as text that stands inside a page."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from training.evaluation.learning_curve import Point
from training.report.figures_told import curve_rows
from training.validation.left_out import LeftOut

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OURS, OTHER, PALE = "#0b5394", "#b45f06", "#888888"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sanket",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "DejaVu Sans",
}


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def calibration(told: dict[str, Any]) -> Figure:
    """The calibration curve with Wilson's intervals, by child."""
    figure, axes = _figure(4.2, 4.0)
    points = np.array(curve_rows(told["curve"]))
    top = 1.0
    axes.plot([0, 1], [0, 1], color=PALE, linewidth=1, label="perfect")
    if len(points):
        _, expected, observed, low, high = points.T
        # Wilson's bounds may cross a share of 0 or 1 by a rounding error.
        reach = np.maximum([observed - low, high - observed], 0.0)
        marks = {"marker": "o", "markersize": 4, "capsize": 2, "color": OURS}
        axes.errorbar(expected, observed, yerr=reach, label="this model", **marks)
        top = min(1.0, max(high.max(), expected.max()) * 1.1)
    axes.set(xlabel="predicted risk", ylabel="observed share", xlim=(0, top), ylim=(0, top))
    axes.legend(frameon=False)
    return figure


def decision(told: dict[str, Any]) -> Figure:
    """Net benefit by threshold, the model's with its interval."""
    figure, axes = _figure(4.6, 4.0)
    at = told["thresholds"]
    for name, words, colour, line in (
        ("model", "this model", OURS, "-"),
        ("WHZ under -2", "visit where WHZ is under -2", OTHER, "-."),
        ("visit_all", "visit all", PALE, "--"),
        ("visit_none", "visit none", "black", ":"),
    ):
        axes.plot(at, told[name], line, color=colour, label=words, linewidth=1.4)
    axes.fill_between(at, told["low"], told["high"], color=OURS, alpha=0.18, linewidth=0)
    top = np.nanmax(np.append(told["model"], 0.01))
    axes.set(
        xlabel="risk from which a visit is worth it",
        ylabel="net benefit per prediction",
        ylim=(-0.3 * top, 1.25 * top),
    )
    axes.legend(frameon=False)
    return figure


def landmarks(told: dict[str, Any], *, words: str) -> Figure:
    """AUC with its interval on each landmark day; `words` for the days."""
    figure, axes = _figure(4.6, 3.2)
    days = np.array(list(told["by_landmark"]))
    found = list(told["by_landmark"].values())
    value, low, high = (
        np.array([getattr(one, name) for one in found]) for name in ("value", "low", "high")
    )
    reach = np.maximum(np.nan_to_num([value - low, high - value]), 0.0)
    axes.errorbar(days, value, yerr=reach, marker="o", markersize=4, capsize=2, color=OURS)
    axes.axhline(0.5, color=PALE, linewidth=1, linestyle="--")
    axes.set(xlabel=words, ylabel="AUC", ylim=(0.35, 1.0))
    return figure


def learning(told: list[Point]) -> Figure:
    """AUC of the whole model by the events that it learnt from; a dot each repeat."""
    figure, axes = _figure(4.6, 3.2)
    axes.plot([one.events for one in told], [one.auc for one in told], color=OURS)
    for one in told:
        axes.plot(
            [one.events] * len(one.each),
            one.each,
            marker="o",
            markersize=4,
            linestyle="",
            color=OURS,
        )
    axes.set(xlabel="children with the event learnt from", ylabel="AUC", ylim=(0.45, 1.0))
    return figure


def spread(risk: np.ndarray, happened: np.ndarray, known: np.ndarray) -> Figure:
    """How the risks are spread among those with and without the event."""
    figure, axes = _figure(4.2, 3.2)
    bins = np.linspace(0, 1, 31)
    for value, words, colour in ((0, "event did not happen", PALE), (1, "event happened", OTHER)):
        some = risk[known & (happened == value)]
        if len(some):
            axes.hist(
                some,
                bins,
                weights=np.full(len(some), 1 / len(some)),
                histtype="step",
                color=colour,
                label=words,
                linewidth=1.4,
            )
    axes.set(xlabel="predicted risk", ylabel="share of the predictions")
    axes.legend(frameon=False)
    return figure


def by_day(told: dict[str, Any]) -> Figure:
    """Share with the event by each day, observed and expected, of thirds by risk."""
    figure, axes = _figure(4.6, 3.6)
    for one, colour in zip(told["groups"], (PALE, OURS, OTHER), strict=True):
        every = np.arange(len(one.curve))
        axes.step(every, one.curve, where="post", color=colour, label=one.group, linewidth=1.4)
        axes.plot(told["days"], one.expected, "o", color=colour, fillstyle="none", markersize=5)
    axes.plot([], [], "o", color="black", fillstyle="none", markersize=5, label="expected")
    axes.set(xlabel="days since the prediction", ylabel="share with the event", ylim=(0, None))
    axes.set_xlim(0, told["days"][-1] * 1.03)
    axes.legend(frameon=False)
    return figure


def instability(told: dict[str, Any]) -> Figure:
    """The risks of refits on children drawn anew, by the model's own risk; the band holds 95 in 100
    of them."""
    figure, axes = _figure(4.2, 4.0)
    risk, refits = np.array(told["risk"]), np.array(told["refits"])
    axes.plot(np.tile(risk, len(refits)), refits.ravel(), ".", color=OURS, markersize=2, alpha=0.4)
    parts = np.array_split(np.arange(len(risk)), max(min(len(risk) // 10, 10), 1))
    bounds = np.array([np.percentile(refits[:, part], [2.5, 97.5]) for part in parts])
    middle = [risk[part].mean() for part in parts]
    for side in bounds.T:
        axes.plot(middle, side, "--", color="black", linewidth=1)
    top = max(float(risk.max()), float(refits.max())) * 1.05
    axes.plot([0, top], [0, top], color=PALE, linewidth=1)
    axes.set(xlabel="risk by this model", ylabel="risk by refits", xlim=(0, top), ylim=(0, top))
    return figure


def left_out(told: LeftOut) -> Figure:
    """AUC of each area by a model that learnt from the others, the average, and where the next area
    is to be expected."""
    figure, axes = _figure(4.6, 0.9 + 0.24 * (len(told.areas) + 2))
    whole = told.together["auc"]
    rows = [(one.area, one.auc, OURS) for one in told.areas] + [("average", whole.mean, "black")]
    for place, (_, found, colour) in enumerate(rows):
        axes.plot([found.low, found.high], [place, place], color=colour, linewidth=1.2)
        axes.plot(found.value, place, "o", color=colour, markersize=4)
    axes.plot([whole.next_low, whole.next_high], [len(rows)] * 2, color=OTHER, linewidth=2.5)
    names = [name for name, _, _ in rows] + ["the next area"]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0.5, color=PALE, linewidth=1, linestyle="--")
    axes.set(xlabel="AUC")
    return figure


def svg(figure: Figure, words: str) -> str:
    """A figure as inline SVG with a name for those who listen; ids are made its own."""
    import matplotlib

    with matplotlib.rc_context(_STYLE), io.StringIO() as text:
        figure.savefig(text, format="svg", metadata={"Date": None})
        drawn = text.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    own = re.sub(r"\W+", "-", words)
    drawn = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{own}-", drawn)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{words}"', 1)


def png(figure: Figure, words: str) -> str:
    """A figure of very many points as an inline picture."""
    with io.BytesIO() as picture:
        figure.savefig(picture, format="png", dpi=110, bbox_inches="tight")
        told = base64.b64encode(picture.getvalue()).decode()
    return f'<img alt="{words}" src="data:image/png;base64,{told}">'
