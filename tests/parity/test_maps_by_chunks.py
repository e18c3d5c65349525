"""What comes through a map or out of a database is read in chunks of a few rows as it is read at
once: the same rows kept and refused, under the same numbers, in every shape that a map knows."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry.checks.raw import RawOnDisk, Sizes
from registry.contract.errors import BadInput
from registry.mapping.applied.apply_map import read_mapped
from registry.mapping.applied.equal_rows import DistinctRows, distinct, fingerprints
from registry.store.store import Store, open_store
from tests.parity.test_import_by_chunks import (
    CENTRES,
    CHILDREN,
    all_of,
    both,
    by_chunks,
    csv_cell,
    dirty_tables,
    one_key,
    write_table,
)
from tests.support.postgres import fresh_database, own_server

__all__ = ["one_key"]
PLACES = {
    "rows": [
        {
            "centre_id": centre,
            "sector_id": "S",
            "project_id": "P",
            "district_id": "D",
            "setting": "rural",
        }
        for centre in CENTRES
    ]
}
WHO = {"child_id": "Code", "sex": "Sex", "birth_date": "Born", "centre_id": "AWC"}
DAY = {"from": "Day", "date": ["%d/%m/%Y", "iso"]}


def rows_of_visits(draw: random.Random, rows: int = 90) -> dict[str, list]:
    """One row a visit, with the child's own columns in each: most of a child's say the same."""
    some = draw.choice
    who = {
        child: (some("FM"), some(["2024-01-05", "2023-06-01"]), some(CENTRES)) for child in CHILDREN
    }
    found: dict[str, list] = {name: [] for name in ("Code", "Sex", "Born", "AWC", "Day", "W", "H")}
    for _ in range(rows):
        child = some([*CHILDREN, "c1"])
        sex, born, centre = who[child] if draw.random() > 0.02 else ("F", "2023-12-31", "nowhere")
        cells = (
            (" " * (draw.random() < 0.1)) + child,
            sex,
            born,
            centre,
            f"{draw.randrange(1, 29):02}/{draw.randrange(1, 13):02}/2025",
            some(["7100", "7400", "12000", "", "x", "88", "NM"]),
            some(["70", "0.71", "", "71,5"]),
        )
        for name, cell in zip(found, cells, strict=True):
            found[name].append(cell or None)
    return found


def visits_plan(**more: object) -> dict:
    """Children and measurements out of the same rows."""
    return {
        "tables": {
            "centres": PLACES,
            "children": {"distinct": True, "columns": WHO, "file": "visits*"},
            "measurements": {
                "file": "visits*",
                "columns": {
                    "child_id": "Code",
                    "measured_on": DAY,
                    "weight_kg": {"from": "W", "unit": "g", "missing": ["88"]},
                    "height_cm": {"from": "H", "decimal": ","},
                }
                | more,
            },
        }
    }


def wide_months(draw: random.Random) -> dict[str, list]:
    """A column of weights, heights and colours for each of five months, many of them empty."""
    children = [f"c{at}" for at in range(40)]
    found: dict[str, list] = {
        "Code": children,
        "Sex": [draw.choice("FM") for _ in children],
        "Born": [draw.choice(["2024-01-05", "2023-06-01", "2026-01-01"]) for _ in children],
        "AWC": [draw.choice(CENTRES) for _ in children],
    }
    for month in ("Jan-25", "Feb-25", "Mar-25", "Apr-25", "Nov-25"):
        for name, cells in (
            ("Weight", ["7.1", "8", "", "-", "77"]),
            ("Colour", ["Green", "", "RED", "blue"]),
        ):
            found[f"{month} {name}"] = [draw.choice(cells) or None for _ in children]
    return found


WIDE_PLAN = {
    "tables": {
        "centres": PLACES,
        "children": {"columns": WHO},
        "measurements": {
            "columns": {"child_id": "Code"},
            "wide": {
                "day": 15,
                "columns": {
                    "weight_kg": "{Mon}-{YY} Weight",
                    "reported_status": {
                        "from": "{Mon}-{YY} Colour",
                        "codes": {"green": "green", "red": "red"},
                    },
                },
            },
        },
    }
}


def visit_cards(draw: random.Random) -> dict[str, list]:
    """A date and a weight for each visit on a card."""
    found = {name: cells for name, cells in wide_months(draw).items() if name in WHO.values()}
    for visit in (1, 2, 10):
        days = [f"{draw.randrange(1, 32):02}/{draw.randrange(1, 13):02}/2025" for _ in range(40)]
        found[f"v{visit} day"] = [draw.choice([day, None]) for day in days]
        found[f"v{visit} kg"] = [draw.choice(["7.2", "6.9", "70", None]) for _ in days]
    return found


CARD_PLAN = {
    "tables": {
        "centres": PLACES,
        "children": {"columns": WHO},
        "measurements": {
            "columns": {"child_id": "Code"},
            "wide": {
                "columns": {
                    "measured_on": {"from": "v{N} day", "date": "%d/%m/%Y"},
                    "weight_kg": "v{N} kg",
                }
            },
        },
    }
}


def forms_and_repeats(draw: random.Random) -> dict[str, dict[str, list]]:
    """Kobo's form, whose day stands above the children's rows; some rows name no form."""
    visits = rows_of_visits(draw)
    forms = [str(at) for at in range(25)]
    days = [f"2025-{draw.randrange(1, 13):02}-11" for _ in forms]
    del visits["Day"]
    visits["_parent"] = [draw.choice([*forms, "99", None]) for _ in visits["Code"]]
    return {"visits": visits, "form": {"_index": forms, "Day": days, "W": ["5"] * len(forms)}}


FORM_PLAN = {
    "tables": {
        **visits_plan()["tables"],
        "measurements": {
            "file": "visits*",
            "parent": {"file": "form.*", "key": "_index", "by": "_parent"},
            "columns": {
                "child_id": "Code",
                "measured_on": "Day",
                "weight_kg": {"from": "W", "unit": "g", "missing": []},
            },
        },
    }
}


def one_value_a_row(draw: random.Random) -> dict[str, list]:
    """DHIS2's rows: what a value is called, and the value; some twice, some of them differing."""
    visits = rows_of_visits(draw)
    said = [draw.choice(["Weight", "MUAC"]) for _ in visits["Code"]]
    days = [draw.choice(["2025-03-01", "2025-04-01"]) for _ in said]
    cells = [draw.choice(["7.4", "7.7", "121", "x"]) for _ in said]
    return visits | {"Day": days, "what": said, "value": cells}


VALUES_PLAN = {
    "tables": {
        **visits_plan()["tables"],
        "measurements": {
            "file": "visits*",
            "values": {"name": "what", "value": "value", "by": ["Code", "Day"]},
            "columns": {
                "child_id": "Code",
                "measured_on": "Day",
                "weight_kg": "Weight",
                "muac_mm": "MUAC",
            },
        },
    }
}


def stays(draw: random.Random) -> dict[str, list]:
    """A row for each stay, a child's number whole only with its facility's. One number became a
    date, and one a power of ten."""
    numbers = [str(at) for at in range(30)]
    numbers[21], numbers[27] = "2026-03-05", "2.7501E+10"
    days = [f"2025-{draw.randrange(1, 12):02}-05" for _ in numbers]
    return {
        "place": [draw.choice(["Amba", "Zoo"]) for _ in numbers],
        "reg": numbers,
        "Sex": [draw.choice("FM") for _ in numbers],
        "Born": ["2024-01-05" for _ in numbers],
        "in": days,
        "in kg": [draw.choice(["6.4", "6.9", None]) for _ in numbers],
        "out": [draw.choice(["2025-12-02", None]) for _ in numbers],
        "out kg": [draw.choice(["7.4", None]) for _ in numbers],
    }


CODE = {"from": ["place", "reg"], "join": "/"}
STAY_PLAN = {
    "tables": {
        "centres": {
            "distinct": True,
            "columns": {
                "centre_id": "place",
                "sector_id": "place",
                "project_id": {"value": "P"},
                "district_id": {"value": "D"},
                "setting": {"value": "rural"},
            },
        },
        "children": {
            "columns": {"child_id": CODE, "sex": "Sex", "birth_date": "Born", "centre_id": "place"}
        },
        "measurements": [
            {"columns": {"child_id": CODE, "measured_on": "in", "weight_kg": "in kg"}},
            {"columns": {"child_id": CODE, "measured_on": "out", "weight_kg": "out kg"}},
        ],
        "episodes": {
            "columns": {
                "episode_id": {"from": ["place", "reg", "in"], "join": "/"},
                "child_id": CODE,
                "programme": {"value": "UCDC"},
                "admitted_on": "in",
                "closed_on": "out",
            }
        },
    }
}


def months_of_birth(draw: random.Random) -> dict[str, list]:
    """Dates, months and years of birth in one column."""
    visits = rows_of_visits(draw, 40)
    born = ["05/01/2024", "06/2023", "2023", "13/2023", None]
    who = {child: draw.choice(born) for child in CHILDREN}
    return visits | {"Born": [who[code.strip()] for code in visits["Code"]]}


BORN_PLAN = {
    "tables": {
        **visits_plan()["tables"],
        "children": {
            "file": "visits*",
            "distinct": True,
            "columns": WHO
            | {"birth_date": {"from": "Born", "date": ["%d/%m/%Y", "%m/%Y", "%Y"], "day": 10}},
        },
    }
}


def ages_at_visits(draw: random.Random) -> dict[str, list]:
    """Completed months at each visit; of some children no day fits all."""
    visits = rows_of_visits(draw)
    days = [draw.choice(["2025-03-01", "2025-04-17", "2025-06-30", "soon"]) for _ in visits["Code"]]
    ages = [draw.choice(["14", "14", "15", "2Y 3M", "x", None]) for _ in days]
    return visits | {"Day": days, "Age": ages}


AGE_PLAN = {
    "tables": {
        **visits_plan(measured_on="Day")["tables"],
        "children": {
            "file": "visits*",
            "distinct": True,
            "columns": WHO | {"birth_date": {"from": "Age", "age": "months", "on": "Day"}},
        },
    }
}


def three_months_files(draw: random.Random) -> dict[str, dict[str, list]]:
    """A file of weights for each month, and children whose rows are in two files."""
    files: dict[str, dict[str, list]] = {}
    for month in ("Jan-2025", "Feb-2025", "Mar-2025"):
        visits = rows_of_visits(draw, draw.choice([0, 7, 25, 40]))
        files[f"visits {month}"] = {name: visits[name] for name in ("Code", "W", "H")}
    visits = rows_of_visits(draw, 60)
    for at, part in enumerate((slice(0, 25), slice(25, None))):
        files[f"who {at}"] = {name: visits[name][part] for name in WHO.values()}
    return files


MONTHS_PLAN = {
    "tables": {
        "centres": PLACES,
        "children": {"file": "who *", "distinct": True, "columns": WHO},
        "measurements": {
            "file": "visits *",
            "columns": {
                "child_id": "Code",
                "measured_on": {"month_of": "file", "day": 10},
                "weight_kg": {"from": "W", "unit": "g", "missing": ["88"]},
            },
        },
    }
}
SHAPES = {
    "rows": (lambda draw: {"visits": rows_of_visits(draw)}, visits_plan()),
    "months": (lambda draw: {"wide": wide_months(draw)}, WIDE_PLAN),
    "cards": (lambda draw: {"wide": visit_cards(draw)}, CARD_PLAN),
    "forms": (forms_and_repeats, FORM_PLAN),
    "values": (lambda draw: {"visits": one_value_a_row(draw)}, VALUES_PLAN),
    "stays": (lambda draw: {"stays": stays(draw)}, STAY_PLAN),
    "births": (lambda draw: {"visits": months_of_birth(draw)}, BORN_PLAN),
    "ages": (lambda draw: {"visits": ages_at_visits(draw)}, AGE_PLAN),
    "files": (three_months_files, MONTHS_PLAN),
}


def through(plan: dict, files: dict[str, dict[str, list]], form: str):
    """A step: these files through a map, imported twice; what the reports say, or the refusal."""

    def step(store: Store) -> object:
        folder = Path(str(store.url.database)).parents[1] / "in"
        if not folder.exists():
            folder.mkdir()
            for name, rows in files.items():
                write(folder / name, rows, form)
        try:
            first = store.import_source(folder, map=plan, imported_on="2026-01-01")
        except BadInput as refusal:
            return refusal.code, refusal.message
        return first, store.import_source(folder, map=plan, imported_on="2026-01-02")

    return step


def write(path: Path, rows: dict[str, list], form: str) -> None:
    """A file of these rows. Of CSV some lines in the middle have too few cells, or too many."""
    if form == "parquet":
        table = pa.table(
            {
                name: cells if isinstance(cells, pa.Array) else pa.array(cells, pa.string())
                for name, cells in rows.items()
            }
        )
        pq.write_table(table, path.with_name(f"{path.name}.parquet"), row_group_size=11)
        return
    lines = [",".join(rows)]
    lines += [",".join(map(csv_cell, map(quoted, row))) for row in zip(*rows.values(), strict=True)]
    lines.insert(6, "short")
    lines.insert(30, "," * 40)
    path.with_name(f"{path.name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def quoted(cell: str | None) -> str | None:
    return f'"{cell}"' if cell and "," in cell else cell


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_map_of_every_shape(tmp_path, shape, form):
    made, plan = SHAPES[shape]
    both(tmp_path, [through(plan, made(random.Random(shape)), form)])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", SHAPES)
def test_many_maps_of_every_shape(tmp_path, shape, seed):
    made, plan = SHAPES[shape]
    both(tmp_path, [through(plan, made(random.Random(seed)), "csv")])


def test_each_shape_is_read_in_chunks_and_only_values_are_held_whole(tmp_path):
    for shape, (made, plan) in SHAPES.items():
        folder = tmp_path / shape
        folder.mkdir()
        for name, rows in made(random.Random(shape)).items():
            write(folder / name, rows, "parquet")
        raws = read_mapped(folder, plan, Sizes(10, 7, tmp_path)).raws
        assert isinstance(raws["measurements"], RawOnDisk), shape
        assert max(chunk.num_rows for chunk in raws["measurements"].chunks(10)) <= 10


def late(cells: list, at: int, *values: str) -> list:
    """Cells with others in their place from `at` on."""
    return [*cells[:at], *values, *cells[at + len(values) :]]


def test_a_column_that_can_be_read_in_two_ways_is_refused_wherever_it_shows(tmp_path):
    visits = rows_of_visits(random.Random(3))
    plan = visits_plan(measured_on={"from": "Day", "date": "%d/%m/%Y"})
    typed = ["2025-01-02", "2025-03-04", "2025-05-06"]
    days = [*typed, *(f"{at % 10 + 15}/0{at % 3 + 1}/2025" for at in range(len(visits["Day"]) - 3))]
    one = tmp_path / "days"
    one.mkdir()
    swapped = visits | {"Day": days[::-1]}
    both(one, [through(plan, {"visits": swapped}, "csv"), refused_for("measured_on: Excel", plan)])
    other = tmp_path / "units"
    other.mkdir()
    plan = visits_plan(weight_kg={"from": "W", "unit": "g"})
    codes = visits | {"W": late(["7100"] * len(visits["W"]), 70, "9999", "9999")}
    both(other, [through(plan, {"visits": codes}, "parquet"), refused_for("9999", plan)])


def refused_for(words: str, plan: dict):
    """A step: the import is refused with these words."""

    def step(store: Store) -> None:
        with pytest.raises(BadInput, match=words):
            store.import_source(
                Path(str(store.url.database)).parents[1] / "in", map=plan, imported_on="2026-01-01"
            )

    return step


def test_a_part_of_a_code_that_is_dates_throughout_is_decided_over_all_pieces(tmp_path):
    made = stays(random.Random(1))
    plan = {
        "tables": STAY_PLAN["tables"]
        | {
            "episodes": STAY_PLAN["tables"]["episodes"],
            "measurements": STAY_PLAN["tables"]["measurements"][0],
        }
    }
    dates = made | {"in": late(made["in"], 28, "today")}
    for name, rows in (("throughout", made), ("not", dates)):
        (tmp_path / name).mkdir()
        both(tmp_path / name, [through(plan, {"stays": rows}, "csv")])


def test_floats_lose_their_zero_in_all_pieces_or_in_none(tmp_path):
    visits = rows_of_visits(random.Random(4))
    codes = [float(code.strip()[1:]) for code in visits["Code"]]
    floats = pa.array(codes[:-1] + [None], pa.float64())
    halves = pa.array(codes[:-1] + [0.5], pa.float64())
    weights = pa.array([7100.0 + at % 3 / 4 for at in range(len(codes))], pa.float32())
    joined = visits_plan(
        child_id={"from": ["AWC", "Code"], "join": "-"}, weight_kg={"from": "W", "unit": "g"}
    )
    as_they_are = visits_plan(weight_kg={"from": "W"})
    for name, cells in (("whole", floats), ("halves", halves)):
        for said, plan in (("joined", joined), ("plain", as_they_are)):
            place = tmp_path / f"{name}-{said}"
            place.mkdir()
            rows = visits | {"Code": cells, "W": weights}
            both(place, [through(plan, {"visits": rows}, "parquet")])


def test_all_faults_of_a_map_are_the_same(tmp_path):
    plan = visits_plan(muac_mm="Arm", measured_on="Nowhere")
    both(tmp_path, [through(plan, {"visits": rows_of_visits(random.Random(5))}, "csv")])


def test_one_of_equal_rows_over_pieces():
    draw = random.Random(6)
    cells = [[draw.choice(["a", "b", "1:a", "", None]) for _ in range(300)] for _ in range(3)]
    data = pa.table({f"c{at}": pa.array(column, pa.string()) for at, column in enumerate(cells)})
    numbers = np.arange(1, 301)
    once, first = distinct(data, numbers)
    rows = DistinctRows()
    found = [
        rows.of(data.slice(start, 7), numbers[start : start + 7]) for start in range(0, 300, 7)
    ]
    assert np.concatenate([part for _, part in found]).tolist() == first.tolist()
    assert pa.concat_tables([part for part, _ in found]) == once
    assert len(fingerprints(once).unique()) == once.num_rows == len({*zip(*cells, strict=True)})


@pytest.fixture(scope="module")
def postgres():
    with own_server() as address:
        yield address


def test_a_database_by_its_own_names_and_through_queries(tmp_path, postgres):
    tables = dirty_tables(random.Random(21), rows=90)
    held = tmp_path / "source.db"
    with sqlite3.connect(held) as source:
        fill(source.execute, source.executemany, tables, "?")
    source.close()
    steps = [from_database(str(held), None), from_database(str(held), QUERIES)]
    (tmp_path / "sqlite").mkdir()
    both(tmp_path / "sqlite", steps)
    address = fresh_database(postgres)
    import psycopg

    with psycopg.connect(address) as source, source.cursor() as cursor:
        fill(cursor.execute, cursor.executemany, tables, "%s")
    (tmp_path / "postgresql").mkdir()
    both(tmp_path / "postgresql", [from_database(address, None), from_database(address, QUERIES)])


QUERIES = {
    "tables": {
        "measurements": {
            "query": "SELECT child_id AS c, measured_on AS d, weight_kg AS w FROM measurements",
            "columns": {
                "child_id": "c",
                "measured_on": {"from": "d", "date": "iso"},
                "weight_kg": {"from": "w", "decimal": ","},
            },
        }
    }
}


def fill(execute, executemany, tables: dict[str, dict[str, list]], mark: str) -> None:
    """These tables in a database, all cells as texts."""
    for name, rows in tables.items():
        execute(f"CREATE TABLE {name} ({', '.join(f'{column} TEXT' for column in rows)})")
        marks = ", ".join([mark] * len(rows))
        executemany(f"INSERT INTO {name} VALUES ({marks})", list(zip(*rows.values(), strict=True)))


def from_database(address: str, plan: dict | None):
    """A step: a database, its own tables or through queries, imported twice."""

    def step(store: Store) -> object:
        first = store.import_source(address, map=plan, imported_on="2026-01-01")
        return first, store.import_source(address, map=plan, imported_on="2026-01-01")

    return step


def test_a_mapped_file_cut_short_changes_nothing(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    write_table(source / "visits", pa.table(rows_of_visits(random.Random(8), 400)), "parquet")
    whole = (source / "visits.parquet").read_bytes()
    (source / "visits.parquet").write_bytes(whole[:900] + bytes(300) + whole[1200:])
    store = open_store(tmp_path / "x.db")
    before = all_of(store)
    with by_chunks(), pytest.raises(BadInput, match="REG003"):
        store.import_source(source, map=visits_plan(), imported_on="2026-01-01")
    assert all_of(store) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"in", "x.db", "x.key"}
    store.close()
