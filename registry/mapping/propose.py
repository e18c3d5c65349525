"""`sanket map`: a map proposed from an export's headers and cells, for a person to correct, and a
map tried on the first rows."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from registry.checks.months import month_in
from registry.checks.table import StoredIds, check
from registry.contract.days import day_number
from registry.contract.errors import BadInput
from registry.contract.tables import SPECS
from registry.machine.today import today
from registry.mapping.headers import header_meanings
from registry.mapping.map_file import Map, TableMap, read_map
from registry.mapping.sheet_proposal import SheetProposal, one_or_list, plain, quoted
from registry.sources.raw_sheet import RawSheet
from registry.sources.sheets import sheets_of, sql_address, table_files

LOOKED_AT = 1000
"""Rows of a database that are looked at for a proposal (of a file all are), and rows tried by
default."""


def sheets_of_source(source: str | Path) -> list[RawSheet]:
    """The sheets (or a database's tables) of a source; of a folder, those of all its files."""
    if address := sql_address(source):
        from registry.sources.sql import database_sheets

        return database_sheets(address, rows=LOOKED_AT)
    path = Path(source)
    if not path.exists():
        raise BadInput("REG003", f"there is no file {source}")
    files = table_files(path) if path.is_dir() else [path]
    if not files:
        raise BadInput("REG003", f"there is no file of tables in {source}")
    return [
        sheet for file in files for sheet in sheets_of(file) if not sheet.hidden or len(files) == 1
    ]


def propose_map(source: str | Path) -> str:
    """A MAP.toml for a file, a folder or a database, with what is unsure or missing as comments."""
    name = str(source) if sql_address(source) else Path(source).name
    groups = _alike(sheets_of_source(source))
    lines = [
        f"# Proposed from {name}. Correct it, then: sanket map {name} --check MAP.toml",
        "# Look twice at dates, codes and units: they were told from the cells and the headers.",
        "",
    ]
    whole = [
        SheetProposal(group, place=_place_lines(source, group, several=len(groups) > 1))
        for group in groups
    ]
    best = {table: max(whole, key=lambda one: one.says(table)) for table in SPECS}
    for one in whole:
        for table in SPECS:
            lines += one.table_lines(table, chosen=best[table] is one)
        lines += one.left_lines()
    lines += _repeat_lines(groups)
    return "\n".join(plain(line) if line.startswith("#") else line for line in lines) + "\n"


def _repeat_lines(groups: list[list[RawSheet]]) -> list[str]:
    """A remark on Kobo's repeats, whose date and place stand in the form that they belong to."""
    above = next(
        (
            sheet
            for group in groups
            for sheet in group
            if "_index" in sheet.data.column_names
            and "_parent_index" not in sheet.data.column_names
        ),
        None,
    )
    below = [
        sheet for group in groups for sheet in group if "_parent_index" in sheet.data.column_names
    ]
    place = above and (
        f"file = {quoted(above.file)}"
        if below and above.file != below[0].file
        else f"sheet = {quoted(above.name)}"
    )
    return [
        f"# {sheet.place} is a repeat of the form {above.place}, whose columns stand "
        "beside its own with: parent = "
        f'{{ {place}, key = "_index", by = "_parent_index" }}'
        for sheet in below
        if above
    ]


def _alike(sheets: list[RawSheet]) -> list[list[RawSheet]]:
    """Sheets whose headers of ours are the same belong together: a file, or a sheet, for each
    month."""
    groups: dict[frozenset[str], list[RawSheet]] = {}
    for sheet in sheets:
        names = sheet.data.column_names
        ours = frozenset(
            header
            for header, answer in header_meanings(names, name=sheet.name).items()
            if "table" in answer
        )
        groups.setdefault(ours or frozenset(names), []).append(sheet)
    return [part for group in groups.values() for part in _by_month(group)]


def _by_month(group: list[RawSheet]) -> list[list[RawSheet]]:
    """Sheets without dates of which some are called by a month: those alone, and the others (a
    summary of the year)."""
    meant = header_meanings(group[0].data.column_names, name=group[0].name).values()
    if any("wide" in answer or answer.get("column") == "measured_on" for answer in meant):
        return [group]
    for place in ("file", "name"):
        dated = [sheet for sheet in group if month_in(getattr(sheet, place))]
        if 1 < len(dated) < len(group):
            return [dated, [sheet for sheet in group if sheet not in dated]]
    return [group]


def _place_lines(source: str | Path, group: list[RawSheet], *, several: bool) -> list[str]:
    if sql_address(source):
        name = group[0].name
        table_name = name if name.islower() and name.isidentifier() else f'"{name}"'
        return [f"query = {quoted(f'SELECT * FROM {table_name}')}"]
    files = list(dict.fromkeys(sheet.file for sheet in group))
    names = list(dict.fromkeys(sheet.name for sheet in group))
    many_sheets = len(group) > len(files) or (
        several and any(sheet.name != Path(sheet.file).stem.lower() for sheet in group)
    )
    return [f"file = {one_or_list(files)}"] + [f"sheet = {one_or_list(names)}"] * many_sheets


def try_map(
    source: str | Path, map_path: Path, *, rows: int = LOOKED_AT
) -> dict[str, dict[str, object]]:
    """What a map would do to a source's first rows: rows, kept, quarantined and codes by table;
    nothing is kept.

    Of one file, only the tables that come from it are tried. Ids are looked up in tables that are
    here whole.
    """
    from registry.mapping.applied.apply_map import mapped_tables
    from registry.mapping.applied.source_sheets import SourceSheets

    plan = read_map(map_path)
    raws, _ = mapped_tables(_tables_of(plan, source), SourceSheets(source, rows=rows), plan)
    if not raws:
        raise BadInput(
            "REG006",
            f"no table of the map comes from {Path(source).name}: its file = says another name",
        )
    checked = check(raws, imported_on=day_number(today()), known=StoredIds())
    came = checked.quarantine.came
    unknown = {
        code
        for name, code in (("children", "REG050"), ("centres", "REG051"))
        if came.get(name, rows) >= rows
    }
    counts: dict[str, dict[str, object]] = {}
    for name, many in came.items():
        refusing = checked.quarantine.codes(name).items()
        codes = {code: refused for code, refused in refusing if code not in unknown}
        refused = sum(codes.values())
        counts[name] = {
            "rows": many,
            "kept": many - refused,
            "quarantined": refused,
            "codes": codes,
        }
    return counts


def _tables_of(plan: Map, source: str | Path) -> list[TableMap]:
    if sql_address(source) or Path(source).is_dir():
        return list(plan.tables)
    name = Path(source).name
    return [
        table
        for table in plan.tables
        if not table.files or any(fnmatch(name, one) for one in table.files)
    ]
