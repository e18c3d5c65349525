"""Checks of the figures: good enough to be of use, not too good to be true, and fair enough to be
used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.level import memberships
from training.checks.evidence import Evidence
from training.checks.finding import CheckResult, check, issue, not_applicable, passed, skipped, tip
from training.evaluation.challenge import LISTED_VISITS, Challenge, sentence
from training.evaluation.run_figures import single_orders
from training.evaluation.scored_rows import BLOCK_WORDS, ENOUGH_EVENTS, Judged
from training.evaluation.subgroups import (
    CalibrationGap,
    RecallGap,
    calibration_gaps,
    recall_gaps,
)
from training.fitting.pipeline import advised_size
from training.metrics.calibration import LEVEL_HIGH, LEVEL_LOW, calibration, surely_off
from training.metrics.discrimination import Estimate, auc, bootstrap, ranked

SLOPE_LOW, SLOPE_HIGH = 0.8, 1.25
GAP_ISSUE, GAP_TIP = 0.20, 0.10
"""Recall between subgroups (chosen): beyond a fifth one group is as good as left out. verified:
false."""
CENSORED_ISSUE, CENSORED_TIP = 0.6, 0.35
"""Share of landmark rows without a known outcome (chosen; loss after exit is 15 to 35 %). verified:
false."""
REPEATS = 200
"""As in the report, so that one interval is told once."""


def _enough(evidence: Evidence) -> Judged | str:
    """The judged rows; or why they tell nothing, in words."""
    judged = evidence.judged
    if judged is None:
        return str(evidence.learned.not_rehearsed)
    return _both_kinds(judged) or judged


def _both_kinds(judged: Judged) -> str | None:
    cases, others = (int((judged.happened[judged.known] == outcome).sum()) for outcome in (1, 0))
    if min(cases, others) < 10:
        return f"{cases} rows with and {others} without the event are known; ten of each are needed"
    return None


def beyond(events: int, *, surely: bool) -> Callable[..., CheckResult]:
    """How a figure beyond its bound is told: an issue where the whole 95 % interval lies beyond it
    (`surely`), from 20 children with the event on; else a tip, since chance could do it."""
    return issue if surely and events >= ENOUGH_EVENTS else tip


def _too_few(events: int, told: str) -> CheckResult:
    """A figure within its bound from too few events: no proof of anything."""
    return skipped(
        f"{events} children with the event are too few to tell ({ENOUGH_EVENTS} are needed): {told}"
    )


@check("RISK009", "Not too good to be true")
def not_too_good(evidence: Evidence) -> CheckResult:
    """An AUC over 0.90 for relapse is a leak until shown otherwise.

    Relapse: over all landmarks together. Non-response: over 0.95 before the fourth week; later,
    weekly weighing can honestly foresee it. Onset: over 0.995, since most children are far from
    danger and the last WHZ alone tells them apart. Over the bound it is an issue where the whole
    95 % interval (children drawn anew) lies over it, else a tip: chance could do it. With fewer
    than 20 children with the event it is at most a tip over the bound, and skipped under it.

    What to do: look at the strongest columns of the report's reasons, and when their records are
    known.
    """
    judged, target, which = _enough(evidence), evidence.target, ""
    if isinstance(judged, str):
        return skipped(judged)
    if target.most_auc_before_day is not None:
        judged = judged.take(judged.rows.landmark < target.most_auc_before_day)
        which = f" before day {target.most_auc_before_day}"
    if why := _both_kinds(judged):
        return skipped(why)
    found, bound = auc(judged.risk, judged.happened, judged.weight), target.most_auc
    told = f"AUC {found:.3f}{which}, {judged.events} events (a leak is suspected over {bound})"
    if found <= bound:
        return (
            passed(told, auc=found)
            if judged.events >= ENOUGH_EVENTS
            else _too_few(judged.events, told)
        )
    low = bootstrap(
        auc, judged.risk, judged.happened, judged.weight, cluster=judged.rows.child, repeats=REPEATS
    ).low
    return beyond(judged.events, surely=low > bound)(
        f"{told}, at least {low:.3f}", auc=found, auc_low=low
    )


@check("RISK010", "Better than one measurement")
def better_than_one_measurement(evidence: Evidence) -> CheckResult:
    """The model must order children better than the last WHZ, the last MUAC, or days without gain
    do by themselves.

    The difference of AUCs on the same rows, children drawn anew 200 times. An issue where the model
    is worse than WHZ; a tip where it is not surely better than the best of them.

    What to do: more events, or use the measurement: it is simpler.
    """
    judged = _enough(evidence)
    if isinstance(judged, str):
        return skipped(judged)
    orders = single_orders(judged)
    found = {name: auc(order, judged.happened, judged.weight) for name, order in orders.items()}
    best = max(found, key=found.__getitem__)
    own = auc(judged.risk, judged.happened, judged.weight)
    told = (
        f"AUC {own:.3f}; WHZ alone {found['WHZ']:.3f}; best single order {best} {found[best]:.3f}"
    )
    if own <= found["WHZ"]:
        return issue(told, auc=own, auc_whz=found["WHZ"])
    gain = bootstrap(
        _gain,
        judged.risk,
        orders[best],
        judged.happened,
        judged.weight,
        cluster=judged.rows.child,
        repeats=REPEATS,
    )
    say = passed if gain.low > 0 else tip
    return say(
        f"{told}; gain {gain.value:.3f} ({gain.low:.3f} to {gain.high:.3f})",
        auc=own,
        gain=gain.value,
    )


def _gain(risk: np.ndarray, order: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    return auc(risk, happened, weight) - auc(order, happened, weight)


@check("RISK011", "Calibration slope between 0.8 and 1.25")
def calibration_slope(evidence: Evidence) -> CheckResult:
    """Risks that are too extreme (slope under 0.8) or too timid (over 1.25) mislead whoever reads
    them as shares.

    On the judged rows. Where these are the rehearsal's, they are the last months of the training
    window only, and the finding says so. A slope outside is an issue where the whole 95 % interval
    (children drawn anew) lies on that side of the bound, else a tip: chance could do it. A slope
    inside passes where its interval lies inside too, else it is a tip. With fewer than 20 children
    with the event it is at most a tip outside, and skipped inside.

    What to do: recalibrate by slope on records of the place (the report offers it), or train again.
    """
    judged = _enough(evidence)
    if isinstance(judged, str):
        return skipped(judged)
    slope = bootstrap(
        _slope,
        judged.risk,
        judged.happened,
        judged.weight,
        cluster=judged.rows.child,
        repeats=REPEATS,
    )
    told = (
        f"slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}), {judged.events} "
        "events, on "
        f"{BLOCK_WORDS[judged.block]}"
    )
    if not SLOPE_LOW <= slope.value <= SLOPE_HIGH:
        surely = slope.low > SLOPE_HIGH or slope.high < SLOPE_LOW
        return beyond(judged.events, surely=surely)(told, slope=slope.value)
    if judged.events < ENOUGH_EVENTS:
        return _too_few(judged.events, told)
    return (passed if slope.low >= SLOPE_LOW and slope.high <= SLOPE_HIGH else tip)(
        told, slope=slope.value
    )


def _slope(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    return calibration(risk, happened, weight).slope


@check("RISK012", "Subgroups are found alike, and told true risks")
def subgroups_found_alike(evidence: Evidence) -> CheckResult:
    """Of the children with the event, about the same share must be found in each subgroup within
    the same visits; and what is told of each subgroup must come true in it.

    A fifth of the judged rows is visited by risk; recall among girls and boys, under 12, from 12 to
    23 and from 24 months, and by setting, where a group has 20 children with the event or more
    (else it is not compared). A gap over 0.20 is an issue where the whole 95 % interval lies over
    it, else a tip, as is a gap over 0.10, and one whose interval reaches over 0.20: it is not shown
    to be small. The finding names the groups that could not be compared. In each group with 20 such
    children observed over expected must lie between 0.8 and 1.25 (children drawn anew): an issue
    where its whole interval lies outside, a tip where only the ratio does. Of twenty groups one
    lies outside its interval by chance. Without such groups the check is skipped. Districts and the
    quality of records stand in the report's table only.

    What to do: see the report's subgroups; look for measurements that one group lacks. Where risks
    of an age band are off, more events let the training move its level (`docs/models.md`, "Levels
    by age"). Each score of a child of a group that was surely off says so (`level_off`), and so do
    lists and pages.
    """
    judged = evidence.judged
    if judged is None:
        return skipped(str(evidence.learned.not_rehearsed))
    gaps, levels = recall_gaps(judged), calibration_gaps(judged)
    if not gaps and not levels:
        return skipped(f"no subgroup has 20 children with the event; there are {judged.events}")
    found = [told for told in (_found_alike(judged, gaps), _true_in_each(levels)) if told]
    worst = max(found, key=lambda told: SEVERITY.index(told.outcome))
    figures = {name: value for told in found for name, value in told.figures.items()}
    return CheckResult(worst.outcome, "; ".join(told.message for told in found), figures)


SEVERITY = ("pass", "tip", "issue")
"""Outcomes of one check's parts, the graver later."""


def _true_in_each(levels: list[CalibrationGap]) -> CheckResult | None:
    """Observed over expected of the group that is furthest off."""
    if not levels:
        return None
    worst = max(levels, key=lambda one: abs(np.log(max(one.ratio.value, 1e-9))))
    ratio = worst.ratio
    told = (
        f"observed over expected is furthest off for {worst.group}: {ratio.value:.2f} "
        f"({ratio.low:.2f} to {ratio.high:.2f}, {worst.events} children with the event)"
    )
    surely = [one for one in levels if surely_off(one.ratio)]
    if surely:
        told += f"; surely off: {', '.join(one.group for one in surely)}"
        return issue(told, observed_over_expected=ratio.value)
    inside = LEVEL_LOW <= ratio.value <= LEVEL_HIGH
    return (passed if inside else tip)(told, observed_over_expected=ratio.value)


def _found_alike(judged: Judged, gaps: list[RecallGap]) -> CheckResult | None:
    """The widest gap of recall, where two groups can be compared."""
    if not gaps:
        return None
    worst = max(gaps, key=lambda gap: gap.gap.value)
    told = (
        f"of {', '.join(gap.by for gap in gaps)} the largest gap is {worst.gap.value:.2f} "
        f"({worst.gap.low:.2f} to "
        f"{worst.gap.high:.2f}), by {worst.by}: "
    )
    told += ", ".join(
        f"{name} {recall:.2f} ({worst.events[name]} children with the event)"
        for name, recall in worst.recalls.items()
    ) + _not_compared(judged, gaps)
    if worst.gap.value > GAP_ISSUE:
        return beyond(min(worst.events.values()), surely=worst.gap.low > GAP_ISSUE)(
            told, gap=worst.gap.value
        )
    small = worst.gap.value <= GAP_TIP and worst.gap.high <= GAP_ISSUE
    return (passed if small else tip)(told, gap=worst.gap.value, gap_high=worst.gap.high)


def _not_compared(judged: Judged, gaps: list[RecallGap]) -> str:
    """The groups with too few children with the event, in words."""
    compared = {name for gap in gaps for name in gap.recalls}
    left = [
        str(name)
        for names in memberships(judged.column).values()
        for name in np.unique(names)
        if name and name not in compared
    ]
    return f"; too few to compare: {', '.join(left)}" if left else ""


@check("RISK013", "Most outcomes are known")
def most_outcomes_known(evidence: Evidence) -> CheckResult:
    """Weights can stand in for children who were lost; not for most of them.

    The share of training rows without a known outcome: an issue over 0.6, a tip over 0.35. Beside
    it stands what the weights are worth: by whom the loss was told and how well, how many equally
    weighed rows they amount to, the largest, and the share held at the bound.

    What to do: follow up after discharge; the list itself asks for it.
    """
    outcome = evidence.learned.rows.outcome
    if not len(outcome):
        return not_applicable("there is no training row")
    share = float(np.mean(outcome < 0))
    say = issue if share > CENSORED_ISSUE else tip if share > CENSORED_TIP else passed
    weighed = evidence.learned.bundle.facts["censoring"]["words"]
    return say(f"{share:.0%} of the training rows have no known outcome; {weighed}", share=share)


@check("RISK014", "Enough events")
def enough_events(evidence: Evidence) -> CheckResult:
    """Few events make a model that is chance. Indexes with the event among all rows fitted on are
    counted, and those of the rehearsal's two blocks.

    A tip where all are under what Riley's criteria ask for (BMJ 2020;368:m441) with the parameters
    that the blend spends in effect: how much likelier it makes the outcomes that it learnt from
    than those of children it had not seen, a child counted once. With fewer than 30 nothing is
    fitted at all.

    What to do: wait, or take a larger area; a small registry can use a model of a larger one.
    """
    learned = evidence.learned
    events, earlier, later = (
        evidence.events(block)
        for block in (
            np.ones(len(learned.rows.index), bool),
            learned.earlier_on,
            learned.later_on,
        )
    )
    advised = advised_size(learned).events
    parameters = learned.bundle.facts["effective_parameters"]
    say = tip if events < advised else passed
    return say(
        f"{events} events to fit on, {earlier} to rehearse on and {later} to judge that by; "
        f"Riley's criteria ask for {advised} with {parameters:.0f} parameters spent in effect",
        events=float(events),
        earlier=float(earlier),
        later=float(later),
        advised=float(advised),
        effective_parameters=parameters,
    )


@check("RISK018", "Not worse than the champion")
def not_worse_than_champion(evidence: Evidence) -> CheckResult:
    """Whoever promotes a challenger is shown how it does beside the champion, on the same rows.

    Asked by `sanket promote`, against the champion of that day. Rows of children from whom neither
    learnt, scored by both: what came after both trainings where enough of it is known, else the
    challenger's rehearsal; the difference of AUCs with its 95 % interval (children drawn anew, the
    same for both), and of events found per visit in lists of 20 (sectors drawn anew). An issue
    where either whole interval lies under 0, or the two cannot be compared; a tip where the
    interval of the AUCs holds 0; not applicable where nothing answers yet. What was found is kept
    with the promotion.

    What to do: keep the champion, or say why the challenger should answer all the same
    (`--accept RISK018 --because TEXT`).
    """
    del evidence
    return not_applicable("asked by `sanket promote`, against the champion of that day")


def against_champion(told: Challenge | str) -> CheckResult:
    """What RISK018 says of a comparison, or of why there is none."""
    if isinstance(told, str):
        return issue(f"it cannot be compared with the champion: {told}")
    more = told.more["auc"]
    visits = next((row for row in told.lists if row["capacity"] == LISTED_VISITS), None)
    fewer = visits is not None and visits["high"] is not None and visits["high"] < 0
    figures = {"auc_more": more.value, "auc_more_low": more.low, "auc_more_high": more.high}
    if more.high < 0 or fewer:
        return issue(f"worse than the champion: {sentence(told)}", **figures)
    if not more.low > 0:
        return tip(f"not shown to be better than the champion: {sentence(told)}", **figures)
    return passed(f"better than the champion: {sentence(told)}", **figures)


@check("RISK017", "Shown to work")
def shown_to_work(evidence: Evidence) -> CheckResult:
    """A model that was not shown to order children better than each single measurement does not
    answer by itself.

    An issue where nothing could be judged (too few events later, and too few to rehearse), where
    fewer than 20 indexes with the event are judged, and where the difference of AUCs to the last
    WHZ, the last MUAC or the days without gain is not above 0 by its whole 95 % interval (children
    drawn anew). It says what the report says at its top.

    What to do: until it is shown, lists go by the rules and by one measurement. Wait for more
    events, or take a larger area. Whoever lets it answer all the same says why
    (`--accept RISK017 --because TEXT`), which is kept.
    """
    return work_shown(evidence.judged or str(evidence.learned.not_rehearsed))


def work_shown(judged: Judged | str) -> CheckResult:
    """What RISK017 says of judged rows, or of why there are none."""
    if isinstance(judged, str):
        return issue(f"not shown to work: {judged}")
    told = f"{judged.events} events, on {BLOCK_WORDS[judged.block]}"
    if judged.events < ENOUGH_EVENTS:
        return issue(
            f"not shown to work: {told}; {ENOUGH_EVENTS} are needed", events=float(judged.events)
        )
    gains = _gains(judged)
    least = min(gains, key=lambda name: gains[name].low)
    gain = gains[least]
    if not gain.low > 0:
        return issue(
            f"not shown to order children better than {least} alone: AUC {gain.value:+.3f} "
            f"({gain.low:+.3f} to {gain.high:+.3f}), {told}",
            gain=gain.value,
        )
    return passed(
        f"better than each single measurement, least than {least}: AUC {gain.value:+.3f} "
        f"({gain.low:+.3f} to {gain.high:+.3f}), {told}",
        gain=gain.value,
    )


def _gains(judged: Judged) -> dict[str, Estimate]:
    """How much more the model's AUC is than each single measurement's; intervals by child."""
    return {
        name: bootstrap(
            _gain,
            ranked(judged.risk),
            ranked(order),
            judged.happened,
            judged.weight,
            cluster=judged.rows.child,
            repeats=REPEATS,
        )
        for name, order in single_orders(judged).items()
    }
