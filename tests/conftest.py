"""Which tests share a worker, and in which order: what one worker makes or compiles the other does not
make again."""

import contextlib
import functools
import importlib
import os
import sqlite3
from pathlib import Path, PurePosixPath

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("OMP_THREAD_LIMIT", "1")
"""LightGBM's second thread would wait for a processor that the other worker has; read when the
library is loaded."""

os.environ.setdefault("SANKET_LAG_SECONDS", "60")
"""A test machine that stands still for a second is no overloaded service; tests of shedding set
bounds of their own."""

TESTS = Path(__file__).parent
TRAINED = "tests.support import trained_models"
"""Files that use one registry and its training stay on one worker: two would make it twice."""
FIRST = (
    "trained",
    "test_import_by_chunks",
    "test_list_in_browser",
    "test_paper",
    "test_page_fonts",
    "test_filled_lists",
)
"""The trained files are the longest group, and compile the kernels; what the other worker begins
with needs few of them, so that the two do not compile the same ones at the same time."""


@functools.cache
def _group(file: str) -> str:
    path = TESTS.parent / file
    trained = path.is_file() and TRAINED in path.read_text(encoding="utf-8")
    return "trained" if trained else PurePosixPath(file).stem


def _rank(item: pytest.Item) -> int:
    group = _group(item.nodeid.partition("::")[0])
    return FIRST.index(group) if group in FIRST else len(FIRST)


class Grouped(LoadScopeScheduling):
    """A group of tests stays on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config, log):
    """Groups in the order of `pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return Grouped(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Of the whole suite, the second worker reads the last files first: in a fresh checkout pytest
    compiles each test file, and each worker finds compiled what the other has read before."""
    asked = [Path(session.config.invocation_params.dir, one) for one in session.config.args]
    if os.environ.get("PYTEST_XDIST_WORKER") != "gw1" or asked != [TESTS]:
        return
    for file in sorted(TESTS.rglob("test_*.py"), reverse=True):
        name = ".".join(file.relative_to(TESTS.parent).with_suffix("").parts)
        # What cannot be read is told by the collection, which comes to it in its turn.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


@event.listens_for(Pool, "checkout")
def _no_wait_for_the_disk(connection, _record, _proxy) -> None:
    """A test's database need not outlive a power cut: this process waits for no disk. (Those that
    tests start do, and are killed to see what is left.)"""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long groups first. Trainings in tests make an interval of two refits; its own specs ask
    for ten. Said here, so that the process which only hands out tests reads no training."""
    items.sort(key=_rank)
    from training.fitting import uncertainty

    uncertainty.REFITS = 2
