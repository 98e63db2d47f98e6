"""The published description is true for whatever is sent by whoever: every role, one with a scope, nobody known.

Nobody known is who sends no token, and who made one up.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from application.access import ROLES
from tests.http_ledger import COMMITMENT, PROGRAMME, made
from tests.serving import Server

pytestmark = pytest.mark.xdist_group("openapi")

WITHIN = "harbour-within"
PROGRAMMES = {"harbour": "H-1", WITHIN: "W-1"}
SCOPED, NOBODY, STRANGER = "recorder of one programme", "nobody", "somebody with a token made up"
UNKNOWN = (NOBODY, STRANGER)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def backend() -> str:
    """The description says nothing of the database."""
    return "sqlite"


@dataclass(frozen=True)
class Running:
    """A server with something public and something internal, and the headers of everybody who asks it."""

    address: str
    callers: dict[str, dict[str, str]]
    there: dict[str, list[dict[str, Any]]]
    """What stands in addresses, by how these begin."""

    def found(self, path: str, number: int) -> dict[str, Any]:
        named = [each for beginning, known in self.there.items() if path.startswith(beginning) for each in known]
        return named[number % len(named)] if named else {}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("running")
    services, tokens = made(folder)
    services.close()
    # Past a limit whoever is unknown would be told to wait, and nothing else.
    unlimited = {"LEDGER_RATE_LIMIT_ANONYMOUS": "0", "LEDGER_RATE_LIMIT_FAILURES": "0"}
    server = Server(folder, LEDGER_PUBLIC_READ="true", **unlimited)
    try:
        yield filled(server.address, tokens)
    finally:
        ended = server.stop()
    assert ended == 0


def filled(address: str, tokens: dict[str, str]) -> Running:
    callers = {role: {"authorization": f"Bearer {tokens[role]}"} for role in ROLES}

    def done(role: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = httpx2.post(f"{address}{path}", json=body, headers=callers[role])
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        return said

    for code, reference in PROGRAMMES.items():
        visibility = "internal" if code == WITHIN else "public"
        members = {"code": code, "visibility": visibility, "reference_prefix": reference.removesuffix("1")}
        done("recorder", "/v1/programmes", PROGRAMME | members)
        done("recorder", "/v1/commitments", COMMITMENT | {"programme": code, "reference": reference})
    report = done("recorder", "/v1/reports", {})
    done("administrator", "/v1/actors", {"id": "somebody"})
    expendable = done("administrator", "/v1/tokens", {"actor": "somebody", "role": "auditor"})
    scoped = done("administrator", "/v1/tokens", {"actor": "clerk", "role": "recorder", "programmes": [WITHIN]})
    callers |= {SCOPED: {"authorization": f"Bearer {scoped['secret']}"}, NOBODY: {}, STRANGER: {}}
    there: dict[str, list[dict[str, Any]]] = {
        "/v1/programmes": [{"code": code} for code in PROGRAMMES],
        "/v1/commitments": [{"reference": reference} for reference in PROGRAMMES.values()],
        "/v1/events": [{"position": position} for position in range(1, report["id"] + 1)],
        "/v1/reports": [{"id": report["id"]}],
        "/v1/tokens": [{"id": expendable["id"]}],
        "/v1/actors": [{"id": "somebody"}],
        "/v1/roles": [{"actor": "somebody", "role": "auditor"}],
    }
    return Running(address, callers, there)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
@pytest.mark.parametrize("examples", [3, pytest.param(40, marks=pytest.mark.soak)])
def test_whatever_anybody_sends_ends_in_a_described_answer(
    running: Running, mode: GenerationMode, examples: int
) -> None:
    """Each request is sent by everybody in turn: making requests takes longer than answering them."""
    answered: dict[str, Counter[int]] = {who: Counter() for who in running.callers}
    for operation in schemathesis.openapi.from_url(f"{running.address}/openapi.json").get_all_operations():
        found = operation.ok()
        if mode is GenerationMode.NEGATIVE and found.path.startswith("/health"):
            continue  # nothing can be sent there that does not fit

        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=found.as_strategy(generation_mode=mode), elsewhere=st.integers(0, 4), first=st.integers(0, 6))
        def send(case: Any, elsewhere: int, first: int) -> None:
            known = running.found(case.path, first) if elsewhere else {}  # mostly what exists
            case.path_parameters |= {name: known.get(name, given) for name, given in case.path_parameters.items()}
            token = case.headers.pop("authorization", None)
            made_up = {} if token is None else {"authorization": token}
            everybody = list(running.callers)
            for who in everybody[first:] + everybody[:first]:
                headers = made_up if who == STRANGER else running.callers[who]
                try:
                    answer = case.call_and_validate(headers=headers, checks=CHECKS)
                except BaseException as failed:
                    failed.add_note(f"sent by {who}")
                    raise
                answered[who][answer.status_code] += 1

        send()
    if mode is GenerationMode.POSITIVE:
        assert_each_came_as_far_as_it_may(answered)


def assert_each_came_as_far_as_it_may(answered: dict[str, Counter[int]]) -> None:
    for who, statuses in answered.items():
        assert statuses[200], who
        assert bool(statuses[401]) == (who in UNKNOWN), who
        assert bool(statuses[403]) == (who not in UNKNOWN), who
        assert not statuses[429], who
    for who in ("recorder", "reviewer", "administrator"):
        assert answered[who][201], who
    for who in ("auditor", *UNKNOWN):
        assert not answered[who][201], who
