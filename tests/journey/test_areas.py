"""`sanket areas import`: boundaries from GeoJSON to the store, and the map in the forecast's
report."""

from __future__ import annotations

import json
import re
from contextlib import closing
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from features.charts.area_map import GREYS, simplified
from registry.contract.errors import BadInput, UsageError
from registry.store.boundaries import boundaries, import_boundaries
from registry.store.store import open_store
from sanket.app import main
from tests.support.registry_samples import folder

MONTHS = pd.period_range("2024-01", "2026-06", freq="M")


def square(x: float, y: float, side: float = 0.4) -> list[list[float]]:
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]


def feature(area: object, *rings: list, property: str = "sector_id") -> dict:
    return {
        "type": "Feature",
        "properties": {property: area, "name": "x"},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def written(path, *features: dict, **more: object):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)} | more))
    return path


S1, S2 = feature("S1", square(74.0, 19.0)), feature("S2", square(74.4, 19.0))


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "x.db")
    opened.import_source(folder(tmp_path / "in"), imported_on="2026-01-01")
    yield opened
    opened.close()


def test_boundaries_are_kept_replaced_and_read_back(store, tmp_path):
    hole = square(74.1, 19.1, 0.1)
    file = written(tmp_path / "a.geojson", feature("S1", square(74.0, 19.0), hole), S2)
    done = import_boundaries(store, file)
    assert (done.level, done.areas, done.replaced, done.without) == ("sector", 2, 0, 0)
    kept = boundaries(store, "sector")
    assert kept["S1"] == [[[tuple(c) for c in square(74.0, 19.0)], [tuple(c) for c in hole]]]
    assert boundaries(store, "district") == {}
    moved = written(tmp_path / "b.geojson", feature("S1", square(75.0, 19.0)))
    done = import_boundaries(store, moved)
    assert (done.areas, done.replaced, done.without) == (1, 1, 0)
    later = boundaries(store, "sector")
    assert later["S1"][0][0][0] == (75.0, 19.0) and later["S2"] == kept["S2"]


def test_several_parts_and_an_id_beside_the_properties(store, tmp_path):
    island = {
        "type": "Feature",
        "id": "D",
        "properties": {},
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [[square(74.0, 19.0)], [square(75.0, 19.0)]],
        },
    }
    done = import_boundaries(store, written(tmp_path / "a.geojson", island))
    assert (done.level, len(boundaries(store, "district")["D"])) == ("district", 2)


OPEN = square(74.0, 19.0)[:-1]
UTM = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32643"}}
OLD_WGS84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


@pytest.mark.parametrize(
    ("features", "more", "code", "said"),
    [
        ([S1], {"crs": UTM}, "ARE002", "32643"),
        ([feature("S1", square(500_000, 2_100_000))], {}, "ARE002", "S1"),
        ([feature(None, square(74, 19))], {}, "ARE003", "name, sector_id"),
        ([feature("S9", square(74, 19)), S1], {}, "ARE004", "1 of 2 areas.*S9"),
        ([S1, S1], {}, "ARE005", "S1"),
        ([feature("S1", OPEN)], {}, "ARE006", "not closed"),
        ([feature("S1", square(74, 19)[:2] + [[74, 19]])], {}, "ARE006", "fewer than 4"),
        ([feature("S1", [[74, 19], [75, 19], [76, 19], [74, 19]])], {}, "ARE006", "nothing"),
        ([feature("S1", [[74, 19], [75, "x"], [75, 20], [74, 19]])], {}, "ARE006", "numbers"),
        ([feature("S1")], {}, "ARE006", "no ring"),
        ([S1 | {"geometry": {"type": "Point", "coordinates": [74, 19]}}], {}, "ARE006", "Point"),
        ([S1 | {"geometry": None}], {}, "ARE006", "None"),
        ([feature("nobody", square(74, 19), property="id")], {}, "ARE004", "--level"),
        ([], {}, "ARE001", "no feature"),
        ([S1], {"type": "Topology"}, "ARE001", "Topology"),
    ],
)
def test_a_file_with_a_fault_is_refused_and_changes_nothing(
    store, tmp_path, features, more, code, said
):
    import_boundaries(store, written(tmp_path / "good.geojson", S2))
    with pytest.raises(BadInput) as refused:
        import_boundaries(store, written(tmp_path / "a.geojson", *features, **more))
    assert refused.value.code == code and re.search(said, refused.value.message)
    assert set(boundaries(store, "sector")) == {"S2"}


def test_what_is_no_json_no_level_or_nearly_right(store, tmp_path):
    path = tmp_path / "a.geojson"
    for text in ("{", "[1]", "null", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(BadInput, match="a.geojson"):
            import_boundaries(store, path)
    with pytest.raises(BadInput, match="cannot be read"):
        import_boundaries(store, tmp_path / "none.geojson")
    with pytest.raises(UsageError, match="ARE010"):
        import_boundaries(store, written(path, S1), level="state")
    done = import_boundaries(
        store, written(path, S1, feature("S9", square(76, 19))), skip_unknown=True
    )
    assert (done.areas, done.skipped, done.without) == (1, 1, 1)
    done = import_boundaries(store, written(path, S1, crs=OLD_WGS84))
    assert done.replaced == 1


def test_boundaries_far_from_every_centre_are_named(tmp_path):
    centres = (
        "centre_id,sector_id,project_id,district_id,setting,latitude,longitude\n"
        "A,S1,P,D,rural,19.2,74.2\nB,S2,P,D,urban,19.2,74.6\n"
    )
    with closing(open_store(tmp_path / "y.db")) as store:
        store.import_source(folder(tmp_path / "in", centres=centres), imported_on="2026-01-01")
        file = tmp_path / "a.geojson"
        assert import_boundaries(store, written(file, S1, S2)).notes == ()
        exchanged = [
            feature(name, [[y, x] for x, y in square(at, 19.0)])
            for name, at in (("S1", 74.0), ("S2", 74.4))
        ]
        (note,) = import_boundaries(store, written(file, *exchanged)).notes
        assert "exchanged" in note


def programme(path):
    """A store of three sectors and 30 months: in S1 20 admissions a month, in S2 one in all of a
    year, in S3 one or two."""
    admitted = {"S1": 20, "S2": 0, "S3": 2}
    children, stays, weighed = [], [], []
    for sector, many in admitted.items():
        for month in MONTHS:
            for at in range(max(many, 1)):
                child = f"{sector}-{month}-{at}"
                children.append(f"{child},F,{(month - 14).to_timestamp():%Y-%m-%d},{sector}c")
                weighed.append(f"{child},{month}-10,7.0")
                if at < many:
                    stays.append(f"{child},{child},VCDC,{month}-12")
    centres = "".join(f"{name}c,{name},P,D,rural\n" for name in admitted)
    return folder(
        path,
        centres=f"centre_id,sector_id,project_id,district_id,setting\n{centres}",
        children="child_id,sex,birth_date,centre_id\n" + "\n".join(children) + "\n",
        measurements="child_id,measured_on,weight_kg\n" + "\n".join(weighed) + "\n",
        episodes="episode_id,child_id,programme,admitted_on\n" + "\n".join(stays) + "\n",
    )


def run(*arguments: object) -> int:
    try:
        main([str(one) for one in arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The report before and after the boundaries came."""
    home = tmp_path_factory.mktemp("map")
    address = home / "x.db"
    with closing(open_store(address)) as store:
        store.import_source(programme(home / "in"), imported_on="2026-07-01")
    pages = []
    file = written(home / "a.geojson", S1, S2, feature("S3", square(74.8, 19.0)))
    for name in ("before", "after"):
        page = home / f"{name}.html"
        asked = ("forecast", address, "--counted", "admissions", "--horizon", 3, "--report", page)
        assert run(*asked, "--as-of", "2026-06-30") == 0
        pages.append(page.read_text())
        if name == "before":
            assert run("areas", "import", file, "--to", address) == 0
    return pages


def test_without_boundaries_the_report_is_as_before(reported):
    assert "<h2>Map</h2>" not in reported[0] and "<h2>Plots</h2>" in reported[0]
    start, end = reported[1].index("<h2>Map</h2>"), reported[1].index("<h2>Areas, the most")
    assert reported[1][:start] + reported[1][end:] == reported[0]


def test_the_map_tells_counts_in_grey_and_hides_the_small_ones(reported):
    start, end = reported[1].index("<h2>Map</h2>"), reported[1].index("<h2>Areas, the most")
    expected, before = (
        ElementTree.fromstring(svg)
        for svg in re.findall(r"<svg.*?</svg>", reported[1][start:end], re.DOTALL)
    )
    space = "{http://www.w3.org/2000/svg}"
    assert before.findtext(f"{space}desc").endswith(": S1 60, S2 0, S3 6")
    told = expected.findtext(f"{space}desc")
    assert 45 < int(re.search(r"S1 (\d+)", told)[1]) < 75
    areas = [one for one in before.iter(f"{space}path") if one.get("fill-rule")][:3]
    assert [one.get("fill") for one in areas][0] == GREYS[len(_greys(before)) - 1]
    assert "http://" not in reported[1][start:end].replace("http://www.w3.org/2000/svg", "")
    assert "src=" not in reported[1] and "href=" not in reported[1]


def _greys(svg) -> list[str]:
    """The greys of the legend."""
    space = "{http://www.w3.org/2000/svg}"
    return [one.get("fill") for one in svg.iter(f"{space}path") if one.get("fill-rule")][3:]


def test_one_to_four_are_never_told_and_unknown_is_not_none():
    from training.forecasting.forecast_map import _grey, _told

    assert [_told(value) for value in (0.0, 0.3, 1, 4, 4.9, 5, 12_345, np.nan)] == [
        "0", "<5", "<5", "<5", "<5", "5", "12,345", "?",
    ]  # fmt: skip
    assert [_grey(value, [6, 10]) for value in (0.0, 2.0, np.nan, 5, 6, 9, 10)] == [
        0, None, None, 0, 1, 1, 2,
    ]  # fmt: skip


def test_a_border_is_drawn_with_fewer_corners_and_nowhere_off_by_more():
    turn = np.linspace(0, 2 * np.pi, 2001)
    circle = 100 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    circle[-1] = circle[0]
    drawn = np.array(simplified(circle))
    assert len(drawn) < 80 and (drawn[0] == drawn[-1]).all()
    middle = (drawn[1:] + drawn[:-1]) / 2
    assert np.abs(np.hypot(*middle.T) - 100).max() < 0.41
    sliver = np.array([[0.0, 0], [50, 0.1], [100, 0], [50, 0.2], [0, 0]])
    assert len(simplified(sliver)) >= 4
