"""The page of pairs in a real Chromium, on a phone and without a script: looked at, decided,
undone."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.by import By

from registry.store.store import open_store
from serving.app import create_app
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.language.words import words
from tests.browser.test_list_in_browser import faults
from tests.support.browser import PHONE, chromium, keep_picture, served, wait
from tests.support.service_cases import KEY, book, row, token
from tests.support.two_registers import said, two_stores

TODAY = "2025-06-01"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", TODAY)
    address, other = two_stores(tmp_path)
    said("link", address, other, "--keep", "health")
    with closing(open_store(address)) as store:
        book(store.engine, [row("twin", "S1")], as_of=dt.date(2025, 5, 31))
    app = create_app(
        address,
        tmp_path / "m",
        key=KEY,
        log=Log(lambda _: None),
        follow=False,
        limits=Limits(lag_seconds=60),
    )
    with served(app) as running:
        yield running
    app.close()


def test_an_officer_decides_and_undoes_on_a_phone_without_a_script(site):
    say = words("mr")
    with chromium(PHONE, language="mr") as browser:
        browser.get(f"{site}/language/mr?{urlencode({'to': f'/sign-in?token={token()}'})}")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        for verdict, waits in (("same", False), ("unsure", True)):
            browser.get(f"{site}/links" + ("" if verdict == "same" else "?decided=1"))
            assert faults(browser) == []
            keep_picture(browser, f"links-{verdict}")
            browser.find_element(By.CSS_SELECTOR, f"button[value={verdict}]").click()
            wait(lambda: say("links", "said_saved") in browser.page_source)
            browser.get(f"{site}/links")
            assert (say("links", "none") not in browser.page_source) is waits
