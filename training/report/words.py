"""The report's words for people who are no statisticians: a glossary, and names of its tables' rows."""

from __future__ import annotations

from models.problems import NON_RESPONSE, RELAPSE

GLOSSARY = (
    ("SAM", "severe acute malnutrition: weight-for-height (WHZ) under -3, upper arm (MUAC) under 115 mm, or swelling "
            "of both feet."),
    ("the event", "for relapse: SAM again, or admitted again, from day 14 to day 183 after a verified cure; SAM counts "
                  "when the next valid reading confirms it. For non-response: 91 days without a cure, or a stay that "
                  "ended as not recovered or sent on for lack of gain."),
    ("prediction", "one child on one day on which the model is asked (discharge and every 28 days after it, or "
                   "admission and set days after it). A child has several; intervals know that."),
    ("rehearsal", "where too little time has passed to judge the model itself, the same training is repeated on the "
                  "earlier months alone, and its predictions for the later months are judged. The model in use learnt "
                  "from all months."),
    ("95 % interval", "in brackets after a figure: with other children of the same kind, it would mostly lie there. "
                      "Wide means uncertain."),
    ("AUC", "of two children, one with the event, how often that one has the higher risk: 0.5 is a coin, 1 is always."),
    ("calibration", "whether percentages are true: of children told 20 %, one in five should have the event. Slope 1 "
                    "is right; under 1 the risks are too extreme, over 1 too timid. Observed / expected 1 is right; "
                    "under 1 the model says too much."),
    ("Brier score", "the mean squared distance between risk and outcome: 0 is perfect. Scaled: 1 is perfect, 0 is no "
                    "better than telling everybody the mean."),
    ("precision, recall", "of the visits made, the share to children with the event; of the children with the event, "
                          "the share visited."),
    ("ties", "children whom an order cannot tell apart. The figure shares the last places among them by lot; worst "
             "and best say how the lot could have fallen."),
    ("weighed", "some children move or are not seen again: nobody knows their outcome, and it is not called well. "
                "Those who were followed count for them too (inverse probability of censoring weights)."),
    ("log-odds", "the scale on which reasons add up; +0.7 doubles small odds, -0.7 halves them."),
)

_INDEX = {RELAPSE.target: "discharges as cured from a centre", NON_RESPONSE.target: "admissions to a centre"}


def attrition(counts: dict[str, int], *, target: str, judged: int) -> list[tuple[str, int]]:
    """(words, count) from all records to the judged predictions; counts of `training.cohorts.attrition_table`."""
    words = {
        "indexes": _INDEX[target],
        "cured_unverified": "left out: no valid reading without SAM within 7 days of the discharge",
        "failed_discharge": "left out: SAM or admitted again before day 14 (the discharge failed)",
        "in_cohort": f"{_INDEX[target]} that are followed",
        "landmarks": "days on which they could be asked about",
        "landmarks_after_outcome_or_leaving": "left out: the outcome was known, or the child had left",
        "landmarks_after_the_records": "left out: after the end of what is known",
        "landmark_rows": "predictions that could be made",
    }
    judged_words = {
        "happened": "\u2003of these: the event happened", "did_not_happen": "\u2003the event did not happen",
        "censored": "\u2003not known (moved, not seen again, or the records end)",
        "died": "\u2003died first (counted as no event)",
    }
    asked = words.keys() - ({"cured_unverified", "failed_discharge"} if target == NON_RESPONSE.target else set())
    rows = [(words[name], counts[name]) for name in words if name in counts and name in asked]
    return [*rows, ("predictions judged here", judged), *((judged_words[name], counts[name]) for name in judged_words)]
