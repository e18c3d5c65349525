"""How likely a child is to die soon, by what cohorts have published: five bands from WHZ, arm,
oedema and illness.

| found | times as likely to die (95 % interval) | than | source |
|---|---|---|---|
| WHZ under -3 | 11.6 (9.8 to 13.8) | WHZ -1 or more | [1] |
| WHZ -3 to -2 | 3.4 (from memory, verified: false) | WHZ -1 or more | [1] |
| wasted, stunted and underweight | 12.3 (7.7 to 19.6) | none of them | [2] |
| arm under 115 mm, from six months | 4.0 (1.4 to 11.8), 5.6 (3.9 to 8.1): two peoples | 115 mm or more | [3] |
| arm 115 to 124 mm | 3.8 (1.6 to 9.2) | 125 mm or more | [4] |
| oedema | 4.8 (0.6 to 38) | none | [4] |
| WHZ under -3 or an arm under 115 mm; both | 4; 8 (from memory, verified: false) | neither | [5] |
| moderately wasted, lost at two visits running | 2.9 (1.8 to 4.8), odds of severe wasting or death | not | [6] |
| moderately wasted, ill lately | 1.7 (1.2 to 2.5), 2.1 (1.5 to 3.0), odds of the same | not | [6] |
| under 24 months, in hospital with SAM | 2.8 (1.1 to 7.3) | older | [7] |

[1] Olofin 2013, doi 10.1371/journal.pone.0064636: 53,809 children in ten cohorts. [2] McDonald
2013, Am J Clin Nutr 97:896: the same cohorts. [3] Gupta 2018, PMC11106025. [4] Prost 2019,
PMC6793843: Jharkhand and Odisha; there an arm under 115 mm has 2.0 (0.2 to 16), too few children to
tell. [5] Schwinger 2019, doi 10.1371/journal.pone.0219745: the death rate rises with the deficit by
every measure. [6] PMC8921644, table 4. [7] Girum 2017, doi 10.2147/TCRM.S119826. Read in abstracts
and tables. Cohorts differ in whom they compare with whom, so the figures make bands, not a sum.
"""  # noqa: E501

from __future__ import annotations

from typing import Any

MAM_WHZ, MAM_MUAC_MM = -2.0, 125.0
SAM_WHZ, SAM_MUAC_MM = -3.0, 115.0
VERY_LOW_WHZ, VERY_LOW_MUAC_MM = -4.0, 105.0
"""One limit crossed by a whole z-score or a centimetre counts as both crossed: risk rises with the
deficit [5]. Where the two lower limits lie is ours. verified: false."""
ARM_FROM_MONTHS = 6
"""Under six months an arm under 115 mm did not tell apart who died in one of two peoples [3]."""
YOUNG_MONTHS = 24
"""Within a band the younger go first: under two years more of them die [7]."""
WELL, MODERATE, SEVERE, EXTREME, EXTREME_AND_ILL = range(5)


def severity(
    whz: Any,
    muac_mm: Any,
    *,
    oedema: Any = False,
    ill: Any = False,
    age_months: Any = ARM_FROM_MONTHS,
) -> Any:
    """The band, 0 to 4; plain values or NumPy arrays, NaN where not known.

    1: WHZ under -2 or an arm under 125 mm. 2: one limit of SAM crossed. 3: both crossed, one by
    far, or oedema. Illness at the newest check (fever, diarrhoea, poor appetite) counts one band
    more. Never falls with a lower WHZ or arm.

    Example: WHZ -3.1, arm 121 mm: 2; with fever 3. WHZ -3.6, arm 109 mm: 3; with fever 4.
    """
    arm_counts = (age_months >= ARM_FROM_MONTHS) | (age_months != age_months)
    thin, narrow = whz < SAM_WHZ, (muac_mm < SAM_MUAC_MM) & arm_counts
    by_far = (whz < VERY_LOW_WHZ) | ((muac_mm < VERY_LOW_MUAC_MM) & arm_counts)
    extreme = (thin & narrow) | by_far | oedema
    severe = extreme | thin | narrow
    moderate = severe | (whz < MAM_WHZ) | ((muac_mm < MAM_MUAC_MM) & arm_counts)
    return 1 * moderate + severe + extreme + ill
