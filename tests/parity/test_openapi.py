"""schemathesis over the OpenAPI document: no 5xx, no answer that is not documented."""

import collections
from unittest import mock

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from registry.store.store import open_store
from serving.app import create_app
from serving.http.bounds import Limits
from serving.http.observe import Log
from serving.process import service_state
from tests.support.service_cases import KEY, book, bundle, promoted, row, token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PATIENT_SECONDS = 120
"""Others on this machine may hold an answer up: how long one takes has its own tests."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    for target in ("relapse", "non_response"):
        promoted(folder, bundle(target))
    open_store(folder / "x.db").close()
    limits = Limits(lag_seconds=600, rate_per_second=1e9, rate_burst=1e9)
    app = create_app(
        str(folder / "x.db"),
        folder,
        key=KEY,
        log=Log(lambda text: None),
        follow=False,
        pages=False,
        limits=limits,
    )
    book(app.state.engine, [row("C-1", "S1"), row("C-2", "S2")])
    with mock.patch.object(service_state, "AUDIT_WAIT_SECONDS", PATIENT_SECONDS):
        yield app
    app.close()


def cases_of(
    service, examples: int, mode: schemathesis.GenerationMode = schemathesis.GenerationMode.POSITIVE
) -> int:
    """Send so many generated requests to each route; how many were sent in all."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", service)
    sent = 0
    for operation in schema.get_all_operations():
        strategy = operation.ok().as_strategy(generation_mode=mode)

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=strategy)
        def ask(case):
            nonlocal sent
            sent += 1
            headers = {"Authorization": f"Bearer {token()}"}
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=PATIENT_SECONDS)

        ask()
    return sent


@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::starlette.exceptions.StarletteDeprecationWarning"
)
def test_every_answer_to_a_generated_request_is_documented(service):
    assert cases_of(service, 3) >= 15


@pytest.mark.soak
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::starlette.exceptions.StarletteDeprecationWarning"
)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_a_thousand_generated_requests_of_each_kind_find_nothing(service, mode):
    """As documented, and against the document."""
    assert cases_of(service, 100, mode) >= 1000


@pytest.mark.soak
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::starlette.exceptions.StarletteDeprecationWarning"
)
def test_a_thousand_requests_that_follow_from_one_another_find_nothing(service):
    """What one answer names (a child, a cursor, a time) is asked of the next operation."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", service)
    sent = collections.Counter()

    class Conversation(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {
                "headers": {"Authorization": f"Bearer {token()}"},
                "timeout": PATIENT_SECONDS,
            }

        def validate_response(self, response, case, additional_checks=None, **kwargs):
            sent[case.operation.definition.raw["operationId"]] += 1
            case.validate_response(response, checks=CHECKS, transport_kwargs=kwargs)

    Conversation.run(
        settings=hypothesis.settings(
            max_examples=250,
            stateful_step_count=8,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
    linked = {"get_child", "get_growth", "list_children", "record_outcome", "list_events"}
    assert sent.total() >= 1000 and linked <= set(sent)
