"""A format of the list is a row in the table of formats: the command offers and writes it, the page
of the list links it, and nothing else is touched."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from sanket.app import app as front_door
from sanket.app import main
from serving.app import create_app
from serving.http.observe import Log
from serving.visits.paper.formats import FORMATS, ListFormat
from tests.browser.test_pages import browser
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF


def codes(listed, words) -> bytes:
    """The made-up format: the codes of the children to visit, a line each."""
    return "".join(f"{row.candidate.child_id}\n" for row in listed.rows).encode()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A scored store, while the format is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, "codes", ListFormat("codes", "text/plain", codes, link="print_pdf"))
        patch.setenv("SANKET_TODAY", AS_OF.isoformat())
        yield make_store(tmp_path_factory.mktemp("codes"))


@pytest.fixture(scope="module")
def page(store):
    """A browser with the page of the list."""
    app = create_app(store, follow=False, log=Log(lambda line: None))
    yield browser(app, store)
    app.close()


def test_the_command_writes_it_and_refuses_another(store, tmp_path):
    out = tmp_path / "list.codes"
    with pytest.raises(SystemExit) as end:
        main(["visits", store, "--sector", "S0001", "-o", str(out)])
    assert end.value.code in (0, None) and len(out.read_text().splitlines()) == 20
    refused = CliRunner().invoke(
        front_door, ["visits", store, "--sector", "S0001", "--format", "other"]
    )
    assert refused.exit_code != 0 and "codes" in str(refused.exception)


def test_the_page_links_it_and_serves_it(page):
    assert 'href="/visits.codes' in page.get("/visits").text
    answer = page.get("/visits.codes")
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(answer.text.splitlines()) == 20
    assert page.get("/visits.other").status_code == 404
