"""The languages in which people read lists, pages and reasons: one row each, and all in which they
differ but the words.

A language is added by a row here, its words in `words/CODE.toml`, each target's words in
`models/targets.toml` and, for a script that Sanket Sans lacks, a font in `fonts/`. The command
line, the pages, the API's schema, the printer and the forms read this table. It imports nothing,
so that `sanket --help` may.
"""

from __future__ import annotations

from dataclasses import dataclass

ARABIC_DIGITS = "0123456789"
DEVANAGARI_DIGITS = "०१२३४५६७८९"


@dataclass(frozen=True)
class Language:
    """One language.

    code: ISO 639-1, as in `words/CODE.toml`, `--lang`, the cookie and Accept-Language.
    own_name: how its readers call it.
    script, shaping_language: the script (ISO 15924) and the language (ISO 639-3) that HarfBuzz
    shapes by.
    font: the files `fonts/FONT-Regular.ttf` and `-Bold.ttf`, which have its letters.
    digits: zero to nine as its readers may write them by hand; what we print are Arabic numerals.
    centimetres, millimetres: how its readers write the units of an arm.
    """

    code: str
    own_name: str
    script: str
    shaping_language: str
    font: str
    digits: str
    centimetres: tuple[str, ...]
    millimetres: tuple[str, ...]


_DEVANAGARI_CM, _DEVANAGARI_MM = ("सेमी", "से.मी."), ("मिमी", "मि.मी.")

LANGUAGES = {
    language.code: language
    for language in (
        Language("en", "English", "latn", "eng", "SanketSans", ARABIC_DIGITS, ("cm",), ("mm",)),
        Language(
            "hi",
            "हिन्दी",
            "deva",
            "hin",
            "SanketSans",
            DEVANAGARI_DIGITS,
            _DEVANAGARI_CM,
            _DEVANAGARI_MM,
        ),
        Language(
            "mr",
            "मराठी",
            "deva",
            "mar",
            "SanketSans",
            DEVANAGARI_DIGITS,
            _DEVANAGARI_CM,
            _DEVANAGARI_MM,
        ),
    )
}
"""By code, in the order in which they are offered; the first is the one of a reader who asks for
none."""
DEFAULT_LANGUAGE = next(iter(LANGUAGES))
