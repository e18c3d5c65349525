"""One phone, several people, in a real Chromium: nobody finds what another left, or sends what
another ticked."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
import sqlalchemy as sa
from selenium.webdriver.common.alert import Alert
from selenium.webdriver.common.by import By

from serving.access import tokens
from serving.access.permissions import issue, local_key
from serving.app import create_app
from serving.book.scorebook import TICKS
from serving.http.bounds import Limits
from serving.http.observe import Log
from tests.support.browser import PHONE, chromium, served
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("SANKET_TODAY", AS_OF.isoformat())
    address = make_store(tmp_path_factory.mktemp("phone"), count=12)
    app = create_app(address, follow=False, log=Log(lambda _: None), limits=Limits(lag_seconds=60))
    yield app
    app.close()
    patch.undo()


@pytest.fixture
def service(app):
    """The service, its address, and what stops it: a worker's own requests know nothing of a
    network that is cut."""
    with contextlib.ExitStack() as running:
        yield app, running.enter_context(served(app)), running.close


@pytest.fixture
def phone():
    """A fresh browser: what one test left on it must not be found by another."""
    with chromium(PHONE) as made:
        yield made


def wait(found, seconds=40):
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until
        time.sleep(0.1)


def sign_in(phone, service, name):
    app, site, _ = service
    token = issue(
        key=local_key(app.state.store_address),
        role="supervisor",
        scopes=["sector:S0001"],
        name=name,
    )
    phone.get(f"{site}/sign-in?token={token}")
    wait(lambda: phone.current_url == f"{site}/visits")
    wait(lambda: phone.execute_script("return !!navigator.serviceWorker.controller"))


KEPT = """const done = arguments[0]; (async () => { const names = await caches.keys(); const all = [];
for (const name of names)
  for (const kept of await (await caches.open(name)).keys()) all.push(new URL(kept.url).pathname);
done(all); })()"""


UNTIL = """const done = arguments[0];
caches.match('/session-in-use').then((kept) => kept.json()).then((kept) => done(kept.until));"""


def kept_pages(phone):
    return [
        path
        for path in phone.execute_async_script(KEPT)
        if path.startswith(("/children/", "/visits"))
    ]


def opened_without_network(phone, service, address):
    service[2]()
    phone.get(address)
    return phone.find_element(By.TAG_NAME, "body").text


def with_pages_kept(phone, service, name):
    """Signs in and waits until the child's pages are kept; the address of one."""
    sign_in(phone, service, name)
    phone.get(f"{service[1]}/visits")
    wait(lambda: len([path for path in kept_pages(phone) if path.startswith("/children/")]) > 3)
    return phone.find_element(By.CSS_SELECTOR, ".who a").get_attribute("href")


def test_in_ones_own_session_a_kept_page_opens_without_a_network(phone, service):
    child = with_pages_kept(phone, service, "Sunita")
    assert child.rpartition("/")[2] in opened_without_network(phone, service, child)


def test_a_new_sign_in_clears_what_the_former_left(phone, service):
    child = with_pages_kept(phone, service, "Sunita")
    phone.get(f"{service[1]}/sign-in")
    wait(lambda: kept_pages(phone) == [])
    assert child.rpartition("/")[2] not in opened_without_network(phone, service, child)


@pytest.mark.parametrize("ended", ["cookies cleared", "session over"])
def test_without_a_session_no_child_page_opens_offline(phone, service, ended):
    child = with_pages_kept(phone, service, "Sunita")
    if ended == "cookies cleared":
        phone.execute_cdp_cmd("Network.clearBrowserCookies", {})
    else:
        session = phone.find_element(By.ID, "content").get_attribute("data-session")
        tell = (
            "navigator.serviceWorker.controller.postMessage({session: arguments[0], until: "
            "Date.now() - 1000})"
        )
        phone.execute_script(tell, session)
        wait(lambda: phone.execute_async_script(UNTIL) < time.time() * 1000)
    said = opened_without_network(phone, service, child)
    assert child.rpartition("/")[2] not in said and kept_pages(phone) == []


def ticked(app, child_id):
    with app.state.engine.connect() as connection:
        return connection.scalar(
            sa.select(sa.func.count()).select_from(TICKS).where(TICKS.c.child_id == child_id)
        )


@pytest.mark.parametrize("who", ["Sunita", "", None])
def test_a_kept_tick_is_sent_by_who_ticked_it_and_else_asked_for(phone, service, who):
    app, site, _ = service
    sign_in(phone, service, "Asha")
    action = (
        phone.find_elements(By.CSS_SELECTOR, "form.outcome")[-1]
        .get_attribute("action")
        .replace(site, "")
    )
    child_id = action.split("/")[2]
    theirs = {
        "id": "1",
        "action": action,
        "fields": [["finding", "away"], ["visited_on", AS_OF.isoformat()]],
    }
    theirs |= {} if who is None else {"who": who}
    phone.execute_script("localStorage.setItem('sanket-kept', arguments[0])", json.dumps([theirs]))
    phone.get(f"{site}/visits")
    wait(lambda: phone.find_elements(By.ID, "send-others"))
    time.sleep(1)
    assert ticked(app, child_id) == 0
    for answer in (Alert.dismiss, Alert.accept):
        phone.find_element(By.ID, "send-others").click()
        answer(Alert(phone))
        if answer is Alert.dismiss:
            time.sleep(0.5)
            assert ticked(app, child_id) == 0
    wait(lambda: ticked(app, child_id) == 1)


def test_a_sign_in_link_is_good_once_and_leaves_no_token_behind(phone, service):
    app, site, _ = service
    code = tokens.make_code(
        app.state.engine, role="supervisor", scopes=["sector:S0001"], name="Asha", days=1
    )
    phone.get(f"{site}/sign-in?code={code}")
    phone.find_element(By.ID, "use-code").click()
    wait(lambda: phone.current_url == f"{site}/visits")
    assert phone.get_cookie("sanket_session")["httpOnly"]
    phone.execute_cdp_cmd("Network.clearBrowserCookies", {})
    phone.get(f"{site}/sign-in?code={code}")
    phone.find_element(By.ID, "use-code").click()
    wait(lambda: phone.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    assert phone.get_cookie("sanket_session") is None
