"""Pairs that may be one child: an officer sees both records side by side and decides; every
decision is kept, and can be changed here."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from registry.contract.errors import BadInput, Refused, UsageError
from registry.store.links.decisions import VERDICTS, decide, decision_day
from serving.access.permissions import Person
from serving.access.scope import is_name
from serving.errors import NotKept, OutOfScope
from serving.language.arm import arm_cm
from serving.language.words import Words
from serving.pages.areas.attention import page_asked
from serving.pages.links.pair_records import Pair, PairBook, Side
from serving.pages.session import see_other
from serving.pages.templates import html
from serving.process.service_state import ServiceState
from serving.visits.sheet_lines import practice_key

AT_ONCE = 10
LONGEST = 200
"""Signs of a reason."""
SAID = ("saved", "changed", "cannot", "too_long")
_REASON = re.compile(r"(.+) \(([+-])([0-9.]+) bits\)")
LEAST_BITS = 1.0
"""What weighs less (under 2 to 1) is not told: "same centre" would stand against a pair where other
candidates share theirs as often."""


@dataclass(frozen=True)
class PairRow:
    """One line of both records: what it is about, both values, and whether they differ."""

    name: str
    here: str
    there: str

    @property
    def differs(self) -> bool:
        """Both say something, and not the same."""
        return bool(self.here and self.there and self.here != self.there)


@dataclass(frozen=True)
class PairInWords:
    """One pair as the page tells it."""

    pair: Pair
    rows: list[PairRow]
    speaks_for: str
    against: str
    told: str


def show(
    state: ServiceState, request: Request, person: Person, words: Words, query: Mapping[str, str]
) -> Response:
    """The pairs that wait, or with `decided` those that a person decided; who saw which is written
    down first."""
    reader = state.reader(person)
    run, decided = reader.run(), "decided" in query
    book = PairBook(state.book_engine, reader, run)
    waiting = book.undecided()
    those = book.decided() if decided else waiting
    pages = max(1, -(-len(those) // AT_ONCE))
    page = min(page_asked(query), pages)
    pairs = book.read(those[(page - 1) * AT_ONCE : page * AT_ONCE])
    shown = [side.child_id for pair in pairs for side in (pair.child, pair.other)]
    state.noted(request, person, "links", list(dict.fromkeys(shown)))
    return html(
        "links.html",
        request,
        words,
        title=words("links", "title"),
        person=person,
        scored_on=run.as_of,
        pairs=[_told(pair, words) for pair in pairs],
        waiting=len(waiting),
        decided=decided,
        page=page,
        pages=pages,
        verdicts=VERDICTS,
        longest=LONGEST,
        saved=next((said for said in SAID if said in query), None),
        may_decide=person.may("decide_links"),
        practice=practice_key(run.facts),
    )


def take(
    state: ServiceState, request: Request, person: Person, form: Mapping[str, str], *, number: int
) -> Response:
    """Keep a decision about the pair whose last decision is `number`; written down first. Where
    somebody else decided meanwhile nothing is kept and the page says so."""
    reader = state.reader(person)
    book = PairBook(state.book_engine, reader, reader.run())
    found, verdict = book.numbered(number), form.get("verdict", "")
    because = " ".join(form.get("because", "").split())
    if verdict not in VERDICTS:
        raise OutOfScope("there is no such decision")
    if found is None:
        return see_other("/links?changed=1")
    if because and not is_name(because, longest=LONGEST):
        return see_other("/links?too_long=1")
    state.noted(request, person, "decide_link", [found.child_id, found.other_id])
    try:
        with state.book_engine.connect() as connection:
            day = decision_day(connection)
            connection.rollback()
            decide(
                connection,
                found.child_id,
                found.other_id,
                verdict,
                by=person.name,
                on=day,
                because=because,
                after=number,
            )
            connection.commit()
    except (Refused, BadInput, UsageError) as why:
        return see_other(f"/links?{'changed' if why.code == 'LNK010' else 'cannot'}=1")
    except (sa.exc.SQLAlchemyError, OSError):
        raise NotKept("this cannot be written down: try again later") from None
    return see_other(f"/links?{'' if verdict == 'unsure' else 'decided=1&'}saved=1")


def _told(pair: Pair, words: Words) -> PairInWords:
    reasons = [found for part in pair.why.split("; ") if (found := _REASON.fullmatch(part))]
    reasons = [one for one in reasons if float(one[3]) >= LEAST_BITS]
    said = {sign: [_reason(one[1], words) for one in reasons if one[2] == sign] for sign in "+-"}
    by = words.say(
        "links",
        "decided_by",
        verdict=words("links", f"is_{pair.verdict}"),
        date=words.day(pair.decided_on),
        name=pair.decided_by,
    )
    return PairInWords(
        pair,
        _rows(pair.child, pair.other, words),
        "; ".join(said["+"]),
        "; ".join(said["-"]),
        by if pair.by_person else "",
    )


def _reason(level: str, words: Words) -> str:
    """A level of a comparison in this language."""
    return words("link_reasons", reason_key(level))


def reason_key(level: str) -> str:
    """The key of a level's words: `same date of birth` is `same_date_of_birth`."""
    return re.sub(r"\W+", "_", level)


def _rows(one: Side, other: Side, words: Words) -> list[PairRow]:
    sides = (one, other)
    sex = [words("sex", side.sex) if side.sex else "" for side in sides]
    born = [words.day(side.born_on) for side in sides]
    small = [
        f"{words.kilograms(side.birth_weight_kg)} kg" if side.birth_weight_kg else ""
        for side in sides
    ]
    rows = [
        PairRow(words("links", "sex"), *sex),
        PairRow(words("links", "born"), *born),
        PairRow(words("links", "centre"), one.centre_id, other.centre_id),
        PairRow(words("links", "birth_weight"), *small),
    ]
    rows += [
        PairRow(words.day(day, short=True), _reading(one, day, words), _reading(other, day, words))
        for day in sorted(one.readings.keys() | other.readings.keys(), reverse=True)
    ]
    return [row for row in rows if row.here or row.there]


def _reading(side: Side, day: dt.date, words: Words) -> str:
    weight, height, arm = side.readings.get(day, (None, None, None))
    said = [
        f"{words.kilograms(weight)} kg" if weight is not None else "",
        f"{words.number(height, 1)} cm" if height is not None else "",
        words.say("ui", "muac_line", cm=arm_cm(arm)) if arm is not None else "",
    ]
    return ", ".join(part for part in said if part)
