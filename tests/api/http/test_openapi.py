"""The published description: complete, with examples that work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from api.app import create_app
from api.http import commitments, feed, health, issued, log, programmes, reports, roles, tokens
from api.http.gate import Gate
from api.http.openapi import EVENTS, NEW_COMMITMENT, NEW_PROGRAMME, PROGRAMME_EVENT
from api.http.schemas import catalogue_schema
from infrastructure.catalogues.reading import find
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build


@pytest.fixture(scope="module")
def backend() -> str:
    """The description says nothing of the database."""
    return "sqlite"


pytestmark = pytest.mark.xdist_group("openapi")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    services = build(Settings(data_dir=tmp_path_factory.mktemp("ledger"), log_level="error"))
    services.migrate()
    return services


@pytest.fixture(scope="module")
def app(services: Services) -> Iterator[FastAPI]:
    app = create_app(services)
    with TestClient(app):
        yield app


def bearer(services: Services, role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {services.create_token(f'an-{role}', role, 'local')}"}


def validate(answer: Any, schema: str, described: dict[str, Any]) -> None:
    rooted = {"$ref": f"#/components/schemas/{schema}", "components": described["components"]}
    jsonschema.Draft202012Validator(rooted).validate(answer)


def test_the_examples_work_in_order_and_the_answers_are_as_described(app: FastAPI, services: Services) -> None:
    recorder, reviewer = bearer(services, "recorder"), bearer(services, "reviewer")
    client, described = TestClient(app), app.openapi()
    published = client.post("/v1/programmes", json=NEW_PROGRAMME, headers=recorder)
    validate(published.json(), "PublishedProgramme", described)
    for path, body, headers in (
        ("/v1/commitments", NEW_COMMITMENT, recorder),
        ("/v1/programmes/green-port/events", PROGRAMME_EVENT, recorder),
        ("/v1/commitments/GP-01/events", EVENTS["started"], recorder),
        ("/v1/commitments/GP-01/events", EVENTS["slipped"], recorder),
        ("/v1/commitments/GP-01/events", EVENTS["achieved"], recorder),
        ("/v1/commitments/GP-01/events", EVENTS["rectified"], reviewer),
    ):
        answer = client.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        validate(answer.json(), "RecordedEvent", described)
    for path, schema in (
        ("/v1/commitments", "CommitmentPage"),
        ("/v1/commitments/GP-01", "Commitment"),
        ("/v1/commitments/GP-01/history", "History"),
        ("/v1/events", "EntryPage"),
        ("/v1/events/2", "Entry"),
        ("/v1/programmes", "ProgrammePage"),
        ("/v1/programmes/green-port", "Programme"),
        ("/v1/partners", "PartnerPage"),
        ("/v1/reports/status", "StatusReport"),
        ("/v1/reports/changes?from=2024-01-01", "Changes"),
        ("/health/ready", "Ready"),
    ):
        answer = client.get(path, headers=recorder)
        assert answer.status_code == 200, answer.text
        validate(answer.json(), schema, described)


def test_every_address_is_described_with_the_problems_that_it_may_end_in(app: FastAPI) -> None:
    described = app.openapi()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert {"422", "503"} <= set(route["responses"]), (method, path)
            if method == "post":
                assert route["requestBody"]["content"]["application/json"]["examples"], path


def test_the_schema_of_catalogues_fits_the_shipped_one() -> None:
    jsonschema.Draft202012Validator.check_schema(catalogue_schema())
    document = json.loads(Path(find("strategic-compass-partner")).read_text())
    jsonschema.Draft202012Validator(catalogue_schema()).validate(document)


def test_every_way_of_recording_is_described_with_every_status_it_can_give(app: FastAPI) -> None:
    described = app.openapi()["paths"]
    refused = {"400", "401", "403", "404", "409", "412", "413", "415", "422", "503"}
    statuses = {"201", *refused, "408", "414", "429", "431"}
    posts = {path: set(methods["post"]["responses"]) for path, methods in described.items() if "post" in methods}
    assert posts == dict.fromkeys(
        (
            "/v1/programmes",
            "/v1/programmes/{code}/events",
            "/v1/commitments",
            "/v1/commitments/{reference}/events",
            "/v1/events/{position}/erasure",
        ),
        statuses,
    ) | {
        "/v1/reports": statuses - {"404", "409", "412"},
        "/v1/tokens": statuses - {"404", "409", "412"},
        "/v1/roles": statuses - {"404", "409", "412"},
        "/v1/roles/{actor}/{role}/revocation": statuses - {"409", "412"},
        "/v1/actors": statuses - {"404", "409", "412"},
        "/v1/actors/{id}/erasure": statuses - {"409", "412"},
        "/v1/tokens/{id}/revocation": statuses - {"409", "412"},
        "/v1/tokens/{id}/rotation": statuses - {"409", "412"},
        "/v1/programmes/{code}/publication": statuses - {"409"},
        "/v1/commitments/{reference}/publication": statuses - {"409"},
    }


def test_every_route_of_the_app_is_described(app: FastAPI, services: Services) -> None:
    gate = Gate(services)
    routers = (module.routes(gate) for module in (programmes, commitments, feed, reports, issued, log, tokens, roles))
    routes = [route for router in (*routers, health.routes(gate, health.Figures())) for route in router.routes]
    there = {
        (route.path_format, method.lower())
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    described = {(path, method) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == there
    assert len(there) >= 18
