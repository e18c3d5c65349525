"""The pages' Devanagari letters: ours on a computer that has none, its own where it has, and never
a box."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from fontTools.ttLib import TTFont
from selenium.webdriver.common.by import By

from serving.app import create_app
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.language.words import words
from serving.pages.session import YEAR_SECONDS
from tests.support.browser import DESKTOP, chromium, keep_picture, served, wait
from tests.support.list_store import make_store, token

FONTS = Path(__file__).resolve().parents[2] / "serving" / "language" / "fonts"
STYLE = (FONTS / "devanagari.css").read_text(encoding="utf-8")
NAMES = re.findall(r'url\("/static/([^"]+)"\)', STYLE)
LARGEST_FONT_BYTES = 40_000
DEVANAGARI = "[\u0900-\u097f\u200c\u200d]"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A served store and a token for its supervisor."""
    address = make_store(tmp_path_factory.mktemp("fonts"), count=12)
    app = create_app(
        address, follow=False, log=Log(lambda line: None), limits=Limits(lag_seconds=60)
    )
    with served(app) as site:
        yield site, token(address)
    app.close()


@pytest.fixture(scope="module")
def bare():
    """A browser on a computer without a Devanagari font."""
    with chromium(DESKTOP) as made:
        yield made


def open_list(browser, service, language: str) -> None:
    site, session = service
    browser.get(f"{site}/language/{language}?{urlencode({'to': f'/sign-in?token={session}'})}")
    assert browser.current_url == f"{site}/visits"


def fetched(browser) -> list[str]:
    """The fonts that this page asked its server for, once all that it needs are there."""
    browser.execute_async_script("document.fonts.ready.then(arguments[0])")
    asked = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    return sorted(name.rpartition("/")[2] for name in asked if name.endswith(".woff2"))


def boxes(browser) -> list[str]:
    """Texts of the page of which a Devanagari letter is drawn in DejaVu Sans, which has none: as a
    box."""
    for domain in ("DOM", "CSS"):
        browser.execute_cdp_cmd(f"{domain}.enable", {})
    root = browser.execute_cdp_cmd("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    nodes = browser.execute_cdp_cmd("DOM.querySelectorAll", {"nodeId": root, "selector": "body *"})[
        "nodeIds"
    ]
    texts = browser.execute_script(TEXTS_WITHOUT_MARKERS)
    told = [
        (node, text) for node, text in zip(nodes, texts, strict=True) if re.search(DEVANAGARI, text)
    ]
    assert len(told) > 20, "hardly a text"
    return [
        text
        for node, text in told
        if _drawn_in_dejavu(browser, node) > len(re.sub(DEVANAGARI, "", text))
    ]


def _drawn_in_dejavu(browser, node: int) -> int:
    """How many glyphs of an element's text are; none where it is not shown."""
    fonts = browser.execute_cdp_cmd("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return sum(int(font["glyphCount"]) for font in fonts if font["familyName"] == "DejaVu Sans")


TEXTS_WITHOUT_MARKERS = """
document.head.append(Object.assign(document.createElement('style'), { textContent: '::marker{content:none}' }));
return [...document.querySelectorAll('body *')].map((e) => e.textContent);
"""


def alike(browser, text: str | None = None) -> list[str]:
    """Letters of the page (or of `text`) that are drawn in either weight as the box for an unknown
    one, as nothing, or as another letter is."""
    return browser.execute_async_script(ALIKE, text)


ALIKE = """
const [given, done] = arguments, canvas = Object.assign(document.createElement('canvas'), { width: 80, height: 80 });
const pen = canvas.getContext('2d', { willReadFrequently: true });
const drawn = (letter) => {
  pen.clearRect(0, 0, 80, 80);
  pen.fillText((/\\p{M}/u.test(letter) ? 'क' : '') + letter, 10, 55);
  return pen.getImageData(0, 0, 80, 80).data.filter((value, i) => i % 4 === 3).join();
};
document.fonts.ready.then(() => {
  const wrong = [], letters = new Set(given || document.body.textContent.match(/[\u0900-\u097f]/g));
  for (const weight of [400, 700]) {
    pen.font = `${weight} 40px ${getComputedStyle(document.body).fontFamily}`;
    const seen = new Set([drawn(''), drawn('\ue000')]);
    for (const letter of letters) {
      const picture = drawn(letter);
      if (seen.has(picture)) wrong.push(letter);
      seen.add(picture);
    }
  }
  done(letters.size > (given ? 0 : 12) ? wrong : ['hardly a letter']);
});
"""
JOINED = """
const pen = document.createElement('canvas').getContext('2d'), width = (text) => pen.measureText(text).width;
pen.font = `40px ${getComputedStyle(document.body).fontFamily}`;
return width('क्ष') < width('क') + width('ष') - 5 && width('त्र') < width('त') + width('र') - 5;
"""
"""Whether letters join to conjuncts, as they must to be read."""


@pytest.mark.parametrize("language", ["hi", "mr"])
@pytest.mark.parametrize("page", ["visits", "child", "sector"])
def test_no_letter_is_a_box_on_a_computer_without_a_devanagari_font(bare, service, language, page):
    open_list(bare, service, language)
    if page == "child":
        bare.find_element(By.CSS_SELECTOR, ".who a").click()
    if page == "sector":
        bare.get(f"{service[0]}/sector")
    assert bare.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
    assert fetched(bare) == NAMES
    assert boxes(bare) == [] and alike(bare) == [] and bare.execute_script(JOINED)
    keep_picture(bare, f"letters-{page}-{language}")


def test_the_checks_find_boxes_where_our_font_does_not_come(service):
    with chromium(DESKTOP) as browser:
        browser.execute_cdp_cmd("Network.enable", {})
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*.woff2"]})
        open_list(browser, service, "mr")
        assert (
            len(boxes(browser)) > 20
            and len(alike(browser)) > 20
            and not browser.execute_script(JOINED)
        )


def test_the_paper_that_a_browser_prints_has_no_boxes(bare, service):
    open_list(bare, service, "mr")
    bare.get(f"{service[0]}/visits.html")
    assert fetched(bare) == NAMES and boxes(bare) == [] and bare.execute_script(JOINED)


def test_bold_letters_are_bolder(bare, service):
    open_list(bare, service, "hi")
    regular, bold = bare.execute_script(INK)
    assert 1.2 * regular < bold


INK = """
const pen = Object.assign(document.createElement('canvas'), { width: 300, height: 100 }).getContext('2d');
return [400, 700].map((weight) => {
  pen.clearRect(0, 0, 300, 100);
  pen.font = `${weight} 40px ${getComputedStyle(document.body).fontFamily}`;
  pen.fillText('गृहभेट', 5, 60);
  return pen.getImageData(0, 0, 300, 100).data.reduce((sum, value, i) => sum + (i % 4 === 3 ? value : 0), 0);
});
"""


@pytest.mark.parametrize("family", ["Noto Sans Devanagari", "Found By Its PostScript Name"])
def test_a_computer_with_a_devanagari_font_fetches_none(service, tmp_path, family):
    with chromium(DESKTOP, fonts=[installed(tmp_path, family)]) as browser:
        open_list(browser, service, "mr")
        assert fetched(browser) == [] and boxes(browser) == [] and browser.execute_script(JOINED)
        regular, bold = browser.execute_script(INK)
        assert 1.2 * regular < bold


def installed(folder: Path, family: str) -> Path:
    """A font of this family name that calls itself Noto Sans Devanagari in its PostScript name, as
    Android's does."""
    path = folder / "installed.ttf"
    with TTFont(FONTS / "SanketSans-Regular.ttf") as font:
        for number, name in (
            (1, family),
            (4, f"{family} Regular"),
            (6, "NotoSansDevanagari-Regular"),
        ):
            font["name"].setName(name, number, 3, 1, 0x409)
            font["name"].removeNames(number, 1)
        font.save(path)
    return path


def test_the_letters_stay_when_the_service_is_gone_and_when_the_language_changes(tmp_path):
    address = make_store(tmp_path, count=12)
    app = create_app(
        address, follow=False, log=Log(lambda line: None), limits=Limits(lag_seconds=60)
    )
    with chromium(DESKTOP) as browser:
        with served(app) as site:
            open_list(browser, (site, token(address)), "mr")
            wait(lambda: browser.execute_async_script(KEPT) == 1)
            browser.find_element(By.CSS_SELECTOR, "a[hreflang=hi]").click()
            wait(lambda: browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "hi")
            wait(lambda: browser.execute_async_script(KEPT_CHILDREN) > 5)
        app.close()
        browser.execute_cdp_cmd("Network.clearBrowserCache", {})
        browser.get(f"{site}/visits")
        assert words("hi")("ui", "offline_banner") in browser.page_source
        assert fetched(browser) == NAMES and boxes(browser) == []


KEPT = (
    "caches.open('sanket-fonts').then((cache) => cache.keys()).then((keys) => "
    "arguments[0](keys.length));"
)
KEPT_CHILDREN = """
const [done] = arguments, children = (keys) => keys.filter((key) => key.url.includes('/children/')).length;
caches.keys().then((names) => names.find((name) => name !== 'sanket-fonts')).then((name) => caches.open(name))
  .then((cache) => cache.keys()).then((keys) => done(children(keys)));
"""


def asked(app, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sanket.test") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_font_is_kept_for_a_year_under_the_hash_of_its_content(tmp_path):
    assert {path.name for path in FONTS.glob("*.woff2")} == set(NAMES) and len(NAMES) == 1
    app = create_app(make_store(tmp_path, count=1), follow=False, log=Log(lambda line: None))
    for name in NAMES:
        answer = asked(app, f"/static/{name}")
        assert name.split(".")[1] == hashlib.sha256(answer.content).hexdigest()[:8]
        assert answer.content[:4] == b"wOF2" and len(answer.content) < LARGEST_FONT_BYTES
        assert answer.headers["content-type"] == "font/woff2"
        assert answer.headers["cache-control"] == f"max-age={YEAR_SECONDS}, immutable"
        assert "font-src 'self'" in answer.headers["content-security-policy"]
    assert asked(app, "/static/devanagari.css").headers["cache-control"] == "max-age=3600"
    assert [
        asked(app, f"/static/{name}").status_code for name in ("OFL.txt", "SanketSans-Bold.ttf")
    ] == [404, 404]
    app.close()


def test_the_computers_own_fonts_come_first_and_ours_is_only_for_devanagari():
    (face,) = re.findall(r"@font-face\{(.*?)\}", STYLE)
    sources = re.search(r"src:(.*)", face).group(1).split(",")
    assert len(sources) > 8 and all(source.startswith("local(") for source in sources[:-1])
    assert sources[-1].startswith("url(") and "unicode-range:U+0900-097F,U+200C-200D,U+25CC" in face
