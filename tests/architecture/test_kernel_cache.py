"""Compiled functions are kept by the state of their sources: an update never meets the machine code
of before."""

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from registry.machine import kernel_cache


@pytest.fixture()
def sources(tmp_path):
    for room in kernel_cache.ROOMS:
        (tmp_path / room).mkdir(parents=True, exist_ok=True)
    (tmp_path / "features" / "one.py").write_text(
        "from numba import njit\nfrom features import other\n"
    )
    (tmp_path / "features" / "words.py").write_text("WORDS = 1\n")
    return tmp_path


def test_a_changed_source_of_compiled_functions_has_another_folder(sources):
    before = kernel_cache.sources_digest(sources)
    (sources / "features" / "words.py").write_text("WORDS = 2\n")
    assert kernel_cache.sources_digest(sources) == before
    (sources / "features" / "one.py").write_text(
        "from numba import njit\nfrom features import another\n"
    )
    assert kernel_cache.sources_digest(sources) != before


def test_a_process_keeps_what_it_compiles_there_and_so_do_those_that_it_starts(tmp_path):
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(kernel_cache.ROOT),
    }
    script = (
        "import features.clock, os, subprocess, sys; print(os.environ['NUMBA_CACHE_DIR']); "
        "features.clock.days_apart(1, 2); "
        "print(subprocess.check_output([sys.executable, '-c', 'import registry, os; "
        'print(os.environ["NUMBA_CACHE_DIR"])\'], text=True).strip())'
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    own, childs = done.stdout.split()
    assert own == childs == str(tmp_path / f"{kernel_cache.PREFIX}{kernel_cache.sources_digest()}")
    assert list(Path(own).rglob("*days_apart*.nbi"))


def test_where_nothing_can_be_written_it_is_numbas_own_choice(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(file / "under"))
    kernel_cache.keep_by_sources()
    assert os.environ["NUMBA_CACHE_DIR"] == str(file / "under")


def test_folders_that_nobody_opened_for_long_are_removed(tmp_path, monkeypatch):
    old = tmp_path / f"{kernel_cache.PREFIX}old"
    old.mkdir()
    os.utime(old, (0, 0))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    kernel_cache.keep_by_sources()
    assert not old.exists() and Path(os.environ["NUMBA_CACHE_DIR"]).is_dir()
