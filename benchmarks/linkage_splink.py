"""Our linkage beside Splink's, on the same two registers: precision, recall, seconds and memory.

`.venv/bin/python benchmarks/linkage_splink.py --splink PYTHON [--children N] [--seed S]
[--own-readings] [--json]`. PYTHON is the interpreter of an environment that has Splink, which is
none of ours:

    python -m venv /tmp/splink && /tmp/splink/bin/pip install splink
    .venv/bin/python benchmarks/linkage_splink.py --splink /tmp/splink/bin/python

Splink gets the same rows and columns as ours, in Parquet, and is used as its tutorials do: blocking
rules on the keys that ours blocks by, u by random sampling, m by EM in two sessions, adjustments
for term frequencies, single best links between two registers without duplicates. Readings are an
array a child, compared by how many two arrays share. It runs in a process of its own, whose memory
is measured alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SAME_ODDS, LOOK_ODDS = 2.0**4, 2.0**-3
"""The odds at which ours links and shows a pair (`registry.linkage.links`)."""
COSTS = ("seconds", "cpu_seconds", "peak_gb", "peak_gb_before")
"""`peak_gb` of the process, and before it began to link."""
THRESHOLD_BITS = (1, 2, 3, 4, 6, 8)


def main() -> None:
    """Print both side by side; with `--json` as one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splink", help="the Python of an environment with Splink")
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own-readings", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--as-splink", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.as_splink:
        splink_links(asked.as_splink)
        return
    require_splink(parser, asked.splink)
    compare(asked)


def require_splink(parser: argparse.ArgumentParser, python: str | None) -> None:
    """Ends with how to get Splink where the interpreter has none."""
    how = (
        "this compares with Splink, which is not among our dependencies. Make an environment for "
        "it:\n  python -m venv /tmp/splink && /tmp/splink/bin/pip install splink\n"
        "then name its interpreter: --splink /tmp/splink/bin/python"
    )
    if python is None:
        parser.error(how)
    try:
        found = subprocess.run([python, "-c", "import splink, duckdb, pyarrow"], check=False)
    except OSError as failed:
        parser.error(f"{failed}; {how}")
    if found.returncode:
        parser.error(how)


def compare(asked: argparse.Namespace) -> None:
    """Make the pair, link it both ways, judge both by one truth."""
    # A script's own folder stands first on the path, and features.py there would hide the package.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from benchmarks.linkage import scored, simulated_pair, views_and_truth
    from registry.linkage.links import link

    pair = simulated_pair(asked.children, asked.seed, own_readings=asked.own_readings)
    views, truth = views_and_truth(pair)
    before = _own_gb()
    said = _Phases()
    links = link(*views)
    cost = said.cost()
    pairs = list(zip(*links.ids(), strict=True))
    columns = {
        "ours": scored(
            [pair for pair, same in zip(pairs, links.same, strict=True) if same],
            [pair for pair, same in zip(pairs, links.same, strict=True) if not same],
            truth,
        )
        | cost
        | {"peak_gb": _own_gb(), "peak_gb_before": before}
    }
    with tempfile.TemporaryDirectory() as folder:
        write_for_splink(links.one, links.other, Path(folder))
        run = [asked.splink, str(Path(__file__).resolve()), "--as-splink", folder]
        subprocess.run(run, check=True)
        answer = json.loads((Path(folder) / "answer.json").read_text())
    for bits, found in answer["by_threshold"].items():
        cost = {name: answer[name] for name in COSTS}
        both = (map(tuple, found[name]) for name in ("same", "look"))
        columns[f"splink {bits}"] = scored(*both, truth) | cost
    print_table(columns, asked, answer["version"])
    if asked.json:
        print(json.dumps({"splink_version": answer["version"], **columns}))


def print_table(
    columns: dict[str, dict[str, float]], asked: argparse.Namespace, version: str
) -> None:
    """One row a figure, one column a way of linking; Splink's by the bits from which it links."""
    print(f"{asked.children} children, seed {asked.seed}, Splink {version}")
    print(f"{'':32}" + "".join(f"{name:>11}" for name in columns))
    for name in columns["ours"]:
        cells = (column.get(name, float("nan")) for column in columns.values())
        print(f"{name:32}" + "".join(f"{cell:>11.4f}" for cell in cells))


def write_for_splink(one: Any, other: Any, folder: Path) -> None:
    """Both registers as Splink takes them: one row a child, readings and their days as arrays."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet

    from registry.linkage.candidate_pairs import calendar

    for name, view in (("one", one), ("other", other)):
        year, month, day = calendar(view.birth_date)
        known = ~np.isnan(view.weight_kg)
        days = view.measured_on[known].astype(np.int64)
        hectograms = np.round(view.weight_kg[known] * 10).astype(np.int64)
        tall_cm = np.round(np.nan_to_num(view.height_cm[known])).astype(np.int64)
        readings = (days * 1_000 + hectograms) * 1_000 + tall_cm
        ends = np.searchsorted(view.measured_child[known], np.arange(len(view) + 1)).astype(
            np.int32
        )
        low, high = np.minimum(month, day), np.maximum(month, day)
        table = {
            "unique_id": pa.array(view.child_ids.astype(str)),
            "sex": _known(view.sex),
            "birth_date": pa.array(view.birth_date.astype(np.int32), pa.int32()).cast(pa.date32()),
            "birth_year": pa.array(year),
            "birth_month": pa.array(year * 12 + month),
            "month_and_day": pa.array(month * 100 + day),
            "swappable": pa.array(year * 10_000 + low * 100 + high),
            "grams": pa.array(
                np.round(np.nan_to_num(view.birth_weight_kg) * 1000).astype(np.int64),
                mask=np.isnan(view.birth_weight_kg),
            ),
            "readings": pa.ListArray.from_arrays(pa.array(ends), pa.array(readings)),
            "days": pa.ListArray.from_arrays(pa.array(ends), pa.array(days)),
        }
        for field in ("family", "centre", "sector", "district"):
            table[field] = _known(getattr(view, field))
        pyarrow.parquet.write_table(pa.table(table), folder / f"{name}.parquet")


def _known(codes: Any) -> Any:
    import pyarrow as pa

    return pa.array(codes.astype("int64"), mask=codes < 0)


def settings() -> Any:
    """Splink's model: the fields that ours compares, by Splink's own comparisons and levels."""
    import splink.comparison_level_library as level
    import splink.comparison_library as compare_by
    from splink import SettingsCreator, block_on

    first = "(day(birth_date_l) = 1 or day(birth_date_r) = 1)"
    swapped = "swappable_l = swappable_r"
    shared = "len(list_intersect(readings_l, readings_r))"
    same_days = "len(list_intersect(days_l, days_r))"
    birth = compare_by.CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            level.NullLevel("birth_date"),
            level.ExactMatchLevel("birth_date", term_frequency_adjustments=True),
            level.CustomLevel(swapped, "day and month swapped"),
            level.CustomLevel(f"birth_month_l = birth_month_r and {first}", "month only"),
            level.CustomLevel(
                "birth_year_l = birth_year_r and (month_and_day_l = 101 or month_and_day_r = 101)",
                "1 January",
            ),
            level.CustomLevel("abs(birth_date_l - birth_date_r) <= 7", "within a week"),
            level.CustomLevel(
                "levenshtein(cast(birth_date_l as varchar), cast(birth_date_r as varchar)) <= 1",
                "one figure differs",
            ),
            level.CustomLevel("abs(birth_date_l - birth_date_r) <= 62", "within two months"),
            level.ElseLevel(),
        ],
    )
    readings = compare_by.CustomComparison(
        output_column_name="readings",
        comparison_levels=[
            level.CustomLevel(
                "len(readings_l) = 0 or len(readings_r) = 0", "no readings"
            ).configure(is_null_level=True),
            level.CustomLevel(f"{shared} >= 6", "six or more the same"),
            level.CustomLevel(f"{shared} >= 3", "three or more"),
            level.CustomLevel(f"{shared} = 2", "two"),
            level.CustomLevel(f"{shared} = 1 and {same_days} <= 2", "one, of one or two days"),
            level.CustomLevel(f"{shared} = 1", "one, of more days"),
            level.CustomLevel(f"{same_days} = 0", "no day in common"),
            level.CustomLevel(f"{same_days} = 1", "other on a day"),
            level.ElseLevel(),
        ],
    )
    place = compare_by.CustomComparison(
        output_column_name="centre",
        comparison_levels=[
            level.NullLevel("centre"),
            level.ExactMatchLevel("centre", term_frequency_adjustments=True),
            level.CustomLevel("sector_l = sector_r", "same sector"),
            level.CustomLevel("district_l = district_r", "same district"),
            level.ElseLevel(),
        ],
    )
    grams = compare_by.CustomComparison(
        output_column_name="grams",
        comparison_levels=[
            level.NullLevel("grams"),
            level.ExactMatchLevel("grams", term_frequency_adjustments=True),
            level.CustomLevel("abs(grams_l - grams_r) <= 250", "within 250 g"),
            level.ElseLevel(),
        ],
    )
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            compare_by.ExactMatch("sex"),
            birth,
            compare_by.ExactMatch("family").configure(term_frequency_adjustments=True),
            place,
            grams,
            readings,
        ],
        blocking_rules_to_generate_predictions=[
            block_on("family"),
            block_on("centre", "birth_month"),
            block_on("sector", "birth_date"),
            block_on("sector", "swappable"),
            block_on("centre", "sex", "month_and_day"),
            block_on("centre", "sex", "birth_year"),
            block_on("district", "birth_date", "sex", "grams"),
            block_on("sector", "sex", "readings", arrays_to_explode=["readings"]),
            block_on("district", "birth_month", "sex", "readings", arrays_to_explode=["readings"]),
            block_on("birth_date", "sex", "readings", arrays_to_explode=["readings"]),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def splink_links(folder: Path) -> None:
    """Link with Splink and write what it found at several thresholds (run under its own
    interpreter, which has nothing of ours)."""
    import duckdb
    import splink
    from splink import DuckDBAPI, Linker, block_on

    before = _own_gb()
    said = _Phases()
    connection = duckdb.connect()
    connection.execute("set threads to 2")
    api = DuckDBAPI(connection)
    tables = [
        api.register(
            connection.read_parquet(str(folder / f"{name}.parquet")), dataset_display_name=name
        )
        for name in ("one", "other")
    ]
    said("tables")
    linker = Linker(tables, settings(), log_level=None)
    train = linker.training
    train.estimate_probability_two_random_records_match(
        [block_on("family", "birth_date", "sex"), block_on("centre", "birth_date", "sex", "grams")],
        recall=0.85,
    )
    said("share of true pairs")
    train.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    said("u")
    for rule in (block_on("birth_date", "centre"), block_on("family", "sex")):
        train.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    said("m")
    predicted = linker.inference.predict(threshold_match_probability=LOOK_ODDS / (1 + LOOK_ODDS))
    said("predicted")
    by_threshold = {}
    for bits in THRESHOLD_BITS:
        by_threshold[f"{bits} bits"] = _decided(linker, predicted, connection, bits)
    said("clustered")
    answer = {
        "version": splink.__version__,
        **said.cost(),
        "peak_gb": _own_gb(),
        "peak_gb_before": before,
        "by_threshold": by_threshold,
    }
    (folder / "answer.json").write_text(json.dumps(answer))


def _decided(linker: Any, predicted: Any, connection: Any, bits: int) -> dict[str, Any]:
    """`same`: single best links from so many bits; `look`: other pairs of children of whom neither
    is linked."""
    clusters = linker.clustering.cluster_using_single_best_links(
        predicted,
        duplicate_free_datasets=["one", "other"],
        threshold_match_weight=bits,
        ties_method="drop",
    )
    same = connection.execute(
        f"""select a.unique_id, b.unique_id from {clusters.physical_name} a
        join {clusters.physical_name} b using (cluster_id)
        where a.source_dataset = 'one' and b.source_dataset = 'other'"""
    ).fetchall()
    mine, theirs = ({pair[side] for pair in same} for side in (0, 1))
    every = connection.execute(
        f"""select case when source_dataset_l = 'one' then unique_id_l else unique_id_r end,
        case when source_dataset_l = 'one' then unique_id_r else unique_id_l end
        from {predicted.physical_name}"""
    ).fetchall()
    look = [pair for pair in every if pair[0] not in mine and pair[1] not in theirs]
    return {"same": same, "look": look}


class _Phases:
    """Seconds of the clock and of the processor since it was made, and a line of them on standard
    error after each phase."""

    def __init__(self) -> None:
        self._started, self._used = time.perf_counter(), time.process_time()

    def cost(self) -> dict[str, float]:
        return {
            "seconds": round(time.perf_counter() - self._started, 1),
            "cpu_seconds": round(time.process_time() - self._used, 1),
        }

    def __call__(self, phase: str) -> None:
        print(f"splink: {phase:20} {self.cost()} {_own_gb()} GB", file=sys.stderr, flush=True)


def _own_gb() -> float:
    """Most memory that this process has held since it began (`ru_maxrss` keeps that of the process
    that started it)."""
    status = Path("/proc/self/status").read_text()
    return round(int(status.split("VmHWM:")[1].split()[0]) / 2**20, 2)


if __name__ == "__main__":
    main()
