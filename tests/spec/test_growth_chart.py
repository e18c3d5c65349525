"""The growth chart: what it shows, how large it is, and that the command draws it."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from features.charts.growth_chart import WORDS, Points, Treatment, growth_chart
from features.charts.panel import CROSS, INK, SHADE
from features.charts.svg import Area, Dots, Label, Polyline
from features.survey.survey_report import distribution
from features.who.growth import STANDING_FROM_DAYS
from features.who.measure_of_z import measure_at


def points(n=60, **changed):
    age = np.linspace(200, 900, n)
    height = measure_at("haz", sex=0, at=np.round(age), z=np.full(n, -2.0))
    columns = {
        "age_days": age, "weight_kg": np.linspace(6, 10, n), "height_cm": height,
        "height_position": np.full(n, -1), "muac_mm": np.full(n, 120.0), "oedema": np.zeros(n),
        "stale": np.zeros(n, bool),
    }  # fmt: skip
    return Points(**columns | changed)


def texts(canvas):
    root = ElementTree.fromstring(canvas.svg())
    return [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_chart_of_sixty_points_is_small_and_stands_alone():
    canvas = growth_chart(
        points(), sex=0, treatments=[Treatment(300, 360, "UCDC"), Treatment(800, None, "VCDC")]
    )
    svg = canvas.svg()
    assert len(svg.encode()) < 25_000
    assert "href" not in svg and "<script" not in svg and "url(" not in svg


def test_bands_programmes_and_panels_are_named():
    shown = texts(
        growth_chart(points(), sex=1, treatments=[Treatment(300, 360, "UCDC")], title="C <7>")
    )
    assert {"severe", "moderate", "normal", "UCDC", "C <7>", WORDS["whz"], WORDS["muac"]} <= set(
        shown
    )


def test_words_of_another_language_replace_ours():
    hindi = dict.fromkeys(WORDS, "शब्द")
    assert set(texts(growth_chart(points(3), sex=0, words=hindi))) & set(WORDS.values()) == set()


def test_a_height_carried_forward_is_hollow_and_only_in_weight_for_height():
    stale = np.arange(60) == 59
    canvas = growth_chart(points(stale=stale), sex=0)
    hollow = [shape for shape in canvas.shapes if isinstance(shape, Dots) and shape.hollow]
    assert [len(shape.points) for shape in hollow] == [1]
    assert WORDS["stale"] in texts(canvas)


def test_what_was_never_measured_has_no_panel_and_points_after_five_years_are_left_out():
    empty = np.full(60, np.nan)
    canvas = growth_chart(points(muac_mm=empty), sex=0)
    assert WORDS["muac"] not in texts(canvas)
    late = growth_chart(points(1, age_days=np.array([2000.0])), sex=0)
    assert not [shape for shape in late.shapes if isinstance(shape, Dots)]
    nothing = growth_chart(points(0), sex=0)
    assert WORDS["empty"] in nothing.svg()


def reach(canvas, fill):
    """First and last pixel, left to right, of the areas of a colour."""
    return [
        (min(x), max(x))
        for shape in canvas.shapes
        if isinstance(shape, Area) and shape.fill == fill
        for x in [[point[0] for point in shape.points]]
    ]


def test_an_open_stay_is_shaded_up_to_the_day_of_the_chart_and_a_later_one_not_at_all():
    closed, open_ = (
        growth_chart(points(), sex=0, treatments=[Treatment(800, until, "VCDC")], today=850.0)
        for until in (850.0, None)
    )
    assert reach(open_, SHADE) == reach(closed, SHADE)
    to_come = growth_chart(points(), sex=0, treatments=[Treatment(880, None, "VCDC")], today=850.0)
    assert reach(to_come, SHADE) == []


def test_where_length_turns_to_height_curves_and_points_are_parted_and_the_step_is_said():
    canvas = growth_chart(points(), sex=0, panels=["haz"])
    ages = points().age_days
    joined = [
        len(shape.points)
        for shape in canvas.shapes
        if isinstance(shape, Polyline) and shape.colour == INK
    ]
    assert joined == [
        int((ages < STANDING_FROM_DAYS).sum()),
        int((ages >= STANDING_FROM_DAYS).sum()),
    ]
    assert {WORDS["lying"], WORDS["standing"]} <= set(texts(canvas)) and WORDS[
        "step"
    ] in canvas.notes
    for fill in ("#e6f4e6", "#f9dcd9"):
        (_, end), (start, _) = reach(canvas, fill)[-2:]
        assert 0 < start - end < 6
    early = growth_chart(points(age_days=np.linspace(200, 500, 60)), sex=0)
    assert WORDS["step"] not in early.notes and WORDS["lying"] not in texts(early)


def test_a_height_measured_the_other_way_is_drawn_as_its_z_score_has_it():
    def dots(position):
        canvas = growth_chart(points(2, height_position=np.array(position)), sex=0, panels=["haz"])
        return next(shape for shape in canvas.shapes if isinstance(shape, Dots)).points

    (early, late), (early_up, late_down) = dots([0, 1]), dots([1, 0])
    assert early_up[1] < early[1] and late_down[1] > late[1]


def test_no_word_is_smaller_than_eleven_pixels_on_a_phone():
    on_a_phone = (360 - 2 * 0.8 * 16) / growth_chart(points(), sex=0).width
    canvas = growth_chart(points(), sex=0, treatments=[Treatment(300, 360, "UCDC")])
    assert min(shape.size for shape in canvas.shapes if isinstance(shape, Label)) * on_a_phone >= 11


def test_points_stay_inside_the_picture():
    canvas = growth_chart(
        points(weight_kg=np.geomspace(0.1, 99, 60)), sex=0, treatments=[Treatment(-50, 3000, "")]
    )
    for shape in canvas.shapes:
        if isinstance(shape, Dots | Area):
            x, y = np.array(shape.points).T
            assert (
                (x >= 0).all()
                and (x <= canvas.width).all()
                and (y >= 0).all()
                and (y <= canvas.height).all()
            )


def test_the_same_picture_as_png():
    content = growth_chart(points(), sex=0, treatments=[Treatment(300, 360, "UCDC")]).png(scale=1)
    assert content.startswith(b"\x89PNG") and len(content) > 5_000


def test_a_survey_of_one_child_has_a_distribution():
    assert "n 1" in distribution(np.array([-1.0]), "Weight for age").svg()


@pytest.mark.parametrize("indicator", ["waz", "haz", "baz", "muacz", "hcz"])
def test_whos_median_is_the_table_itself(indicator):
    from features.who.standards import who_tables

    median = measure_at(indicator, sex=1, at=np.array([91.0, 1826.0]), z=np.array(0.0))
    table = who_tables()[indicator][1]
    np.testing.assert_allclose(
        median, [table[91 - (91 if indicator == "muacz" else 0), 1], table[-1, 1]], rtol=1e-14
    )


def test_an_implausible_point_is_a_cross_that_joins_no_line_and_stretches_no_axis():
    weight = np.linspace(6, 10, 60)
    weight[30] = 34.0
    canvas = growth_chart(points(weight_kg=weight), sex=0, panels=["waz"])
    plain = growth_chart(points(), sex=0, panels=["waz"])
    crosses = [
        shape for shape in canvas.shapes if isinstance(shape, Polyline) and shape.colour == CROSS
    ]
    dots = [shape for shape in canvas.shapes if isinstance(shape, Dots)]
    assert len(crosses) == 2 and sum(len(shape.points) for shape in dots) == 59
    assert WORDS["implausible"] in canvas.notes and WORDS["implausible"] not in plain.notes
    assert reach(canvas, "#f9dcd9") == reach(plain, "#f9dcd9")


def test_a_panel_whose_points_are_all_too_old_is_not_drawn_and_an_empty_one_says_so():
    late = points(2, age_days=np.array([400.0, 2000.0]), muac_mm=np.array([np.nan, 150.0]))
    assert WORDS["muac"] not in texts(growth_chart(late, sex=0))
    assert WORDS["empty"] in texts(growth_chart(points(1, age_days=np.array([2000.0])), sex=0))


def test_a_survey_of_one_or_no_plausible_child_says_no_mean_of_zero():
    assert "mean 0.00" not in distribution(np.array([]), "Weight for age").svg()
    one = distribution(np.array([-1.5]), "Weight for age").svg()
    assert "mean -1.50" in one and "SD" not in one
