"""A tracking server that does not answer is said before anything is done; run ids are known where
they were printed; standard output is the caller's."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from models.bundle import save
from models.champion import bundles_folder, models_folder
from registry.contract.errors import BadInput
from sanket.app import main
from tests.support.service_cases import bundle
from training.commands import train
from training.tracking import find_bundle, mlflow_runs, reachable

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def nobody():
    """An address of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "words",
    [
        ("train",),
        ("backtest", "--split", "2026-01-01", "-o", "p.parquet"),
        ("evaluate", "-o", "report.html"),
    ],
)
def test_it_is_said_at_once_with_the_address(words, nobody, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    begun = time.monotonic()
    with pytest.raises(SystemExit) as ended:
        main([words[0], str(tmp_path / "x.db"), *words[1:], "--tracking", nobody, "--json"])
    told = capsys.readouterr()
    assert ended.value.code == 3 and told.out == ""
    assert "TRK001" in told.err and nobody in told.err and time.monotonic() - begun < 20
    assert list(tmp_path.iterdir()) == []


def test_before_the_records_are_read(nobody, tmp_path, monkeypatch):
    monkeypatch.setattr(
        train, "open_store", lambda address, **how: pytest.fail("it read the records")
    )
    with pytest.raises(BadInput, match="TRK001"):
        train.train(str(tmp_path / "x.db"), tracked_at=nobody)


def test_a_turn_does_not_wait_for_a_server(nobody):
    begun = time.monotonic()
    assert not mlflow_runs.follow(nobody, "relapse", "0" * 16, {})
    assert time.monotonic() - begun < 60, "MLflow's own client tries for some two minutes"


def test_a_password_is_not_told(nobody):
    with pytest.raises(BadInput) as refused:
        reachable.ask(nobody.replace("//", "//asha:secret@"))
    assert "secret" not in str(refused.value) and nobody in str(refused.value)


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(401)

    def log_message(self, *_):
        pass


def test_a_server_that_refuses_answers(tmp_path):
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            assert reachable.answers(f"http://127.0.0.1:{server.server_port}/")
        finally:
            server.shutdown()
    assert reachable.answers(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_run_is_known_where_it_was_printed_wherever_it_was_tracked(tmp_path, nobody):
    models = models_folder(str(tmp_path / "x.db"))
    made = save(bundle("relapse"), bundles_folder(models))
    find_bundle.remember(models, "f00d", made.version)
    place = bundles_folder(models) / made.version
    assert find_bundle.find_bundle(models, "f00d", tracked=nobody) == place
    assert find_bundle.find_bundle(models, made.version, tracked=nobody) == place
    with pytest.raises(BadInput, match="TRK001"):
        find_bundle.find_bundle(models, "beef", tracked=nobody)


def test_mlflow_prints_nothing_where_json_stands():
    from mlflow.environment_variables import MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT

    assert MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.get()
