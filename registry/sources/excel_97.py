"""Which cells of an old workbook (.xls, Excel 97 to 2003) hold an error: its reader gives them as
blanks.

The workbook is a stream of records within a compound file. Formats: Microsoft, [MS-CFB] (compound
files) and [MS-XLS] (records BoundSheet8, BoolErr, Formula, String; section 2.5.10, BErr).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise

from registry.contract.tables import NO_VALUE

Place = tuple[int, int, str]
"""Row and column, counted from 0, and the error's text."""
SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_FORMULA, _STRING, _BOOLERR, _BOUNDSHEET, _BOF, _EOF = 0x06, 0x0207, 0x0205, 0x85, 0x0809, 0x0A
_BETWEEN = frozenset({0x04BC, 0x0221, 0x0236, 0x3C})
"""Records that may stand between a formula and its text: shared formula, array, table, continue."""
_LAST_SECTOR = 0xFFFFFFFA
_ROOT, _STREAM = 5, 2


def error_cells(file: bytes) -> dict[str, list[Place]]:
    """The cells with an error, or a formula without its value, by the sheet's name.

    Empty where the file is no compound file with a workbook of Excel 97 to 2003. Raises
    struct.error, IndexError or KeyError for one that is cut short.
    """
    if not file.startswith(SIGNATURE):
        return {}
    book = _workbook(file)
    return {name: list(_errors(book, start)) for name, start in _sheets(book)}


def _workbook(file: bytes) -> bytes:
    """The stream `Workbook` out of the compound file; empty where there is none."""
    size = 1 << struct.unpack_from("<H", file, 30)[0]
    small = 1 << struct.unpack_from("<H", file, 32)[0]
    first_entry, _, cutoff, first_small = struct.unpack_from("<4I", file, 48)
    table = _allocation(file, size)
    entries = _directory(_chain(file, table, first_entry, size, ahead=1))
    start, length = entries.get(("Workbook", _STREAM), (_LAST_SECTOR, 0))
    if length >= cutoff:
        return _chain(file, table, start, size, ahead=1)[:length]
    in_root = _chain(file, table, entries[("Root Entry", _ROOT)][0], size, ahead=1)
    links = _chain(file, table, first_small, size, ahead=1)
    small_table = list(struct.unpack(f"<{len(links) // 4}I", links))
    return _chain(in_root, small_table, start, small, ahead=0)[:length]


def _allocation(file: bytes, size: int) -> list[int]:
    """For each sector the one that follows it: the file's allocation table."""
    sectors = list(struct.unpack_from("<109I", file, 76))
    more = struct.unpack_from("<I", file, 68)[0]
    seen: set[int] = set()
    while more < _LAST_SECTOR and more not in seen:
        seen.add(more)
        *listed, more = struct.unpack_from(f"<{size // 4}I", file, (more + 1) * size)
        sectors += listed
    table: list[int] = []
    for sector in sectors:
        if sector < _LAST_SECTOR:
            table += struct.unpack_from(f"<{size // 4}I", file, (sector + 1) * size)
    return table


def _chain(file: bytes, table: list[int], sector: int, size: int, *, ahead: int) -> bytes:
    """The bytes of a chain of sectors; `ahead` sectors of the file come before the first."""
    pieces: list[bytes] = []
    while sector < _LAST_SECTOR and len(pieces) <= len(table):
        pieces.append(file[(sector + ahead) * size : (sector + ahead + 1) * size])
        sector = table[sector]
    return b"".join(pieces)


def _directory(entries: bytes) -> dict[tuple[str, int], tuple[int, int]]:
    """First sector and length of each stream, by name and kind."""
    found = {}
    for at in range(0, len(entries) - 127, 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        found[name, kind] = struct.unpack_from("<II", entries, at + 116)
    return found


def _records(book: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """(kind, content) of the records of one part of the stream, up to its end."""
    depth = 0
    while start + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, start)
        # A chart within a sheet is a part within a part.
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, book[start + 4 : start + 4 + length]
        if depth <= 0:
            return
        start += 4 + length


def _sheets(book: bytes) -> Iterator[tuple[str, int]]:
    """Name and place in the stream of each sheet."""
    for kind, content in _records(book, 0):
        if kind == _BOUNDSHEET:
            start, _, _, length, wide = struct.unpack_from("<IBBBB", content)
            text = content[8 : 8 + (2 * length if wide & 1 else length)]
            yield text.decode("utf-16-le" if wide & 1 else "latin-1"), start


def _errors(book: bytes, start: int) -> Iterator[Place]:
    records = [one for one in _records(book, start) if one[0] not in _BETWEEN]
    for (kind, content), (after, _) in pairwise([*records, (_EOF, b"")]):
        if kind == _BOOLERR:
            row, column, _, code, is_error = struct.unpack_from("<HHHBB", content)
            if is_error:
                yield row, column, _ERRORS.get(code, NO_VALUE)
        elif kind == _FORMULA and content[12:14] == b"\xff\xff":
            row, column, _, what, _, code = struct.unpack_from("<HHHBBB", content)
            if what == 2:
                yield row, column, _ERRORS.get(code, NO_VALUE)
            elif what == 0 and after != _STRING:
                yield row, column, NO_VALUE
