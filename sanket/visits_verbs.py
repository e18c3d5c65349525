"""The verb `visits`: make a visit list, and record what came back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sanket.options import Capacity, Format, Json, Language, day_if_given, format_of, language_of
from serving.language.languages import DEFAULT_LANGUAGE
from serving.visits.capacity import DEFAULT_CAPACITY
from serving.visits.paper.formats import (
    DEFAULT_FORMAT,
    FORMATS,
    SHEET_FORMATS,
    ListFormat,
    SheetFormat,
)

if TYPE_CHECKING:
    from models.visits.ranking import VisitList


def bind(app: typer.Typer) -> None:
    """Bind this room's verbs."""
    app.command()(visits)


def visits(
    store: Annotated[
        str, typer.Argument(metavar="STORE | record", help="The store; or the word `record`.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="After `record`: the list that came back."),
    ] = None,
    sector: Annotated[
        str | None, typer.Option(help="The sector, as the registry names it.")
    ] = None,
    centre: Annotated[
        str | None,
        typer.Option(help="The due list of this centre for its worker, instead of the list."),
    ] = None,
    slip: Annotated[
        str | None,
        typer.Option(
            metavar="CHILD", help="The referral slip of this child (one A5 page, PDF) instead."
        ),
    ] = None,
    capacity: Capacity = DEFAULT_CAPACITY,
    lang: Language = DEFAULT_LANGUAGE,
    form: Format = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write here instead of printing.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help=(
                "The list of this day (YYYY-MM-DD), days late counted to it; default: the "
                "newest, to today."
            )
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--store", help="With `record`: the store, where the file does not say."),
    ] = None,
    visited_on: Annotated[
        str | None,
        typer.Option(help="With `record`: the day of lines without one (default: today)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Whom to visit first in a sector; or `visits record FILE`: take back what the visits found.

    `sanket visits STORE --sector S0001 --format pdf -o list.pdf` makes A4 sheets by centre,
    numbered by urgency: who may die first, then late weighings, then risk. What the ANM or the
    medical officer does at the centre stands apart. `--format xlsx` makes a list to fill in;
    `sanket visits record list.xlsx` writes the findings (and weights and arms that were measured)
    into the registry, and takes the children off the list. Recording a file twice changes nothing.

    `sanket visits STORE --centre AWC00012` is that centre's due list for the month ahead: every
    child for whom the protocol asks something, those in danger first. `--format message` makes at
    most 1,500 signs of codes and days, to be sent by phone. `--slip C00012 -o slip.pdf` is a
    child's referral slip, with a part for the answer.
    """
    if store == "record":
        _record(file, store=to, visited_on=visited_on, as_json=as_json)
    elif slip is not None:
        _slip(store, slip, lang=lang, out=out, as_of=as_of)
    elif centre is not None:
        _sheet(
            store,
            centre,
            sector=sector,
            lang=lang,
            form=form,
            out=out,
            as_of=as_of,
            as_json=as_json,
        )
    else:
        _list(
            store,
            capacity=capacity,
            sector=sector,
            lang=lang,
            form=form,
            out=out,
            as_of=as_of,
            as_json=as_json,
        )


def _list(
    store: str,
    *,
    capacity: int,
    sector: str | None,
    lang: str,
    form: str | None,
    out: Path | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    form, lang = format_of(form, out, otherwise=DEFAULT_FORMAT), language_of(lang)
    _not_for_screens(FORMATS[form], out, as_json=as_json)
    from serving.visits.from_store import listed_from_store

    day = day_if_given(as_of, option="--as-of", code="LST010")
    listed = listed_from_store(store, sector=sector, as_of=day, capacity=capacity)
    _put(_bytes(listed, lang=lang, form=form, as_json=as_json), out)


def _sheet(
    store: str,
    centre: str,
    *,
    sector: str | None,
    lang: str,
    form: str | None,
    out: Path | None,
    as_of: str | None,
    as_json: bool,
) -> None:
    form = format_of(form, out, otherwise=DEFAULT_FORMAT, among=SHEET_FORMATS)
    lang = language_of(lang)
    _not_for_screens(SHEET_FORMATS[form], out, as_json=as_json)
    from serving.language.words import words
    from serving.visits.from_store import sheet_from_store
    from serving.visits.paper.formats import render_sheet

    day = day_if_given(as_of, option="--as-of", code="LST010")
    due = sheet_from_store(store, centre, sector=sector, as_of=day)
    if as_json:
        import orjson

        from serving.visits.centre_sheet import sheet_document

        document = sheet_document(due, lang, words(lang))
        _put(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS) + b"\n", out)
    else:
        _put(render_sheet(due, words(lang), form=form), out)


def _slip(store: str, child: str, *, lang: str, out: Path | None, as_of: str | None) -> None:
    lang = language_of(lang)
    _not_for_screens(FORMATS["pdf"], out, as_json=False)
    from serving.language.words import words
    from serving.visits.from_store import slip_from_store
    from serving.visits.paper.referral_slip import referral_slip

    day = day_if_given(as_of, option="--as-of", code="LST010")
    _put(referral_slip(slip_from_store(store, child, words(lang), as_of=day), words(lang)), out)


def _not_for_screens(form: ListFormat | SheetFormat, out: Path | None, *, as_json: bool) -> None:
    from registry.contract.errors import UsageError

    if not as_json and out is None and sys.stdout.isatty() and not form.for_screens:
        raise UsageError("LST006", f"a {form.name} is not for the screen: name a file with -o")


def _bytes(listed: VisitList, *, lang: str, form: str, as_json: bool) -> bytes:
    if as_json:
        import orjson

        from serving.visits.lists import list_document

        return orjson.dumps(list_document(listed, lang), option=orjson.OPT_NON_STR_KEYS) + b"\n"
    from serving.language.words import words
    from serving.visits.paper.formats import render

    return render(listed, words(lang), form=form)


def _put(content: bytes, out: Path | None) -> None:
    from registry.contract.errors import BadInput

    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput("LST007", f"cannot write {out}: {error.strerror}") from None


def _record(file: Path | None, *, store: str | None, visited_on: str | None, as_json: bool) -> None:
    from registry.contract.errors import BadInput, UsageError

    if file is None:
        raise UsageError("LST008", "name the list that came back: sanket visits record FILE")
    from registry.machine.today import today
    from serving.visits.filled_lists import read_back, record

    day = day_if_given(visited_on, option="--visited-on", code="LST010")
    returned = read_back(file, today=today(), visited_on=day)
    address = store or returned.says.get("store")
    if not address:
        raise BadInput(
            "LST009", f"{file.name} does not say which store it is of: name it by --store"
        )
    done = record(address, returned, today=today())
    typer.echo(json.dumps(done, ensure_ascii=False) if as_json else _told(done))


def _told(done: dict[str, Any]) -> str:
    lines = [
        f"{counts['kept']} {name} recorded"
        + (f", {counts['quarantined']} quarantined" if counts["quarantined"] else "")
        for name, counts in done["tables"].items()
        if counts["rows"]
    ]
    lines += [f"row {problem['row']}: {problem['problem']}" for problem in done["problems"]]
    return "\n".join(
        [*(lines or ["nothing was filled in"]), f"{done['blank']} lines were left blank"]
    )
