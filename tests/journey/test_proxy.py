"""Behind nginx (Debian's package) with TLS, set up by deploy/nginx.conf: sign-in, ticks, cookies,
addresses, logs."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from serving.access import tokens
from serving.access.permissions import issue, local_key
from serving.app import create_app
from serving.audit.recorder import ENTRIES
from serving.book.scorebook import TICKS
from serving.http.bounds import Limits
from serving.http.observe import Log
from tests.support.browser import served
from tests.support.list_store import make_store
from tests.support.listed_children import AS_OF

ROOT = Path(__file__).resolve().parents[2]
NAME = "sanket.example.org"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def certificate(folder):
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={NAME}",
        "-addext",
        f"subjectAltName=DNS:{NAME}",
        "-keyout",
        folder / "key.pem",
        "-out",
        folder / "fullchain.pem",
    ]
    subprocess.run(command, check=True, capture_output=True)


def configuration(folder, *, http, https, service):
    """The documented configuration with this test's ports, names and files in place of a
    machine's."""
    ours = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for written, here in (
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{https} ssl"),
        ("/etc/ssl/sanket", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("http://127.0.0.1:3000", f"http://127.0.0.1:{service}"),
    ):
        assert written in ours
        ours = ours.replace(written, here)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off;\nuser root;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n{places}{ours}}}\n"
    )
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    subprocess.run(["sh", ROOT / "deploy" / "machine.sh", "nginx", "openssl"], cwd=ROOT, check=True)
    folder, patch = tmp_path_factory.mktemp("proxy"), pytest.MonkeyPatch()
    patch.setenv("SANKET_TODAY", AS_OF.isoformat())
    patch.setenv("SANKET_PROXIES", "127.0.0.1")
    certificate(folder)
    address = make_store(folder, count=12)
    lines = []
    app = create_app(address, follow=False, log=Log(lines.append), limits=Limits(lag_seconds=60))
    https = free_port()
    with served(app) as inside:
        conf = configuration(
            folder, http=free_port(), https=https, service=inside.rpartition(":")[2]
        )
        nginx = subprocess.Popen(
            [shutil.which("nginx"), "-p", folder, "-c", conf], stderr=subprocess.DEVNULL
        )
        try:
            app.folder, app.lines, app.https, app.inside = folder, lines, https, inside
            _wait_for(app)
            yield app
        finally:
            nginx.terminate()
            nginx.wait(timeout=10)
    app.close()
    patch.undo()


def client(site):
    """A browser of somebody far away; every name leads to this machine."""
    import ssl

    trusted = ssl.create_default_context(cafile=str(site.folder / "fullchain.pem"))
    transport = httpx.HTTPTransport(verify=trusted, local_address="127.0.0.77")
    return httpx.Client(transport=_Here(transport, site.https), base_url=f"https://{NAME}")


class _Here(httpx.BaseTransport):
    def __init__(self, transport, port):
        self._transport, self._port = transport, port

    def handle_request(self, request):
        here = request.url.copy_with(host="127.0.0.1", port=self._port)
        extensions = request.extensions | {"sni_hostname": NAME}
        return self._transport.handle_request(
            httpx.Request(
                request.method,
                here,
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        )

    def close(self):
        self._transport.close()


def _wait_for(site):
    until = time.monotonic() + 15
    while True:
        try:
            with client(site) as asked:
                return asked.get("/sign-in")
        except httpx.HTTPError:
            assert time.monotonic() < until, (site.folder / "error.log").read_text()
            time.sleep(0.1)


def signed_in(site, asked):
    code = tokens.make_code(
        site.state.engine, role="supervisor", scopes=["sector:S0001"], name="Sunita", days=1
    )
    assert asked.get(f"/sign-in?code={code}").status_code == 200
    answer = asked.post("/sign-in", data={"code": code}, headers={"Origin": f"https://{NAME}"})
    assert answer.status_code == 303 and answer.headers["location"] == "/visits"
    return answer, code


def test_the_session_is_for_tls_alone_and_the_browser_is_told_to_stay_there(site):
    with client(site) as asked:
        answer, _ = signed_in(site, asked)
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2 and all("Secure" in cookie for cookie in cookies)
        page = asked.get("/visits")
        assert page.status_code == 200 and page.headers["strict-transport-security"]


def test_a_tick_goes_through_and_one_from_another_site_does_not(site):
    with client(site) as asked:
        signed_in(site, asked)
        action = re.search(r'action="(/visits/[^"]+/outcome)"', asked.get("/visits").text)[1]
        given = {"finding": "away", "visited_on": AS_OF.isoformat(), "back": "/visits"}
        stranger = asked.post(action, data=given, headers={"Origin": "https://evil.example"})
        assert stranger.status_code == 403
        assert (
            asked.post(action, data=given, headers={"Origin": f"https://{NAME}"}).status_code == 303
        )
    with site.state.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(TICKS)) == 1


def test_the_audit_log_and_the_rates_know_who_asked_whatever_they_say(site):
    with client(site) as asked:
        signed_in(site, asked)
        asked.get("/visits", headers={"X-Forwarded-For": "6.6.6.6"})
    with site.state.engine.connect() as connection:
        newest = connection.execute(sa.select(ENTRIES).order_by(ENTRIES.c.number.desc())).first()
    assert (newest.act, newest.came_from, newest.who) == ("list", "127.0.0.77", "Sunita")
    assert (
        "127.0.0.77" in site._guard._rates._buckets and "6.6.6.6" not in site._guard._rates._buckets
    )


def test_no_token_stands_in_any_log_and_a_code_there_opens_nothing(site):
    token = issue(
        key=local_key(site.state.store_address), role="officer", scopes=["state:*"], name="t"
    )
    with client(site) as asked:
        assert asked.get(f"/sign-in?token={token}").status_code == 401
        _, code = signed_in(site, asked)
        again = asked.post("/sign-in", data={"code": code}, headers={"Origin": f"https://{NAME}"})
        assert again.status_code == 401
        for path in ("/metrics", "/readyz", "/livez"):
            assert asked.get(path).status_code == 404
    logs = "".join(path.read_text() for path in site.folder.glob("*.log")) + "".join(site.lines)
    assert "/sign-in" in logs and token[:40] not in logs and code not in logs and "?" not in logs
