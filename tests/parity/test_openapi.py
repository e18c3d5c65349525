"""schemathesis over the OpenAPI document: no 5xx, no answer that is not documented."""

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
from tests.support.service_cases import KEY, book, bundle, promoted, row, token

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


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
    yield app
    app.close()


def cases_of(service, examples: int) -> int:
    """Send so many generated requests to each route; how many were sent in all."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", service)
    sent = 0
    for operation in schema.get_all_operations():
        strategy = operation.ok().as_strategy()

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
            case.call_and_validate(headers={"Authorization": f"Bearer {token()}"}, checks=CHECKS)

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
def test_two_thousand_generated_requests_find_nothing(service):
    assert cases_of(service, 400) >= 2000
