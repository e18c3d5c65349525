"""The escalation inbox over the real service: in each role and language, within the scope, closed
with a reason and audited; figures alone, and none from which fewer than five could be told, for
whoever may not see children."""

import datetime as dt
import html
import re
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import sqlalchemy as sa

from serving.app import create_app
from serving.audit.audit_chain import ENTRIES
from serving.book.escalation.escalation_kinds import KINDS
from serving.book.scorebook import ESCALATIONS
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from tests.support.area_store import AS_OF, make_store
from tests.support.service_cases import KEY, Client, row, token

ROLES = ("supervisor", "officer", "analyst", "dashboard")
LARGEST_BYTES = 60_000
LATE = {"danger": True, "overdue_days": 9, "by_when": dt.date(2026, 6, 21)}
DEFAULTED = {"danger": True, "rule": "defaulted", "state": "defaulted", "next_step": "bring_back"}


def began(day, **more):
    return {"facts": {"began_on": dt.date(2026, 6, day), "last_weight_on": None} | more}


def rows():
    """In S1 seven in danger and late, one stopped coming; in S2 two late; in S3 six of each."""
    weighed = {"last_weight_kg": 7.3, "last_weight_on": dt.date(2026, 6, 25)}
    made = [
        row(f"A1-{at}", "S1", centre_id="A1", rule="sam_suspected", **LATE, **began(10 + at))
        for at in range(6)
    ]
    very_low = {"rule": "very_low_z", "state": "sam_suspected", "next_step": "remeasure"}
    made.append(row("A1-9", "S1", centre_id="A1", **LATE, **very_low, **began(19, **weighed)))
    made.append(row("A1-7", "S1", centre_id="A1", **DEFAULTED, **began(15)))
    made += [row(f"B1-{at}", "S2", centre_id="B1", **LATE, **began(12)) for at in range(2)]
    made += [row(f"C1-{at}", "S3", centre_id="C1", **LATE, **began(12)) for at in range(6)]
    made += [row(f"C1-{at}", "S3", centre_id="C1", **DEFAULTED, **began(3)) for at in range(6, 12)]
    return made


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture
def service(tmp_path):
    address = make_store(tmp_path, rows())
    app = create_app(address, tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False)
    yield app
    app.close()


def asked(service, method, path, *scopes, role="officer", language="en", **request):
    headers = {
        "Cookie": f"sanket_session={token(*scopes, role=role)}",
        "Accept-Language": language,
        "Accept-Encoding": "gzip",
    } | request.pop("headers", {})
    return Client(service).ask(method, path, headers=headers, **request)


def get(service, path, *scopes, **how):
    return asked(service, "GET", path, *scopes, **how)


def text_of(cell):
    return html.unescape(re.sub(r"<[^>]+>", " ", cell)).strip()


def table(text, section):
    part = text.split(f'aria-labelledby="{section}"', 1)[1].split("</section>")[0]
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)]
        for line in re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.DOTALL)
    ]


def children(text, section):
    return re.findall(
        r'href="/children/([^"]+)"', text.split(f'id="{section}"')[1].split("</section>")[0]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_inbox_counts_by_part_and_tells_the_gravest_then_the_oldest(service, language):
    answer, say = get(service, "/escalations", language=language), words(language)
    assert answer.status_code == 200 and int(answer.headers["content-length"]) < LARGEST_BYTES
    head, total, *parts = table(answer.text, "counts")
    assert head[1:] == [say("escalations", f"kind_{kind}") for kind in KINDS]
    late, gone = 1 + KINDS.index("danger_late"), 1 + KINDS.index("defaulted")
    assert (total[late], total[gone]) == ("15", "7")
    assert [(part[late], part[gone]) for part in parts] == [("6", "6"), ("9", "1")]
    assert parts[1][0] == f"{say('areas', 'district')} D1"
    shown = children(answer.text, "danger_late")
    # The gravest of all though it began last; then by days.
    assert shown[:3] == ["A1-9", "A1-0", "A1-1"] and len(shown) == 10
    assert say.say("escalations", "all_of_kind", n=15) in answer.text
    assert "{" not in re.sub(r"data-words='[^']*'", "", answer.text)


def test_the_longest_open_come_first_where_that_is_asked_for(service):
    text = get(service, "/escalations?first=oldest&kind=danger_late").text
    shown = children(text, "danger_late")
    assert (shown[0], shown[-1]) == ("A1-0", "A1-9") and len(shown) == 15
    assert 'href="/escalations?kind=danger_late"' in text
    assert children(get(service, "/escalations?first=x&kind=danger_late").text, "danger_late")[
        0
    ] == ("A1-9")


def test_a_line_has_since_when_what_stands_who_acts_and_what_was_done(service):
    text = get(service, "/escalations").text
    line = next(line for line in table(text, "danger_late") if line[0].startswith("A1-9"))
    assert line[1] == "19 Jun 2026 (11 days)"
    assert "Weigh and measure again" in line[2] and "In danger" in line[2]
    assert line[3].startswith("anganwadi worker") and "9 days late" in line[3]
    assert line[4] == "weighed on 25 Jun 2026: 7.3 kg"
    quiet = next(line for line in table(text, "danger_late") if line[0].startswith("A1-0"))
    assert quiet[4] == "nothing recorded"


def test_one_kind_has_all_of_its_lines_and_an_area_only_its_own(service):
    late = get(service, "/escalations?kind=danger_late").text
    assert len(children(late, "danger_late")) == 15 and 'id="defaulted"' not in late
    project = get(service, "/escalations?level=project&area=P2").text
    assert set(re.findall(r'href="/children/(\w+)', project)) == {"C1"}
    parts = [part[0] for part in table(project, "counts")[2:]]
    assert parts == ["Sector S3"]
    sector = get(service, "/escalations?level=sector&area=S2").text
    assert len(table(sector, "counts")) == 2 and len(children(sector, "danger_late")) == 2
    assert words("en")("escalations", "none_open") not in sector
    for wrong in ("level=project&area=P9", "level=district&area=D2"):
        assert get(service, f"/escalations?{wrong}", "project:P1").status_code == 404
    assert get(service, "/escalations?kind=nonsense&page=x").status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_no_role_meets_a_dead_end_or_sees_what_lies_elsewhere(service, role):
    seen, waiting = set(), ["/escalations"]
    while waiting:
        path = waiting.pop()
        answer = get(service, path, "project:P1", role=role)
        assert answer.status_code in (200, 303), (path, answer.status_code)
        assert "C1-" not in answer.text and "S3" not in answer.text, path
        if role == "analyst":
            assert "A1-" not in answer.text
        here = urlsplit(path).path
        if here == "/escalations" or here.startswith("/escalations/"):
            links = {html.unescape(one) for one in re.findall(r'href="(/[^"#]*)', answer.text)}
            new = {
                one for one in links if not one.startswith(("/static", "/language/", "/visits."))
            }
            waiting += sorted(new - seen)
            seen |= new
    assert any(one.startswith("/escalations/") for one in seen) == (role != "analyst")
    closes = "/escalations/1"
    if role == "analyst":
        assert get(service, closes, role=role).status_code == 403
    elif role != "officer":
        assert (
            '<form method="post" action="/escalations' not in get(service, closes, role=role).text
        )
        refused = asked(service, "POST", closes, role=role, data={"because": "not mine"})
        assert refused.status_code == 403


def test_who_may_not_see_children_is_told_counts_and_none_of_few(service):
    text = get(service, "/escalations", role="analyst").text
    withheld = words("en")("areas", "withheld")
    late, gone = 1 + KINDS.index("danger_late"), 1 + KINDS.index("defaulted")
    _, total, *parts = table(text, "counts")
    told = {part[0]: part for part in parts}
    # One stopped coming in D1, six in D2, seven in all: neither part is told beside the sum.
    assert total[late] == "15"
    assert told["District D1"][gone] == told["District D2"][gone] == withheld
    for part in (total, *parts):
        assert all(cell == withheld or int(cell) == 0 or int(cell) >= 5 for cell in part[1:])


def number(service, name, kind):
    wanted = sa.select(ESCALATIONS.c.number).where(
        ESCALATIONS.c.child_id == name, ESCALATIONS.c.kind == kind
    )
    with service.state.engine.connect() as connection:
        return connection.scalar(wanted.order_by(ESCALATIONS.c.number.desc()).limit(1))


def acts(service):
    with service.state.engine.connect() as connection:
        return [
            row.act for row in connection.execute(sa.select(ENTRIES).order_by(ENTRIES.c.number))
        ]


def test_an_officer_closes_with_a_reason_sees_who_closed_and_opens_again(service):
    here = f"/escalations/{number(service, 'A1-9', 'danger_late')}"
    page = get(service, here)
    assert "Why it is closed" in page.text and "Opened on 30 Jun 2026" in page.text
    for wrong in ("", "no", "x" * 201, "a\u202eb cd"):
        given_back = asked(service, "POST", here, data={"because": wrong})
        assert given_back.status_code == 422 and 'role="alert"' in given_back.text
    elsewhere = asked(
        service, "POST", here, data={"because": "forged"}, headers={"Origin": "https://evil.test"}
    )
    assert elsewhere.status_code == 403 and "close_escalation" not in acts(service)
    out_of_scope = asked(service, "POST", here, "sector:S3", data={"because": "not mine"})
    assert out_of_scope.status_code == 404
    done = asked(service, "POST", here, data={"because": "  at the NRC <b>since</b> the 28th "})
    assert done.status_code == 303 and "close_escalation" in acts(service)
    after = get(service, done.headers["location"].partition("#")[0]).text
    assert "A1-9" not in children(after, "danger_late") and 'role="status"' in after
    (line,) = table(after, "closed")[1:]
    assert "Closed on 30 Jun 2026 by test: at the NRC <b>since</b> the 28th" in line[5]
    assert "&lt;b&gt;" in after and "<b>since" not in after
    page = get(service, here)
    assert "The records still say so." in page.text
    again = asked(service, "POST", here, data={"again": "1"})
    assert again.status_code == 303 and "open_escalation" in acts(service)
    assert "A1-9" in children(get(service, "/escalations").text, "danger_late")
    newest = get(service, f"/escalations/{number(service, 'A1-9', 'danger_late')}").text
    assert "Opened on 30 Jun 2026 by test." in newest and "at the NRC" in newest


def test_who_looked_is_audited_for_the_children_that_are_shown(service):
    shown = set(re.findall(r'href="/children/([^"]+)"', get(service, "/escalations").text))
    with service.state.engine.connect() as connection:
        (entry,) = connection.execute(sa.select(ENTRIES)).all()
    assert entry.act == "escalations" and len(orjson.loads(entry.children)) == len(shown) == 17


def test_a_supervisors_tick_stands_in_the_inbox_at_once(service):
    form = {"finding": "died", "visited_on": AS_OF.isoformat(), "confirmed": "1", "back": "/visits"}
    answer = asked(
        service, "POST", "/visits/A1-3/outcome", "sector:S1", role="supervisor", data=form
    )
    assert answer.status_code == 303 and "saved=1" in answer.headers["location"]
    assert children(get(service, "/escalations").text, "died") == ["A1-3"]
    assert (
        "Opened on 30 Jun 2026 by test."
        in get(service, f"/escalations/{number(service, 'A1-3', 'died')}").text
    )


def test_a_centre_has_an_inbox_of_its_own_children(service):
    page = get(service, "/escalations?level=centre&area=A1").text
    assert len(children(page, "danger_late")) == 7 and len(children(page, "defaulted")) == 1
    assert [line[0] for line in table(page, "counts")[1:]] == ["All"]
    assert "/escalations?level=sector&amp;area=S1" in page
    nobody = get(service, "/escalations?level=centre&area=A2").text
    assert words("en")("escalations", "none_open") in nobody
    for wrong in ("B1", "nowhere"):
        answer = get(service, f"/escalations?level=centre&area={wrong}", "sector:S1")
        assert answer.status_code == 404
    counts = get(service, "/escalations?level=centre&area=A1", role="analyst").text
    assert "Sector S1" in counts and "A1-0" not in counts, "counts are kept of sectors, not below"


def test_an_areas_page_leads_to_its_own_inbox(service):
    for level, area in (("district", "D1"), ("project", "P1"), ("sector", "S1"), ("centre", "A1")):
        text = html.unescape(get(service, f"/areas/{level}/{area}").text)
        (query,) = re.findall(r'href="/escalations\?([^"]*)"', text)
        assert parse_qs(query) == {"level": [level], "area": [area]}
