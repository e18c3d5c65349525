"""Which tests share a worker: those of one file, and the judge's files, which share one training.
Long ones first."""

import os
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

from training.fitting import uncertainty

os.environ.setdefault("SANKET_LAG_SECONDS", "60")
"""A test machine that stands still for a second is no overloaded service; tests of shedding set
bounds of their own."""

uncertainty.REFITS = 2
"""Trainings in tests make an interval of two refits; its own specs ask for ten."""

JUDGE = (
    "test_case_cohort",
    "test_feature_table",
    "test_fourth_target",
    "test_model_checks",
    "test_notebooks",
    "test_promote",
    "test_report",
    "test_report_sentences",
    "test_runs_that_tell",
    "test_transfer",
)
"""Files that use one registry and its training (`tests.support.trained_models`): two workers would
make it twice."""
FIRST = ("judge", "test_explain_forest", "test_serve", "test_clock", "test_list_in_browser")


def _group(nodeid: str) -> str:
    name = PurePosixPath(nodeid.partition("::")[0]).stem
    return "judge" if name in JUDGE else name


class Grouped(LoadScopeScheduling):
    """A group of tests stays on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """Groups in the order of `pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return Grouped(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long groups first."""
    groups = [_group(item.nodeid) for item in items]
    rank = {group: FIRST.index(group) if group in FIRST else len(FIRST) for group in groups}
    items.sort(key=lambda item: rank[_group(item.nodeid)])
