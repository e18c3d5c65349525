"""The officers' rooms in a real Chromium, on a phone and at a desk: from the state down to a child
by the links of the pages, found by code, sorted without a script."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import url_to_be
from selenium.webdriver.support.ui import WebDriverWait

from serving.app import create_app
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.language.words import words
from tests.browser.test_list_in_browser import LETTERS_PX, faults
from tests.support import days_of_scoring
from tests.support.area_store import AS_OF, make_store
from tests.support.browser import PHONE, chromium, keep_picture, resize, served
from tests.support.days_of_scoring import measured_centres
from tests.support.forecast_by_hand import place_centres, publish_by_hand
from tests.support.service_cases import KEY, row, token

DESK = (1366, 768)
SMALLEST_LETTERS_PX = 11


AS_CARDS = """
const table = document.querySelector('.cards'), row = table.querySelector('tbody tr');
const cells = [...row.children].filter((one) => one.getClientRects().length);
const tops = cells.map((one) => one.getBoundingClientRect().top);
return [tops.every((top, at) => !at || top > tops[at - 1]), table.scrollWidth <= table.clientWidth];
"""
"""Whether the cells of a row stand below one another, and nothing of the table is off the screen."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    home = tmp_path_factory.mktemp("rooms")
    late = {"danger": True, "rule": "sam_suspected", "overdue_days": 9}
    late |= {"facts": {"began_on": dt.date(2026, 6, 12)}}
    children = [row("A1-0", "S1", centre_id="A1"), row("A1-5", "S1", centre_id="A1", **late)]
    address = make_store(home, children)
    limits = Limits(lag_seconds=60)
    app = create_app(
        address, home / "m", key=KEY, log=Log(lambda _: None), follow=False, limits=limits
    )
    with pytest.MonkeyPatch.context() as patch, served(app) as running:
        patch.setenv("SANKET_TODAY", AS_OF.isoformat())
        yield running
    app.close()


def look(browser, name):
    """No fault on this page at either width."""
    for size in (PHONE, DESK):
        resize(browser, size)
        assert faults(browser) == [], (name, size)
        letters = browser.execute_script(LETTERS_PX)
        assert all(size >= SMALLEST_LETTERS_PX for size in letters), (name, size)
        keep_picture(browser, f"areas-{name}-{size[0]}")


def until_shown(browser, areas: list[str]) -> None:
    """Wait until the page's parts are these, in this order."""

    def shown(seen) -> bool:
        rows = seen.find_elements(By.CSS_SELECTOR, "th[scope=row] > a:first-child")
        return [one.get_attribute("href").rpartition("/")[2] for one in rows] == areas

    gone = (StaleElementReferenceException,)
    WebDriverWait(browser, 10, ignored_exceptions=gone).until(shown)


def test_from_the_state_down_to_a_child_and_up_again(site):
    with chromium(PHONE, language="mr") as browser:
        browser.get(f"{site}/language/mr?{urlencode({'to': f'/sign-in?token={token()}'})}")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(f"{site}/areas")
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/areas/state/state"))
        assert browser.find_element(By.TAG_NAME, "h1").text == words("mr")("areas", "state")
        above = "state"
        for level, area in (
            ("district", "D1"),
            ("project", "P1"),
            ("sector", "S1"),
            ("centre", "A1"),
        ):
            if above in ("state", "sector"):
                look(browser, above)
            browser.find_element(By.CSS_SELECTOR, f'a[href="/areas/{level}/{area}"]').click()
            WebDriverWait(browser, 10).until(url_to_be(f"{site}/areas/{level}/{area}"))
            above = level
        look(browser, "centre")
        browser.find_element(By.CSS_SELECTOR, ".crumbs a").click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/areas/state/state"))
        resize(browser, DESK)
        browser.find_element(By.CSS_SELECTOR, "select[name=parts] option[value=sector]").click()
        browser.find_element(By.CSS_SELECTOR, "select[name=sort] option[value=code]").click()
        browser.find_element(By.CSS_SELECTOR, "#parts ~ form button").click()
        until_shown(browser, ["S1", "S2", "S3"])
        browser.find_element(By.ID, "code").send_keys("A1-0\n")
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/children/A1-0"))


def test_an_escalation_is_closed_on_a_phone_without_a_script(site):
    with chromium(PHONE, language="hi") as browser:
        browser.get(f"{site}/language/hi?{urlencode({'to': f'/sign-in?token={token()}'})}")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(f"{site}/areas/sector/S1")
        browser.find_element(By.CSS_SELECTOR, 'a[href^="/escalations?"]').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/escalations?level=sector&area=S1"))
        look(browser, "escalations")
        resize(browser, PHONE)
        assert browser.execute_script(AS_CARDS) == [True, True]
        browser.find_element(By.CSS_SELECTOR, 'td a[href="/escalations/1"]').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/escalations/1"))
        look(browser, "escalation")
        resize(browser, PHONE)
        browser.find_element(By.ID, "because").send_keys("NRC 28-06")
        browser.find_element(By.CSS_SELECTOR, "form.outcome button").click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/escalations?closed=1#danger_late"))
        assert "NRC 28-06" in browser.find_element(By.CSS_SELECTOR, "#closed ~ .cards").text


def test_areas_are_compared_and_forecast_on_a_phone_without_a_script(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", days_of_scoring.AS_OF)
    days = measured_centres(tmp_path)
    publish_by_hand(days.address)
    place_centres(days.address, ("A1", "A3", "B1", "C1", "C2", "D1"))
    limits = Limits(lag_seconds=60)
    app = create_app(
        days.address, tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False, limits=limits
    )
    with served(app) as site, chromium(PHONE, language="mr") as browser:
        browser.get(f"{site}/language/mr?{urlencode({'to': f'/sign-in?token={token()}'})}")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(f"{site}/areas/state/state")
        browser.find_element(By.CSS_SELECTOR, 'a[href="/compare/state/state"]').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/compare/state/state"))
        look(browser, "funnel")
        assert len(browser.find_elements(By.CSS_SELECTOR, "svg.funnel circle")) >= 2
        resize(browser, PHONE)
        option = "select[name=parts] option[value=district]"
        browser.find_element(By.CSS_SELECTOR, option).click()
        browser.find_element(By.CSS_SELECTOR, "main form button").click()
        until_shown(browser, ["D1", "D2"])
        browser.get(f"{site}/areas/state/state")
        browser.find_element(By.CSS_SELECTOR, 'a[href="/forecast/state/state"]').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/forecast/state/state"))
        look(browser, "forecast")
        browser.find_element(By.CSS_SELECTOR, 'main a[href="/map/state/state"]').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/map/state/state"))
        look(browser, "map")
        browser.find_element(By.CSS_SELECTOR, '.area-map a[href="/areas/sector/S2"] path').click()
        WebDriverWait(browser, 10).until(url_to_be(f"{site}/areas/sector/S2"))
    app.close()
