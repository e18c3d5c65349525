"""The supervisor's today in a real Chromium at 360 pixels: chosen and found without a script, what
waits on the phone counted beside what is done, and the month's plan on paper."""

from __future__ import annotations

import base64
import io
from urllib.parse import urlencode

import pypdf
import pytest
from selenium.webdriver.common.by import By

from serving.app import create_app
from serving.http.observe import Log
from serving.language.words import words
from tests.browser.test_list_in_browser import PATIENT, faults, tick
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

MR = words("mr")


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())
    address = make_store(tmp_path, count=24)
    app = create_app(address, follow=False, log=Log(lambda line: None), limits=PATIENT)
    with served(app) as running:
        yield running, token(address)
    app.close()


def test_a_supervisors_today_on_a_phone(site):
    service, session = site
    with chromium(PHONE, language="mr") as phone:
        phone.get(f"{service}/language/mr?{urlencode({'to': f'/sign-in?token={session}'})}")
        wait(lambda: phone.current_url == f"{service}/visits")
        _choose_and_find_without_scripts(phone, service)
        _what_waits_is_counted(phone, service)
        _the_plan_prints(phone, service)


def _choose_and_find_without_scripts(phone, service):
    phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    phone.get(f"{service}/visits")
    phone.find_element(By.CSS_SELECTOR, ".choose summary").click()
    phone.find_element(By.CSS_SELECTOR, "select[name=order] option[value=urgency]").click()
    capacity = phone.find_element(By.NAME, "capacity")
    capacity.clear()
    capacity.send_keys("7")
    phone.find_element(By.CSS_SELECTOR, "form.asked button").click()
    wait(lambda: phone.find_element(By.ID, "by-urgency").text == MR("today", "by_urgency_title"))
    numbers = [one.text for one in phone.find_elements(By.CSS_SELECTOR, ".child .number")]
    assert numbers == [str(at) for at in range(1, 8)]
    assert faults(phone) == []
    keep_picture(phone, "today-phone-mr")
    phone.find_element(By.NAME, "code").send_keys("0001\n")
    wait(lambda: phone.current_url == f"{service}/visits/find")
    assert phone.find_elements(By.LINK_TEXT, "C00001") and faults(phone) == []
    phone.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def _what_waits_is_counted(phone, service):
    phone.get(f"{service}/visits")
    assert not phone.find_element(By.ID, "to-send").is_displayed()
    cut_network(phone, cut=True)
    for child in phone.find_elements(By.CLASS_NAME, "child")[-2:]:
        tick(phone, child, "well")
    waits = MR("ui", "waiting_count").replace("{n}", "2")
    wait(lambda: phone.find_element(By.ID, "to-send").text == waits)
    assert (
        MR.say("today", "done", done=0, of=20) in phone.find_element(By.CLASS_NAME, "progress").text
    )
    assert faults(phone) == []
    cut_network(phone, cut=False)
    wait(lambda: phone.execute_script("return localStorage.getItem('sanket-kept')") == "[]")
    phone.get(f"{service}/visits")
    progress = phone.find_element(By.CLASS_NAME, "progress").text
    assert MR.say("today", "done", done=2, of=20) in progress and waits not in progress


def _the_plan_prints(phone, service):
    phone.get(f"{service}/visits/plan")
    assert faults(phone) == []
    keep_picture(phone, "plan-phone-mr")
    resize(phone, DESKTOP)
    assert faults(phone) == []
    keep_picture(phone, "plan-desktop-mr")
    printed = phone.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    pages = pypdf.PdfReader(io.BytesIO(base64.b64decode(printed))).pages
    assert len(pages) <= 2 and pages[0].mediabox.width > pages[0].mediabox.height
    text = "".join(page.extract_text() for page in pages)
    named = {one.text for one in phone.find_elements(By.CSS_SELECTOR, ".calendar .number + a")}
    assert len(named) > 15 and all(child in text for child in named)
    phone.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    notes = [one.text for one in phone.find_elements(By.CSS_SELECTOR, "main .note")]
    assert MR("ui", "synthetic") in notes, "an exercise says on paper that it is one"
