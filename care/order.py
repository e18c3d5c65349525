"""The pathway's rules in the order in which they are asked, each with what follows from it."""

from __future__ import annotations

from care import evidence as e
from care import rules as r
from care.evidence import Condition, Facts
from care.protocol import Protocol
from care.rules import Rule

SAM_DAYS = ("sam_since", "found_sam_on")

GONE = (
    Rule("died", r.died, "died", "none", "nobody", "The child has died."),
    Rule("left", r.left, "left", "none", "nobody", "The child has left this centre's area or the programme."),
    Rule("grown_out", r.grown_out, "left", "none", "nobody", "The child is six years old or more."),
)

FACILITY = (
    Rule("in_nrc", e.in_nrc, "in_nrc", "review_at_nrc", "nrc",
         "The child is under treatment at the NRC or CTC.", ("admitted_on",), "nrc_review_days"),
    Rule("oedema", r.oedema, "to_nrc", "admit_nrc", "medical_officer",
         "Both feet are swollen (bilateral pitting oedema): treatment is at the NRC.",
         ("oedema_on",), "refer_within_days", danger=True, cites=("oedema_to_nrc_from_grade", "finding_holds_days")),
    Rule("complication", r.complication, "to_nrc", "admit_nrc", "medical_officer",
         "There is a medical complication: treatment is at the NRC.",
         ("assessed_on",), "refer_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("appetite_failed", r.appetite_failed, "to_nrc", "admit_nrc", "medical_officer",
         "The appetite test was failed: treatment is at the NRC.",
         ("tested_on",), "refer_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("under_six_months", r.under_six_months, "to_nrc", "admit_nrc", "medical_officer",
         "SAM under six months of age: treatment is at the NRC.",
         SAM_DAYS, "refer_within_days", danger=True, cites=("nrc_under_days", "finding_holds_days")),
    Rule("small_sam", r.small_sam, "to_nrc", "admit_nrc", "medical_officer",
         "SAM with a weight under 4 kg at six months or more: treatment is at the NRC.",
         ("weighed_on",), "refer_within_days", danger=True, cites=("facility_under_kg", "finding_holds_days")),
    Rule("not_arrived", r.not_arrived, "to_nrc", "admit_nrc", "medical_officer",
         "The child was sent on to the NRC and has not been admitted there.",
         ("closed_on",), "refer_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("left_nrc", r.left_nrc, "left_nrc", "trace", "awc_worker",
         "The child left the NRC before treatment was over: the family is found today and brought back.",
         ("closed_on",), "same_day", danger=True, cites=("finding_holds_days",)),
)

TREATMENT = (
    Rule("stay_silent", r.stay_silent, "over_long_stay", "remeasure", "awc_worker",
         "The stay was never closed and nothing was recorded for long: the child is measured.",
         ("measured_on", "weighed_on", "checked_on", "admitted_on"), "finding_holds_days",
         cites=("longest_stay_days",)),
    Rule("weight_lost", r.weight_lost, "no_gain_refer", "admit_nrc", "medical_officer",
         "The child has lost too much weight under treatment: the medical officer sends it to the CTC or NRC.",
         ("weighed_on",), "refer_within_days", danger=True, cites=("weight_loss_share",)),
    Rule("loses_weight", r.loses_weight, "no_gain_refer", "admit_nrc", "medical_officer",
         "The child weighed less at two weighings running: the medical officer sends it to the CTC or NRC.",
         ("weighed_on",), "refer_within_days", danger=True, cites=("scale_precision_kg",)),
    Rule("exit_met", r.exit_met, "discharge_due", "discharge", "medical_officer",
         "The exit criteria are met: the child is discharged and followed up.",
         ("judged_on",), "discharge_within_days",
         cites=("exit_whz", "exit_muac_mm", "exit_visits", "exit_visits_apart_days")),
    Rule("no_gain", r.no_gain, "no_gain_refer", "admit_nrc", "medical_officer",
         "The child does not gain weight under treatment: the medical officer sends it to the CTC or NRC.",
         ("weighed_on",), "refer_within_days", danger=True, cites=("no_gain_days", "no_gain_kg")),
    Rule("very_low_z_in_stay", r.very_low_z_in_stay, "in_ucdc", "remeasure", "anm_or_mo",
         "The last weight is too low to believe: a mistake, or the sickest child. It is measured again today, and "
         "examined.",
         ("open_low_on",), "same_day", danger=True, cites=("finding_holds_days",)),
    Rule("ill_in_treatment", r.ill_in_treatment, "in_ucdc", "examine", "medical_officer",
         "Fever or diarrhoea at the last check in treatment: the medical officer examines the child today.",
         ("ill_on",), "same_day", danger=True, cites=("illness_holds_days",)),
    Rule("failing_gain", r.failing_gain, "failing", "review_gain", "medical_officer",
         "Three weeks of treatment without a gain that the scale can show: feeding and illness are looked into at "
         "home, and the medical officer decides.",
         ("weighed_on",), "examine_within_days", danger=True,
         cites=("scale_precision_kg", "rate_over_days", "failing_after_days")),
    Rule("too_long", r.too_long, "over_long_stay", "review_long_stay", "medical_officer",
         "The longest stay has passed without recovery: the medical officer decides on the NRC.",
         ("admitted_on",), "longest_stay_days", danger=True),
    Rule("admitted_untested", r.admitted_untested, "appetite_test_due", "appetite_test", "anm_or_mo",
         "The child was admitted without an appetite test.",
         ("admitted_on",), "test_appetite_within_days", danger=True),
    Rule("eats_poorly", r.eats_poorly, "appetite_test_due", "appetite_test", "anm_or_mo",
         "Poor appetite was seen at the last check: the appetite test is repeated.",
         ("poor_on",), "test_appetite_within_days", danger=True, cites=("illness_holds_days",)),
    Rule("absent", r.absent, "in_ucdc", "bring_back", "awc_worker",
         "Two weekly weighings in a row were missed: the family is visited.",
         ("weighed_on", "admitted_on"), "missed_weighings_days"),
    Rule("weighing_late", r.weighing_late, "in_ucdc", "weigh_weekly", "awc_worker",
         "The weekly weighing is overdue.", ("weighed_on", "admitted_on"), "weigh_every_days"),
    Rule("slow_gain", r.slow_gain, "slow_response", "check_feeding", "anm_or_mo",
         "The child gains too slowly: feeding, sharing of the food and illness are looked into.",
         ("weighed_on",), "weigh_every_days", cites=("slow_gain_g_kg_day", "rate_over_days")),
    Rule("stay_unreviewed", r.stay_unreviewed, "in_ucdc", "review_stay", "medical_officer",
         "The usual stay has passed: staying on needs the medical officer's advice.",
         ("admitted_on",), "usual_stay_days"),
    Rule("vcdc_review_late", r.vcdc_review_late, "in_ucdc", "review_stay", "medical_officer",
         "The medical officer's fortnightly visit is overdue.",
         ("reviewed_on", "admitted_on"), "vcdc_review_every_days"),
    Rule("check_late", r.check_late, "in_ucdc", "medical_check", "anm_or_mo",
         "The twice-weekly medical check is overdue.", ("checked_on", "admitted_on"), "check_every_days"),
    Rule("vcdc_check_late", r.vcdc_check_late, "in_ucdc", "medical_check", "anm_or_mo",
         "The ANM's weekly check is overdue.", ("checked_on", "admitted_on"), "vcdc_check_every_days"),
    Rule("height_doubtful_in_stay", r.height_doubtful_in_stay, "in_ucdc", "measure_height", "awc_worker",
         "The height was copied for months or is shorter than before: it is measured again; no discharge on it.",
         ("height_on",), "remeasure_within_days"),
    Rule("height_due", r.height_due, "in_ucdc", "measure_height", "awc_worker",
         "The monthly height is due.", ("height_on",), "measure_height_every_days"),
    Rule("in_treatment", e.in_ucdc, "in_ucdc", "weigh_weekly", "awc_worker",
         "In treatment: weighed every week.", ("weighed_on", "admitted_on"), "weigh_every_days"),
)

ENDED = (
    Rule("defaulted", r.defaulted, "defaulted", "bring_back", "awc_worker",
         "Treatment was broken off: the family is visited, the child weighed and brought back.",
         ("closed_on",), "bring_back_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("not_recovered", r.not_recovered, "not_recovered", "examine", "anm_or_mo",
         "Treatment ended without recovery: a medical officer or ANM examines the child.",
         ("closed_on",), "examine_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("transferred", r.transferred, "transferred", "trace", "awc_worker",
         "The child was sent to another centre or facility, and no admission is recorded there: the family is found.",
         ("closed_on",), "arrival_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("back_with_sam", r.back_with_sam, "back_from_nrc", "admit_ucdc", "awc_worker",
         "The child is back from the NRC and still SAM: treatment goes on at the anganwadi.",
         ("closed_on",), "step_down_within_days", danger=True, cites=("finding_holds_days",)),
)

UNTREATED = (
    Rule("very_low_z", r.very_low_z, "sam_suspected", "remeasure", "anm_or_mo",
         "The last reading is too low to believe: a mistake, or the sickest child. It is measured again today, and "
         "examined.",
         ("open_low_on",), "same_day", danger=True, cites=("finding_holds_days",)),
    Rule("very_low_twice", r.very_low_twice, "sam_suspected", "examine", "medical_officer",
         "Two readings too low to believe agree: the medical officer examines the child today.",
         ("open_low_on",), "same_day", danger=True, cites=("finding_holds_days",)),
    Rule("again_ill", r.again_ill, "sam_again", "examine", "medical_officer",
         "SAM again after discharge, and ill: the medical officer examines the child today.",
         ("ill_on", "poor_on"), "same_day", danger=True, cites=("illness_holds_days", "finding_holds_days")),
    Rule("sam_ill", r.sam_ill, "sam_suspected", "examine", "medical_officer",
         "SAM, and ill: the medical officer examines the child today and tests the appetite.",
         ("ill_on", "poor_on"), "same_day", danger=True, cites=("illness_holds_days", "finding_holds_days")),
    Rule("sam_denied", r.sam_denied, "sam_suspected", "remeasure", "awc_worker",
         "The examiner found no SAM, and no measurement says so yet: measured again.",
         ("denied_on",), "remeasure_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("again_passed", r.again_passed, "sam_again", "admit_ucdc", "anm_or_mo",
         "SAM again after discharge, appetite passed: the child is admitted again.",
         ("tested_on",), "admit_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("again_examined", r.again_examined, "sam_again", "appetite_test", "anm_or_mo",
         "SAM again after discharge, confirmed: the appetite test is due.",
         ("checked_on",), "test_appetite_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("again", r.again, "sam_again", "examine", "anm_or_mo",
         "SAM again after discharge: a medical officer or ANM examines the child.",
         SAM_DAYS, "examine_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("sam_passed", r.sam_passed, "to_ucdc", "admit_ucdc", "anm_or_mo",
         "SAM with appetite and without complication: the child is admitted at the anganwadi.",
         ("tested_on",), "admit_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("sam_confirmed", r.sam_confirmed, "appetite_test_due", "appetite_test", "anm_or_mo",
         "SAM is confirmed: the appetite test is due.",
         ("checked_on",), "test_appetite_within_days", danger=True, cites=("finding_holds_days",)),
    Rule("sam_suspected", e.sam, "sam_suspected", "examine", "anm_or_mo",
         "The measurement says SAM: a medical officer or ANM confirms it.",
         SAM_DAYS, "examine_within_days", danger=True, cites=("finding_holds_days",)),
)

AT_RISK = (
    Rule("infant_losing", r.infant_losing, "infant_at_risk", "examine", "anm_or_mo",
         "Under six months and losing weight, not gaining for a month, or thin in the arm: examined at once.",
         ("weighed_on", "arm_on"), "refer_within_days", danger=True,
         cites=("infant_arm_mm", "infant_arm_from_days", "finding_holds_days")),
    Rule("infant_at_risk", r.infant_at_risk, "infant_at_risk", "examine", "anm_or_mo",
         "Under six months, and light and falling behind or born small: examined.",
         ("weighed_on", "registered_on"), "examine_within_days",
         cites=("infant_waz", "infant_birth_weight_kg", "follow_up_every_days")),
    Rule("older_at_risk", r.older_at_risk, "not_classifiable", "examine", "medical_officer",
         "Over five years, with a thin arm or a loss of weight: SAM cannot be named, the medical officer examines.",
         ("weighed_on", "arm_on"), "examine_within_days", danger=True,
         cites=("older_arm_mm", "weight_loss_share", "finding_holds_days")),
)

AFTER = (
    Rule("back_from_nrc", r.back_from_nrc, "back_from_nrc", "admit_ucdc", "awc_worker",
         "The child is back from the NRC: treatment goes on at the anganwadi.",
         ("closed_on",), "step_down_within_days"),
    Rule("underweight_unexamined", r.underweight_unexamined, "severely_underweight", "examine", "anm_or_mo",
         "Severely underweight: the medical officer examines the child.", ("suw_since",), "examine_within_days",
         cites=("finding_holds_days",)),
    Rule("sam_old", r.sam_old, "remeasure", "remeasure", "awc_worker",
         "SAM when last asked, too long ago to say how the child is now: measured again.",
         ("sam_on", "found_sam_on"), "finding_holds_days"),
    Rule("ended_old", r.ended_old, "remeasure", "remeasure", "awc_worker",
         "Treatment ended without recovery, and the child was not measured for long: measured again.",
         ("closed_on",), "finding_holds_days"),
    Rule("arm_open", r.arm_open, "follow_up", "measure_arm", "awc_worker",
         "Discharged as cured, and the arm that was severe was never measured again: it is measured.",
         ("discharged_on",), "remeasure_within_days", cites=("follow_up_days",)),
    Rule("follow_up_height", r.follow_up_height, "follow_up", "measure_height", "awc_worker",
         "Followed up and weighed, but without a height that can be used: it is measured.",
         ("discharged_on", "judged_on"), "follow_up_every_days", cites=("follow_up_days",)),
    Rule("follow_up", r.recently_cured, "follow_up", "follow_up_weighing", "awc_worker",
         "Discharged as cured: followed up.", ("discharged_on", "judged_on"), "follow_up_every_days",
         cites=("follow_up_days",)),
    Rule("underweight", e.underweight, "severely_underweight", "weigh_monthly", "awc_worker",
         "Severely underweight and examined: weighed every month.", ("weighed_on", "judged_on"), "screen_every_days"),
)

SCREENING = (
    Rule("too_old", r.too_old, "not_classifiable", "weigh_monthly", "awc_worker",
         "Over five years: SAM cannot be judged by weight for height.", ("measured_on",), "screen_every_days"),
    Rule("infant_watched", r.infant_watched, "infant_at_risk", "weigh_fortnightly", "awc_worker",
         "An infant at risk that was examined: weighed every two weeks.",
         ("weighed_on", "checked_on"), "infant_weigh_every_days", cites=("infant_waz", "infant_birth_weight_kg")),
    Rule("height_doubtful", r.height_doubtful, "remeasure", "measure_height", "awc_worker",
         "The height was copied for months or is shorter than before: it is measured again.",
         ("height_on",), "remeasure_within_days"),
    Rule("mam_high_risk", r.mam_high_risk, "mam_high_risk", "weigh_fortnightly", "awc_worker",
         "Moderately wasted at high risk: weighed every two weeks.", ("weighed_on", "judged_on"),
         "mam_high_risk_every_days", cites=("mam_high_risk_arm_mm", "mam_high_risk_under_days", "mam_failing_days")),
    Rule("mam", e.mam, "mam_follow_up", "weigh_monthly", "awc_worker",
         "Moderately wasted: weighed every month.", ("weighed_on", "judged_on"), "screen_every_days"),
    Rule("status_old", r.status_old, "remeasure", "remeasure", "awc_worker",
         "Moderately wasted or severely underweight when last measured, too long ago to say how the child is now.",
         ("judged_on", "mam_on", "suw_on"), "finding_holds_days"),
    Rule("well_height_due", r.well_height_due, "screened_well", "measure_height", "awc_worker",
         "Weighed lately, but without a height that can be used: it is measured.",
         ("judged_on",), "screen_every_days"),
    Rule("well", r.well, "screened_well", "weigh_monthly", "awc_worker",
         "Not wasted: weighed every month.", ("judged_on",), "screen_every_days"),
    Rule("unjudged", r.unjudged, "remeasure", "remeasure", "awc_worker",
         "The last measurement cannot be judged: it is repeated, with height.",
         ("measured_on",), "remeasure_within_days"),
    Rule("unscreened", r.anyone, "not_screened", "measure", "awc_worker",
         "No recent measurement: the child is weighed and measured.",
         ("registered_on", "judged_on", "measured_on"), "screen_every_days", cites=("finding_holds_days",)),
)

def always(facts: Facts, protocol: Protocol) -> bool:
    """Asked of every child."""
    return True


GUARDED: tuple[tuple[Condition, tuple[Rule, ...]], ...] = (
    (always, GONE), (always, FACILITY), (e.in_ucdc, TREATMENT), (always, ENDED), (e.sam, UNTREATED),
    (always, AT_RISK), (always, AFTER), (always, SCREENING),
)
"""The rules in their order, by what each of a group asks first: for one child, a group is passed over at once."""
ORDER: tuple[Rule, ...] = (
    *GONE, *FACILITY, *TREATMENT, *ENDED, *UNTREATED, *AT_RISK, *AFTER, *SCREENING,
)
