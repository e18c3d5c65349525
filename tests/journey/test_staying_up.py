"""What breaks around the service, and that it goes on with what it has and says so."""

import os
import shutil
import threading

import pytest
import sqlalchemy as sa

from registry.store.store import open_store
from serving.answering.champions import Champions
from serving.answering.schemas import EXAMPLE
from serving.app import create_app
from serving.book import outbox
from serving.http.observe import Log, Metrics
from tests.support.service_cases import KEY, Client, book, bundle, promoted, row, token


@pytest.fixture
def app(tmp_path):
    open_store(tmp_path / "x.db").close()
    lines = []
    app = create_app(
        str(tmp_path / "x.db"), tmp_path / "models", key=KEY, log=Log(lines.append), follow=False
    )
    app.lines = lines
    yield app
    app.close()


def versions(client):
    child = client.post("/v1/score", EXAMPLE).json()["children"][0]
    return child["relapse"]["model_version"]


def test_without_a_champion_scores_are_refused_and_rules_still_answer(app):
    client = Client(app, token())
    ready = client.get("/readyz")
    assert ready.status_code == 503 and ready.json()["status"] == "not_ready"
    refused = client.post("/v1/score", EXAMPLE)
    assert (
        refused.status_code == 503
        and refused.json()["code"] == "API030"
        and refused.headers["retry-after"]
    )
    assert client.get("/v1/models/champion").json()["code"] == "API030"
    child = client.post("/v1/classify", EXAMPLE).json()["children"][0]
    assert child["classification"]["nutrition_status"] == "MAM" and "relapse" not in child


def test_one_champion_of_two_answers_and_the_other_target_says_no_model(app, tmp_path):
    promoted(tmp_path / "models", bundle("relapse"))
    app.state.champions.look()
    client = Client(app, token())
    child = client.post("/v1/score", EXAMPLE).json()["children"][0]
    assert (
        child["relapse"]["score_status"] == "scored"
        and child["non_response"]["score_status"] == "not_scored"
    )
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["status"] == "degraded"
    assert ready.json()["champions"]["non_response"]["fault"] == "no champion is pointed to"


def test_a_promoted_model_answers_without_a_restart(app, tmp_path):
    client = Client(app, token())
    for seed in (1, 2):
        made = promoted(tmp_path / "models", bundle("relapse", seed=seed))
        app.state.champions.look()
        assert versions(client) == made


SPOILT = {
    "a byte of the booster": lambda place: (place / "booster.txt").write_text("tree\n"),
    "a missing file": lambda place: (place / "linear.json").unlink(),
    "no manifest": lambda place: (place / "manifest.json").unlink(),
    "half a manifest": lambda place: (place / "manifest.json").write_text('{"booster.txt": '),
    "no bundle at all": shutil.rmtree,
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_corrupt_bundle_leaves_the_former_one_answering(app, tmp_path, spoil):
    folder, client = tmp_path / "models", Client(app, token())
    good = promoted(folder, bundle("relapse", seed=1))
    app.state.champions.look()
    bad = promoted(folder, bundle("relapse", seed=2))
    spoil(folder / "bundles" / bad)
    app.state.champions.look()
    assert versions(client) == good
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json()["status"] == "degraded"
    assert ready.json()["champions"]["relapse"]["fault"]
    assert 'sanket_bundle_current{target="relapse"} 0.0' in client.get("/metrics").text
    again = promoted(folder, bundle("relapse", seed=3))
    app.state.champions.look()
    assert (
        versions(client) == again
        and not client.get("/readyz").json()["champions"]["relapse"]["fault"]
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"bundle": 5}', '{"bundle": "../../etc"}', '{"bundle": "nowhere"}']
)
def test_a_pointer_that_says_nothing_usable_changes_nothing(app, tmp_path, text):
    good = promoted(tmp_path / "models", bundle("relapse"))
    app.state.champions.look()
    (tmp_path / "models" / "champion-relapse.json").write_text(text)
    app.state.champions.look()
    assert versions(Client(app, token())) == good and app.state.champions.faults["relapse"]


def test_a_pointer_to_a_bundle_of_the_other_target_is_refused(tmp_path):
    name = promoted(tmp_path, bundle("relapse"))
    shutil.copy(tmp_path / "champion-relapse.json", tmp_path / "champion-non_response.json")
    champions = Champions(tmp_path, metrics=Metrics(), log=Log(lambda text: None))
    champions.look()
    assert (
        dict(champions.faults) == {"non_response": "BUN010"}
        and champions.now["relapse"].version == name
    )


def test_models_promoted_under_load_give_no_answer_of_two(app, tmp_path):
    folder = tmp_path / "models"
    saved = [bundle("relapse", seed=seed) for seed in (1, 2)]
    names = [promoted(folder, one) for one in saved]
    app.state.champions.look()
    client = Client(app, token())
    risks = {}
    for one, name in zip(saved, names, strict=True):
        promoted(folder, one)
        app.state.champions.look()
        risks[name] = client.post("/v1/score", EXAMPLE).json()["children"][0]["relapse"]["risk"]
    stop = threading.Event()

    def promote():
        while not stop.is_set():
            for one in saved:
                promoted(folder, one)
                app.state.champions.look()

    promoter = threading.Thread(target=promote)
    promoter.start()
    seen = set()
    try:
        for _ in range(25):
            score = client.post("/v1/score", EXAMPLE).json()["children"][0]["relapse"]
            assert score["risk"] == risks[score["model_version"]]
            seen.add(score["model_version"])
    finally:
        stop.set()
        promoter.join()
    assert seen == set(names)


def test_a_database_that_goes_leaves_scoring_and_says_so(app, tmp_path):
    promoted(tmp_path / "models", bundle("relapse"))
    promoted(tmp_path / "models", bundle("non_response"))
    app.state.champions.look()
    client = Client(app, token())
    book(app.state.engine, [row("C-1")])
    assert client.get("/v1/children/C-1").status_code == 200
    app.state.engine.dispose()
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("x.db", "x.db-wal", "x.db-shm"):
        if (tmp_path / name).exists():
            os.replace(tmp_path / name, kept / name)
    (tmp_path / "x.db").mkdir()
    refused = client.get("/v1/children/C-1")
    assert (
        refused.status_code == 503
        and refused.json()["code"] == "API031"
        and refused.headers["retry-after"]
    )
    assert client.post("/v1/score", EXAMPLE).status_code == 200
    assert client.get("/readyz").json()["status"] == "degraded"
    (tmp_path / "x.db").rmdir()
    for place in kept.iterdir():
        os.replace(place, tmp_path / place.name)
    assert (
        client.get("/v1/children/C-1").status_code == 200
        and client.get("/readyz").json()["status"] == "ready"
    )


def test_a_full_disk_leaves_reading_and_refuses_what_must_be_kept(app, tmp_path):
    client = Client(app, token())
    book(app.state.engine, [row("C-1")])
    assert client.get("/v1/children/C-1").status_code == 200
    with app.state.engine.connect() as connection:
        pages = connection.scalar(sa.text("PRAGMA page_count"))
    sa.event.listen(
        app.state.engine,
        "connect",
        lambda connection, _: connection.execute(f"PRAGMA max_page_count = {pages}"),
    )
    app.state.engine.dispose()
    for _ in range(150):
        refused = client.post(
            "/v1/visits/C-1/outcome", {"visited_on": "2026-03-16", "finding": "well"}
        )
        answer = client.get("/v1/children/C-1")
        assert answer.status_code == 200
        if app.state.audit.held:
            break
    assert app.state.audit.held and client.get("/readyz").json()["audit_log"]["fault"]
    assert refused.status_code in (201, 503)


def test_a_token_made_for_the_store_opens_it_and_another_stores_does_not(tmp_path):
    from serving.access.permissions import issue, local_key

    for name in ("x", "y"):
        open_store(tmp_path / f"{name}.db").close()
    app = create_app(
        str(tmp_path / "x.db"), tmp_path, log=Log(lambda text: None), follow=False, pages=False
    )
    keys = [local_key(str(tmp_path / f"{name}.db")) for name in ("x", "y")]
    made = [issue(key=key, role="officer", scopes=["state:*"], name="t") for key in keys]
    assert [Client(app, one).get("/v1/indicators").status_code for one in made] == [404, 401]
    app.close()


def test_a_visit_ticked_while_others_are_handed_on_is_so_too_when_the_service_stops(monkeypatch):
    begun, goes_on, tries = threading.Event(), threading.Event(), []

    def slowly(self):
        tries.append(len(tries))
        begun.set()
        assert goes_on.wait(timeout=30)

    monkeypatch.setattr(outbox, "GATHER_SECONDS", 0)
    monkeypatch.setattr(outbox.HandingOn, "_try", slowly)
    handing = outbox.HandingOn("x.db", Log(lambda _: None))
    assert begun.wait(timeout=30)
    handing.soon()
    handing._stopped.set()
    goes_on.set()
    handing.stop()
    assert not handing._thread.is_alive() and len(tries) == 2
