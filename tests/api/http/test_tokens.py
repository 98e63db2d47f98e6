"""Tokens over the API: who may make, see, rotate and revoke them, how long they are good, and for what."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.wiring import Services, build
from tests.http_ledger import COMMITMENT, EVENTS, PROGRAMME, STARTED, Ledger, assert_problem, filled, made
from tests.stores import MovableClock

TOKENS = "/v1/tokens"
CLERK = {"actor": "clerk-7", "role": "recorder"}
OTHER = {**COMMITMENT, "programme": "airport", "reference": "A-1"}


class Town:
    """A ledger with two programmes, the harbour's and the airport's, and a clock that can be moved."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = MovableClock("2024-06-03T09:00:00+00:00")
        self.services, tokens = made(folder, self.clock, **settings)
        self.client = TestClient(create_app(self.services), raise_server_exceptions=False)
        self.tokens = tokens

    def open(self) -> Ledger:
        self.ledger = filled(self.client, self.tokens)
        assert self.ledger.post("/v1/programmes", {**PROGRAMME, "code": "airport"}).is_success
        assert self.ledger.post("/v1/commitments", OTHER).is_success
        return self.ledger

    def as_(self, secret: str, path: str = "/v1/commitments") -> Any:
        return self.client.get(path, headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    with town.client:
        town.open()
        yield town


def create(town: Town, **members: Any) -> dict[str, Any]:
    answer = town.ledger.post(TOKENS, CLERK | members, role="administrator")
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def act(town: Town, secret: str, path: str, body: object, **headers: str) -> Any:
    given = {"authorization": f"Bearer {secret}", "content-type": "application/json", **headers}
    return town.client.post(path, content=json.dumps(body), headers=given)


def test_an_administrator_makes_a_token_that_acts_in_its_role(town: Town) -> None:
    token = create(town)
    assert token["secret"].startswith("ldg_")
    assert (token["actor"], token["role"], token["programmes"], token["expires_at"]) == (*CLERK.values(), None, None)
    recorded = act(town, token["secret"], EVENTS, {**STARTED, "kind": "progressed", "external_id": "x:9"})
    assert (recorded.status_code, recorded.json()["recorded_by"]) == (201, "clerk-7")


@pytest.mark.parametrize("role", ["recorder", "reviewer", "auditor"])
def test_nobody_else_makes_revokes_or_rotates_tokens(town: Town, role: str) -> None:
    token, head = create(town)["id"], town.ledger.head()
    for path, body in ((TOKENS, CLERK), (f"{TOKENS}/{token}/revocation", {}), (f"{TOKENS}/{token}/rotation", {})):
        assert_problem(town.ledger.post(path, body, role=role), 403, "administrator")
    assert town.ledger.head() == head


def test_auditors_and_administrators_see_the_list_without_secrets(town: Town) -> None:
    token = create(town, expires="90d")
    for role in ("auditor", "administrator"):
        listed = town.as_(town.tokens[role], TOKENS)
        assert token["secret"] not in listed.text
        found = {each["id"]: each for each in listed.json()["items"]}[token["id"]]
        assert (found["actor"], found["expires_at"]) == ("clerk-7", token["expires_at"])
    for role in ("recorder", "reviewer"):
        assert_problem(town.as_(town.tokens[role], TOKENS), 403, "auditor or administrator")


def test_the_list_comes_in_pages(town: Town) -> None:
    first = town.as_(town.tokens["auditor"], f"{TOKENS}?limit=3").json()
    second = town.as_(town.tokens["auditor"], f"{TOKENS}?limit=3&cursor={first['next']}").json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (3, 1, None)
    assert_problem(town.as_(town.tokens["auditor"], f"{TOKENS}?cursor=abcdefgh"), 422, "next")


def test_a_token_expires(town: Town) -> None:
    token = create(town, expires="12h")
    assert token["expires_at"] == "2024-06-03T21:00:00.000000Z"
    town.clock.move(hours=11)
    assert town.as_(token["secret"]).status_code == 200
    town.clock.move(hours=1)
    assert_problem(town.as_(token["secret"]), 401, "expired")


def test_a_token_that_lasts_to_a_day_is_good_on_that_day_where_the_ledger_is(tmp_path: Path) -> None:
    town = Town(tmp_path, time_zone="America/New_York")
    with town.client:
        town.open()
        token = create(town, expires="2024-06-04")
        assert token["expires_at"] == "2024-06-05T04:00:00.000000Z"


@pytest.mark.parametrize("expires", ["0d", "9999d", "2024-06-02", "2044-01-01", "soon", "", "90", "-1d", 90])
def test_what_cannot_be_a_lifetime_is_told_what_could(town: Town, expires: object) -> None:
    answer = town.ledger.post(TOKENS, CLERK | {"expires": expires}, role="administrator")
    assert_problem(answer, 422, "/expires", "d")


def test_the_role_is_granted_with_the_first_token_and_then_held(town: Town) -> None:
    head = town.ledger.head()
    create(town)
    create(town)
    entries = town.ledger.get(f"/v1/events?after={head}").json()["items"]
    assert [each["kind"] for each in entries] == ["role_granted", "token_created", "token_created"]
    assert [(each["actor"], each["granted_role"]) for each in entries] == [("clerk-7", "recorder")] * 3
    assert {each["reference"] for each in entries} == {"ledger"}


def test_a_token_for_one_programme_records_there_and_nowhere_else(town: Town) -> None:
    secret = create(town, programmes=["harbour"])["secret"]
    event = {**STARTED, "kind": "progressed", "external_id": "x:9"}
    assert act(town, secret, EVENTS, event).status_code == 201
    assert act(town, secret, "/v1/commitments", {**COMMITMENT, "reference": "H-2"}).status_code == 201
    refused = (
        ("/v1/commitments/A-1/events", STARTED),
        ("/v1/commitments", {**OTHER, "reference": "A-2"}),
        ("/v1/programmes/airport/events", {"kind": "programme_closed", "occurred_on": "2024-05", "statement": "So."}),
        ("/v1/reports", {"programme": ["airport"]}),
    )
    for path, body in refused:
        assert_problem(act(town, secret, path, body), 403, "held here for harbour", "airport")
    assert_problem(act(town, secret, "/v1/programmes", {**PROGRAMME, "code": "third"}), 403, "all programmes")
    assert_problem(act(town, secret, "/v1/reports", {}), 403, "all programmes")
    assert act(town, secret, "/v1/reports", {"programme": ["harbour"]}).status_code == 201


def test_a_token_acts_no_further_than_its_actors_role(town: Town) -> None:
    create(town, programmes=["harbour"])
    wider = town.ledger.post(TOKENS, CLERK | {"programmes": ["airport"]}, role="administrator")
    assert_problem(wider, 422, "within-the-role", "harbour")
    as_far_as_the_role_goes = create(town)["secret"]
    assert_problem(act(town, as_far_as_the_role_goes, "/v1/commitments/A-1/events", STARTED), 403, "harbour")


def test_a_right_for_a_programme_that_is_not_there_is_refused(town: Town) -> None:
    answer = town.ledger.post(TOKENS, CLERK | {"programmes": ["harbor"]}, role="administrator")
    assert_problem(answer, 422, "/programmes", "harbor")


def test_whoever_acts_for_some_programmes_gives_no_rights(town: Town) -> None:
    local = create(town, actor="local-admin", role="administrator", programmes=["harbour"])["secret"]
    assert_problem(act(town, local, TOKENS, CLERK), 403, "all programmes")
    assert_problem(town.as_(local, TOKENS), 403, "all programmes")


def test_revoking_ends_a_token_at_once_in_every_process(town: Town) -> None:
    token = create(town)
    other = build(town.services.settings, town.clock)
    assert other.caller(token["secret"]) is not None
    revoked = town.ledger.post(f"{TOKENS}/{token['id']}/revocation", {}, role="administrator")
    assert (revoked.status_code, revoked.json()["kind"]) == (201, "token_revoked")
    assert other.caller(token["secret"]) is None
    other.close()
    assert_problem(town.as_(token["secret"]), 401, "revoked")
    again = town.ledger.post(f"{TOKENS}/{token['id']}/revocation", {}, role="administrator")
    assert_problem(again, 422, "revoked-once")
    assert_problem(town.ledger.post(f"{TOKENS}/nothing/revocation", {}, role="administrator"), 404)


def test_a_token_that_recorded_a_moment_ago_records_nothing_once_another_process_has_revoked_it(town: Town) -> None:
    token = create(town)
    progress = {**STARTED, "kind": "progressed", "external_id": None}
    for _ in range(3):  # it is known by now
        assert act(town, token["secret"], EVENTS, progress).status_code == 201
    other = build(town.services.settings, town.clock)
    other.revoke_token(token["id"], "boss")
    other.close()
    assert_problem(act(town, token["secret"], EVENTS, progress), 401, "revoked")
    assert town.ledger.post(EVENTS, progress).status_code == 201


def test_a_token_that_recorded_a_moment_ago_records_nothing_once_it_has_expired(town: Town) -> None:
    token = create(town, expires="1d")
    progress = {**STARTED, "kind": "progressed", "external_id": None}
    for _ in range(2):
        assert act(town, token["secret"], EVENTS, progress).status_code == 201
    town.clock.move(days=1, seconds=1)
    assert_problem(act(town, token["secret"], EVENTS, progress), 401, "expired")


def test_rotating_gives_another_secret_and_ends_the_old_one(town: Town) -> None:
    old = create(town, programmes=["harbour"], expires="30d")
    town.clock.move(days=10)
    new = town.ledger.post(f"{TOKENS}/{old['id']}/rotation", {}, role="administrator").json()
    assert (new["actor"], new["role"], new["programmes"], new["replaces"]) == (*CLERK.values(), ["harbour"], old["id"])
    assert new["expires_at"][:10] == "2024-07-13"  # 30 days again
    assert_problem(town.as_(old["secret"]), 401)
    assert town.as_(new["secret"]).status_code == 200
    again = town.ledger.post(f"{TOKENS}/{old['id']}/rotation", {}, role="administrator")
    assert_problem(again, 422, "rotated-while-valid")


def test_after_a_rotation_both_may_be_good_for_a_while(town: Town) -> None:
    old = create(town)
    path = f"{TOKENS}/{old['id']}/rotation"
    new = town.ledger.post(path, {"overlap": "7d", "expires": "2024-12-31"}, role="administrator").json()
    assert new["replaced_until"][:10] == "2024-06-10"
    town.clock.set_day(date(2024, 6, 9))
    assert town.as_(old["secret"]).status_code == 200
    town.clock.set_day(date(2024, 6, 11))
    assert_problem(town.as_(old["secret"]), 401)
    assert town.as_(new["secret"]).status_code == 200
    assert_problem(town.ledger.post(path, {"overlap": "91d"}, role="administrator"), 422)


def test_a_replaced_token_can_be_revoked_before_its_time(town: Town) -> None:
    old = create(town)
    town.ledger.post(f"{TOKENS}/{old['id']}/rotation", {"overlap": "7d"}, role="administrator")
    assert town.ledger.post(f"{TOKENS}/{old['id']}/revocation", {}, role="administrator").status_code == 201
    assert_problem(town.as_(old["secret"]), 401)


def test_a_repeated_request_makes_one_token_and_does_not_show_it_again(town: Town, tmp_path: Path) -> None:
    key = {"idempotency-key": "make-it-once"}
    first, second = (town.ledger.post(TOKENS, CLERK, role="administrator", **key) for _ in range(2))
    assert first.headers["cache-control"] == "no-store"
    assert (first.json()["id"], second.json()["secret"]) == (second.json()["id"], None)
    assert second.headers["idempotency-replayed"] == "true"
    secret = first.json()["secret"].encode()
    assert not any(secret in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_the_last_use_is_kept_without_a_write_per_request(town: Town) -> None:
    token = create(town)
    assert {each.last_used_at for each in town.services.tokens() if each.id == token["id"]} == {None}
    others = set(threading.enumerate())  # of other ledgers in this process
    town.clock.move(minutes=5)
    head = town.ledger.head()
    with counted(town.services, "UPDATE", "INSERT", "DELETE") as written:
        for _ in range(5):
            town.as_(token["secret"])
    assert written == []
    assert {each.last_used_at for each in town.services.tokens() if each.id == token["id"]} == {town.clock()}
    assert town.ledger.head() == head
    for thread in {each for each in threading.enumerate() if each.name == "token-uses"} - others:
        thread.join(10)  # it is told to end, and ends a moment later
        assert not thread.is_alive()


class counted:  # noqa: N801 -- reads as what it does
    """The statements that begin with one of these words, while it is open."""

    def __init__(self, services: Services, *words: str) -> None:
        self._engines = (services._database._reader, services._database._writer)
        self._words = words or ("",)
        self._found: list[str] = []

    def _take(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # The log is sealed at the same time, in a thread of its own.
        if statement.startswith(self._words) and threading.current_thread().name.startswith("AnyIO"):
            self._found.append(statement)

    def __enter__(self) -> list[str]:
        for engine in self._engines:
            sa.event.listen(engine, "before_cursor_execute", self._take)
        return self._found

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            sa.event.remove(engine, "before_cursor_execute", self._take)


def test_whatever_is_wrong_with_a_token_takes_the_same_queries_and_gets_the_same_answer(town: Town) -> None:
    good, expired, revoked, unheld = (create(town, actor=f"clerk-{each}", expires="1d") for each in range(4))
    town.ledger.post(f"{TOKENS}/{revoked['id']}/revocation", {}, role="administrator")
    with town.services._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM held_roles WHERE actor = 'clerk-3'")
        connection.exec_driver_sql("UPDATE tokens SET expires_at = 1 WHERE actor = 'clerk-1'")
    sent = good["secret"]
    wrong = {
        "unknown": create(town)["secret"][:10] + sent[10:],
        "mistyped": sent[:-1] + ("0" if sent[-1] != "0" else "1"),
        "no token of ours": "Zm9vYmFy",
        "cut off": sent[:20],
        "expired": expired["secret"],
        "revoked": revoked["secret"],
        "its role is gone": unheld["secret"],
    }
    with counted(town.services) as right:
        assert town.as_(sent).status_code == 200
    for what, secret in wrong.items():
        with counted(town.services) as asked:
            answer = town.as_(secret)
        assert_problem(answer, 401, "neither revoked nor expired")
        assert asked == right[: len(asked)], what
        assert answer.content == town.as_("ldg_").content, what
        assert len(asked) == len(counted_for(town, "ldg_")), what


def counted_for(town: Town, secret: str) -> list[str]:
    with counted(town.services) as asked:
        town.as_(secret)
    return list(asked)
