"""Indicators, money and supply as a person or a program reads them: text, CSV, Parquet, plain
dictionaries."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from care.money import Budget, rupees
from care.programme.indicators import NOT_MET, Indicators
from care.programme.resolution import Outlook
from care.programme.supplies.stock_report import store_rooms_record, store_rooms_text
from registry.contract.arrays import AnyArray
from registry.indian_digits import grouped

if TYPE_CHECKING:
    import pyarrow as pa

SYNTHETIC = "These figures come from a synthetic registry and mean nothing about real children."
BLOCKS = {
    "Finding": (
        ("children", "children", 0),
        ("coverage", "measured%", 100),
        ("sam_share", "SAM%", 100),
        ("mam_share", "MAM%", 100),
        ("sam_untreated", "untreated", 0),
        ("overdue", "overdue", 0),
    ),
    "Treatment": (
        ("in_treatment", "treated", 0),
        ("admitted_ucdc", "admitted", 0),
        ("cured_share", "cured%", 100),
        ("defaulted_share", "default%", 100),
        ("died_share", "died%", 100),
        ("not_recovered_share", "not rec.%", 100),
    ),
    "Cured children": (
        ("relapse_1_month", "SAM 1m%", 100),
        ("relapse_3_months", "SAM 3m%", 100),
        ("relapse_6_months", "SAM 6m%", 100),
        ("gain_g_kg_day", "g/kg/day", 1),
        ("stay_days", "stay days", 1),
        ("ednf_per_child_day", "EDNF/day", 1),
    ),
}
"""By block: indicator, its heading, and how it is written: 0 a whole number, 1 one decimal, 100 a
percentage."""
WORDS = (
    (
        "measured%: of all children, those measured in the month. SAM%, MAM%: of those whose "
        "measurement can be judged."
    ),
    (
        "untreated: SAM now and not in treatment. overdue: children for whom a step of the "
        "protocol is late."
    ),
    (
        "treated: in treatment at the month's end. cured%, default%, died%, not rec.%: of "
        "those who left treatment."
    ),
    (
        "SAM 1m%, 3m%, 6m%: of the cured, those SAM again within 1, 3, 6 months. EDNF/day: "
        "sachets a child and day issued."
    ),
)
WHOLE = (
    "all months: children, untreated, overdue and treated are those at the end; all else is of "
    "the whole time."
)


def indicators_text(found: Indicators) -> str:
    """Three narrow tables of places and months; `*`: misses Sphere's threshold, `-`: none or too
    few to show."""
    first = max([len(found.level), *(len(str(place)) for place in found.columns[found.level])])
    told = [row for row, month in enumerate(found.columns["month"]) if not _one_month_again(month)]
    lines = []
    for block, columns in BLOCKS.items():
        heads = " ".join(f"{head:>9}" for _, head, _ in columns)
        lines += [block, f"{found.level:<{first}}  {'month':<10}  {heads}"]
        for row in told:
            cells = " ".join(f"{_cell(found, row, name, scale):>9}" for name, _, scale in columns)
            place, when = found.columns[found.level][row], _when(found.columns["month"][row])
            lines.append(f"{place:<{first}}  {when:<10}  {cells}")
        lines.append("")
    lines += [*WORDS, WHOLE]
    lines.append(
        f"* misses Sphere's threshold. - none, or fewer than {found.smallest_cell} "
        "children: not shown."
    )
    return "\n".join(
        [*lines, f"Protocol {found.protocol_version}.", *([SYNTHETIC] if found.synthetic else [])]
    )


def _one_month_again(month: str) -> bool:
    """The row over the whole time, where the whole time is one month."""
    first, _, last = month.partition("/")
    return first == last


def _when(month: str) -> str:
    """A month as it stands; the row over the whole time by its name."""
    return "all months" if "/" in month else month


def _cell(found: Indicators, row: int, name: str, scale: int) -> str:
    value = float(found.columns[name][row])
    if math.isnan(value):
        return "-"
    text = f"{value:.0f}" if scale == 0 else f"{value * scale:.1f}"
    missed = found.columns.get(f"sphere_{name}")
    return text + ("*" if missed is not None and missed[row] == NOT_MET else "")


def indicators_rows(found: Indicators) -> dict[str, object]:
    """One document: what the figures are, and one record per place and month (None: none, or too
    few to show)."""
    names = list(found.columns)
    columns = (_plain(found.columns[name]) for name in names)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return {
        "level": found.level,
        "synthetic": found.synthetic,
        "protocol_version": found.protocol_version,
        "smallest_cell": found.smallest_cell,
        "rows": rows,
    }


def _plain(column: AnyArray) -> list[object]:
    return [
        None if isinstance(cell, float) and math.isnan(cell) else cell for cell in column.tolist()
    ]


def indicators_table(found: Indicators) -> pa.Table:
    """The same columns as a pyarrow table; missing cells are null, and what they are stands in its
    metadata."""
    import pyarrow as pa

    table = pa.table({name: _plain(column) for name, column in found.columns.items()})
    return table.replace_schema_metadata(
        {"synthetic": str(found.synthetic).lower(), "protocol_version": found.protocol_version}
    )


def indicators_csv(found: Indicators) -> str:
    """The columns as CSV; missing cells are empty."""
    import pyarrow as pa
    import pyarrow.csv

    from registry.sources.formula_guard import harmless_table

    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(harmless_table(indicators_table(found)), sink)
    return str(sink.getvalue().to_pybytes(), "utf-8")


def write_indicators(found: Indicators, out: Path, *, kind: str) -> None:
    """A file of text, CSV or Parquet."""
    import pyarrow.parquet

    if kind == "parquet":
        pyarrow.parquet.write_table(indicators_table(found), out)
    else:
        out.write_text(
            indicators_csv(found) if kind == "csv" else indicators_text(found) + "\n",
            encoding="utf-8",
        )


def budget_text(title: str, found: Budget) -> str:
    """The Resolution's table 3.1 for one plan."""
    plan = found.plan
    head = (
        f"{title}\n{grouped(plan.children)} children a round, "
        f"{grouped(plan.intensive_children)} of them on three "
        f"sachets; {plan.days} days, {plan.rounds} rounds a year, {plan.projects} projects\n"
        f"EDNF sachets: {grouped(found.sachets_round)} a round, "
        f"{grouped(found.sachets_year)} a year"
    )
    width = max(len(line.label) for line in found.lines)
    work = max(len(line.working) for line in found.lines)
    cells = [("", "", "a round", "a year")]
    cells += [
        (line.label, line.working, rupees(line.round_paise), rupees(line.year_paise))
        for line in found.lines
    ]
    rows = (
        f"  {what:<{width}}  {how:<{work}}  {once:>22}  {yearly:>22}"
        for what, how, once, yearly in cells
    )
    return "\n".join([head, *rows])


def budget_record(found: Budget) -> dict[str, object]:
    """A plan's parameters and its table; amounts in paise and as written."""
    plan = found.plan
    return {
        "children": plan.children,
        "intensive_children": plan.intensive_children,
        "days": plan.days,
        "rounds": plan.rounds,
        "projects": plan.projects,
        "sachet_price": rupees(plan.sachet_price_paise),
        "intensive_share": str(plan.intensive_share),
        "sachets_round": found.sachets_round,
        "sachets_year": found.sachets_year,
        "lines": {
            line.key: {
                "label": line.label,
                "working": line.working,
                "round_paise": line.round_paise,
                "round": rupees(line.round_paise),
                "year_paise": line.year_paise,
                "year": rupees(line.year_paise),
            }
            for line in found.lines
        },
        "round": rupees(found.line("total").round_paise),
        "year": rupees(found.line("total").year_paise),
    }


def supply_text(outlook: Outlook) -> str:
    """Caseload, stay and admissions, then the sachets that each project needs, with the interval of
    nine in ten."""
    mean, low, high = outlook.admissions_a_year
    ids, needs = outlook.ids["project"], outlook.needs["project"]
    width = max([7, *(len(str(place)) for place in ids)])
    lines = [
        (
            f"On {outlook.as_of}: {grouped(outlook.in_treatment)} children in treatment at "
            "anganwadis; mean stay "
            f"{outlook.mean_stay_days:.0f} days; {mean:.0f} admissions expected in a year "
            f"({low:.0f} to {high:.0f})."
        ),
        "",
        f"EDNF sachets needed from now on (nine in ten lie in the interval; {_season(outlook)}):",
        f"  {'project':<{width}}" + "".join(f"  {f'{need.weeks} weeks':>26}" for need in needs),
    ]
    for row, place in enumerate(ids):
        cells = (f"{_up(n.expected[row])} ({_up(n.low[row])} to {_up(n.high[row])})" for n in needs)
        lines.append(f"  {place:<{width}}" + "".join(f"  {cell:>26}" for cell in cells))
    if outlook.never_closed:
        lines.append(
            f"{outlook.never_closed} stays have been open for more than half a year and "
            "count nowhere."
        )
    lines += ["", *store_rooms_text(outlook.store_rooms)]
    return "\n".join([*lines, SYNTHETIC] if outlook.synthetic else lines)


def _season(outlook: Outlook) -> str:
    if outlook.season is None:
        return f"no season in it: {outlook.no_season}"
    return (
        f"admissions by the forecast from {outlook.season.origin}, published on "
        f"{outlook.season.made_on.isoformat()}"
    )


def _up(sachets: float) -> str:
    return grouped(math.ceil(sachets))


def outlook_record(outlook: Outlook) -> dict[str, object]:
    """Caseload, stay, admissions and sachets per project and centre."""
    mean, low, high = outlook.admissions_a_year
    return {
        "as_of": outlook.as_of,
        "synthetic": outlook.synthetic,
        "in_treatment": outlook.in_treatment,
        "never_closed": outlook.never_closed,
        "mean_stay_days": outlook.mean_stay_days,
        "admissions_a_year": {"expected": mean, "low": low, "high": high},
        "season": None
        if outlook.season is None
        else {
            "origin": outlook.season.origin,
            "made_on": outlook.season.made_on.isoformat(),
        },
        "no_season": outlook.no_season,
        "store_rooms": store_rooms_record(outlook.store_rooms),
        "caseload": budget_record(outlook.budgets["caseload"]),
        "forecast": budget_record(outlook.budgets["forecast"]),
        "sachets": {
            level: [
                {
                    "place": str(place),
                    "weeks": need.weeks,
                    "expected": math.ceil(need.expected[row]),
                    "low": math.ceil(need.low[row]),
                    "high": math.ceil(need.high[row]),
                }
                for row, place in enumerate(outlook.ids[level])
                for need in needs
            ]
            for level, needs in outlook.needs.items()
        },
    }
