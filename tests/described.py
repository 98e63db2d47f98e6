"""Holds every answer of a test against the published description of the API."""

import re
from functools import cache
from typing import Any

import httpx2
import jsonschema
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.app_routes import routes

_ENOUGH = 5
_ANYWHERE = (404, 405, 500)  # of an address that is not described, a method that is not, a fault of the server
_DESCRIBED: dict[frozenset[str], dict[str, Any]] = {}
"""By their routes: apps differ by these and by how one signs in, and a ledger for each test makes one for each test."""


def hold_to_description(client: TestClient) -> None:
    """Let every answer that this client gets fail the test if it is not as described."""
    app = client.app
    assert isinstance(app, FastAPI)
    there = frozenset(routes(app))
    described = _DESCRIBED.get(there) or _DESCRIBED.setdefault(there, app.openapi())

    def check(answer: httpx2.Response) -> None:
        answer.read()
        found = _operation(described, answer.request.method, answer.request.url.path)
        if found is None:
            assert answer.status_code in _ANYWHERE or not answer.request.url.path.startswith("/v1"), answer.request.url
            return
        responses = found["responses"]
        status = str(answer.status_code)
        assert status in responses or status == "500", (answer.request.url, status, answer.text)
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        content = responses.get(status, {}).get("content", {})
        if answer.content and status != "500":
            assert media_type in content, (answer.request.url, media_type, list(content))
            if media_type.endswith("json") and media_type != "application/x-ndjson":
                _validator(there, content[media_type]["schema"]["$ref"]).validate(_beginning(answer.json()))

    client.event_hooks["response"].append(check)


def _operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any] | None:
    for template, operations in described["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) and method.lower() in operations:
            operation: dict[str, Any] = operations[method.lower()]
            return operation
    return None


@cache
def _validator(there: frozenset[str], reference: str) -> jsonschema.Draft202012Validator:
    rooted = {"$ref": reference, "components": _DESCRIBED[there]["components"]}
    return jsonschema.Draft202012Validator(rooted, format_checker=jsonschema.FormatChecker())


def _beginning(value: Any) -> Any:
    """Cut long lists: their items are alike."""
    if isinstance(value, dict):
        return {name: _beginning(each) for name, each in value.items()}
    return [_beginning(each) for each in value[:_ENOUGH]] if isinstance(value, list) else value
