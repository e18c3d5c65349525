"""The types of BentoML's endpoints, made from the API's own schemas: names, units and bounds are
said once.

They describe and do not check: what a request holds is judged by the API's code, which puts no
child's value into an error. BentoML's clients read schemas without references and with `nullable`
(OpenAPI 3.0).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema

from serving.answering.schema_parts import DAY, Schema, told
from serving.answering.schemas import EXAMPLE, answer_schema, components
from serving.language.languages import LANGUAGES

_REFERENCE = "#/components/schemas/"


def inlined(schema: Schema, parts: dict[str, Schema]) -> Schema:
    """A schema with each reference to one of `parts` replaced by what it names, and each "or null"
    said as `nullable`."""
    if "$ref" in schema:
        named = parts[schema["$ref"].removeprefix(_REFERENCE)]
        return inlined(named | {k: v for k, v in schema.items() if k != "$ref"}, parts)
    if "anyOf" in schema:
        only = next(part for part in schema["anyOf"] if part != {"type": "null"})
        rest = {name: part for name, part in schema.items() if name != "anyOf"}
        return inlined(only | rest, parts) | {"nullable": True}
    found = {name: _inlined_part(name, part, parts) for name, part in schema.items()}
    if isinstance(found.get("type"), list):
        found["type"] = next(kind for kind in found["type"] if kind != "null")
        found["nullable"] = True
    return found


def _inlined_part(name: str, part: Any, parts: dict[str, Schema]) -> Any:
    if name == "properties":
        return {field: inlined(schema, parts) for field, schema in part.items()}
    if name in ("items", "additionalProperties") and isinstance(part, dict):
        return inlined(part, parts)
    return part


def children_schema(most: int) -> Schema:
    """The argument `children`: 1 to `most` of them, each with its records.

    One child stands under `oneOf`: BentoML's client sends of an object with `properties` the named
    ones alone, and a misspelt field would vanish before the service could name it (REG029).
    """
    parts = components(most)
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": most,
        "items": {"oneOf": [inlined(parts["Child"], parts)]},
        "description": "children with all that their registers hold; nothing is stored",
        "example": EXAMPLE["children"],
    }


def answered_schema(*, scored: bool, most: int) -> Schema:
    """What an endpoint answers."""
    return inlined(answer_schema(scored=scored), components(most))


_MOST = 2000
"""The bound as described; the service's own (`SANKET_CHILDREN`) counts when it is asked."""
Children = Annotated[list[dict[str, Any]], WithJsonSchema(children_schema(_MOST))]
AsOf = Annotated[
    str | None,
    WithJsonSchema(
        told(DAY, "the day that is asked about; nothing known later is used; left out: today")
    ),
]
Language = Annotated[
    str | None,
    WithJsonSchema(
        {
            "type": "string",
            "enum": list(LANGUAGES),
            "description": "of the sentences; left out: by Accept-Language",
        }
    ),
]
ScoreAnswer = Annotated[dict[str, Any], WithJsonSchema(answered_schema(scored=True, most=_MOST))]
ClassifyAnswer = Annotated[
    dict[str, Any], WithJsonSchema(answered_schema(scored=False, most=_MOST))
]
