"""Checks of the figures: good enough to be of use, not too good to be true, and fair enough to be used."""

from __future__ import annotations

import numpy as np

from models.problems import NON_RESPONSE, RELAPSE
from training.discrimination import auc, bootstrap
from training.evidence import Evidence
from training.figures import MUAC, WHZ, WITHOUT_GAIN, filled
from training.finding import Said, check, issue, not_applicable, passed, skipped, tip
from training.judged import BLOCK_WORDS, ENOUGH_EVENTS, Judged
from training.learn import LEAST_EVENTS, PARAMETERS
from training.reliability import calibration
from training.sample_size import needed
from training.subgroups import recall_gaps

TOO_GOOD = {RELAPSE.target: 0.90, NON_RESPONSE.target: 0.95}
EARLY_IN_TREATMENT = 28
"""Non-response: from four weeks of weighing on it can honestly be foreseen that well; before, it cannot."""
SLOPE_LOW, SLOPE_HIGH = 0.8, 1.25
SETTLES_A_SLOPE = 100
GAP_ISSUE, GAP_TIP = 0.20, 0.10
"""Recall between subgroups (chosen): beyond a fifth one group is as good as left out. verified: false."""
CENSORED_ISSUE, CENSORED_TIP = 0.6, 0.35
"""Share of landmark rows without a known outcome (chosen; loss after exit is 15 to 35 %). verified: false."""
REPEATS = 100


def _enough(judged: Judged) -> str | None:
    if judged.happened[judged.known].sum() < 10 or (1 - judged.happened[judged.known]).sum() < 10:
        return "fewer than ten rows with or without the event are known"
    return None


@check("RISK009", "Not too good to be true")
def not_too_good(evidence: Evidence) -> Said:
    """An AUC over 0.90 for relapse is a leak until shown otherwise.

    Relapse: over all landmarks together. Non-response: over 0.95 before the fourth week; later, weekly weighing can
    honestly foresee it. A tip, not an issue, where chance could do it: fewer than 20 children with the event, or an
    interval that reaches 0.05 under the bound.

    What to do: look at the strongest columns of the report's reasons, and when their records are known.
    """
    judged, target = evidence.judged, evidence.problem.target
    if target == NON_RESPONSE.target:
        judged = judged.take(judged.rows.landmark < EARLY_IN_TREATMENT)
    if why := _enough(judged):
        return skipped(why)
    found, bound = auc(judged.risk, judged.happened, judged.weight), TOO_GOOD[target]
    if found <= bound:
        return passed(f"AUC {found:.3f} (a leak is suspected over {bound})", auc=found)
    low = bootstrap(auc, judged.risk, judged.happened, judged.weight, cluster=judged.rows.child, repeats=REPEATS).low
    by_chance = judged.events < ENOUGH_EVENTS or low < bound - 0.05
    told = f"AUC {found:.3f}, at least {low:.3f}, {judged.events} events (a leak is suspected over {bound})"
    return (tip if by_chance else issue)(told, auc=found, auc_low=low)


@check("RISK010", "Better than one measurement")
def better_than_one_measurement(evidence: Evidence) -> Said:
    """The model must order children better than the last WHZ, the last MUAC, or days without gain do by themselves.

    The difference of AUCs on the same rows, children drawn anew 100 times. An issue where the model is worse than
    WHZ; a tip where it is not surely better than the best of them.

    What to do: more events, or use the measurement: it is simpler.
    """
    judged = evidence.judged
    if why := _enough(judged):
        return skipped(why)
    orders = {"WHZ": filled(-judged.matrix[:, WHZ]), "MUAC": filled(-judged.matrix[:, MUAC])}
    if evidence.problem.target == NON_RESPONSE.target:
        orders["days without gain"] = filled(judged.matrix[:, WITHOUT_GAIN])
    found = {name: auc(order, judged.happened, judged.weight) for name, order in orders.items()}
    best = max(found, key=found.get)
    own = auc(judged.risk, judged.happened, judged.weight)
    told = f"AUC {own:.3f}; WHZ alone {found['WHZ']:.3f}; best single order {best} {found[best]:.3f}"
    if own <= found["WHZ"]:
        return issue(told, auc=own, auc_whz=found["WHZ"])
    gain = bootstrap(_gain, judged.risk, orders[best], judged.happened, judged.weight,
                     cluster=judged.rows.child, repeats=REPEATS)
    say = passed if gain.low > 0 else tip
    return say(f"{told}; gain {gain.value:.3f} ({gain.low:.3f} to {gain.high:.3f})", auc=own, gain=gain.value)


def _gain(risk: np.ndarray, order: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    return auc(risk, happened, weight) - auc(order, happened, weight)


@check("RISK011", "Calibration slope between 0.8 and 1.25")
def calibration_slope(evidence: Evidence) -> Said:
    """Risks that are too extreme (slope under 0.8) or too timid (over 1.25) mislead whoever reads them as shares.

    On the judged rows. Where these are the rehearsal's, they are the last months of the training window only, and
    the finding says so. A slope outside is an issue from 100 children with the event on (fewer cannot settle a slope:
    Collins et al. 2016, Statistics in Medicine 35:214), else a tip.

    What to do: recalibrate by slope on records of the place (the report offers it), or train again.
    """
    judged = evidence.judged
    if why := _enough(judged):
        return skipped(why)
    slope = calibration(judged.risk, judged.happened, judged.weight).slope
    told = f"slope {slope:.2f}, {judged.events} events, on {BLOCK_WORDS[judged.block]}"
    if not SLOPE_LOW <= slope <= SLOPE_HIGH:
        return (issue if judged.events >= SETTLES_A_SLOPE else tip)(told, slope=slope)
    interval = bootstrap(_slope, judged.risk, judged.happened, judged.weight, cluster=judged.rows.child,
                         repeats=REPEATS)
    sure = interval.low >= SLOPE_LOW and interval.high <= SLOPE_HIGH
    return (passed if sure else tip)(f"{told} ({interval.low:.2f} to {interval.high:.2f})", slope=slope)


def _slope(risk: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> float:
    return calibration(risk, happened, weight).slope


@check("RISK012", "Subgroups are found alike")
def subgroups_found_alike(evidence: Evidence) -> Said:
    """Of the children with the event, about the same share must be found in each subgroup within the same visits.

    A fifth of the judged rows is visited by risk; recall among girls and boys, under and over 24 months, and by
    setting, where a group has 20 children with the event or more. An issue where the gap is over 0.20 and surely over
    0.10.

    What to do: see the report's subgroups; look for measurements that one group lacks.
    """
    gaps = recall_gaps(evidence.judged)
    if not gaps:
        return skipped("no two subgroups have 20 children with the event each")
    worst = max(gaps, key=lambda gap: gap.gap.value)
    told = f"largest gap {worst.gap.value:.2f} ({worst.gap.low:.2f} to {worst.gap.high:.2f}), by {worst.by}: "
    told += ", ".join(f"{name} {recall:.2f}" for name, recall in worst.recalls.items())
    if worst.gap.value > GAP_ISSUE and worst.gap.low > GAP_TIP:
        return issue(told, gap=worst.gap.value)
    return (tip if worst.gap.value > GAP_TIP else passed)(told, gap=worst.gap.value)


@check("RISK013", "Most outcomes are known")
def most_outcomes_known(evidence: Evidence) -> Said:
    """Weights can stand in for children who were lost; not for most of them.

    The share of training rows without a known outcome: an issue over 0.6, a tip over 0.35.

    What to do: follow up after discharge; the list itself asks for it.
    """
    outcome = evidence.learned.rows.outcome
    if not len(outcome):
        return not_applicable("there is no training row")
    share = float(np.mean(outcome < 0))
    say = issue if share > CENSORED_ISSUE else tip if share > CENSORED_TIP else passed
    return say(f"{share:.0%} of the training rows have no known outcome", share=share)


@check("RISK014", "Enough events")
def enough_events(evidence: Evidence) -> Said:
    """Few events make a model that is chance. Indexes with the event among the rows learnt from are counted.

    An issue under 30; a tip under what Riley's criteria ask for (BMJ 2020;368:m441) with 20 parameters.

    What to do: wait, or take a larger area; a small registry can use a model of a larger one.
    """
    learned = evidence.learned
    events = evidence.events(learned.earlier_on | learned.later_on)
    if events < LEAST_EVENTS:
        return issue(f"{events} events to fit on, fewer than {LEAST_EVENTS}", events=float(events))
    known = learned.rows.outcome >= 0
    advised = needed(prevalence=float(np.mean(learned.rows.outcome[known] == 1)), parameters=PARAMETERS).events
    say = tip if events < advised else passed
    return say(f"{events} events to fit on; Riley's criteria ask for {advised}", events=float(events),
               advised=float(advised))
