"""Any spelling of one register: whatever its encoding, delimiter, headers, months and dates, what
was written is read, or the map asks; no row is unaccounted for, and no number changes without a
declared unit."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.contract.errors import BadInput
from registry.contract.registry import day_date
from registry.mapping.map_file import read_map
from registry.mapping.propose import propose_map
from registry.store.store import open_store

HEADERS = {
    "child_id": [
        "Child ID",
        "childId",
        "CHILD_ID",
        "Beneficiary Id",
        "लाभार्थी आईडी",
        "लाभार्थी क्रमांक",
        "Reg. No.",
        "form/child/child_id",
    ],
    "sex": ["Sex", "GENDER", "Sex (M/F)", "लिंग", "group/sex"],
    "birth_date": [
        "DOB",
        "D.O.B.",
        "Date of Birth",
        "dateOfBirth",
        "जन्म तिथि",
        "जन्मतारीख",
        "Child DOB",
        "DOB (dd/mm/yyyy)",
    ],
    "measured_on": [
        "Date",
        "Date of Measurement",
        "visit_date",
        "दिनांक",
        "SURVDATE",
        "Weighing Date",
    ],
    "weight_kg": [
        "Weight",
        "Wt.",
        "Weight (kg)",
        "Weight in kg",
        "वजन (कि.ग्रा.)",
        "वजन",
        "WEIGHT_KG",
        "a/b/weight",
    ],
    "muac_mm": ["MUAC (mm)", "muac_mm", "Mid upper arm circumference (mm)", "दंड घेर (मि.मी.)"],
}
DATES = [
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y-%m-%d",
    "%d-%b-%Y",
    "%d %B %Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%Y/%m/%d",
    "%A, %d %B %Y",
    "%d %b, %Y",
    "%d - %m - %Y",
    "%d-%b'%y",
]
SEXES = [
    ("F", "M"),
    ("Female", "Male"),
    ("f", "m"),
    ("महिला", "पुरुष"),
    ("girl", "boy"),
    ("G", "B"),
    ("2 - Female", "1 - Male"),
]
MONTHS = [
    ["Apr-25", "May-25", "Jun-25"],
    ["April 2025", "May 2025", "June 2025"],
    ["अप्रैल 2025", "मई 2025", "जून 2025"],
    ["एप्रिल २०२५", "मे २०२५", "जून २०२५"],
    ["2025_04", "2025_05", "2025_06"],
    ["April-25", "May-25", "Jun-25"],
    ["Apr'25", "May'25", "June'25"],
    ["04/2025", "05/2025", "06/2025"],
    ["04/25", "05/25", "06/25"],
    ["25-Apr", "25-May", "25-Jun"],
]
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")
days = st.dates(dt.date(2025, 4, 1), dt.date(2026, 3, 31))
weights = st.integers(35, 190).map(lambda tenths: tenths / 10)
written = st.fixed_dictionaries(
    {
        "headers": st.fixed_dictionaries(
            {name: st.sampled_from(names) for name, names in HEADERS.items()}
        ),
        "date": st.sampled_from(DATES),
        "sexes": st.sampled_from(SEXES),
        "delimiter": st.sampled_from(",;\t|"),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        "devanagari": st.booleans(),
        "titles": st.integers(0, 2),
        "told": st.booleans(),
        "trailing": st.booleans(),
        "comma": st.booleans(),
    }
)
CENTRE = {
    "centre_id": "A1",
    "sector_id": "S1",
    "project_id": "P",
    "district_id": "D",
    "setting": "rural",
}


def number(value: float, how: dict) -> str:
    text = f"{value:g}"
    text = text.replace(".", ",") if how["comma"] and how["delimiter"] != "," else text
    return text.translate(DEVANAGARI) if how["devanagari"] else text


def date(day: dt.date, how: dict) -> str:
    text = day.strftime(how["date"])
    return text.translate(DEVANAGARI) if how["devanagari"] else text


def bytes_of(rows: list[list[str]], how: dict) -> bytes:
    """The table as a person or a tool might save it."""
    text = io.StringIO()
    if how["told"]:
        text.write(f"sep={how['delimiter']}\r\n")
    text.write("".join(f"Register {at}\r\n\r\n" for at in range(how["titles"])))
    writer = csv.writer(text, delimiter=how["delimiter"])
    writer.writerows([[*row, ""] if how["trailing"] else row for row in rows])
    return text.getvalue().encode(how["encoding"])


def imported(home: Path, content: bytes):
    """(counts, registry) of a file imported as it is proposed, day first where the proposal
    asks."""
    (home / "export.csv").write_bytes(content)
    plan = tomllib.loads(propose_map(home / "export.csv"))
    for table in plan["tables"].values():
        for said in table.get("columns", {}).values():
            if isinstance(said, dict) and said.get("date") == "ask":
                said["date"] = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y"]
    plan["tables"].setdefault("children", {}).setdefault("columns", {})["centre_id"] = {
        "value": "A1"
    }
    plan["tables"]["centres"] = {"rows": [CENTRE]}
    opened = open_store(home / "x.db")
    try:
        return opened.import_source(
            home / "export.csv", map=plan, imported_on="2026-12-01"
        ).tables, opened.load()
    finally:
        opened.close()


@settings(max_examples=40, deadline=None)
@given(
    written,
    st.lists(
        st.tuples(days, weights, st.integers(90, 170)),
        min_size=3,
        max_size=8,
        unique_by=lambda row: row[0],
    ),
)
def test_a_register_of_one_row_a_visit_is_read_as_written(how, rows):
    born = dt.date(2024, 12, 25)
    # Month first is only proposed where the dates show it; the birth date does.
    header = [
        how["headers"][name]
        for name in ("child_id", "sex", "birth_date", "measured_on", "weight_kg", "muac_mm")
    ]
    cells = [
        [
            "B1",
            how["sexes"][0],
            date(born, how),
            date(day, how),
            number(weight, how),
            number(arm, how),
        ]
        for day, weight, arm in rows
    ]
    with tempfile.TemporaryDirectory() as home:
        counts, registry = imported(Path(home), bytes_of([header, *cells], how))
    assert counts["measurements"] == {
        "rows": len(rows),
        "kept": len(rows),
        "quarantined": 0,
        "codes": {},
    }
    found = registry.measurements
    told = sorted((day, weight, float(arm)) for day, weight, arm in rows)
    assert [day_date(day) for day in found["measured_on"]] == [day for day, _, _ in told]
    assert found["weight_kg"].tolist() == [weight for _, weight, _ in told]
    assert found["muac_mm"].tolist() == [arm for _, _, arm in told]
    assert day_date(registry.children["birth_date"][0]) == born


@settings(max_examples=25, deadline=None)
@given(
    written,
    st.sampled_from(MONTHS),
    st.booleans(),
    st.lists(st.tuples(*[st.none() | weights] * 3), min_size=2, max_size=6),
)
def test_a_register_of_a_column_a_month_is_read_as_written(how, months, month_first, rows):
    weight = how["headers"]["weight_kg"]
    named = [f"{month} {weight}" if month_first else f"{weight} {month}" for month in months]
    header = [
        how["headers"]["child_id"],
        how["headers"]["sex"],
        how["headers"]["birth_date"],
        *named,
    ]
    cells = [
        [
            f"B{at}",
            how["sexes"][at % 2],
            date(dt.date(2024, 12, 25), how),
            *("-" if value is None else number(value, how) for value in row),
        ]
        for at, row in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as home:
        counts, registry = imported(Path(home), bytes_of([header, *cells], how))
    told = [
        (at, month, value)
        for at, row in enumerate(rows)
        for month, value in zip((4, 5, 6), row, strict=True)
        if value is not None
    ]
    assert counts.get("measurements", {"rows": 0})["rows"] == len(told)
    found = registry.measurements
    assert [
        (int(child), day_date(day).month, value)
        for child, day, value in zip(
            found["child"], found["measured_on"], found["weight_kg"], strict=True
        )
    ] == told


SETTINGS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 40)
    | st.text(max_size=8)
    | st.dates()
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "from",
                    "value",
                    "unit",
                    "codes",
                    "date",
                    "decimal",
                    "missing",
                    "columns",
                    "wide",
                    "day",
                    "file",
                    "sheet",
                    "rows",
                    "age",
                    "on",
                    "join",
                    "month_of",
                    "parent",
                    "values",
                    "child_id",
                    "measured_on",
                    "weight_kg",
                    "oedema",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["tables", "made_up_epoch", "past", "x"]),
        SETTINGS
        | st.dictionaries(st.sampled_from(["children", "measurements", "x"]), SETTINGS, max_size=2),
    )
)
def test_no_map_whatever_it_holds_breaks_the_program(said):
    try:
        read_map(said)
    except BadInput as refused:
        assert refused.code == "REG006"


CELL = st.text(max_size=14) | st.sampled_from(
    [
        "1e999",
        "-1",
        "1e6",
        "nan",
        "inf",
        "31/02/2024",
        "0/0/0",
        "2026-02-30",
        "1400 at 20",
        "#REF!",
        "=1+1",
        "2.7E+10",
        "9999",
        "١٢",
        "१२",
        "Sept-25",
        "12/2025",
        "45000",
        "999999999999",
        "\u200d",
        "14",
        "20/03/2026",
        "7,1",
        "7.1",
    ]
)
EVERYTHING = {
    "made_up_epoch": dt.date(2000, 1, 1),
    "tables": {
        "centres": {"rows": [CENTRE]},
        "children": {
            "distinct": True,
            "columns": {
                "child_id": {"from": ["a", "b"], "join": "/"},
                "sex": {"from": "c", "codes": {"1": "M", "2": "F"}},
                "birth_date": {
                    "from": "d",
                    "age": "months",
                    "on": "e",
                    "date": ["%d/%m/%Y", "%Y-%m-%d"],
                },
                "centre_id": {"value": "A1"},
            },
        },
        "measurements": {
            "columns": {
                "child_id": {"from": ["a", "b"], "join": "/"},
                "height_cm": {"from": "d", "unit": "m"},
            },
            "wide": {
                "columns": {
                    "measured_on": {
                        "from": "e{N}",
                        "date": ["%m/%Y", "excel_1900", "months_after_made_up_epoch"],
                        "day": 5,
                    },
                    "weight_kg": {"from": "w{N}", "unit": "g", "missing": ["9999"], "decimal": ","},
                }
            },
        },
    },
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, min_size=9, max_size=9), max_size=6))
def test_no_cell_whatever_it_holds_breaks_a_map(rows):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "c", "d", "e", "e1", "w1", "e2", "w2"], *rows])
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "export.csv"
        path.write_text(text.getvalue(), encoding="utf-8", errors="surrogatepass")
        opened = open_store(Path(home) / "x.db")
        try:
            counts = opened.import_source(path, map=EVERYTHING, imported_on="2026-12-01").tables
        except BadInput:
            assert opened.load().children.rows == 0
        else:
            assert all(
                table["rows"] == table["kept"] + table["quarantined"] for table in counts.values()
            )
            assert propose_map(path).startswith("# Proposed")
        finally:
            opened.close()
