"""Every route for every role, for its own programme and for another, public and internal, held against the table.

What is expected is told from `application/access.py` and `application/doors.py`; what happens, from answers over HTTP.
A route without a row, or a row without a deed here, fails.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.main import get_command

from api.app import create_app
from api.cli import app as program
from application.access import ROLES, Right
from application.doors import COMMANDS, ROUTES
from tests.app_routes import routes
from tests.http_ledger import COMMITMENT, PROGRAMME, made
from tests.roles_page import PATH, page


@pytest.fixture(scope="module")
def backend() -> str:
    """Rights are decided before the database is asked."""
    return "sqlite"


OWN, OWN_INTERNAL, OTHER, OTHER_INTERNAL = "harbour", "harbour-within", "airport", "airport-within"
PROGRAMMES = {OWN: "H-1", OWN_INTERNAL: "HW-1", OTHER: "A-1", OTHER_INTERNAL: "AW-1"}
SCOPE = frozenset((OWN, OWN_INTERNAL))
LEDGER_WIDE = (Right.SEE_RIGHTS, Right.ADMINISTER, Right.ERASE)
_number = count(1)


@dataclass(frozen=True)
class Who:
    """Somebody who asks: in a role, for all programmes or for those of the harbour; or nobody known."""

    role: str | None
    scoped: bool = False

    def __str__(self) -> str:
        return f"{self.role or 'nobody'}{' of the harbour' if self.scoped else ''}"

    def sees(self, programme: str) -> bool:
        if not programme.endswith("within"):
            return True
        return self.role is not None and (not self.scoped or programme in SCOPE)

    def may(self, right: Right, programme: str | None) -> bool:
        return self.role is not None and right in ROLES[self.role] and (not self.scoped or programme in SCOPE)


EVERYBODY = [Who(None), *(Who(role, scoped) for role in ROLES for scoped in (False, True))]


class City:
    """A ledger that everybody may read, with four programmes, and a token for everybody."""

    def __init__(self, client: TestClient, tokens: dict[Who, str]) -> None:
        self.client, self.tokens = client, tokens
        self.erasable: list[int] = []
        self.made = 0
        """How many entries there are before any test."""

    def ask(self, who: Who, method: str, path: str, body: object = None) -> Any:
        headers = {} if who.role is None else {"authorization": f"Bearer {self.tokens[who]}"}
        if method == "GET":
            return self.client.get(path, headers=headers)
        return self.client.post(path, json={} if body is None else body, headers=headers)

    def done(self, who: Who, path: str, body: object) -> dict[str, Any]:
        answer = self.ask(who, "POST", path, body)
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        return said


RECORDER, REVIEWER, ADMINISTRATOR = Who("recorder"), Who("reviewer"), Who("administrator")


@pytest.fixture(scope="module", params=[True, False], ids=["public reading", "no public reading"])
def public(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, public: bool) -> Iterator[City]:
    limits = {"rate_limit_failures": "0", "rate_limit_anonymous": "0"}
    services, tokens = made(tmp_path_factory.mktemp("city"), public_read=public, **limits)
    with TestClient(create_app(services)) as client:
        city = City(client, {Who(role): token for role, token in tokens.items()})
        for code, reference in PROGRAMMES.items():
            visibility = "internal" if code.endswith("within") else "public"
            members = {"code": code, "visibility": visibility, "reference_prefix": reference.removesuffix("1")}
            city.done(RECORDER, "/v1/programmes", PROGRAMME | members)
            city.done(RECORDER, "/v1/commitments", COMMITMENT | {"programme": code, "reference": reference})
        for role in ROLES:
            asked = {"actor": f"harbour-{role}", "role": role, "programmes": sorted(SCOPE)}
            city.tokens[Who(role, scoped=True)] = city.done(ADMINISTRATOR, "/v1/tokens", asked)["secret"]
        for role in ("recorder", "reviewer"):  # whose entries are corrected
            asked = {"actor": f"another-{role}", "role": role}
            made_for = Who("another", scoped=role == "reviewer")
            city.tokens[made_for] = city.done(ADMINISTRATOR, "/v1/tokens", asked)["secret"]
        city.made = city.ask(Who("auditor"), "GET", "/health/ready").json()["position"]
        yield city


EVENT = {"occurred_on": "2024-05", "statement": "It was seen."}
Body = Callable[[City, str], tuple[dict[str, str], dict[str, Any]]]
"""Makes what stands in the address, and the body, of a request about a programme."""


def event(kind: str, **members: Any) -> Body:
    return lambda _, code: ({"reference": PROGRAMMES[code]}, {"kind": kind, **EVENT, **members})


def correction(kind: str) -> Body:
    """Correct an entry that somebody else has just recorded."""

    def body(city: City, code: str) -> tuple[dict[str, str], dict[str, Any]]:
        reference, who = PROGRAMMES[code], Who("another", scoped=kind == "reviewed")
        recorded = city.done(who, f"/v1/commitments/{reference}/events", event(kind, **_MEMBERS[kind])(city, code)[1])
        return {"reference": reference}, {"kind": "retracted", "entry": recorded["version"], "reason": "Not so."}

    return body


_MEMBERS: dict[str, dict[str, Any]] = {
    "evidence_added": {"entry": 1, "evidence": [{"title": "Minutes", "grade": "C"}]},
    "reviewed": {"rating": "limited", "independence": "peer"},
}


def token(city: City, _code: str) -> tuple[dict[str, str], dict[str, Any]]:
    made = city.done(ADMINISTRATOR, "/v1/tokens", {"actor": f"clerk-{next(_number)}", "role": "auditor"})
    return {"id": made["id"]}, {}


def role(city: City, _code: str) -> tuple[dict[str, str], dict[str, Any]]:
    named = {"actor": f"clerk-{next(_number)}", "role": "auditor"}
    city.done(ADMINISTRATOR, "/v1/roles", named)
    return named, {}


def actor(city: City, _code: str) -> tuple[dict[str, str], dict[str, Any]]:
    named = {"id": f"clerk-{next(_number)}"}
    city.done(ADMINISTRATOR, "/v1/actors", named | {"name": "Somebody"})
    return named, {}


def text(city: City, code: str) -> tuple[dict[str, str], dict[str, Any]]:
    path = f"/v1/commitments/{PROGRAMMES[code]}/events"
    said = city.done(RECORDER, path, event("evidence_added", **_MEMBERS["evidence_added"])(city, code)[1])
    return {"position": str(said["position"])}, {"members": ["statement"], "legal_basis": "Article 17"}


def new(**members: Any) -> Body:
    """Make a body with a name that nobody has yet in place of `#`."""

    def body(_: City, code: str) -> tuple[dict[str, str], dict[str, Any]]:
        number = str(next(_number))
        said = {
            name: value.replace("REFERENCE", PROGRAMMES[code]).replace("#", number) if isinstance(value, str) else value
            for name, value in members.items()
        }
        return {}, {
            name: code if value == "CODE" else [code] if value == ["CODE"] else value for name, value in said.items()
        }

    return body


# What is done on a route: with which right, and whether it is about a programme (else about the ledger as a whole).
DEEDS: dict[str, list[tuple[Right, bool, Body]]] = {
    "POST /v1/programmes": [(Right.PUBLISH, False, new(**PROGRAMME | {"code": "plan-#"}))],
    "POST /v1/programmes/{code}/events": [
        (
            Right.PUBLISH,
            True,
            lambda _, code: ({"code": code}, {"kind": "programme_amended", **EVENT, "changes": {"publisher": "City"}}),
        )
    ],
    "POST /v1/commitments": [
        (Right.ANNOUNCE, True, new(**COMMITMENT | {"programme": "CODE", "reference": "REFERENCE#"}))
    ],
    "POST /v1/commitments/{reference}/events": [
        (Right.RECORD, True, event("evidence_added", **_MEMBERS["evidence_added"])),
        (Right.REVIEW, True, event("reviewed", **_MEMBERS["reviewed"])),
        (Right.CORRECT, True, correction("evidence_added")),
        (Right.CORRECT_REVIEWS, True, correction("reviewed")),
    ],
    "POST /v1/events/{position}/erasure": [(Right.ERASE, False, text)],
    "POST /v1/reports": [
        (Right.ISSUE, False, new()),
        (Right.ISSUE, True, new(programme=["CODE"], visibility="all")),
    ],
    "POST /v1/tokens": [(Right.ADMINISTER, False, new(actor="clerk-#", role="auditor"))],
    "POST /v1/tokens/{id}/rotation": [(Right.ADMINISTER, False, token)],
    "POST /v1/tokens/{id}/revocation": [(Right.ADMINISTER, False, token)],
    "POST /v1/roles": [(Right.ADMINISTER, False, new(actor="clerk-#", role="auditor"))],
    "POST /v1/roles/{actor}/{role}/revocation": [(Right.ADMINISTER, False, role)],
    "POST /v1/actors": [(Right.ADMINISTER, False, new(id="clerk-#"))],
    "POST /v1/actors/{id}/erasure": [(Right.ERASE, False, actor)],
}
# What publishes something internal: it works once, so that it has a test of its own.
PUBLISHING = {"POST /v1/programmes/{code}/publication", "POST /v1/commitments/{reference}/publication"}
# What is read of a programme on a route that is about one thing.
THINGS: dict[str, Callable[[str], str]] = {
    "GET /v1/programmes/{code}": lambda code: f"/v1/programmes/{code}",
    "GET /v1/programmes/{code}/history": lambda code: f"/v1/programmes/{code}/history",
    "GET /v1/commitments/{reference}": lambda code: f"/v1/commitments/{PROGRAMMES[code]}",
    "GET /v1/commitments/{reference}/history": lambda code: f"/v1/commitments/{PROGRAMMES[code]}/history",
}
# What lists things of every programme: with the word by which a programme shows in the answer.
LISTS = {
    "GET /v1/programmes": "/v1/programmes",
    "GET /v1/partners": "/v1/partners",
    "GET /v1/commitments": "/v1/commitments",
    "GET /v1/events": "/v1/events?limit=500",
    "GET /v1/reports/status": "/v1/reports/status",
    "GET /v1/reports/changes": "/v1/reports/changes?from=2023-01-01",
}


def test_every_route_has_a_row_and_every_row_a_route(city: City) -> None:
    assert isinstance(city.client.app, FastAPI)
    assert routes(city.client.app) == set(ROUTES)


def test_every_route_that_records_has_a_deed_for_each_right(city: City) -> None:
    posts = {
        route: set(door.rights)
        for route, door in ROUTES.items()
        if route.startswith("POST") and route not in PUBLISHING
    }
    assert {route: {right for right, _, _ in deeds} for route, deeds in DEEDS.items()} == {
        route: rights - ({Right.CORRECT} if "programmes" in route else set()) for route, rights in posts.items()
    }


def test_every_command_has_a_row_and_every_row_a_command() -> None:
    def names(group: Any, before: str = "") -> Iterator[str]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from names(command, f"{before}{name} ")
                if getattr(command, "invoke_without_command", False):
                    yield f"{before}{name}"
            else:
                yield f"{before}{name}"

    assert set(names(get_command(program))) == set(COMMANDS)


def test_the_documentation_says_what_the_tables_say() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.roles_page"


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("route", DEEDS)
def test_recording_is_for_those_with_the_right(city: City, route: str, who: Who) -> None:
    for right, within, make in DEEDS[route]:
        for code in PROGRAMMES if within else (OWN,):
            where, body = make(city, code)
            answer = city.ask(who, "POST", route.removeprefix("POST ").format(**where), body)
            named = "reference" in where or "code" in where
            if who.role is None:
                expected = 401
            elif named and not who.sees(code):
                expected = 404
            else:
                expected = 201 if who.may(right, code if within else None) else 403
            assert answer.status_code == expected, (str(who), code, right, answer.text)
            if expected == 403:
                assert answer.json()["accepted"]


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("code", PROGRAMMES)
def test_publishing_is_for_those_with_the_right_who_see_what_is_published(city: City, code: str, who: Who) -> None:
    hidden = f"{PROGRAMMES[code]}{next(_number)}"
    members = {"programme": code, "reference": hidden, "visibility": "internal"}
    city.done(RECORDER, "/v1/commitments", COMMITMENT | members)
    sees_internal = who.role is not None and (not who.scoped or code in SCOPE)
    published, refused = (201, 422) if not code.endswith("within") else (422, 422)
    never = {"reason": ""}  # who comes so far as to be told of this has passed every other check
    for path, body, sees, done in (
        (f"commitments/{PROGRAMMES[code]}", {"reason": "Why not?"}, who.sees(code), refused),
        (f"programmes/{code}", never, who.sees(code), 422),
        (f"commitments/{hidden}", {"reason": "It is time."}, sees_internal, published),
    ):
        answer = city.ask(who, "POST", f"/v1/{path}/publication", body)
        if who.role is None:
            expected = 401
        elif not sees:
            expected = 404
        else:
            expected = done if who.may(Right.DISCLOSE, code) else 403
        assert answer.status_code == expected, (str(who), path, answer.text)
        if expected == 403:
            assert answer.json()["accepted"]
    everybody_sees = city.ask(Who("auditor", scoped=True), "GET", f"/v1/commitments/{hidden}").status_code == 200
    assert everybody_sees == (code in SCOPE or (who.may(Right.DISCLOSE, code) and not code.endswith("within")))


@pytest.mark.parametrize("who", [ADMINISTRATOR, Who("administrator", scoped=True)], ids=str)
def test_an_administrator_publishes_a_programme_of_theirs(city: City, who: Who) -> None:
    number = next(_number)
    code, reference = f"plan-{number}", f"P{number}-1"
    members = {"code": code, "visibility": "internal", "reference_prefix": f"P{number}-"}
    city.done(RECORDER, "/v1/programmes", PROGRAMME | members)
    city.done(RECORDER, "/v1/commitments", COMMITMENT | {"programme": code, "reference": reference})
    answer = city.ask(who, "POST", f"/v1/programmes/{code}/publication", {"reason": "It is time."})
    assert answer.status_code == (404 if who.scoped else 201)
    seen = city.ask(Who("recorder", scoped=True), "GET", f"/v1/commitments/{reference}").status_code
    assert seen == (404 if who.scoped else 200)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("route", THINGS)
def test_one_thing_is_shown_to_those_who_may_see_it(city: City, public: bool, route: str, who: Who) -> None:
    for code in PROGRAMMES:
        expected = 401 if who.role is None and not public else 200 if who.sees(code) else 404
        answer = city.ask(who, "GET", THINGS[route](code))
        assert answer.status_code == expected, (str(who), code, answer.text)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("route", LISTS)
def test_lists_show_what_may_be_seen_and_nothing_else(city: City, public: bool, route: str, who: Who) -> None:
    answer = city.ask(who, "GET", LISTS[route])
    if who.role is None and not public:
        assert answer.status_code == 401
        return
    assert answer.status_code == 200, answer.text
    reports = "/reports/" in route
    for code, reference in PROGRAMMES.items():
        there = f'"{code}"' in answer.text or f'"{reference}"' in answer.text
        # Reports are about what is public, whoever asks, unless asked for all.
        assert there == (not code.endswith("within") if reports else who.sees(code)), (str(who), code)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
def test_entries_of_all_programmes_are_shown_to_those_who_may_see_them(city: City, public: bool, who: Who) -> None:
    everything = city.ask(Who("auditor"), "GET", "/v1/events?limit=500").json()["items"]
    lines = city.client.get(
        "/v1/events",
        headers={"accept": "application/x-ndjson"}
        | ({} if who.role is None else {"authorization": f"Bearer {city.tokens[who]}"}),
    )
    for item in everything[: city.made]:
        code, position = item["programme"], item["position"]
        closed = item["reference"] == "ledger" and "within" in str(item)  # what names something internal
        seen = who.role is not None and not who.scoped if closed else code is None or who.sees(code)
        for path in (f"/v1/events/{position}", f"/v1/events/{position}/receipt"):
            expected = (401,) if who.role is None and not public else (200, 202) if seen else (404,)
            assert city.ask(who, "GET", path).status_code in expected, (str(who), path)
        if lines.status_code == 200:
            assert (f'"leaf_hash":"{item["leaf_hash"]}"' in lines.text) == seen, (str(who), item)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
def test_everything_else_is_read_as_the_table_says(city: City, public: bool, who: Who) -> None:
    examples = {"{slug}": "refused", "{path}": "0/000", "/log/proof/consistency": "/log/proof/consistency?from=1"}
    issued = city.done(RECORDER, "/v1/reports", {})["id"]
    covered = {*THINGS, *LISTS, "GET /v1/events/{position}", "GET /v1/events/{position}/receipt"}
    for route, door in ROUTES.items():
        if not route.startswith("GET") or route in covered:
            continue
        path = route.removeprefix("GET ").replace("{id}", str(issued))
        for name, value in examples.items():
            path = path.replace(name, value)
        answer = city.ask(who, "GET", path)
        if not door.rights or (who.role is None and public and door.is_public):
            assert answer.status_code not in (401, 403), path
        elif who.role is None:
            assert answer.status_code == 401, path
        else:
            wide = not any(right in LEDGER_WIDE for right in door.rights)
            allowed = any(who.may(right, OWN if wide else None) for right in door.rights)
            assert (answer.status_code == 403) == (not allowed), (path, answer.text)


@pytest.mark.parametrize("who", EVERYBODY, ids=str)
@pytest.mark.parametrize("path", ["/v1/reports/status", "/v1/reports/changes?from=2023-01-01"])
def test_reports_about_everything_are_for_those_who_see_everything(
    city: City, public: bool, path: str, who: Who
) -> None:
    asked = path + ("&" if "?" in path else "?") + "visibility=all"
    for code in (None, *PROGRAMMES):
        answer = city.ask(who, "GET", asked + (f"&programme={code}" if code else ""))
        sees = who.role is not None and (not who.scoped or code in SCOPE)
        expected = 401 if who.role is None and not public else 200 if sees else 403
        assert answer.status_code == expected, (str(who), code, answer.text)
