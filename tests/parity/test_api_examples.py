"""Every answer is as its named schema says, with no field that is not documented; and the examples
of the API's document are what a running service answers.

`python -m tests.parity.test_api_examples` writes the examples anew.
"""

import json
import re

import jsonschema_rs
import orjson
import pytest

from serving.answering.field_names import NESTED
from serving.api.shared_parts import EXAMPLES, HEADERS, PARAMETERS
from tests.support.api_examples import ASKED, answers_of, example_service
from tests.support.service_cases import Client


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The document, and what each operation answers."""
    with example_service(tmp_path_factory.mktemp("examples")) as app:
        yield Client(app).get("/v1/openapi.json").json(), answers_of(app)


def operations(document):
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def answer_schema(document, operation):
    """The schema of an operation's answer, within the document."""
    for status, answer in operations(document)[operation]["responses"].items():
        if status.startswith("2") and "application/json" in answer["content"]:
            return answer["content"]["application/json"]["schema"]
    return None


BY_A_MODEL = {"risk", "risk_low", "risk_high", "base_log_odds", "log_odds", "events", "reasons"}
"""What the examples' random trees say, which are fitted anew on each machine and over each
catalogue of features: of this only whether there is something is compared. Its form is the
schema's."""


def same(one, other):
    """Whether two documents are equal; numbers to nine digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(
            (one[name] in (None, [])) == (other[name] in (None, []))
            if name in BY_A_MODEL
            else same(one[name], other[name])
            for name in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-9, abs=1e-12)
    return one == other


@pytest.mark.parametrize("operation", ASKED)
def test_an_answer_is_as_its_named_schema_says(told, operation):
    document, answers = told
    schema = answer_schema(document, operation)
    assert schema.keys() == {"$ref"}
    jsonschema_rs.Draft202012Validator(document | schema).validate(answers[operation])
    assert list(undocumented(document, schema, answers[operation])) == []


@pytest.mark.parametrize("operation", ASKED)
def test_the_example_is_what_the_service_answers(told, operation):
    document, answers = told
    shown = json.loads(EXAMPLES.read_bytes())[operation]
    assert same(answers[operation], shown), "python -m tests.parity.test_api_examples"
    content = next(
        answer["content"]
        for status, answer in operations(document)[operation]["responses"].items()
        if status.startswith("2")
    )
    assert content["application/json"]["example"] == shown


def test_every_operation_that_answers_json_has_an_example(told):
    named = {one for one in operations(told[0]) if answer_schema(told[0], one)}
    assert named == set(ASKED)


def undocumented(document, schema, value, where=""):
    """Where a value has a field that its schema does not name."""
    schema = resolved(document, schema, value)
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from undocumented(document, schema["items"], one, f"{where}[{number}]")
    elif isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        for name, one in value.items():
            if name in known:
                yield from undocumented(document, known[name], one, f"{where}.{name}")
            elif isinstance(more, dict):
                yield from undocumented(document, more, one, f"{where}.{name}")
            elif more is not True:
                yield f"{where}.{name}"


def resolved(document, schema, value):
    """A schema with its references followed; of several the one that is not null."""
    if "anyOf" in schema:
        schema = next(
            one for one in schema["anyOf"] if (one.get("type") == "null") == (value is None)
        )
    if "$ref" in schema:
        return resolved(document, at(document, schema["$ref"]), value)
    return schema


def at(document, reference):
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def every(part):
    """Every object within a document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from every(one)


def test_the_document_is_whole(told):
    """Every reference leads somewhere, every schema is one, every operation has a name to call it
    by, and no object of an answer is left without names."""
    document = told[0]
    for one in every(document["paths"]):
        if "$ref" in one:
            assert at(document, one["$ref"])
    for one in every(document["components"]):
        if isinstance(one.get("$ref"), str):
            assert at(document, one["$ref"])
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name) or name in NESTED
        jsonschema_rs.meta.validate(schema)
        # A generated Python class cannot have a field of its own name.
        assert name.lower() not in {
            field.replace("_", "") for field in schema.get("properties", {})
        }
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in operations(document))
    used = {one["$ref"].rpartition("/")[2] for one in every(document) if "$ref" in one}
    kept = {name for part in document["components"] for name in document["components"][part]}
    assert kept - used == {"bearer"}
    assert set(HEADERS) | set(PARAMETERS) <= used


def test_every_refusal_is_one_problem_component(told):
    for operation in operations(told[0]).values():
        for status, answer in operation["responses"].items():
            assert "X-Request-Id" in answer["headers"]
            if status >= "400":
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }


def written() -> bytes:
    """The examples, made anew."""
    import tempfile
    from pathlib import Path

    with example_service(Path(tempfile.mkdtemp())) as app:
        return orjson.dumps(answers_of(app), option=orjson.OPT_INDENT_2) + b"\n"


if __name__ == "__main__":
    EXAMPLES.write_bytes(written())
