"""docs/care.md: its diagram, rules, values and spec table are made from the code; run this file to
write them anew."""

import csv
import re
from pathlib import Path

import pytest

from care.pathway.citations import cited, verified, words
from care.pathway.decide import STATES
from care.pathway.diagram import EVENTS, EXAMPLES, everywhere, mermaid, transitions
from care.pathway.rules_in_order import ORDER
from care.protocol import standard

PAGE = Path(__file__).parents[2] / "docs" / "care.md"
SPEC = Path(__file__).parents[1] / "data" / "care_pathway_spec.csv"


def diagram():
    return f"```mermaid\n{mermaid(standard())}\n```"


def rules():
    head = ["| | rule | state | next step | who | what it says | numbers and their sources |"]
    head.append("|--:|---|---|---|---|---|---|")
    return "\n".join(
        head
        + [
            f"| {number} | `{rule.name}`{' **danger**' if rule.danger else ''} | "
            f"`{rule.state}` | `{rule.step}` "
            f"| {rule.who} | {rule.says} | {words(rule, standard())} |"
            for number, rule in enumerate(ORDER, 1)
        ]
    )


def values():
    head = ["| value | | source | seen |", "|---|--:|---|---|"]
    return "\n".join(
        head
        + [
            (
                f"| `{name}` | {value.value:g} | {value.source} | "
                f"{'yes' if value.verified else '**no**'} |"
            )
            for name, value in standard().cited.items()
        ]
    )


def spec():
    rows = csv.DictReader(SPEC.read_text(encoding="utf-8").splitlines())
    head = [
        "| | case | state | next step | who | due in days | rule |",
        "|--:|---|---|---|---|--:|---|",
    ]
    return "\n".join(
        head
        + [
            f"| {number} | {row['case']} | `{row['state']}` | `{row['next_step']}` | "
            f"{row['who']} | {row['due_in_days']} "
            f"| `{row['rule']}` |"
            for number, row in enumerate(rows, 1)
        ]
    )


PARTS = {"diagram": diagram, "rules": rules, "values": values, "spec": spec}


def written(page):
    for name, part in PARTS.items():
        block = rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)"
        page = re.sub(
            block, lambda found, part=part: f"{found[1]}{part()}\n{found[2]}", page, flags=re.DOTALL
        )
    return page


@pytest.mark.parametrize("name", PARTS)
def test_the_page_says_what_the_code_does(name):
    assert f"<!-- {name} -->\n{PARTS[name]()}\n<!-- end of {name} -->" in PAGE.read_text(
        encoding="utf-8"
    )


def test_the_diagram_shows_every_state_but_those_of_leaving():
    shown = {state for pair in transitions(standard()) for state in pair}
    assert shown | {"left", "died", "not_classifiable"} == set(STATES)
    assert len(EXAMPLES) >= 19 and len(EVENTS) >= 17


def test_oedema_leads_to_the_nrc_from_everywhere():
    assert everywhere(transitions(standard()))["oedema or complication"] == "to_nrc"


def test_a_rule_says_whether_its_texts_were_seen():
    assert not verified("oedema", standard())
    assert verified("weighing_late", standard())
    assert set(cited("too_long", standard())) == {"longest_stay_days"}
    assert "(not verified)" in words(
        next(rule for rule in ORDER if rule.name == "oedema"), standard()
    )


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
