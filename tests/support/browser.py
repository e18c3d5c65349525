"""A real Chromium for the page tests, Debian's package."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import matplotlib
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chromium", "chromium-driver")
SCREENSHOTS = os.environ.get("SANKET_SCREENSHOTS")
"""A folder for screenshots; without one none is taken: a picture costs more than reading a page."""
DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""Latin letters and no Devanagari, as on an office computer."""
PHONE, DESKTOP = (360, 740), (1280, 900)


def programs() -> tuple[str, str]:
    """Where chromium and chromedriver are; missing ones are installed as `make test` does it, where
    that may be."""
    subprocess.run(["sh", ROOT / "deploy" / "machine.sh", *PACKAGES], cwd=ROOT, check=True)
    return shutil.which("chromium"), shutil.which("chromedriver")


@contextlib.contextmanager
def chromium(
    size: tuple[int, int], *, fonts: Iterable[Path] = (), language: str = "en"
) -> Iterator[webdriver.Chrome]:
    """A fresh browser of this size that asks for this language, on a computer with DejaVu Sans and
    these fonts only."""
    browser, driver = programs()
    options = Options()
    options.binary_location = browser
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={profile}", f"--lang={language}", "--disable-background-networking",
        ):  # fmt: skip
            options.add_argument(argument)
        config = _fonts_config(Path(profile), [DEJAVU, *fonts])
        wishes = {"intl.accept_languages": language, "intl.selected_languages": language}
        options.add_experimental_option("prefs", wishes)
        service = Service(driver, env=os.environ | {"FONTCONFIG_FILE": str(config)})
        made = webdriver.Chrome(options=options, service=service)
        try:
            resize(made, size)
            yield made
        finally:
            made.quit()


def _fonts_config(folder: Path, fonts: Iterable[Path]) -> Path:
    """Fontconfig's setting by which a computer has these fonts and no other."""
    (folder / "fonts").mkdir()
    for font in fonts:
        shutil.copy(font, folder / "fonts")
    config = folder / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>"
    )
    return config


def resize(browser: webdriver.Chrome, size: tuple[int, int]) -> None:
    """Make the window a phone's or a desktop's."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


@contextlib.contextmanager
def served(app, *, port: int = 0) -> Iterator[str]:
    """The application on this port (0: a free one) of this machine, for as long as the block lasts;
    its address."""
    import uvicorn

    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", ws="none", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    _wait_for(address)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)


def _wait_for(address: str) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            urllib.request.urlopen(f"{address}/livez", timeout=2).close()
            return
        except OSError:
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.1)


def cut_network(browser: webdriver.Chrome, *, cut: bool) -> None:
    """Take the network away, or give it back; also from service workers."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": cut, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def keep_picture(browser: webdriver.Chrome, name: str, *, look: bool = False) -> None:
    """A screenshot of the whole page, for who asks for pictures by $SANKET_SCREENSHOTS; with `look`
    it is taken in any case, as a person looks at a page before the next touch."""
    if not (SCREENSHOTS or look):
        return
    taken = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        (Path(SCREENSHOTS) / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    print(*programs(), file=sys.stderr)


def wait(condition: Callable[[], object], seconds: float = 20) -> None:
    """Until a condition holds; a page that changes under its eyes does not hold it yet."""
    until = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except (NoSuchElementException, StaleElementReferenceException):
        return False
