"""The card's sentences. Braces are filled from the training; nothing else is a claim about a
model."""

MAY = (
    "order home visits within a sector: whom to visit first, beside the protocol's own rules",
    (
        "show the reasons for a child's score to a supervisor, as reasons of the model and not "
        "as causes"
    ),
    "be judged anew, and recalibrated, on the records of another place before it is used there",
)
MAY_NOT = (
    "diagnose SAM, discharge, refer or admit: a measurement and the protocol do that",
    "lower or delay anything that a rule asks for; a low score is no reason not to act",
    "deny or remove food, treatment or a visit, or rate a family, a worker or a centre",
    (
        "score children aged 60 months or more, in treatment for longer than 91 days, or not "
        "weighed within a year"
    ),
    (
        "be quoted as an effect: that a column raises the score does not mean that changing it "
        "would help"
    ),
    "be used on children where it was trained on synthetic records only",
)
_NOT_KNOWN = "Not known, because "
UPDATING = "Model updating"
RECALIBRATED = (
    "Recalibrated on {on} to the registry {registry_id}, from {outcomes} outcomes known there: "
    "log-odds times {slope:.3f} plus {shift:.3f}. The order of the children is unchanged; halves, "
    "reasons and findings are of the first training."
)

TRIPOD = (
    (
        "1",
        "Title",
        "A prediction model for {target} among children under five treated for severe "
        "acute malnutrition "
        "(SAM), developed on {data}.",
    ),
    (
        "2",
        "Abstract",
        "{in_cohort} indexes ({events_fitted} events to learn from), predictions at days "
        "{landmarks} for "
        "the rest of {horizon} days. {rehearsed}.",
    ),
    (
        "3",
        "Background",
        "Children relapse after SAM, or do not respond; a supervisor can visit few of "
        "them. The model "
        "orders visits for supervisors of child-nutrition centres. Known inequalities: "
        "girls, tribal "
        "areas and missing records; see item 14.",
    ),
    (
        "4",
        "Objectives",
        "To develop, and to judge on later records of the same registry, a model of {target}.",
    ),
    (
        "5",
        "Data",
        "{data}; routine records of one registry; learnt from what was known before "
        "{until}. Records with "
        "an assumed day of entry (taken as known on their own day): {assumed}.",
    ),
    (
        "6",
        "Participants",
        "Every index ({index}) in the registry; children under 1,826 days. Treatment as the "
        "programme gives it (UCDC, VCDC, NRC, CTC).",
    ),
    (
        "7",
        "Data preparation",
        "Contract checks with quarantine; WHO 2006 z-scores with flags; values as known on the "
        "day of prediction; the same code in training and service. {RISK015}",
    ),
    (
        "8",
        "Outcome",
        "{event}. Found from the records by rule, without knowledge of the score. {RISK005}",
    ),
    (
        "9",
        "Predictors",
        "{features} columns from the child's own records, its family and its centre, listed in "
        "features/trajectory/catalogue.py with unit and meaning; measured before the "
        "prediction. The smoother's noise and drift: {priors}. {RISK001}",
    ),
    (
        "10",
        "Sample size",
        "{events_fitted} events to learn from; Riley's criteria ask for {advised} with the "
        "{effective_parameters} parameters that the blend spends in effect. {RISK014}",
    ),
    (
        "11",
        "Missing data",
        "A missing value stays missing: trees branch on it, the linear half has a term for it. "
        "Children without a weight in a year are not scored.",
    ),
    (
        "12",
        "Analytical methods",
        "Penalised logistic regression ({linear}) and gradient-boosted trees with "
        "physiology's directions ({trees}), blended on held-out children; "
        "{censoring}; calibrated on what halves said of "
        "children that they had not seen ({calibrator}); "
        "seed {seed}. {RISK004}",
    ),
    (
        "13",
        "Class imbalance",
        "None of it: no resampling, no class weights, so that risks stay shares "
        "({prevalence} of the rows with a known outcome have the event).",
    ),
    (
        "14",
        "Fairness",
        "Recall within the same visits by sex, age and setting. {RISK012}. By caste, income or "
        "disability: not known, because the registry does not hold them.",
    ),
    (
        "15",
        "Model output",
        "A calibrated risk, its 90 % interval (where nine in ten models taught on children drawn "
        "anew lie: the uncertainty of the estimate, not of the child) and additive reasons in "
        "log-odds, or no score and why. No threshold: the list is cut by the visits that can be "
        "made.",
    ),
    (
        "16",
        "Training and evaluation",
        "A rehearsal of the whole training, its choices included, learns from the indexes whose "
        "labels end before the later ones begin, and is judged on those; no child is in both. "
        "{RISK003}. The model does the same training on all. Judged later rows: see "
        "`sanket evaluate`.",
    ),
    (
        "17",
        "Ethical approval",
        _NOT_KNOWN + "the registry's owner grants it outside of this program.",
    ),
    (
        "18",
        "Open science",
        "Code under Apache-2.0; the bundle holds all of the model as text. Funding, conflicts, "
        "protocol, registration: not known, because no study has been registered.",
    ),
    (
        "19",
        "Patient and public involvement",
        _NOT_KNOWN + "none is recorded in the registry; families were not asked.",
    ),
    (
        "20",
        "Participants (results)",
        "{indexes} indexes, {left_out} left out, {in_cohort} in the cohort, {rows} "
        "landmark rows; of the {used} whose label ends before the split {happened} "
        "with the event, {did_not} without, {censored} of unknown outcome; {died} "
        "after a death first.",
    ),
    (
        "21",
        "Model development",
        "{rows_fitted} rows ({events_fitted} events) fitted. Of these: {rehearsal_blocks}.",
    ),
    (
        "22",
        "Model specification",
        "booster.txt, linear.json and bundle.json of this bundle: all that a score needs.",
    ),
    (
        "23",
        "Model performance",
        "{rehearsed}. {RISK011}. By subgroup: see the report.",
    ),
    (
        "24",
        UPDATING,
        "None after training; fitting the level to another registry is offered by `sanket "
        "recalibrate`, a slope by `sanket evaluate`, neither done silently. Once lists are "
        "visited: train with `--without-visits`, some children held out by lot (docs/judging.md).",
    ),
    ("25", "Interpretation", "Checks: {outcome_counts}. Against one measurement: {RISK010}"),
    (
        "26",
        "Limitations",
        "Predictions, not causes. An outcome is seen only where children are weighed (item 20). "
        "Children whom a list sends a visitor to are followed better than others. {visits}.",
    ),
    (
        "27",
        "Usability",
        "Needs weights, heights or MUAC and episodes in the registry's contract; with poor "
        "records the "
        "score abstains and says why. A supervisor needs no training in statistics: the list gives "
        "reasons in words. Next: judge it on real records of the place.",
    ),
)
PROBAST = (
    (
        "participants",
        "Were appropriate data sources used?",
        "{data}; routine records, followed over time.",
    ),
    (
        "participants",
        "Were inclusions and exclusions appropriate?",
        (
            "Every index counts; {left_out} of {indexes} left out for reasons that are counted "
            "in the attrition."
        ),
    ),
    (
        "predictors",
        "Were predictors measured alike for all?",
        _NOT_KNOWN
        + "centres differ in scales and habits; their records' quality is scored, not corrected.",
    ),
    (
        "predictors",
        "Were predictors assessed without knowledge of the outcome?",
        "Yes, by construction. {RISK001}",
    ),
    (
        "predictors",
        "Are all predictors available when the model is used?",
        "Yes: the same code. {RISK015}",
    ),
    (
        "outcome",
        "Was the outcome determined appropriately?",
        "{event}: the contract's definition. {RISK005}",
    ),
    (
        "outcome",
        "Was the outcome determined without predictors?",
        (
            "No: readings after the prediction decide it, by a rule, as for any such outcome; "
            "none before it does. {RISK008}"
        ),
    ),
    (
        "outcome",
        "Was the time between prediction and outcome appropriate?",
        "Up to {horizon} days. {RISK002}",
    ),
    ("analysis", "Were there enough participants with the outcome?", "{RISK014}"),
    (
        "analysis",
        "Were missing data handled appropriately?",
        "Kept missing; no imputation from the future.",
    ),
    (
        "analysis",
        "Were all enrolled participants included?",
        "{RISK013}; weighed by inverse probability of censoring.",
    ),
    (
        "analysis",
        "Were complexities accounted for?",
        "Censoring by weights, death as a competing event told as such, "
        "several rows a child kept on one side. {RISK003}",
    ),
    (
        "analysis",
        "Were performance measures appropriate?",
        "AUC, Brier, calibration, net benefit, capacity. {RISK011}",
    ),
    (
        "analysis",
        "Were overfitting and optimism accounted for?",
        "Held-out children choose and calibrate. {rehearsed}. {RISK009}",
    ),
    ("analysis", "Was algorithmic fairness examined?", "{RISK012}"),
)
