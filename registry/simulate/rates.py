"""The simulator's own rates beside the published ones, so that a reader sees what was calibrated to
what."""

from __future__ import annotations

import numpy as np

from registry.simulate.book import APP, NON_RESPONSE, RELAPSE
from registry.simulate.run import Columns, SimulatedLives
from registry.simulate.state import (
    CENSORED,
    CURED,
    DEFAULTED,
    DID_NOT_HAPPEN,
    DIED,
    DIED_IN_CARE,
    FAILED_DISCHARGE,
    FOREVER,
    HAPPENED,
    NOT_RECOVERED,
    TRANSFERRED,
    VCDC,
)

PUBLISHED: dict[str, tuple[str, str]] = {
    "true_wasted": ("0.115-0.256", "NFHS-5: Haryana 11.5 %, India 19.3 %, Maharashtra 25.6 %"),
    "true_severely_wasted": ("0.044-0.109", "NFHS-5 (survey error included): 4.4, 7.7, 10.9 %"),
    "reported_red": ("0.006-0.020", "programme-detected SAM, Maharashtra 2023-2025"),
    "field_sam_confirmed": ("0.51", "Mumbai, 338 screened children at a health camp"),
    "months_missed": ("0.20", "registry contract: a fifth of the months"),
    "heights_missing": ("0.30", "domain §3.5"),
    "whole_or_half_kg": ("0.316", "Sudan cards: last digit 0 or 5; centres likely worse"),
    "whole_cm": ("0.50-0.70", "Sudan cards 53 %; centres 50-70 %"),
    "treated_children": ("0.03-0.06", "chosen: see docs/simulator.md"),
    "cured": ("0.42-0.57", "Mumbai SNEHA 42.4 % at 3 months, India RCT 43-57 % at 16 weeks"),
    "defaulted": ("0.127-0.15", "Mumbai SNEHA 12.7 %; working figure 15 %"),
    "died_in_care": ("0.003-0.010", "range of programmes"),
    "not_recovered_by_12_weeks": (
        "0.45",
        "Mumbai SNEHA; among those neither defaulted nor transferred out",
    ),
    "gain_of_cured_g_kg_day": (
        "4.5",
        "Mumbai SNEHA (3.1-5.9), first weeks; Sudan cured cards median 2.8",
    ),
    "stay_of_cured_days": ("28-56", "Government Resolution 4 weeks; CMAM median 43-56 days"),
    "relapse_by_183_days": (
        "0.12",
        "central scenario (Bihar 9.1 % at 3 months; Somalia 26 % at 6)",
    ),
    "share_of_relapses_by_30_days": ("0.20-0.25", "Alier, OptiMA"),
    "share_of_relapses_by_60_days": ("0.55", "Alier"),
    "share_of_relapses_by_90_days": ("0.75", "domain §3.2"),
    "discharged_not_followed": ("0.15-0.35", "loss after exit"),
}


def _share(part: np.ndarray, whole: np.ndarray | None = None) -> float:
    """Mean of a mask, or ratio of two sums; NaN of nothing."""
    bottom = len(part) if whole is None else whole.sum()
    return float(np.sum(part) / bottom) if bottom else float("nan")


def cumulative_incidence(days: np.ndarray, codes: np.ndarray) -> float:
    """Share with the event in the presence of death (Aalen and Johansen).

    days: of event, death or last follow-up. codes: `HAPPENED`, `DIED` or other (censored).
    """
    order = np.argsort(days + np.where(codes == HAPPENED, 0.0, 0.5))
    event, death = (codes[order] == HAPPENED), (codes[order] == DIED)
    at_risk = np.arange(len(order), 0, -1)
    free = np.cumprod(1.0 - (event | death) / at_risk)
    before = np.concatenate([[1.0], free[:-1]])
    return float(np.sum(before * event / at_risk)) if len(order) else float("nan")


def _of_people(lives: SimulatedLives) -> dict[str, float]:
    children = lives.people.children
    rows = lives.rows["measurements"]
    monthly = rows["source"] <= APP
    coloured = rows["status"][monthly & (rows["status"] >= 0)]
    weights = rows["weight"][monthly & ~np.isnan(rows["weight"])]
    heights = rows["height"][monthly & ~np.isnan(rows["height"])]
    halves, cm = np.round(weights * 2, 3), np.round(heights, 3)
    return {
        "true_wasted": _share(children["wasted_days"], children["days"]),
        "true_severely_wasted": _share(children["severe_days"], children["days"]),
        "reported_red": _share(coloured == 2),
        "field_sam_confirmed": _share(children["confirmed"], children["suspected"]),
        "months_missed": 1.0 - _share(children["weighed"], children["weighings"]),
        "heights_missing": _share(np.isnan(rows["height"][monthly])),
        "whole_or_half_kg": _share(np.abs(halves - np.round(halves)) < 1e-3),
        "whole_cm": _share(np.abs(cm - np.round(cm)) < 1e-3),
        "treated_children": _share(children["episodes"] > 0),
    }


def _of_treatment(episodes: Columns, endings: Columns) -> dict[str, float]:
    centre = (episodes["programme"] <= VCDC) & (episodes["closed"] != FOREVER)
    outcome = episodes["outcome"][centre]
    ended = outcome[outcome != TRANSFERRED]
    stay = (episodes["closed"] - episodes["day"])[centre]
    mine = endings["target"] == NON_RESPONSE
    result = endings["outcome"][mine]
    days = np.minimum((endings["day"] - endings["index_on"])[mine], 92)
    answered = np.where(result == HAPPENED, HAPPENED, np.where(result == DIED, DIED, CENSORED))
    answered = np.where(result == DID_NOT_HAPPEN, DID_NOT_HAPPEN, answered)
    good = (result == DID_NOT_HAPPEN) & np.isfinite(endings["gain"][mine])
    return {
        "admissions": float(np.sum(episodes["programme"] <= VCDC)),
        "cured_discharges": float(np.sum(outcome == CURED)),
        "cured": _share(ended == CURED),
        "defaulted": _share(ended == DEFAULTED),
        "died_in_care": _share(ended == DIED_IN_CARE),
        "not_recovered": _share(ended == NOT_RECOVERED),
        "not_recovered_by_12_weeks": non_response_by_day_91(days, answered),
        "gain_of_cured_g_kg_day": float(np.median(endings["gain"][mine][good]))
        if good.any()
        else float("nan"),
        "stay_of_cured_days": float(np.median(stay[outcome == CURED]))
        if np.any(outcome == CURED)
        else float("nan"),
    }


def non_response_by_day_91(days: np.ndarray, codes: np.ndarray) -> float:
    """Cumulative incidence of non-response; a cure competes as a death does: both end the time at
    risk."""
    return cumulative_incidence(days, np.where(codes == DID_NOT_HAPPEN, DIED, codes))


def _of_relapse(endings: Columns) -> dict[str, float]:
    mine = (endings["target"] == RELAPSE) & (endings["outcome"] != FAILED_DISCHARGE)
    outcome, index = endings["outcome"][mine], endings["index_on"][mine]
    event = outcome == HAPPENED
    day = (
        np.where(event | (outcome == CENSORED), endings["event_on"][mine], endings["day"][mine])
        - index
    )
    when = np.sort(day[event])
    return {
        "relapse_by_183_days": cumulative_incidence(np.minimum(day, 184), outcome),
        **{f"share_of_relapses_by_{by}_days": _share(when <= by) for by in (30, 60, 90)},
        "discharged_not_followed": _share(outcome == CENSORED),
        "relapses": float(event.sum()),
        "failed_discharges": float(
            np.sum((endings["target"] == RELAPSE) & (endings["outcome"] == FAILED_DISCHARGE))
        ),
    }


def rates(lives: SimulatedLives) -> dict[str, float]:
    """Every own rate by name; those with a published counterpart are in `PUBLISHED`."""
    rows = lives.rows
    return (
        _of_people(lives)
        | _of_treatment(rows["episodes"], rows["endings"])
        | _of_relapse(rows["endings"])
    )
