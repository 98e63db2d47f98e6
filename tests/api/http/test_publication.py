"""What was internal is published: everybody sees it from that entry on, and finds everything before as it was."""

import json
from collections.abc import Iterator
from hashlib import sha256
from time import sleep
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain.entry_bytes import plainly
from domain.merkle import leaf_hash
from tests.http_ledger import COMMITMENT, PROGRAMME, STARTED, Ledger, assert_problem, filled, made, owns_a_prefix

REASON = {"reason": "The council has adopted it."}
PLAN = {**PROGRAMME, "code": "quay-plan", "title": "The quay plan", "visibility": "internal", "reference_prefix": "Q-"}
ASKED = (
    "/v1/programmes", "/v1/programmes/quay-plan", "/v1/programmes/quay-plan/history", "/v1/partners", "/v1/commitments",
    "/v1/commitments?q=shore", "/v1/commitments/H-9", "/v1/commitments/H-9/history", "/v1/commitments/Q-1",
    "/v1/commitments/Q-2", "/v1/events", "/v1/reports/status?as_of=2024-12-31", "/v1/reports",
    "/v1/reports/status?as_of=2024-12-31&format=csv", "/v1/reports/status?as_of=2024-12-31&programme=quay-plan",
    "/v1/reports/changes?from=2024-01-01&to=2024-12-31",
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path) -> Iterator[Ledger]:
    """Public reading; H-9 of the public harbour is internal, Q-1 and Q-2 belong to an internal plan, Q-2 twice over."""
    services, tokens = made(tmp_path, public_read=True, rate_limit_anonymous="0")
    with TestClient(create_app(services)) as client:
        ledger = filled(client, tokens)
        owns_a_prefix(ledger)
        done(ledger, "/v1/commitments", {**COMMITMENT, "reference": "H-9", "visibility": "internal"})
        done(ledger, "/v1/commitments/H-9/events", {**STARTED, "note": "Mr. Smith signed."})
        done(ledger, "/v1/programmes", PLAN)
        done(ledger, "/v1/commitments", {**COMMITMENT, "programme": "quay-plan", "reference": "Q-1"})
        internal = {"programme": "quay-plan", "reference": "Q-2", "visibility": "internal"}
        done(ledger, "/v1/commitments", {**COMMITMENT, **internal})
        done(ledger, "/v1/commitments/Q-1/events", STARTED)
        yield ledger


def done(ledger: Ledger, path: str, body: object, role: str = "recorder", **headers: str) -> Any:
    answer = ledger.post(path, body, role=role, **headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def published(ledger: Ledger, path: str, **headers: str) -> Any:
    return done(ledger, f"/v1/{path}/publication", REASON, "administrator", **headers)


def told(ledger: Ledger, log_size: int) -> dict[str, tuple[int, bytes]]:
    """Everything that nobody known is told as of a log size."""
    found = {}
    for path in ASKED:
        answer = ledger.client.get(f"{path}{'&' if '?' in path else '?'}log_size={log_size}")
        found[path] = answer.status_code, answer.content
    stream = ledger.client.get(f"/v1/events?log_size={log_size}", headers={"accept": "application/x-ndjson"})
    return {**found, "stream": (stream.status_code, stream.content)}


def entries_of(ledger: Ledger) -> list[dict[str, Any]]:
    answer = ledger.client.get("/v1/events", headers={"accept": "application/x-ndjson"})
    return [json.loads(line) for line in answer.text.splitlines()]


def test_everybody_sees_a_published_commitment_with_its_whole_history_from_that_entry_on(ledger: Ledger) -> None:
    assert_problem(ledger.client.get("/v1/commitments/H-9"), 404)
    total = ledger.client.get("/v1/commitments").json()["total"]
    entry = published(ledger, "commitments/H-9")
    assert entry["published_commitment"] == "H-9"
    assert entry["opened_entries"] == 2

    found = ledger.client.get("/v1/commitments/H-9").json()
    assert (found["status"], found["visibility"]) == ("started", "public")
    history = ledger.client.get("/v1/commitments/H-9/history").json()["items"]
    assert [(item["kind"], item["status_after"]) for item in history] == [
        ("announced", "announced"),
        ("started", "started"),
    ]
    assert ledger.client.get("/v1/commitments").json()["total"] == total + 1
    report = ledger.client.get("/v1/reports/status").json()
    assert "H-9" in [row["reference"] for row in report["commitments"]]
    for item in history:
        assert ledger.client.get(f"/v1/events/{item['position']}").json()["leaf_hash"] == item["leaf_hash"]


def test_who_published_what_and_why_is_an_entry_that_everybody_reads(ledger: Ledger) -> None:
    position = published(ledger, "commitments/H-9")["position"]
    entry = ledger.client.get(f"/v1/events/{position}").json()
    said = {
        name: entry[name] for name in ("kind", "reference", "recorded_by", "role", "reason", "published_commitment")
    }
    assert said == {
        "kind": "visibility_changed", "reference": "ledger", "recorded_by": "the-administrator",
        "role": "administrator", "reason": REASON["reason"], "published_commitment": "H-9",
    }  # fmt: skip
    assert (entry["visibility"], entry["published_programme"]) == ("public", None)


@pytest.mark.parametrize("path", ["commitments/H-9", "programmes/quay-plan"])
def test_what_was_told_as_of_a_smaller_log_size_stays_the_same_to_the_byte(ledger: Ledger, path: str) -> None:
    done(ledger, "/v1/reports", {"as_of": "2024-12-31"})
    before = {size: told(ledger, size) for size in range(ledger.head() - 8, ledger.head() + 1)}
    position = published(ledger, path)["position"]
    done(ledger, "/v1/commitments/H-1/events", {**STARTED, "kind": "progressed", "external_id": "x:9"})
    for size, answers in before.items():
        assert told(ledger, size) == answers, size
    assert told(ledger, position) != before[position - 1]


def test_a_list_that_is_read_page_by_page_goes_on_as_it_began(ledger: Ledger) -> None:
    done(ledger, "/v1/commitments", {**COMMITMENT, "reference": "H-99"})
    pages = [ledger.client.get("/v1/commitments?limit=1").json(), ledger.client.get("/v1/events?limit=3").json()]
    published(ledger, "commitments/H-9")
    following = ledger.client.get(f"/v1/commitments?limit=5&cursor={pages[0]['next']}").json()
    assert ([item["reference"] for item in following["items"]], following["next"]) == (["H-99"], None)
    events = ledger.client.get(f"/v1/events?limit=500&cursor={pages[1]['next']}").json()["items"]
    assert "H-9" not in [item["reference"] for item in events]
    assert "visibility_changed" not in [item["kind"] for item in events]


def test_a_programme_takes_those_of_its_commitments_along_that_are_internal_only_because_of_it(ledger: Ledger) -> None:
    entry = published(ledger, "programmes/quay-plan")
    assert entry["opened_entries"] == 3, "its own, and two of Q-1"
    assert ledger.client.get("/v1/programmes/quay-plan").json()["visibility"] == "public"
    assert ledger.client.get("/v1/programmes/quay-plan").json()["commitments"] == 1
    assert ledger.client.get("/v1/commitments/Q-1").json()["status"] == "started"
    assert_problem(ledger.client.get("/v1/commitments/Q-2"), 404)
    assert ledger.get("/v1/commitments/Q-2").json()["visibility"] == "internal"
    published(ledger, "commitments/Q-2")
    assert ledger.client.get("/v1/commitments/Q-2").json()["visibility"] == "public"


def test_a_commitment_is_not_published_before_its_programme(ledger: Ledger) -> None:
    for reference in ("Q-1", "Q-2"):
        refused = ledger.post(f"/v1/commitments/{reference}/publication", REASON, role="administrator")
        assert_problem(refused, 422, "programme-first", "quay-plan, which is internal", "the publication of quay-plan")


def test_what_is_public_stays_public(ledger: Ledger) -> None:
    published(ledger, "commitments/H-9")
    for path in ("commitments/H-9", "commitments/H-1", "programmes/harbour"):
        refused = ledger.post(f"/v1/{path}/publication", REASON, role="administrator")
        assert_problem(refused, 422, "published-once", "public already")
    told = ledger.post("/v1/commitments/H-9/publication", REASON | {"visibility": "internal"}, role="administrator")
    assert_problem(told, 422, "/visibility", "cannot be taken back")
    change = {
        "kind": "amended",
        "occurred_on": "2024-06",
        "statement": "Secret.",
        "changes": {"visibility": "internal"},
    }
    assert_problem(
        ledger.post("/v1/commitments/H-9/events", change), 422, "/changes/visibility", "cannot be taken back"
    )
    change["kind"] = "programme_amended"
    assert_problem(
        ledger.post("/v1/programmes/harbour/events", change), 422, "/changes/visibility", "cannot be taken back"
    )


def test_a_reason_is_needed(ledger: Ledger) -> None:
    refused = ledger.post("/v1/commitments/H-9/publication", {}, role="administrator")
    assert_problem(refused, 422, "/reason", "the field is missing")


def test_whoever_recorded_an_entry_of_it_does_not_publish_it(ledger: Ledger) -> None:
    ledger.tokens["both"] = done(
        ledger, "/v1/tokens", {"actor": "the-recorder", "role": "administrator"}, "administrator"
    )["secret"]
    for path in ("commitments/H-9", "programmes/quay-plan"):
        refused = ledger.post(f"/v1/{path}/publication", REASON, role="both")
        assert_problem(refused, 403, "recorded by the-recorder", "four-eyes", "by another actor")


def acting_as(ledger: Ledger, role: str, actor: str) -> None:
    """Let *actor* hold a token, by which requests in *role* are sent from now on."""
    asked = {"actor": actor, "role": role}
    ledger.tokens[f"{role} {actor}"] = done(ledger, "/v1/tokens", asked, "administrator")["secret"]


def test_whoever_recorded_in_a_commitment_does_not_publish_it_with_its_programme_either(ledger: Ledger) -> None:
    for role in ("recorder", "administrator"):
        acting_as(ledger, role, "clerk-7")
    later = {**STARTED, "kind": "progressed", "external_id": "x:8"}
    done(ledger, "/v1/commitments/Q-2/events", STARTED, "recorder clerk-7")
    path = "/v1/programmes/quay-plan/publication"
    assert ledger.post(path, {}, role="administrator clerk-7").status_code == 422, "Q-2 would stay internal"
    done(ledger, "/v1/commitments/Q-1/events", later, "recorder clerk-7")
    refused = ledger.post(path, REASON, role="administrator clerk-7")
    assert_problem(refused, 403, "clerk-7 recorded in Q-1", "four-eyes", "by another actor")
    assert_problem(ledger.client.get("/v1/programmes/quay-plan"), 404)
    published(ledger, "programmes/quay-plan")


def test_whoever_began_a_programme_does_not_publish_it_and_whoever_only_amended_it_does(ledger: Ledger) -> None:
    acting_as(ledger, "administrator", "the-recorder")
    amendment = {
        "kind": "programme_amended",
        "occurred_on": "2024-06",
        "statement": "Named.",
        "changes": {"title": "B"},
    }
    done(ledger, "/v1/programmes/quay-plan/events", amendment, "administrator")
    refused = ledger.post("/v1/programmes/quay-plan/publication", REASON, role="administrator the-recorder")
    assert_problem(refused, 403, "recorded by the-recorder", "four-eyes")
    published(ledger, "programmes/quay-plan")


def test_who_has_not_seen_the_last_version_is_told_so(ledger: Ledger) -> None:
    seen = {"if-match": '"1"'}
    answer = ledger.post("/v1/commitments/H-9/publication", REASON, role="administrator", **seen)
    assert_problem(answer, 412)
    assert answer.json()["version"] == 2
    published(ledger, "commitments/H-9", **{"if-match": ledger.get("/v1/commitments/H-9").headers["etag"]})
    assert ledger.get("/v1/commitments/H-9").headers["etag"] == '"2"', "publishing is no entry of the commitment"


def test_a_repeated_publication_is_recorded_once(ledger: Ledger) -> None:
    first, again = (
        ledger.post("/v1/programmes/quay-plan/publication", REASON, role="administrator", **{"idempotency-key": "k-1"})
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == f"/v1/events/{first.json()['position']}"


def leaves(ledger: Ledger) -> list[bytes]:
    """The entries as the log has them, once it is sealed."""
    size = ledger.head()
    while not (answer := ledger.client.get(f"/log/tile/entries/000.p/{size}")).is_success:
        sleep(0.02)
    content = answer.content
    found = []
    while content:
        length = int.from_bytes(content[:2], "big")
        found.append(content[2 : 2 + length])
        content = content[2 + length :]
    return found


def test_the_log_stays_as_it_is_and_open_bytes_and_salt_fit_its_closed_leaves(ledger: Ledger) -> None:
    published(ledger, "commitments/H-9")
    history = ledger.client.get("/v1/commitments/H-9/history").json()["items"]
    shown = [item for item in entries_of(ledger) if item["reference"] == "H-9"]
    assert [item["opened"] for item in shown] == [item["opened"] for item in history]
    for item in shown:
        leaf = leaves(ledger)[item["position"] - 1]
        assert leaf_hash(leaf).hex() == item["leaf_hash"]
        opened = item["opened"]
        hidden = sha256(bytes.fromhex(opened["salt"]) + opened["entry"].encode()).hexdigest()
        assert json.loads(leaf)["closed"] == hidden
        said = json.loads(opened["entry"])
        assert (said["kind"], said["reference"]) == (item["kind"], "H-9")
        assert plainly(said) == opened["entry"].encode()
        assert ledger.client.get(f"/v1/events/{item['position']}/receipt").status_code == 200


def test_what_is_recorded_afterwards_is_open_from_the_start(ledger: Ledger) -> None:
    published(ledger, "programmes/quay-plan")
    later = done(ledger, "/v1/commitments/Q-1/events", {**STARTED, "kind": "progressed", "external_id": "x:7"})
    new = done(ledger, "/v1/commitments", {**COMMITMENT, "programme": "quay-plan", "reference": "Q-3"})
    for position in (later["position"], new["position"]):
        assert ledger.client.get(f"/v1/events/{position}").json()["opened"] is None
    assert ledger.client.get("/v1/commitments/Q-3").json()["visibility"] == "public"


def test_whoever_sees_what_is_internal_sees_its_open_bytes_before(ledger: Ledger) -> None:
    opened = [item["opened"] for item in ledger.get("/v1/commitments/H-9/history").json()["items"]]
    assert all(opened)
    published(ledger, "commitments/H-9")
    assert [item["opened"] for item in ledger.client.get("/v1/commitments/H-9/history").json()["items"]] == opened


def test_a_text_that_was_erased_stays_so_and_everybody_reads_who_erased_it(ledger: Ledger) -> None:
    (started,) = [each["position"] for each in ledger.get("/v1/commitments/H-9/history").json()["items"][1:]]
    erasure = {"members": ["note"], "legal_basis": "Article 17"}
    erased = done(ledger, f"/v1/events/{started}/erasure", erasure, "administrator")["position"]
    assert_problem(ledger.client.get(f"/v1/events/{erased}"), 404)
    position = published(ledger, "commitments/H-9")["position"]
    entry = ledger.client.get(f"/v1/events/{started}").json()
    assert (entry["note"], entry["erased"]) == (None, ["note"])
    assert ledger.client.get(f"/v1/events/{erased}").json()["erased_position"] == started
    assert "Smith" not in ledger.client.get("/v1/commitments/H-9/history").text
    positions = [item["position"] for item in entries_of(ledger)]
    assert erased in positions
    before = ledger.client.get(f"/v1/events?log_size={position - 1}").json()["items"]
    assert erased not in [item["position"] for item in before]
    later = {"members": ["statement"], "legal_basis": "Article 17"}
    again = done(ledger, f"/v1/events/{started}/erasure", later, "administrator")["position"]
    assert ledger.client.get(f"/v1/events/{again}").json()["opened"] is None, "there is nothing to hide any more"


def test_whoever_follows_the_feed_learns_from_it_what_to_fetch(ledger: Ledger) -> None:
    seen = ledger.head()
    published(ledger, "commitments/H-9")
    (new,) = ledger.client.get(f"/v1/events?after={seen}").json()["items"]
    assert new["published_commitment"] == "H-9"
    assert ledger.client.get(f"/v1/commitments/{new['published_commitment']}/history").json()["items"]


def test_a_public_report_that_was_issued_before_stays_and_is_told_what_would_read_differently(ledger: Ledger) -> None:
    report = done(ledger, "/v1/reports", {"as_of": "2024-12-31"})
    before = ledger.client.get(report["address"]).content
    position = published(ledger, "commitments/H-9")["position"]
    assert ledger.client.get(report["address"]).content == before
    check = ledger.client.get(f"{report['address']}/check").json()
    assert (check["reproducible"], check["reads_differently"]) == (True, True)
    assert [row["reference"] for row in check["commitments"]] == ["H-9"]
    assert [(each["position"], each["kind"]) for each in check["entries"]] == [(position, "visibility_changed")]


def test_a_report_may_name_a_programme_once_it_is_published(ledger: Ledger) -> None:
    asked = {"programme": ["quay-plan"], "as_of": "2024-12-31"}
    assert_problem(ledger.post("/v1/reports", asked), 422, "quay-plan is internal")
    published(ledger, "programmes/quay-plan")
    report = done(ledger, "/v1/reports", asked)
    rows = ledger.client.get(report["address"]).json()["commitments"]
    assert [row["reference"] for row in rows] == ["Q-1"]


def test_a_right_for_a_programme_is_told_of_openly_once_it_is_published(ledger: Ledger) -> None:
    asked = {"actor": "clerk-9", "role": "recorder", "programmes": ["quay-plan"]}
    hidden = done(ledger, "/v1/tokens", asked, "administrator")["position"]
    published(ledger, "programmes/quay-plan")
    shown = done(ledger, "/v1/tokens", asked, "administrator")["position"]
    assert_problem(ledger.client.get(f"/v1/events/{hidden}"), 404)
    assert ledger.client.get(f"/v1/events/{shown}").json()["programmes"] == ["quay-plan"]
