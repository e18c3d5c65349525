"""A centre's due list by page, file and command: the same children, within the scope, each
audited."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from html import unescape

import pypdf
import pytest

from sanket.app import main
from serving.access.permissions import COOKIE
from serving.app import create_app
from serving.audit import recorder
from serving.http.observe import Log
from serving.language.words import words
from serving.visits.paper.formats import SHEET_FORMATS
from tests.journey.test_audit_whole import newest, shown_in
from tests.support.list_store import children, make_store, token
from tests.support.listed_children import AS_OF
from tests.support.service_cases import Client

COUNT = 24
CENTRE = Counter(child.centre_id for child in children(COUNT)).most_common(1)[0][0]
"""The centre with the most of these children."""
ADDRESS = f"/visits/centres/{CENTRE}/sheet"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("sheet"), count=COUNT)


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture(scope="module")
def app(store):
    made = create_app(store, follow=False, log=Log(lambda _: None))
    yield made
    made.close()


def asked(app, store, path, **who):
    return Client(app).get(path, headers={"Cookie": f"{COOKIE}={token(store, **who)}"})


def here():
    return {child.child_id for child in children(COUNT) if child.centre_id == CENTRE}


def command(capsysbinary, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["visits", *arguments])
    return ended.value.code or 0, capsysbinary.readouterr()


def test_page_and_files_show_the_centres_children_and_audit_each(app, store):
    audited = {recorder.named(app.state.audit._key, name) for name in here()}
    for path in (ADDRESS, *(f"{ADDRESS}.{form}" for form in SHEET_FORMATS)):
        answer = asked(app, store, path)
        assert answer.status_code == 200
        assert newest(app) == ("list", audited), path
        if path.endswith("pdf"):
            pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
            text = " ".join(page.extract_text() for page in pages)
        else:
            text = answer.text
        assert shown_in(app, text) == audited, path


def test_the_list_links_to_each_centres_sheet(app, store):
    page = unescape(asked(app, store, "/visits").text)
    links = re.findall(r'href="(/visits/centres/[^"]+)"', page)
    centres = {child.centre_id for child in children(COUNT) if child.sector_id == "S0001"}
    assert len(links) == len(centres)
    assert f"{ADDRESS}?sector=S0001" in links
    sheet = unescape(asked(app, store, links[0]).text)
    assert words("en")("quality_why", "none") in sheet, "this book counted no centre"
    paper = re.search(r'href="([^"]+\.pdf\?[^"]+)" download', sheet).group(1)
    assert asked(app, store, paper).headers["content-type"] == "application/pdf"


@pytest.mark.parametrize(
    "path",
    [
        "/visits/centres/B001/sheet",
        "/visits/centres/B001/sheet.pdf",
        "/visits/centres/B001/sheet?sector=S0002",
        "/visits/centres/nowhere/sheet",
        f"{ADDRESS}.xlsx",
    ],
)
def test_what_lies_outside_the_scope_is_not_there(app, store, path):
    answer = asked(app, store, path)
    assert answer.status_code == 404 and not shown_in(app, answer.text)


def test_an_officer_names_the_sector_and_who_sees_no_children_sees_no_sheet(app, store):
    officer = {"role": "officer", "scope": "district:D1"}
    assert asked(app, store, f"{ADDRESS}?sector=S0001", **officer).status_code == 200
    assert asked(app, store, ADDRESS, **officer).status_code == 422
    analyst = {"role": "analyst", "scope": "district:D1"}
    assert asked(app, store, f"{ADDRESS}?sector=S0001", **analyst).status_code == 403


def test_the_command_finds_the_sector_and_audits(app, store, capsysbinary):
    code, said = command(capsysbinary, store, "--centre", CENTRE)
    assert code == 0 and shown_in(app, said.out.decode()) == newest(app)[1]
    assert said.out == asked(app, store, f"{ADDRESS}.txt").content
    code, said = command(capsysbinary, store, "--centre", CENTRE, "--json", "--lang", "mr")
    document = json.loads(said.out)
    parts = [document[name] for name in ("danger", "late", "watch", "due")]
    assert {child["child_id"] for part in parts for child in part} == here()
    assert not any("held_out" in child for part in parts for child in part)


def test_the_command_writes_by_the_files_ending_and_a_message(store, tmp_path, capsysbinary):
    out = tmp_path / "sheet.html"
    assert command(capsysbinary, store, "--centre", CENTRE, "-o", str(out))[0] == 0
    assert out.read_bytes().startswith(b"<!doctype html>")
    code, said = command(capsysbinary, store, "--centre", CENTRE, "--format", "message")
    assert code == 0 and len(said.out.decode()) <= 1_501 and b"Rampur" not in said.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--centre", "nowhere"), b"no such centre"),
        (("--centre", CENTRE, "--sector", "S0002"), b"no such centre"),
        (("--centre", CENTRE, "--format", "xlsx"), b"a format is one of txt, html, pdf, message"),
    ],
)
def test_the_command_refuses_what_it_does_not_know(store, capsysbinary, arguments, code):
    ended, said = command(capsysbinary, store, *arguments)
    assert ended != 0 and code in said.err and not said.out


def test_the_childs_page_has_findings_with_days_and_its_slip(app, store, tmp_path, capsysbinary):
    name = min(here())
    page = unescape(asked(app, store, f"/children/{name}").text)
    assert words("en")("standing", "title") in page and "arm 12.4 cm on 2 Mar 2026" in page
    address = re.search(r'href="([^"]+slip\.pdf)"', page).group(1)
    answer = asked(app, store, address)
    assert answer.headers["content-type"] == "application/pdf"
    assert f"slip-{name}-{AS_OF}.pdf" in answer.headers["content-disposition"]
    (slip,) = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    read = slip.extract_text()
    assert name in read and "test-supervisor" in read and "arm 12.4 cm on 2 Mar 2026" in read
    assert newest(app) == ("child", {recorder.named(app.state.audit._key, name)})
    assert asked(app, store, "/children/C90001/slip.pdf").status_code == 404
    out = tmp_path / "slip.pdf"
    assert command(capsysbinary, store, "--slip", name, "-o", str(out))[0] == 0
    assert name in pypdf.PdfReader(out).pages[0].extract_text()
