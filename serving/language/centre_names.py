"""What a centre is called: its name and its id, with the word "Anganwadi" in the reader's language.

A name is otherwise told as the registry writes it: nothing is transliterated.
"""

from __future__ import annotations

import re

from serving.language.words import Words

ANGANWADI = re.compile(r"^(anganwadi|aanganwadi|anganwari|aanganwari|awc)\b", re.IGNORECASE)


def called(name: str | None, centre_id: str, words: Words) -> str:
    """`Name (id)`, or the id alone where the centre has no name."""
    if not name or name == centre_id:
        return centre_id
    return words.say("ui", "name_of_centre", name=name_in_words(name, words), id=centre_id)


def name_in_words(name: str, words: Words) -> str:
    """`Anganwadi 23` as `आंगनवाड़ी 23` in Hindi; any other name as it is."""
    return ANGANWADI.sub(words("ui", "anganwadi"), name)
