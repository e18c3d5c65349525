"""The pages in a real Chromium: phone and desktop, three languages, without scripts, without
network, on paper.

Screenshots are taken where $SANKET_SCREENSHOTS names a folder for them.
"""

from __future__ import annotations

import base64
import io
import json
import time
from urllib.parse import urlencode, urlsplit

import pypdf
import pytest
import sqlalchemy as sa
from selenium.webdriver.common.by import By

from serving.app import create_app
from serving.book.scorebook import TOLD
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from tests.support.browser import (
    DESKTOP,
    PHONE,
    chromium,
    cut_network,
    keep_picture,
    resize,
    served,
    wait,
)
from tests.support.list_store import make_store, token
from tests.support.listed_children import AS_OF

PATIENT = Limits(lag_seconds=60)
"""A busy machine must not turn these tests away: shedding load has tests of its own."""
LEAST_TARGET_PX = 24
"""WCAG 2.2, 2.5.8 (AA): a target is at least 24 by 24 CSS pixels."""


@pytest.fixture(autouse=True)
def on_the_day_of_the_list(monkeypatch):
    """The calendar stands still on the scoring day; a test that reads later sets another day."""
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A served store and a token for its supervisor."""
    address = make_store(tmp_path_factory.mktemp("browser"), count=12)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as site:
        yield site, token(address)
    app.close()


@pytest.fixture(scope="module")
def browser():
    """One browser for all tests of this module: starting it takes longer than most of them."""
    with chromium(PHONE) as made:
        yield made


@pytest.fixture
def phone(browser):
    resize(browser, PHONE)
    return browser


@pytest.fixture
def desktop(browser):
    resize(browser, DESKTOP)
    return browser


@pytest.fixture(params=["phone", "desktop"])
def phone_or_desktop(request):
    return request.param, request.getfixturevalue(request.param)


def sign_in(browser, service, language="en", *, typed=False):
    """By the link with the token, in this language; `typed`: by choosing the language and pasting
    the token."""
    site, session = service
    browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
    if not typed:
        browser.get(f"{site}/language/{language}?{urlencode({'to': f'/sign-in?token={session}'})}")
    else:
        browser.get(f"{site}/sign-in")
        browser.find_element(By.CSS_SELECTOR, f"a[hreflang={language}]").click()
        browser.find_element(By.ID, "token").send_keys(session)
        browser.find_element(By.CSS_SELECTOR, "main button").click()
    wait(lambda: browser.current_url == f"{site}/visits")


def open_first_child(browser):
    browser.find_element(By.CSS_SELECTOR, ".who a").click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_sign_in_list_child_sector_in_each_language(phone_or_desktop, service, language):
    size, browser = phone_or_desktop
    site, _ = service
    sign_in(browser, service, language)
    for name in ("list", "child", "sector"):
        if name == "child":
            open_first_child(browser)
        if name == "sector":
            browser.get(f"{site}/sector")
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        assert words(language)("ui", "synthetic") in browser.page_source
        assert faults(browser) == []
        assert all(size >= 11 for size in browser.execute_script(LETTERS_PX))
        keep_picture(browser, f"{name}-{size}-{language}")


LETTERS_PX = """
return [...document.querySelectorAll('svg text')].map((e) => {
  const drawn = e.ownerSVGElement;
  return parseFloat(getComputedStyle(e).fontSize) * drawn.getBoundingClientRect().width / drawn.viewBox.baseVal.width;
});
"""
"""The size of each letter in a picture as it is seen, in CSS pixels."""


def faults(browser) -> list[str]:
    """What a person with a small screen, a keyboard or a screen reader would stumble over on this
    page."""
    return browser.execute_script(CHECKS, LEAST_TARGET_PX)


CHECKS = """
const least = arguments[0], faults = [];
const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden';
const name = (e) => (e.getAttribute('aria-label') || e.innerText || e.textContent || '').trim();
if (document.documentElement.scrollWidth > innerWidth + 1) faults.push('wider than the screen: ' + document.documentElement.scrollWidth);
if (!document.title) faults.push('no title');
if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
for (const e of document.querySelectorAll('a,button,summary')) if (seen(e) && !name(e)) faults.push('no name: ' + e.outerHTML.slice(0, 80));
for (const e of document.querySelectorAll('input:not([type=hidden]),select')) if (!e.labels.length) faults.push('no label: ' + e.name);
for (const e of document.querySelectorAll('svg')) if (!e.querySelector('title')) faults.push('svg without a title');
for (const e of document.querySelectorAll('button,select,summary,nav a,.who a,a.button')) {
  const box = e.getBoundingClientRect();
  if (seen(e) && (box.height < least || box.width < least)) faults.push('small target: ' + name(e) + ' ' + box.width + 'x' + box.height);
}
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) faults.push('id twice: ' + id);
for (const e of document.querySelectorAll('[aria-labelledby],[aria-describedby]')) {
  const wanted = (e.getAttribute('aria-labelledby') || '') + ' ' + (e.getAttribute('aria-describedby') || '');
  for (const id of wanted.split(' ').filter(Boolean)) if (!document.getElementById(id)) faults.push('points nowhere: ' + id);
}
const number = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => { for (; e; e = e.parentElement) { const c = number(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; } return [255, 255, 255]; };
for (const e of document.querySelectorAll('body *:not(svg):not(svg *)')) {
  const own = [...e.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  if (!own || !seen(e)) continue;
  const style = getComputedStyle(e), [a, b] = [light(number(style.color)), light(behind(e))].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) faults.push('contrast: ' + e.textContent.trim().slice(0, 40));
}
return faults;
"""


def test_the_keyboard_reaches_the_content_and_sees_where_it_is(phone, service):
    browser = phone
    sign_in(browser, service)
    from selenium.webdriver.common.keys import Keys

    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = browser.switch_to.active_element
    assert skip.text == words("en")("ui", "skip") and skip.rect["x"] >= 0
    order = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert order != "none"


def test_the_page_works_without_scripts(phone, service):
    phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        sign_in(phone, service, "mr", typed=True)
        assert phone.find_element(By.TAG_NAME, "h1").text == words("mr")("ui", "visit_list")
        assert len(phone.find_elements(By.CLASS_NAME, "child")) > 5
        assert phone.find_elements(By.CSS_SELECTOR, "form.outcome button")
        open_first_child(phone)
        assert phone.find_elements(By.CSS_SELECTOR, "svg.reasons")
        keep_picture(phone, "child-phone-mr-no-scripts")
    finally:
        phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_an_outcome_is_ticked_and_the_child_leaves_the_list(phone, service):
    sign_in(phone, service, "hi")
    last = phone.find_elements(By.CLASS_NAME, "child")[-1]
    child = last.find_element(By.CSS_SELECTOR, ".who a").text
    tick(phone, last, "well")
    wait(lambda: words("hi")("ui", "saved") in phone.page_source)
    assert child not in [who.text for who in phone.find_elements(By.CSS_SELECTOR, ".child .who a")]
    keep_picture(phone, "outcome-phone-hi")


def test_a_weight_is_written_beside_the_finding_and_an_arm_in_either_unit(phone, service):
    sign_in(phone, service, "mr")
    last = phone.find_elements(By.CLASS_NAME, "child")[-1]
    child = last.find_element(By.CSS_SELECTOR, ".who a").text
    phone.execute_script("arguments[0].open = true", last.find_element(By.TAG_NAME, "details"))
    arm, weight = (last.find_element(By.NAME, name) for name in ("muac_mm", "weight_kg"))
    weight.send_keys("7.45")
    for written, taken in (
        ("40", False),
        ("261", False),
        ("112", True),
        ("११.२", True),
        ("11,2", True),
    ):
        arm.clear()
        arm.send_keys(written)
        assert phone.execute_script(
            "return [...arguments].map((it) => it.checkValidity())", weight, arm
        ) == [True, taken]
    keep_picture(phone, "outcome-form-phone-mr")
    tick(phone, last, "none")
    wait(lambda: words("mr")("ui", "kept") in phone.page_source)
    # An arm of 112 mm is SAM: told today, and the ANM examines the child.
    told = phone.find_elements(By.CSS_SELECTOR, "section.danger li, section.anm li")
    (mine, *_) = [one.text for one in told if child in one.text]
    assert words("mr")("findings", "sam_again") in mine


def test_what_was_opened_opens_again_when_the_service_is_gone(phone, service, tmp_path):
    address = make_store(tmp_path, count=12)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as site:
        sign_in(phone, (site, token(address)))
        wait(lambda: phone.execute_script("return !!navigator.serviceWorker.controller"))
        phone.get(f"{site}/visits")
        children = [
            link.get_attribute("href") for link in phone.find_elements(By.CSS_SELECTOR, ".who a")
        ]
        wait(lambda: phone.execute_async_script(KEPT_PAGES) >= len(children))
    app.close()
    phone.get(f"{site}/visits")
    assert len(phone.find_elements(By.CLASS_NAME, "child")) == len(children) > 5
    phone.get(children[3])
    assert phone.find_elements(By.CSS_SELECTOR, "svg.reasons")
    keep_picture(phone, "child-phone-offline")
    phone.get(f"{site}/sector")
    assert words("en")("ui", "offline_page") in phone.find_element(By.TAG_NAME, "main").text


KEPT_PAGES = """
const done = arguments[0];
caches.open('sanket-3').then((cache) => cache.keys()).then((keys) => done(keys.filter((key) => key.url.includes('/children/')).length));
"""


LIST_KEPT = KEPT_PAGES.replace("/children/", "/visits")


def listed(browser) -> list[str]:
    """The children of a list's page; raises on a page that lists none, as one half come does."""
    browser.find_element(By.CSS_SELECTOR, ".child .who a")
    return [one.text for one in browser.find_elements(By.CSS_SELECTOR, ".child .who a")]


def tick(browser, child, finding):
    browser.execute_script("arguments[0].open = true", child.find_element(By.TAG_NAME, "details"))
    child.find_element(By.CSS_SELECTOR, f"input[value={finding}]").click()
    child.find_element(By.CSS_SELECTOR, "form.outcome button").click()


def test_a_finding_ticked_without_a_network_is_sent_when_it_is_back(phone, service):
    site, _ = service
    sign_in(phone, service)
    last = phone.find_elements(By.CLASS_NAME, "child")[-2]
    child = last.find_element(By.CSS_SELECTOR, ".who a").text
    cut_network(phone, cut=True)
    wait(lambda: not phone.execute_script("return navigator.onLine"))
    tick(phone, last, "away")
    assert words("en")("ui", "kept_offline") in phone.find_element(By.CSS_SELECTOR, "li .note").text
    assert phone.find_element(By.ID, "offline").is_displayed()
    cut_network(phone, cut=False)
    wait(lambda: phone.execute_script("return localStorage.getItem('sanket-kept')") == "[]")
    phone.get(f"{site}/visits")
    assert child not in [who.text for who in phone.find_elements(By.CSS_SELECTOR, ".child .who a")]


def test_a_finding_is_kept_when_the_network_is_there_only_by_name(phone, service):
    site, _ = service
    sign_in(phone, service)
    last = phone.find_elements(By.CLASS_NAME, "child")[-3]
    child = last.find_element(By.CSS_SELECTOR, ".who a").text
    phone.execute_cdp_cmd("Network.enable", {})
    phone.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/outcome"]})
    try:
        assert phone.execute_script("return navigator.onLine")
        tick(phone, last, "away")
        wait(lambda: words("en")("ui", "slow") in phone.find_element(By.TAG_NAME, "main").text)
        phone.get(f"{site}/visits")
        assert (
            words("en")("ui", "kept_offline")
            in phone.find_element(By.CSS_SELECTOR, "li .note").text
        )
    finally:
        phone.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    phone.get(f"{site}/visits")
    wait(lambda: phone.execute_script("return localStorage.getItem('sanket-kept')") == "[]")
    phone.get(f"{site}/visits")
    assert child not in [who.text for who in phone.find_elements(By.CSS_SELECTOR, ".child .who a")]


WAITING = "return JSON.parse(localStorage.getItem('sanket-kept') || '[]')"


def waiting_on(browser) -> list[dict]:
    return browser.execute_script(WAITING)


def press(browser, selector):
    browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, selector))


def said_above(browser) -> str:
    return browser.find_element(By.ID, "waiting").text


@pytest.fixture
def own_phone(phone):
    """The phone as it comes: nothing kept, nobody signed in, whatever an earlier test left."""
    yield phone
    cut_network(phone, cut=False)
    phone.execute_script("localStorage.clear(); sessionStorage.clear()")


def test_a_kept_finding_that_is_not_accepted_is_shown_with_why_corrected_and_sent_again(
    own_phone, service
):
    phone, (site, _) = own_phone, service
    sign_in(phone, service, "hi")
    say = words("hi")
    form = phone.find_elements(By.CSS_SELECTOR, "form.outcome")[-4]
    action = form.get_attribute("action").replace(site, "")
    child = action.split("/")[2]
    wrong = [
        ["finding", "well"],
        ["weight_kg", "74"],
        ["visited_on", "2026-03-16"],
        ["back", "/visits"],
    ]
    shown = [[say("ui", "found"), say("findings", "well")], [say("ui", "weight_found"), "74"]]
    kept = [
        {"id": "1", "who": "test-supervisor", "action": action, "fields": wrong, "shown": shown}
    ]
    phone.execute_script("localStorage.setItem('sanket-kept', arguments[0])", json.dumps(kept))
    phone.get(f"{site}/visits")
    wait(lambda: say("ui", "fault_weight_kg") in said_above(phone))
    assert (
        child in said_above(phone)
        and "74" in said_above(phone)
        and say("ui", "refused_title") in said_above(phone)
    )
    phone.get(f"{site}/sector")
    assert say("ui", "fault_weight_kg") in said_above(phone), (
        "it stays until it is corrected or deleted"
    )
    keep_picture(phone, "refused-phone-hi")
    assert faults(phone) == []
    press(phone, "#waiting button")
    wait(lambda: phone.current_url.endswith("/outcome"))
    assert say("ui", "fault_weight_kg") in phone.find_element(By.CSS_SELECTOR, ".faults").text
    weight = phone.find_element(By.NAME, "weight_kg")
    assert (
        weight.get_attribute("value") == "74"
        and phone.find_element(By.CSS_SELECTOR, "input[value=well]").is_selected()
    )
    weight.clear()
    weight.send_keys("7.4")
    phone.find_element(By.CSS_SELECTOR, "form.outcome button").click()
    wait(lambda: "saved=1" in phone.current_url)
    assert waiting_on(phone) == [] and not phone.find_element(By.ID, "waiting").is_displayed()


def test_a_refused_finding_can_be_deleted_after_a_question(own_phone, service):
    phone, (site, _) = own_phone, service
    sign_in(phone, service)
    gone = {
        "id": "1",
        "who": "test-supervisor",
        "action": "/visits/NOBODY/outcome",
        "fields": [["finding", "well"]],
    }
    phone.execute_script("localStorage.setItem('sanket-kept', arguments[0])", json.dumps([gone]))
    phone.get(f"{site}/visits")
    wait(lambda: words("en")("ui", "not_found") in said_above(phone))
    for answer, left in (("dismiss", 1), ("accept", 0)):
        phone.find_element(By.CSS_SELECTOR, "#waiting .quiet").click()
        getattr(phone.switch_to.alert, answer)()
        assert len(waiting_on(phone)) == left


def test_a_finding_of_another_sign_in_is_not_sent_as_ones_own(own_phone, service):
    phone, (site, _) = own_phone, service
    sign_in(phone, service)
    action = (
        phone.find_element(By.CSS_SELECTOR, "form.outcome")
        .get_attribute("action")
        .replace(site, "")
    )
    theirs = {
        "id": "1",
        "who": "another",
        "action": action,
        "fields": [["finding", "away"], ["visited_on", "2026-03-16"]],
    }
    phone.execute_script("localStorage.setItem('sanket-kept', arguments[0])", json.dumps([theirs]))
    phone.get(f"{site}/visits")
    wait(lambda: words("en").say("ui", "waiting_others", n=1) in said_above(phone))
    time.sleep(1)
    assert waiting_on(phone) == [theirs]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_day_of_a_supervisor(own_phone, tmp_path, language):
    """Sign in, tick "SAM now", confirm, see it under "told today"; without a network tick, sign
    out; come back."""
    phone, say = own_phone, words(language)
    address = make_store(tmp_path, count=12)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as site:
        here = (site, token(address))
        sign_in(phone, here, language)
        first, second = (
            one.find_element(By.CSS_SELECTOR, ".who a").text for one in children_on(phone)[:2]
        )
        tick(phone, children_on(phone)[0], "sam_again")
        dialog = phone.find_element(By.ID, "confirm")
        assert (
            dialog.is_displayed()
            and first in dialog.text
            and say("findings", "sam_again") in dialog.text
        )
        assert faults(phone) == []
        keep_picture(phone, f"confirm-phone-{language}", look=True)
        press(phone, "#confirm button[value=no]")
        assert not dialog.is_displayed() and told_children(app) == []
        tick(phone, children_on(phone)[0], "sam_again")
        press(phone, "#confirm button[value=yes]")
        wait(lambda: "saved=1" in phone.current_url)
        wait(
            lambda: (
                first in phone.find_element(By.CSS_SELECTOR, "section[aria-labelledby=told]").text
            )
        )
        keep_picture(phone, f"told-today-phone-{language}", look=True)
        wait(lambda: phone.execute_script("return !!navigator.serviceWorker.controller"))
        phone.get(f"{site}/visits")
        wait(lambda: phone.execute_async_script(KEPT_PAGES) > 5)

    # The service is gone too: a service worker's own requests are not cut with the page's.
    cut_network(phone, cut=True)
    wait(lambda: not phone.execute_script("return navigator.onLine"))
    phone.get(f"{site}/visits")
    tick(phone, next(one for one in children_on(phone) if second in one.text), "ill")
    press(phone, "#confirm button[value=yes]")
    wait(lambda: second in said_above(phone))
    assert say("ui", "waiting_where") in said_above(phone) and say("findings", "ill") in said_above(
        phone
    )
    keep_picture(phone, f"waiting-phone-{language}", look=True)
    press(phone, "#sign-out button")
    asks = phone.find_element(By.ID, "sign-out-asks")
    assert asks.is_displayed() and say.say("ui", "sign_out_asks", n=1) in asks.text
    keep_picture(phone, f"sign-out-phone-{language}", look=True)
    press(phone, "#sign-out-asks button[value=no]")
    assert not asks.is_displayed() and phone.find_elements(By.CSS_SELECTOR, ".child")
    press(phone, "#sign-out button")
    press(phone, "#sign-out-asks button[value=yes]")
    wait(
        lambda: (
            say.say("ui", "signing_out_later", n=1) in phone.find_element(By.TAG_NAME, "main").text
        )
    )
    wait(lambda: phone.execute_async_script(LIST_KEPT) == 0)
    phone.get(f"{site}/visits")
    assert phone.find_element(By.TAG_NAME, "h1").text == say("ui", "offline_title"), (
        "no child is left on the phone"
    )
    assert say("ui", "offline_page") in phone.find_element(By.TAG_NAME, "main").text
    assert second not in phone.page_source and f"{say('ui', 'waiting_title')}: 1" in said_above(
        phone
    )
    keep_picture(phone, f"offline-phone-{language}", look=True)

    with served(app, port=urlsplit(site).port):
        cut_network(phone, cut=False)
        wait(lambda: phone.current_url.endswith("/sign-in"))
        assert len(waiting_on(phone)) == 1 and told_children(app) == [(first, "sam_again")]
        assert f"{say('ui', 'waiting_title')}: 1" in said_above(phone) and second not in said_above(
            phone
        )
        phone.get(f"{site}/visits")
        assert phone.current_url.endswith("/sign-in"), "the session has ended"

        sign_in(phone, here, language)
        wait(lambda: waiting_on(phone) == [])
        phone.get(f"{site}/visits")
        today = phone.find_element(By.CSS_SELECTOR, "section[aria-labelledby=told]").text
        assert (
            first in today
            and second in today
            and told_children(app) == [(first, "sam_again"), (second, "ill")]
        )
    app.close()


def children_on(browser):
    return browser.find_elements(By.CLASS_NAME, "child")


def told_children(app) -> list[tuple[str, str]]:
    with app.state.engine.connect() as connection:
        if not sa.inspect(connection).has_table(TOLD.name):
            return []
        return [
            (row.child_id, row.finding)
            for row in connection.execute(sa.select(TOLD).order_by(TOLD.c.number))
        ]


def test_a_finding_that_needs_somebody_is_asked_for_without_scripts_too(phone, tmp_path):
    address = make_store(tmp_path, count=12)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        with served(app) as site:
            sign_in(phone, (site, token(address)), "mr", typed=True)
            say, last = words("mr"), children_on(phone)[-1]
            child = last.find_element(By.CSS_SELECTOR, ".who a").text
            last.find_element(By.TAG_NAME, "summary").click()
            last.find_element(By.CSS_SELECTOR, "input[value=died]").click()
            last.find_element(By.CSS_SELECTOR, "form.outcome button").click()
            wait(lambda: phone.current_url.endswith("/outcome"))
            assert phone.find_element(By.TAG_NAME, "h1").text == say("ui", "confirm_title")
            assert (
                child in phone.find_element(By.TAG_NAME, "main").text and told_children(app) == []
            )
            keep_picture(phone, "confirm-phone-mr-no-scripts")
            phone.find_element(By.CSS_SELECTOR, "form.outcome button").click()
            wait(lambda: "saved=1" in phone.current_url)
            assert (
                child in phone.find_element(By.CSS_SELECTOR, "section[aria-labelledby=told]").text
            )
            assert told_children(app) == [(child, "died")]
    finally:
        phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    app.close()


def test_a_kept_list_says_without_a_network_that_it_has_grown_old(own_phone, service):
    phone, (site, _) = own_phone, service
    sign_in(phone, service)
    wait(lambda: phone.execute_script("return !!navigator.serviceWorker.controller"))
    phone.get(f"{site}/visits")
    assert not phone.find_element(By.ID, "stale").is_displayed()
    wait(lambda: phone.execute_async_script(KEPT_PAGES) > 5)
    cut_network(phone, cut=True)
    phone.get(f"{site}/visits")
    wait(lambda: phone.find_element(By.ID, "stale").is_displayed())
    assert words("en").day(AS_OF) in phone.find_element(By.ID, "stale").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_anms_part_and_who_has_no_visit_left_can_be_read_on_a_phone(phone, tmp_path, language):
    address = make_store(tmp_path)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as site:
        sign_in(phone, (site, token(address)), language)
        phone.get(f"{site}/visits?capacity=1")
        titles = [
            phone.find_element(By.ID, name).text for name in ("first", "by-centre", "beyond", "anm")
        ]
        assert titles == [
            words(language)("ui", name)
            for name in ("first_today", "by_centre_title", "beyond_title", "anm_title")
        ]
        assert faults(phone) == []
        keep_picture(phone, f"list-anm-phone-{language}")
    app.close()


def test_signing_out_leaves_nothing_on_the_phone(phone, service):
    site, _ = service
    sign_in(phone, service)
    phone.get(f"{site}/visits")
    wait(lambda: phone.execute_async_script(KEPT_PAGES) > 0)
    phone.find_element(By.CSS_SELECTOR, "#sign-out button").click()
    wait(lambda: phone.execute_async_script(KEPT_PAGES) == 0)
    assert all("session" not in cookie["name"] for cookie in phone.get_cookies())
    phone.get(f"{site}/visits")
    assert phone.current_url.endswith("/sign-in")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_prints_and_its_words_read_back(desktop, service, language):
    sign_in(desktop, service, language)
    printed = desktop.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    pages = pypdf.PdfReader(io.BytesIO(base64.b64decode(printed["data"]))).pages
    text = "".join("".join(page.extract_text() for page in pages).split())
    assert "S0001" in text and "C000" in text
    plain = {"en": "Why", "hi": "सूची", "mr": "बीट"}[language]
    assert plain in text, (
        "words of single letters read back; Chromium does not say what a conjunct stands for"
    )
    assert "".join(words(language)("ui", "sign_out").split()) not in text, (
        "what cannot be pressed is not printed"
    )


def test_the_first_load_is_under_60_kb_beside_the_fonts_that_the_computer_lacks(phone, service):
    sign_in(phone, service, "mr")
    size = phone.execute_script(
        "return "
        "performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))"
        ".filter((entry) => !entry.name.endsWith('.woff2')).reduce((sum, entry) => sum + "
        "entry.decodedBodySize, 0)"
    )
    assert 5_000 < size < 60_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_in_list_is_given_back_without_scripts(phone, tmp_path, language):
    browser, say = phone, words(language)
    address = make_store(tmp_path, count=12)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as site:
        sign_in(browser, (site, token(address)), language)
        child = browser.find_element(By.CSS_SELECTOR, ".child .who a").text
        file = tmp_path / "list.csv"
        file.write_text(
            f"child_id,finding,visited_on\n{child},{say('findings', 'ill')},{AS_OF}\nC77777,well,\n"
        )
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            browser.refresh()
            browser.find_element(By.CSS_SELECTOR, ".give-back summary").click()
            browser.find_element(By.NAME, "list").send_keys(str(file))
            browser.find_element(By.CSS_SELECTOR, ".give-back button").click()
            became = say("given_back", "became")
            wait(lambda: browser.find_element(By.TAG_NAME, "h1").text == became)
        finally:
            browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
        assert browser.current_url == f"{site}/visits/given-back" and faults(browser) == []
        assert child in browser.find_element(By.CSS_SELECTOR, "section.kept li").text
        refused = browser.find_element(By.CSS_SELECTOR, "section.danger li").text
        assert say.say("given_back", "row", line=3) in refused and "C77777" not in refused
        keep_picture(browser, f"given-back-phone-{language}")
        browser.find_element(By.CSS_SELECTOR, "main > p:last-child a").click()
        wait(lambda: browser.current_url == f"{site}/visits")
        wait(lambda: child not in listed(browser))
    app.close()
