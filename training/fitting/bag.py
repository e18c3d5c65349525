"""Several forests as one longer forest: its margin is the (weighted) mean of theirs, and so are its
reasons, exactly.

Works on LightGBM's own text (`Booster.model_to_string`): leaf values are divided by the number of
forests (or multiplied by a forest's share), trees are numbered anew. Whatever reads such a text
(LightGBM, `models.forest.lightgbm_text`) reads a bag as it reads a forest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SCALED = ("leaf_value", "internal_value")
"""What of a tree is in units of the margin."""
_END = "end of trees"


def bagged(texts: Sequence[str], shares: Sequence[float] | None = None) -> str:
    """One model text of several that were trained on the same columns; one alone comes back as it
    is. `shares` of the forests add up to 1; left out, all have the same.

    Example: two forests of 100 trees, margins 0.4 and 0.6 of a row: 200 trees, margin 0.5; with
    shares 0.25 and 0.75, 0.55.
    """
    if len(texts) == 1:
        return texts[0]
    divisors = [float(len(texts))] * len(texts) if shares is None else [1 / of for of in shares]
    members = [parted(text) for text in texts]
    head, _, tail = members[0]
    trees = [
        _divided(tree, divisor)
        for (_, own, _), divisor in zip(members, divisors, strict=True)
        for tree in own
    ]
    return joined(head, trees, tail)


def joined(head: str, trees: Sequence[str], tail: str) -> str:
    """The model text of these trees, numbered anew."""
    made = [_numbered(tree, number) for number, tree in enumerate(trees)]
    sizes = " ".join(str(len(tree.encode())) for tree in made)
    return re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head) + "".join(made) + tail


def parted(text: str) -> tuple[str, list[str], str]:
    """(head, trees, tail) of a model text; together they are the text. The tail's counts of splits
    are left out: they are the first forest's alone."""
    head, *trees = re.split(r"(?m)^(?=Tree=)", text[: text.index(_END)])
    tail = text[text.index(_END) :]
    return head, trees, re.sub(r"\nfeature_importances:\n(?:.+\n)*", "\n", tail)


def _divided(tree: str, divisor: float) -> str:
    lines = [
        _line_divided(line, divisor) if line.startswith(SCALED) else line
        for line in tree.split("\n")
    ]
    return "\n".join(lines)


def _line_divided(line: str, divisor: float) -> str:
    name, _, values = line.partition("=")
    return f"{name}={' '.join(repr(float(value) / divisor) for value in values.split())}"


def _numbered(tree: str, number: int) -> str:
    return re.sub(r"^Tree=\d+", f"Tree={number}", tree)
