"""Properties: what must hold of every z-score, whatever the numbers."""

import itertools
import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.who import growth, portable_math
from features.who.growth import INDICATORS, point, zscores
from features.who.measure_of_z import measure_at
from features.who.standards import BY_AGE, who_tables
from features.who.who2007 import older_point

ANY = st.floats(allow_nan=True, allow_infinity=True)
SEX, POSITION = st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1])
LITTLE = settings(max_examples=150, deadline=None)
ODD = [0.0, -0.0, -1.0, math.nan, math.inf, -math.inf, 1e300, -1e300, 5e-324, 1e-310]


def one(**columns):
    return {
        name: column[0] for name, column in zscores(**{n: [c] for n, c in columns.items()}).items()
    }


@LITTLE
@given(sex=SEX, age=ANY, weight=ANY, height=ANY, position=POSITION, muac=ANY, head=ANY, oedema=ANY)
def test_no_number_raises_or_warns_and_no_answer_is_infinite(
    sex, age, weight, height, position, muac, head, oedema
):
    answer = one(
        sex=sex,
        age_days=age,
        weight_kg=weight,
        height_cm=height,
        height_position=position,
        muac_mm=muac,
        head_cm=head,
        oedema=oedema,
    )
    for name in INDICATORS:
        assert (
            not math.isinf(answer[name])
            or max(abs(weight), abs(height), abs(muac), abs(head)) > 1e290
        )
        assert (answer[f"{name}_flag"] == -1) == math.isnan(answer[name])
        assert sex >= 0 or math.isnan(answer[name])


def test_odd_numbers_give_an_answer_or_none():
    for age, weight, height in itertools.product([400.0, 2500.0, *ODD], ODD, [75.0, *ODD]):
        answer = one(
            sex=1,
            age_days=age,
            weight_kg=weight,
            height_cm=height,
            muac_mm=weight,
            head_cm=height,
            oedema=0,
        )
        older = older_point(1, age, weight, height, -1, 0.0)
        if not 0 < weight < math.inf:
            assert math.isnan(answer["waz"]) and math.isnan(answer["whz"]) and math.isnan(older[0])
        if not 0 < height < math.inf:
            assert math.isnan(answer["haz"]) and math.isnan(older[1])
        if not 0 <= age < 1826.25:
            assert math.isnan(answer["waz"]) and math.isnan(answer["muacz"])


@LITTLE
@given(
    sex=st.sampled_from([0, 1]), age=st.integers(0, 1826), height=st.floats(45, 120),
    weights=st.tuples(st.floats(0.1, 200), st.floats(0.1, 200)),
)  # fmt: skip
def test_a_heavier_child_has_no_lower_z(sex, age, height, weights):
    light, heavy = (
        point(sex, age, weight, height, -1, 10 * weight, math.nan) for weight in sorted(weights)
    )
    for name, low, high in zip(("waz", "haz", "whz", "baz", "muacz"), light, heavy, strict=True):
        assert math.isnan(low) == math.isnan(high)
        assert math.isnan(low) or low <= high + 1e-9, name


@LITTLE
@given(sex=st.sampled_from([0, 1]), age=st.integers(91, 1826), z=st.floats(-4, 6))
def test_from_z_to_the_measure_and_back(sex, age, z):
    def at(indicator, place):
        return float(measure_at(indicator, sex=sex, at=np.array([place]), z=np.array([z]))[0])

    height = at("haz", age)
    answer = one(
        sex=sex,
        age_days=age,
        weight_kg=at("waz", age),
        height_cm=height,
        muac_mm=10 * at("muacz", age),
        head_cm=at("hcz", age),
    )
    for name in ("waz", "haz", "muacz", "hcz"):
        assert answer[name] == pytest.approx(z, abs=1e-9)
    bmi = at("baz", age)
    by_bmi = one(sex=sex, age_days=age, weight_kg=bmi * (height / 100) ** 2, height_cm=height)
    assert by_bmi["baz"] == pytest.approx(z, abs=1e-9)


@LITTLE
@given(
    sex=st.sampled_from([0, 1]), table=st.sampled_from([("wfl", 45, 110, 400), ("wfh", 65, 120, 900)]),
    share=st.floats(0, 1), z=st.floats(-5, 5),
)  # fmt: skip
def test_from_weight_for_height_to_the_weight_and_back(sex, table, share, z):
    name, first, last, age = table
    size = first + share * (last - first)
    weight = float(measure_at(name, sex=sex, at=np.array([size]), z=np.array([z]))[0])
    assert one(sex=sex, age_days=age, weight_kg=weight, height_cm=size)["whz"] == pytest.approx(
        z, abs=1e-9
    )


def many(n=700):
    draw = np.random.default_rng(5)
    age = draw.integers(0, 1900, n)
    row = BY_AGE[1, np.minimum(age, 1826)]
    return {
        "sex": draw.integers(-1, 2, n),
        "age_days": np.where(draw.random(n) < 0.05, np.nan, age),
        "weight_kg": row[:, 1] * draw.normal(0.8, 0.25, n),
        "height_cm": row[:, 4] * draw.normal(0.95, 0.06, n),
        "height_position": draw.integers(-1, 2, n),
        "muac_mm": draw.normal(130, 20, n),
        "head_cm": row[:, 13] * draw.normal(1, 0.05, n),
        "oedema": draw.choice([np.nan, 0, 1], n),
    }


def test_the_order_of_rows_and_the_company_change_nothing():
    table = many()
    answer = zscores(**table)
    order = np.random.default_rng(6).permutation(700)
    mixed = zscores(**{name: column[order] for name, column in table.items()})
    for name, column in answer.items():
        np.testing.assert_array_equal(mixed[name], column[order])
    for i in range(0, 700, 23):
        alone = zscores(**{name: column[i : i + 1] for name, column in table.items()})
        for name, column in answer.items():
            np.testing.assert_array_equal(alone[name], column[i : i + 1])


def test_the_scalar_kernel_gives_the_same_bits_as_the_blocks():
    table = many()
    answer = zscores(**table)
    names = ("sex", "age_days", "weight_kg", "height_cm", "height_position", "muac_mm", "oedema")
    for i, row in enumerate(zip(*(table[name] for name in names), strict=True)):
        np.testing.assert_array_equal(
            point(*row), [answer[name][i] for name in ("waz", "haz", "whz", "baz", "muacz")]
        )


def test_log_and_expm1_are_right_to_the_last_digits_and_the_same_bits_everywhere():
    getcontext().prec = 40
    for x in (0.3, 0.9999, 1.0, 1.0000001, 7.8, 1e-300, 1e300):
        assert portable_math.log(x) == pytest.approx(float(Decimal(x).ln()), rel=1e-15, abs=0)
    for t in (-40.0, -0.5, -1e-9, 0.0, 1e-12, 0.3466, 0.7, 5.5, 300.0):
        assert portable_math.expm1(t) == pytest.approx(
            float(Decimal(t).exp() - 1), rel=1e-15, abs=0
        )
    # The interpreter does the same four operations as the compiled loop, so any machine gives these
    # bits.
    x = np.random.default_rng(7).uniform(0.05, 20, 300)
    assert [portable_math.log(v) for v in x] == [portable_math.log.py_func(v) for v in x]
    assert [portable_math.expm1(v) for v in x] == [portable_math.expm1.py_func(v) for v in x]


def test_the_curves_exist_at_three_sd_for_every_row_of_every_table():
    for table in who_tables().values():
        l, s = table[..., 0], table[..., 2]
        assert (1 + 3 * l * s > 0.01).all() and (1 - 3 * l * s > 0.01).all()


@pytest.mark.parametrize(
    "z, two_decimals",
    [
        (-2.995, -3.0),
        (-2.994999, -2.99),
        (-3.0049, -3.0),
        (0.125, 0.12),
        (0.375, 0.38),
        (-0.001, 0.0),
    ],
)
def test_rounding_is_to_the_nearer_hundredth(z, two_decimals):
    assert growth.rounded(np.array([z]))[0] == two_decimals
    assert math.copysign(1, growth.rounded(np.array([-0.001]))[0]) == 1
