"""The report's words for people who are no statisticians: a glossary, and names of its tables'
rows."""

from __future__ import annotations

from models.targets import TARGETS

BEFORE_USE = (
    (
        "real records of the place, with the day on which each came in; or a count of how late "
        "they come"
    ),
    (
        "a model learnt from, or recalibrated on, these, judged on later months with 100 "
        "children with the event or more"
    ),
    (
        "shown there to be better than single measurements, also with late records, in the "
        "order danger first, then model"
    ),
    "groups with 20 children with the event each, tribal areas and girls among them, found alike",
    (
        "every issue of the checks mended or accepted in writing by a named person, who also "
        "says when the use is stopped"
    ),
    (
        "a supervisor's trial that measures whether a visit changes what becomes of a child: "
        "no figure here does"
    ),
)
"""What must have happened before a model orders visits to real children. The numbers are chosen.
verified: false."""

GLOSSARY = (
    (
        "SAM",
        "severe acute malnutrition: weight-for-height (WHZ) under -3, upper arm (MUAC) "
        "under 115 mm, or swelling "
        "of both feet.",
    ),
    (
        "the event",
        "for relapse: SAM again, or admitted again, from day 14 to day 183 after a "
        "verified cure; SAM counts "
        "when the next valid reading confirms it, so a child with one such reading that "
        "still waits is "
        "asked about too. For non-response: 91 days without a cure, or a stay that "
        "ended as not recovered or sent on for lack of gain, gained it slowly or not. A "
        "child that died "
        "first counts as without the event: death competes.",
    ),
    (
        "WHZ, HAZ, WAZ, MUAC",
        "weight for height, height for age and weight for age as WHO's z-scores (0 is the middle "
        "of well-fed children, -3 very low); upper-arm circumference.",
    ),
    (
        "UCDC, VCDC, NRC, CTC",
        "where SAM is treated: urban and village child development centres; nutrition "
        "rehabilitation and child treatment centres (in a hospital).",
    ),
    (
        "verified cure",
        "a stay closed as cured, with a valid reading without SAM within 7 days of the "
        "discharge. Valid: "
        "plausible by WHO's limits, on a height that is fresh.",
    ),
    ("sector", "the centres that one supervisor looks after."),
    (
        "prediction",
        "one child on one day on which the model is asked (discharge and every 28 days "
        "after it, or "
        "admission and set days after it). A child has several; intervals know that.",
    ),
    (
        "rehearsal",
        "where too little time has passed to judge the model itself, the same training is "
        "repeated on the "
        "earlier months alone, and its predictions for the later months are judged. The "
        "model in use learnt "
        "from all months.",
    ),
    (
        "95 % interval",
        "in brackets after a figure: with other children of the same kind, it would mostly "
        "lie there. "
        "Wide means uncertain. It is made by drawing children by lot, so that its ends may "
        "differ a "
        "little between sections; with few events it is too narrow.",
    ),
    (
        "AUC",
        (
            "of two predictions, one with the event, how often that one has the higher risk: "
            "0.5 a coin, 1 always."
        ),
    ),
    (
        "calibration",
        "whether percentages are true: of children told 20 %, one in five should have the "
        "event. Slope 1 "
        "is right; under 1 the risks are too extreme, over 1 too timid. Observed / "
        "expected 1 is right; "
        "under 1 the model says too much.",
    ),
    (
        "Brier score",
        "the mean squared distance between risk and outcome: 0 is perfect. Scaled: 1 is "
        "perfect, 0 is no "
        "better than telling everybody the mean. The plain score is small wherever the event is "
        "rare: read the scaled one.",
    ),
    (
        "intercept, in the large",
        "what would have to be added to the log-odds for risks to be true on average (0 is "
        "right): after mending the slope, and without.",
    ),
    (
        "day of entry",
        "when a record reached the system. Where nobody wrote it down, it is assumed to be "
        "the day of "
        "the weighing or visit itself.",
    ),
    (
        "precision, recall",
        "of the visits made, the share to children with the event; of the children with the event, "
        "the share visited.",
    ),
    (
        "ties",
        "children whom an order cannot tell apart. The figure shares the last places among "
        "them by lot; worst "
        "and best say how the lot could have fallen.",
    ),
    (
        "weighed",
        "some children move or are not seen again: nobody knows their outcome, and it is "
        "not called well. "
        "Those who were followed count for them too (inverse probability of censoring weights).",
    ),
    (
        "log-odds",
        "the scale on which reasons add up; +0.7 doubles the odds (and nearly doubles a "
        "small risk), "
        "-0.7 halves them.",
    ),
)

FOR_DATA_SCIENTISTS = (
    (
        "index, landmark",
        "the discharge or admission that a question begins with; the days after it on which it is "
        "asked. A landmark row is one prediction.",
    ),
    (
        "split, block",
        "`--until`, before which all of a label must lie; the earlier block is what the "
        "rehearsal learnt from, all of its labels before the first index of the later block, on "
        "which it is judged.",
    ),
    (
        "contract, quarantine",
        "what a record must look like (docs/registry.md); where records lie that do not.",
    ),
    (
        "bundle, seed, same bits",
        "the model's files; the number that its chance draws begin with; equal to the last digit.",
    ),
    (
        "linear part, trees",
        "the model is a weighted mean of a penalised logistic regression and of boosted trees.",
    ),
    ("golden child", "a made-up child whose features were worked out by hand."),
    (
        "Riley's criteria",
        "how many events a model of so many parameters needs (BMJ 2020;368:m441).",
    ),
    (
        "interval of a risk",
        "nine in ten models taught on children drawn anew would say a risk inside it: the "
        "uncertainty of the estimate, not of the child.",
    ),
    ("fairlearn", "a library that counts gaps between groups."),
    ("censored", "the outcome is not known."),
    (
        "TRIPOD+AI, PROBAST+AI",
        "what a paper on a prediction model must tell, and what its reader must ask.",
    ),
)

WHY_NOT_WORDS = {
    "not_in_treatment": "not in treatment by the records of the day",
    "not_discharged_as_cured": "the discharge was not yet recorded, or not as cured",
    "discharged_over_183_days_ago": "discharged over 183 days before",
    "treated_over_91_days": "in treatment for over 91 days",
    "left": "had left",
    "too_old": "over five years old",
    "sex_or_birth_date_missing": "sex or birth date not recorded",
    "no_weight_in_a_year": "not weighed for a year",
    "back_in_treatment": "back in treatment",
    "in_a_programme": "in a programme by the records of the day",
    "treated_within_183_days": "treated within the 183 days before",
    "sam_waits": "a reading of SAM that nothing had answered by the day",
    "sam_within_183_days": "confirmed SAM within the 183 days before",
    "too_young": "under 28 days old",
    "cured_unverified": "discharged as cured, and no reading within 7 days of it showed that",
    "failed_discharge": "SAM or admitted again before day 14 of the discharge",
}
"""Why a prediction could not be made; of `models.scoring.WHY_NOT`."""
BY_WORDS = {"infants": "under six months or older", "records": "quality of records"}
"""What subgroups are told by, where the name alone does not say it."""


def not_scored(counts: dict[str, int], children: int) -> str:
    """`12 more could not be scored: had left (9), not weighed for a year (3); ...`; empty where
    none."""
    if not counts:
        return ""
    why = ", ".join(
        f"{WHY_NOT_WORDS[name]} ({count})"
        for name, count in sorted(counts.items(), key=lambda of: -of[1])
    )
    never = f"; {children} of the children were never scored" if children else ""
    return f"{sum(counts.values())} more could not be scored: {why}{never}"


LEARNT_FROM = "left out: learnt from, of a child learnt from, or its time at risk not yet over"


def attrition(counts: dict[str, int], *, target: str, judged: int) -> list[tuple[str, int]]:
    """(words, count) from all records to the judged predictions; counts of
    `training.cohorts.landmarks.attrition_table`."""
    words = {
        "indexes": TARGETS[target].report.index_places,
        "cured_unverified": "left out: no valid reading without SAM within 7 days of the discharge",
        "failed_discharge": "left out: SAM or admitted again before day 14 (the discharge failed)",
        "in_cohort": f"{TARGETS[target].report.index_places} that are followed",
        "too_old_before_the_end": (
            "\u2003of these: five years old before the time at risk ends (predicted, not judged)"
        ),
        "landmarks": "days on which they could be asked about",
        "landmarks_after_outcome_or_leaving": "left out: the outcome was known, or the child had left",  # noqa: E501
        "landmarks_after_the_records": "left out: after the end of what is known",
        "landmark_rows": "predictions that could be made",
    }
    judged_words = {
        "happened": "\u2003of these: the event happened",
        "did_not_happen": "\u2003the event did not happen",
        "censored": "\u2003not known (moved, not seen again, or the records end)",
        "died": "\u2003died first (counted as no event)",
    }
    rows = [(words[name], counts[name]) for name in words if name in counts]
    elsewhere = counts.get("landmark_rows", judged) - judged
    left = [(LEARNT_FROM, elsewhere)] if elsewhere else []
    outcomes = [(judged_words[name], counts[name]) for name in judged_words]
    return [*rows, *left, ("predictions judged here", judged), *outcomes]
