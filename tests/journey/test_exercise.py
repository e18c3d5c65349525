"""A champion that learnt from synthetic records must not look like a real one: refused, or marked
on every page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.bundle import save
from models.champion import bundles_folder, models_folder, turn
from registry.contract.errors import Refused
from registry.store.store import open_store
from sanket.app import main
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.book.scoring.scoring_run import score_store
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.visits.from_store import listed_from_store
from serving.visits.paper.formats import render
from tests.support.list_store import make_store, token
from tests.support.listed_children import AS_OF
from tests.support.service_cases import Client, bundle


def run(*arguments: str) -> int:
    try:
        main(list(arguments))
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def with_champions(address: str, **facts) -> str:
    """The store with two champions of these facts."""
    models = models_folder(address)
    for target in ("relapse", "non_response"):
        made = replace(bundle(target), facts=facts)
        turn(models, target, save(made, bundles_folder(models)).version)
    return address


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A registry that is not synthetic."""
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())
    return make_store(tmp_path, count=8)


@pytest.mark.parametrize("more", [(), ("--accept-foreign",)])
def test_a_synthetic_champion_is_refused_for_real_records(store, capsys, more):
    with_champions(store, synthetic=True)
    assert run("score", store, "--as-of", AS_OF.isoformat(), *more) == 5
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "SRV007" in said
        and "rules, z-scores and a one-measure order until you have trained" in said
    )


def test_one_synthetic_champion_of_two_is_enough_to_refuse(store):
    with_champions(store, synthetic=False, registry_id=open_store(store).facts()["registry_id"])
    turn(
        models_folder(store),
        "relapse",
        save(bundle("relapse"), bundles_folder(models_folder(store))).version,
    )
    with pytest.raises(Refused, match="the champion of relapse learnt from synthetic records"):
        score_store(store, as_of=AS_OF, accept_foreign=True)


def test_an_exercise_does_not_let_a_foreign_champion_in(store):
    with_champions(store, synthetic=False, registry_id="another")
    with pytest.raises(Refused, match="trained on another registry"):
        score_store(store, as_of=AS_OF, exercise=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_exercise_marks_every_page_and_paper(store, language, capsys):
    with_champions(store, synthetic=True)
    assert run("score", store, "--as-of", AS_OF.isoformat(), "--exercise", "--json") == 0
    assert json.loads(capsys.readouterr().out)["exercise"] is True
    say = words(language)
    for answer in pages(store, language):
        assert say("ui", "exercise") in answer and say("ui", "synthetic") not in answer
    listed = listed_from_store(store, sector="S0001", capacity=20)
    assert say("ui", "exercise") in render(listed, say, form="txt").decode()
    sheets = render(listed, say, form="html").decode()
    assert sheets.count(say("ui", "exercise_short")) == len(listed.by_centre())


def test_a_champion_of_real_records_marks_nothing(store):
    with_champions(store, synthetic=False, registry_id=open_store(store).facts()["registry_id"])
    assert score_store(store, as_of=AS_OF)["exercise"] is False
    for answer in pages(store, "en"):
        assert (
            words("en")("ui", "exercise") not in answer
            and words("en")("ui", "synthetic") not in answer
        )


def pages(address: str, language: str) -> list[str]:
    """Every kind of page that shows a run, as an officer reads it."""
    made = create_app(address, follow=False, log=Log(lambda line: None))
    child = listed_from_store(address, sector="S0001", capacity=20).rows[0].candidate.child_id
    cookie = f"{COOKIE}={token(address, role='officer', scope='state:*')}"
    answers = [
        Client(made).get(path, headers={"Accept-Language": language, "Cookie": cookie})
        for path in (
            "/visits?sector=S0001",
            f"/children/{child}",
            "/sector?sector=S0001",
            "/areas/visits",
        )
    ]
    made.close()
    assert [answer.status_code for answer in answers] == [200] * 4
    return [answer.text for answer in answers]
