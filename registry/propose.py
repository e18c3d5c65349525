"""A proposal for a map, from an export's headers and first cells, for a person to correct; and a map's trial."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path

import pyarrow as pa

from registry.cell_forms import form_of
from registry.cells import encode
from registry.check import Known, check
from registry.contract import SPECS, bound
from registry.errors import BadInput
from registry.headers import propose
from registry.maps import read_map
from registry.plan import Map, TableMap
from registry.sheets import Sheet, sheets_of, sql_address
from registry.tables import day_number
from registry.today import today

LOOKED_AT = 1000
"""Rows whose cells are looked at for a proposal, and tried by default."""
LINKS = ("child_id", "centre_id")
"""Columns that point to a table and do not make one."""


def headers_of(source: str | Path) -> list[Sheet]:
    """The sheets (or a database's tables) of a source, for their headers and first rows."""
    if address := sql_address(source):
        from registry.databases import database_sheets

        return database_sheets(address, rows=LOOKED_AT)
    if Path(source).is_dir():
        raise BadInput("REG003", f"{source} is a folder: name one of its files")
    if not Path(source).exists():
        raise BadInput("REG003", f"there is no file {source}")
    return sheets_of(Path(source))


def proposal(source: str | Path) -> str:
    """A MAP.toml for a file or a database, with what is unsure or missing as comments."""
    name, sheets = str(source) if sql_address(source) else Path(source).name, headers_of(source)
    lines = [f"# Proposed from {name}. Correct it, then: sanket map {name} --check MAP.toml",
             "# Look twice at dates, codes and units: they were told from the first cells and the headers.", ""]
    found = {sheet.name: propose(sheet.data.column_names) for sheet in sheets}
    best = {table: max(sheets, key=lambda sheet: len(_own(found[sheet.name], table))).name for table in SPECS}
    for sheet in sheets:
        table_name = sheet.name if sheet.name.islower() and sheet.name.isidentifier() else f'"{sheet.name}"'
        place = [f"query = {_quoted(f'SELECT * FROM {table_name}')}"] if sql_address(source) else \
            [f"file = {_quoted(name)}"] + [f"sheet = {_quoted(sheet.name)}"] * (len(sheets) > 1)
        for table in SPECS:
            lines += _table_lines(place, table, sheet, found[sheet.name], chosen=best[table] == sheet.name)
        lines += _left_lines(sheet, found[sheet.name])
    return "\n".join(_plain(line) if line.startswith("#") else line for line in lines) + "\n"


def _own(found: dict[str, dict], table: str) -> dict[str, str]:
    """Headers by the table's column; links to other tables alone are none."""
    own = {answer["column"]: header for header, answer in found.items() if answer.get("table") == table}
    return own if set(own) - ({"centre_id"} if table == "children" else set()) else {}


def _table_lines(place: list[str], table: str, sheet: Sheet, found: dict[str, dict], *, chosen: bool) -> list[str]:
    own = _own(found, table)
    if not own:
        return []
    if not chosen:
        said = ", ".join(f"{column} = {_quoted(header)}" for column, header in own.items())
        return [f"# {sheet.name} seems to hold {table} too: {said}", ""]
    link = "centre_id" if table in ("centres", "children") else "child_id"
    linked = {answer["column"]: header for header, answer in found.items() if answer.get("column") == link}
    columns = linked | {column: header for column, header in own.items() if "wide" not in found[header]}
    wide = {column: header for column, header in own.items() if "wide" in found[header]}
    lines = [f"[tables.{table}]", *place] + ["distinct = true"] * (table in ("centres", "children"))
    lines += [f"[tables.{table}.columns]", *(_line(table, column, header, sheet, found)
                                             for column, header in columns.items())]
    given = set(columns) | {SPECS[table].own_day} if wide else set(columns)
    lines += [_missing_line(table, column) for column in SPECS[table].required if column not in given]
    if wide:
        lines += [f"[tables.{table}.wide]", "day = 15   # the day of the month that a month's cell is given",
                  f"[tables.{table}.wide.columns]", *(_line(table, column, header, sheet, found)
                                                      for column, header in wide.items())]
    return [*lines, ""]


def _line(table: str, column: str, header: str, sheet: Sheet, found: dict[str, dict]) -> str:
    answer = found[header]
    source = answer.get("wide", header)
    likewise = [name for name, other in found.items() if "wide" in answer and other.get("wide") == source] or [header]
    form = {"unit": answer["unit"]} if "unit" in answer else {}
    form |= form_of(table, column, _different(sheet, likewise))
    if not form:
        return f"{column} = {_quoted(source)}"
    settings = [f"from = {_quoted(source)}", *(_setting(*one) for one in form.items())]
    return f"{column} = {{ {', '.join(settings)} }}"


def _different(sheet: Sheet, headers: list[str]) -> list[str]:
    cells = [encode(sheet.data[header].slice(0, LOOKED_AT).combine_chunks()) for header in headers]
    seen = {text for cell in cells for text in pa.array(cell).unique().cast(pa.string()).to_pylist() if text}
    return sorted(seen)


def _setting(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"{name} = {{ " + ", ".join(f"{_quoted(key)} = {_quoted(code)}" for key, code in value.items()) + " }"
    if isinstance(value, list):
        return f"{name} = [{', '.join(map(_quoted, value))}]"
    return f"{name} = {_quoted(str(value))}"


def _missing_line(table: str, column: str) -> str:
    limit = bound(SPECS[table].column(column))
    return f'# {column} = ?   (required: a header, or {{ value = "…" }} for all rows; {limit})'


def _left_lines(sheet: Sheet, found: dict[str, dict]) -> list[str]:
    personal = [header for header, answer in found.items() if answer.get("personal")]
    unknown = [header for header, answer in found.items() if not answer]
    lines = [f"# kept out as personal: {', '.join(personal)}"] if personal else []
    lines += [f"# not recognised, kept out: {', '.join(unknown)}"] if unknown else []
    return [*lines, ""] if lines else []


def _quoted(text: str) -> str:
    """A TOML string: its escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """Text for a comment, on one line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def trial(source: str | Path, map_path: Path, *, rows: int = LOOKED_AT) -> dict[str, dict[str, object]]:
    """What a map would do to a source's first rows: rows, kept, quarantined and codes by table; nothing is kept.

    Of one file, only the tables that come from it are tried. Ids are looked up in tables that are here whole.
    """
    from registry.arrivals import Arrivals
    from registry.mapped import mapped_tables

    plan = read_map(map_path)
    raws, _ = mapped_tables(_tables_of(plan, source), Arrivals(source, rows=rows), plan)
    if not raws:
        raise BadInput("REG006", f"no table of the map comes from {Path(source).name}: its file = says another name")
    checked = check(raws, imported_on=day_number(today()), known=Known())
    counts = checked.quarantine.counts()
    unknown = {code for name, code in (("children", "REG050"), ("centres", "REG051"))
               if name not in counts or counts[name]["rows"] >= rows}
    for name, table in counts.items():
        codes = {code: refused for code, refused in table["codes"].items() if code not in unknown}
        refused = sum(codes.values())
        counts[name] = table | {"kept": table["rows"] - refused, "quarantined": refused, "codes": codes}
    return counts


def _tables_of(plan: Map, source: str | Path) -> list[TableMap]:
    if sql_address(source) or Path(source).is_dir():
        return list(plan.tables)
    name = Path(source).name
    return [table for table in plan.tables if not table.files or any(fnmatch(name, one) for one in table.files)]
