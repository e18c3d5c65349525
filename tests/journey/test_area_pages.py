"""The officers' rooms: one page for the state, a district, a project, a sector and a centre, in each
role and language, with the run's withheld cells; and nothing of what lies out of scope."""

import html
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from registry.contract.registry import day_date
from serving.app import create_app
from serving.book import scorebook
from serving.book.publishing import publish
from serving.book.scoring.area_rows import PARTS
from serving.http.observe import Log
from serving.language.languages import LANGUAGES
from serving.language.words import words
from serving.pages import child_page
from serving.pages.areas.report.report_formats import REPORT_FORMS
from tests.support.area_store import AS_OF, FACTS, make_store
from tests.support.service_cases import KEY, Client, row, token

LEVELS = {"state": "state", "district": "D1", "project": "P1", "sector": "S1", "centre": "A1"}
ROLES = ("supervisor", "officer", "analyst", "dashboard")
CHILDREN = ("A1-0", "A1-5", "B1-0", "C1-0")
LARGEST_BYTES = 60_000
ELSEWHERE = ("/static", "/language/", "/visits.")
"""Links that are tried in tests of their own."""


def rows():
    """Four children of the book at three centres of three sectors; one in danger."""
    at = {"A1": "S1", "B1": "S2", "C1": "S3"}
    return [
        row(child, at[child[:2]], centre_id=child[:2], danger=child == "A1-5") for child in CHILDREN
    ]


@pytest.fixture(autouse=True)
def on_the_scoring_day(monkeypatch):
    monkeypatch.setenv("SANKET_TODAY", AS_OF.isoformat())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    home = tmp_path_factory.mktemp("area-pages")
    app = create_app(
        make_store(home, rows()), home / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    yield app
    app.close()


def get(service, path, *scopes, role="officer", language="en"):
    """A page as a browser with this token asks for it."""
    cookie = f"sanket_session={token(*scopes, role=role)}"
    headers = {"Cookie": cookie, "Accept-Language": language, "Accept-Encoding": "gzip"}
    return Client(service).get(path, headers=headers)


def page(service, path, *scopes, **how):
    answer = get(service, path, *scopes, **how)
    assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
    return answer.text


def address(level):
    return f"/areas/{level}/{LEVELS[level]}"


def text_of(cell):
    return html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()


def table(text, section):
    """The rows of a section's table, the head first, as texts."""
    part = text.split(f'aria-labelledby="{section}"', 1)[1].split("</section>")[0]
    return [
        [text_of(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)]
        for line in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)
    ]


def now(text):
    """The figures at a glance by name."""
    return {
        text_of(name): text_of(value)
        for name, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text)
    }


def crumbs(text):
    nav = re.search(r'<nav class="crumbs".*?</nav>', text, re.DOTALL)
    return re.findall(r'<a href="([^"]*)">', nav.group()) if nav else []


def areas_by_api(service, query):
    return Client(service, token()).get(f"/v1/areas?{query}").json()["areas"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_level_has_the_one_shape_in_each_language_and_is_small(service, level, language):
    answer = get(service, address(level), language=language)
    assert answer.status_code == 200 and int(answer.headers["content-length"]) < LARGEST_BYTES
    say, text = words(language), answer.text
    assert f'<html lang="{language}"' in text and say("ui", "synthetic") in html.unescape(text)
    assert list(now(text)) == [
        say("areas", f"figure_{name}")
        for name in (
            *("children", "coverage", "judged", "sam_share", "mam_share"),
            *("in_treatment", "sam_untreated", "treatment_coverage", "danger", "overdue"),
        )
    ]
    assert [line[0] for line in table(text, "treatment")[1:4]] == [
        say("areas", f"figure_{name}") for name in ("cured_share", "defaulted_share", "died_share")
    ]
    months = table(text, "months")
    assert len(months) == 13 and months[1][0] == f"{say.tree['months_short'][5]} 2026"
    assert say("areas", "believe") in text and "{" not in re.sub(r"data-words='[^']*'", "", text)
    assert ("parts" in re.findall(r'aria-labelledby="(\w+)"', text)) == (level != "centre")


def test_the_figures_are_those_of_the_api_with_the_same_cells_withheld(service):
    withheld = words("en")("areas", "withheld")
    said = {True: 0, False: 0}
    for level, area_id in [*LEVELS.items(), ("centre", "A2"), ("centre", "A3")]:
        found = areas_by_api(service, f"level={level}&months=12")
        (area,) = [one for one in found if one["area_id"] == area_id]
        shown = table(page(service, f"/areas/{level}/{area_id}"), "months")
        names = ("children", *(None,) * 4, "in_treatment", "sam_untreated", None)
        names += ("danger", "overdue")
        for line, month in zip(shown[1:], area["months"][::-1], strict=True):
            for cell, name in zip(line[1:], (*names, "cured", "defaulted"), strict=False):
                if name:
                    count = month[name]
                    assert cell == (withheld if count is None else str(count)), (level, name)
                    said[count is None] += 1
    assert said[True] > 20 and said[False] > 400
    # A2 has three children: withheld, and with them A3's, lest they follow from the sector's sum.
    for centre in ("A2", "A3"):
        figures = now(page(service, f"/areas/centre/{centre}"))
        assert figures["Children on the rolls"] == figures["In treatment"] == withheld
    parts = {line[1]: line for line in table(page(service, address("sector")), "parts")[1:]}
    api = {one["area_id"]: one["period"] for one in areas_by_api(service, "level=centre")}
    for centre, at in (("A1", 6), ("A2", 6), ("A3", 6)):
        count = api[centre]["in_treatment"]
        assert parts[f"Centre {centre}"][at] == (withheld if count is None else str(count))
    assert api["A2"]["in_treatment"] is None and "3" not in parts["Centre A2"][3:]


def test_the_glance_is_the_last_month_of_the_api(service):
    (state,) = areas_by_api(service, "level=state&months=1")
    figures, month = now(page(service, address("state"))), state["months"][0]
    assert figures["Children on the rolls"] == str(month["children"]) == "144"
    assert figures["Measured"] == f"{100 * month['coverage']:.1f}%"
    assert figures["Something overdue, of all children"] == str(month["overdue"])


def test_food_is_told_at_every_level_and_no_need_of_few_children(service):
    """A1 has 200 sachets for six in treatment, A2 none for one, A3's count is of April."""
    sector = page(service, address("sector"))
    (line,) = table(sector, "supply")[1:]
    assert line[0] == "EDNF, sachets" and line[1].startswith("28")
    assert "200 in 2 of 3 centres, counted 30 Jun 2026" in line[4]
    assert "1 centre has none left" in line[4] and "more than 45 days ago" in line[4]
    orders = re.findall(r"<ol>(.*?)</ol>", sector, re.DOTALL)[0]
    assert "Send" in orders and "to Centre A2 now: none is left." in orders
    told = page(service, "/supply/sector/S1", role="analyst")
    assert "Centre A2 now" not in told, "one child is in treatment there"
    centres = areas_by_api(service, "level=centre&sector=S1&months=1")
    few = sum(one["months"][-1]["in_treatment"] is None for one in centres)
    assert few and words("en").say("supply", "withheld", n=few) in told
    centre = page(service, "/areas/centre/A2", role="analyst")
    (line,) = table(centre, "supply")[1:]
    assert line[2:4] == ["not shown"] * 2 and line[5:] == ["not shown"] * 2
    assert line[4] == "0, counted 30 Jun 2026"
    district = page(service, "/areas/district/D2")
    (line,) = table(district, "supply")[1:]
    assert "100 in 1 of 2 centres" in line[4] and "1 centre never counted" in line[4]


def test_breadcrumbs_lead_up_as_far_as_the_scope_reaches(service):
    way = ["/areas/state/state", "/areas/district/D1", "/areas/project/P1", "/areas/sector/S1"]
    assert crumbs(page(service, "/areas/centre/A1")) == way
    assert crumbs(page(service, "/areas/sector/S1", "district:D1")) == way[1:3]
    assert crumbs(page(service, "/areas/centre/A1", "sector:S1", role="supervisor")) == way[3:]
    assert crumbs(page(service, "/areas/state/state")) == []
    assert crumbs(page(service, "/areas/sector/S1", "sector:S1", "sector:S3")) == ["/areas"]


@pytest.mark.parametrize(
    ("scopes", "to"),
    [
        (["state:*"], "/areas/state/state"),
        (["district:D1"], "/areas/district/D1"),
        (["project:P2", "sector:S3"], "/areas/project/P2"),
        (["sector:S2"], "/areas/sector/S2"),
    ],
)
def test_the_room_opens_with_the_uppermost_area_of_the_scope(service, scopes, to):
    answer = get(service, "/areas", *scopes)
    assert (answer.status_code, answer.headers["location"]) == (303, to)
    assert get(service, "/district", *scopes).headers["location"] == "/areas"


def test_several_uppermost_areas_stand_side_by_side(service):
    text = page(service, "/areas", "district:D2", "sector:S1", "project:P2", "sector:S3")
    assert [line[1].split("Visit")[0] for line in table(text, "parts")[1:]] == [
        "Sector S1",
        "District D2",
    ]
    assert "S2" not in text and "S3" not in text


def drawn_once(draw, made):
    """`draw`, which makes a file of the same facts in the same language once and keeps it in
    `made`."""

    def drawn(facts, words):
        told = draw, repr(facts), words.language
        if told not in made:
            made[told] = draw(facts, words)
        return made[told]

    return drawn


@pytest.fixture(scope="module")
def drawings():
    return {}


@pytest.fixture
def files_drawn_once(drawings, monkeypatch):
    """What a file says is asked elsewhere: here, each is drawn once for all roles that may have
    it."""
    for name, form in REPORT_FORMS.items():
        once = replace(form, made_by=drawn_once(form.made_by, drawings))
        monkeypatch.setitem(REPORT_FORMS, name, once)
    monkeypatch.setattr(child_page, "referral_slip", drawn_once(child_page.referral_slip, drawings))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", ["state:*", "district:D2", "project:P1", "sector:S1"])
def test_no_role_meets_a_dead_end(service, files_drawn_once, role, scope):
    """Every link that a page offers leads to a page, from the first one on; of the reports, which
    take long to draw, one of each form and level."""
    sector, centres = ("S3", "C1 C2") if scope == "district:D2" else ("S1", "A1 A2 A3")
    waiting, seen, drawn = ["/", f"/areas?code={sector}", "/areas?code=none"], {}, set()
    while waiting:
        path = waiting.pop()
        if path in seen or (path.startswith("/report/") and path.rpartition("/")[0] in drawn):
            continue
        drawn.add(path.rpartition("/")[0])
        answer = get(service, path, scope, role=role)
        seen[path] = answer.status_code
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
        elif answer.headers["content-type"].startswith("text/html"):
            links = {html.unescape(link) for link in re.findall(r'href="(/[^"]*)"', answer.text)}
            waiting += [one.partition("#")[0] for one in links if not one.startswith(ELSEWHERE)]
            turned = re.findall(r'href="(\?[^"#]*)', answer.text)
            waiting += [path.partition("?")[0] + html.unescape(one) for one in turned[:1]]
    dead = {path: code for path, code in seen.items() if code not in (200, 303)}
    assert dead == {"/areas?code=none": 404}
    assert {f"/areas/sector/{sector}", f"/supply/sector/{sector}"} <= set(seen)
    for centre in centres.split():
        assert {f"/areas/centre/{centre}", f"/supply/centre/{centre}"} <= set(seen)
        assert f"/escalations?level=centre&area={centre}" in seen
    assert ("/areas/state/state" in seen) == (scope == "state:*")
    children = {path for path in seen if path.startswith("/children/")}
    expected = {
        "state:*": CHILDREN,
        "district:D2": CHILDREN[3:],
        "project:P1": CHILDREN[:3],
        "sector:S1": CHILDREN[:2],
    }[scope]
    pages = {f"/children/{one}{what}" for one in expected for what in ("", "/slip.pdf", "/growth")}
    assert children == (set() if role == "analyst" else pages)
    assert ("/areas/visits" in seen) == (role != "supervisor")


@pytest.mark.parametrize("role", ROLES)
def test_what_is_out_of_scope_is_answered_as_what_does_not_exist(service, role):
    for level, hidden in (
        *(("state", "state"), ("district", "D1"), ("project", "P1"), ("sector", "S2")),
        *(("centre", "B1"), ("planet", "S1")),
    ):
        one, other = (
            get(service, f"/areas/{level}/{area_id}", "sector:S1", role=role)
            for area_id in (hidden, "nowhere")
        )
        assert one.status_code == other.status_code == 404
        assert without_links(one.text) == without_links(other.text)
        assert get(service, "/", "sector:S1", role=role).status_code == 303
    for code in ("S2", "B1", "B1-0", "D1", "nowhere"):
        answer = get(service, f"/areas?code={code}", "sector:S1", role=role)
        assert answer.status_code == 404
        assert words("en")("areas", "search_none") in html.unescape(answer.text)


def without_links(text):
    """A page without what differs from one address or session to the next."""
    return re.sub(r'(to|data-session|data-until)="?[^"]*"', "", text)


def test_an_area_or_a_child_is_found_by_its_code(service):
    def to(code, *scopes, role="officer"):
        answer = get(service, f"/areas?code={code}", *scopes, role=role)
        return answer.headers.get("location") or re.findall(r'<li><a href="([^"]*)"', answer.text)

    assert to("S1") == to("%20s1%20") == "/areas/sector/S1"
    assert to("P2") == "/areas/project/P2" and to("a3") == "/areas/centre/A3"
    assert to("A1-5") == "/children/A1-5"
    assert to("A1-5", role="analyst") == [] and to("a1-5") == []
    assert to("a") == [f"/areas/centre/A{n}" for n in (1, 2, 3)]
    assert to("S") == [f"/areas/sector/S{n}" for n in (1, 2, 3)]
    assert to("S", "sector:S3") == "/areas/sector/S3"
    assert to("x" * 600) == []


def test_who_saw_the_children_of_a_centre_is_written_down(service):
    def noted():
        with service.state.engine.connect() as connection:
            return connection.execute(sa.text("SELECT count(*) FROM sanket_audit")).scalar()

    before = noted()
    text = page(service, "/areas/centre/A1")
    assert "/children/A1-0" in text and "/children/A1-5" in text and "B1-0" not in text
    assert text.index("/children/A1-5") < text.index("/children/A1-0"), "in danger first"
    assert noted() > before
    before = noted()
    analyst = page(service, "/areas/centre/A1", role="analyst")
    assert "A1-5" not in analyst and words("en")("areas", "children_not_for_you") in analyst
    page(service, "/areas/state/state")
    assert noted() == before, "no child is shown here"


def test_parts_are_sorted_filtered_and_shown_by_another_level(service):
    def order(query, path="/areas/state/state"):
        return [
            line[1].split("Visit")[0].split()[-1]
            for line in table(page(service, path + query), "parts")[1:]
        ]

    assert order("") == order("?parts=planet&sort=nonsense&page=99&order=up") == ["D1", "D2"]
    assert order("?order=turned") == ["D2", "D1"]
    assert order("?parts=project") == ["P1", "P2"]
    assert sorted(order("?parts=sector")) == ["S1", "S2", "S3"]
    assert order("?parts=sector&sort=code") == ["S1", "S2", "S3"]
    assert order("?parts=sector&sort=code&order=turned") == ["S3", "S2", "S1"]
    assert order("?parts=sector&begins=s2") == ["S2"]
    overdue = {
        one["area_id"]: one["period"]["overdue"] for one in areas_by_api(service, "level=sector")
    }
    worst = sorted(overdue, key=lambda one: (-overdue[one], one))
    assert order("?parts=sector&sort=overdue") == worst
    # Nobody is in danger, so it is what is overdue that ranks them.
    assert order("?parts=sector") == worst
    # A2's and A3's counts are withheld: last, whichever way the column is turned.
    assert order("?sort=overdue", "/areas/sector/S1")[0] == "A1"
    assert order("?sort=overdue&order=turned", "/areas/sector/S1")[0] == "A1"
    text = page(service, "/areas/state/state?parts=sector&show=unmeasured")
    assert "Shown: 0 of 3." in text


def test_an_earlier_version_s_run_has_pages_too(tmp_path):
    """Without lines, without a state, without centres: parts come from their own pages."""
    app = create_app(
        make_store(tmp_path, rows()), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    areas = scorebook.AREAS
    with app.state.engine.begin() as connection:
        connection.execute(sa.delete(areas).where(areas.c.level.in_([PARTS, "state"])))
    new = words("en")("areas", "not_counted")
    assert new in page(app, "/areas/state/state")
    first = table(page(app, "/areas/state/state"), "parts")[1]
    assert first[1] == "District D1" and first[6] == "20"
    assert "Measured" in now(page(app, "/areas/centre/A1"))
    assert "Sector S1" in page(app, "/areas?code=s", "project:P1")
    assert "S1" in page(app, "/areas/visits")
    with app.state.engine.begin() as connection:
        connection.execute(sa.delete(areas).where(areas.c.level == "centre"))
    assert words("en")("areas", "no_centres") in page(app, "/areas/sector/S1")
    assert get(app, "/areas/centre/A1").status_code == 404
    app.close()


def test_the_visits_page_says_the_same_of_a_run_with_and_without_the_figures_together(tmp_path):
    app = create_app(
        make_store(tmp_path, rows()), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    scopes = ([], ["district:D1"], ["sector:S3"])

    def told():
        return [without_links(page(app, "/areas/visits", *scope)) for scope in scopes]

    together = told()
    with app.state.engine.begin() as connection:
        connection.execute(sa.delete(scorebook.AREAS).where(scorebook.AREAS.c.level == PARTS))
    assert told() == together
    assert "S3" not in together[1] and "S1" not in together[2]
    app.close()


def test_a_state_of_many_sectors_is_paged(tmp_path):
    app = create_app(
        make_store(tmp_path, []), tmp_path / "m", key=KEY, log=Log(lambda _: None), follow=False
    )
    places = [(f"S{n:03}", "P1", "D1") for n in range(120)]
    run = scorebook.begin(app.state.engine, as_of=day_date(20_700), made_from={}, places=places)
    publish(app.state.engine, run, facts=FACTS)
    seen = []
    for at, many in ((1, 50), (2, 50), (3, 20)):
        text = page(app, f"/areas/project/P1?sort=code&page={at}")
        lines = table(text, "parts")[1:]
        assert len(lines) == many and f"Page {at} of 3" in text
        seen += [line[1] for line in lines]
    assert len(set(seen)) == 120
    assert f"page={2}" in text and "page=4" not in text
    app.close()
