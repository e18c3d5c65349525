"""One spelling for a name however it was written: Devanagari or Latin letters, with or without the
vowels and doublings that clerks write differently."""

from __future__ import annotations

import re
import unicodedata


def _letters(signs: str, latin: str) -> dict[str, str]:
    """Each sign's Latin letters, which are parted by blanks."""
    return dict(zip(signs, latin.split(), strict=True))


_CONSONANTS = _letters(
    "कखगघङचछजझञटठडढणतथदधनपफबभमयरलळवशषसह",
    "k kh g gh n ch chh j jh n t th d dh n t th d dh n p ph b bh m y r l l v sh sh s h",
)
_VOWELS = _letters("अआइईउऊऋएऐओऔऑऍ", "a a i i u u ri e ai o au o e")
_SIGNS = _letters("ािीुूृेैोौॉॅंँ", "a i i u u ri e ai o au o e n n")
_LETTERS = _CONSONANTS | _VOWELS | _SIGNS
_FOLDS = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"x", "ks"),
        (r"ph", "f"),
        (r"w", "v"),
        (r"z", "j"),
        (r"q|ck|c(?!h)", "k"),
        (r"ch+", "c"),
        (r"ee|y", "i"),
        (r"oo", "u"),
        (r"ai", "e"),
        (r"au", "o"),
        (r"(?<=[bcdfgjklmnprst])h", ""),
        (r"n(?=[pb])", "m"),
        (r"(?<=.)a", ""),
        (r"(.)\1+", r"\1"),
    )
)
"""In this order; what is lost (long and short vowels, aspiration, inner a) is what two clerks write
differently."""


def spelling(name: str) -> tuple[str, ...]:
    """The words of a name in one rough spelling, sorted: `Priya Pawar` and `प्रिया पवार` are both
    ("pri", "pvr")."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    latin = "".join(_LETTERS.get(sign, sign) for sign in plain)
    words = re.findall(r"[a-z]+", re.sub(r"[^a-z\s.,\-/]", "", latin))
    return tuple(sorted(filter(None, map(_folded, words))))


def _folded(word: str) -> str:
    for pattern, by in _FOLDS:
        word = pattern.sub(by, word)
    return word


def bigrams(name: str) -> frozenset[str]:
    """Pairs of neighbouring letters of a name's words, with the words' ends."""
    return frozenset(
        pair
        for word in spelling(name)
        for pair in map("".join, zip(f"_{word}", f"{word}_", strict=True))
    )
