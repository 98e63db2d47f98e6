"""Issued reports that count what is internal: for whoever may see all that they are about, and for nobody else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.http_ledger import COMMITMENT, PROGRAMME, Ledger, assert_problem, made

PREFIXES = {"harbour": "H-", "airport": "A-"}
REPORTS: dict[str, dict[str, Any]] = {
    "public": {},
    "harbour": {"visibility": "all", "programme": ["harbour"]},
    "airport": {"visibility": "all", "programme": ["airport"]},
    "both": {"visibility": "all", "programme": ["airport", "harbour"]},
    "everything": {"visibility": "all"},
}
SCOPES: dict[str, list[str] | None] = {"harbour": ["harbour"], "both": ["airport", "harbour"], "all": None}
SEEN = {
    "harbour": {"public", "harbour"},
    "both": {"public", "harbour", "airport", "both"},
    "all": {*REPORTS},
    "nobody": {"public"},
}


@dataclass
class City:
    ledger: Ledger
    folder: Path
    tokens: dict[str, str] = field(default_factory=dict)
    issued: dict[str, int] = field(default_factory=dict)

    def ask(self, who: str, path: str) -> Any:
        headers = {} if who == "nobody" else {"authorization": f"Bearer {self.tokens[who]}"}
        return self.ledger.client.get(path, headers=headers)

    def numbers(self, who: str, path: str) -> list[int]:
        """Follow the pages of a list."""
        found: list[int] = []
        following: str | None = path
        while following is not None:
            answer = self.ask(who, following)
            assert answer.status_code == 200, answer.text
            found += [each["id"] for each in answer.json()["items"]]
            cursor = answer.json()["next"]
            following = None if cursor is None else f"{path}&cursor={cursor}"
        return found


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    services, tokens = made(folder, public_read=True, rate_limit_anonymous=0)
    with TestClient(create_app(services)) as client:
        city = City(Ledger(client, tokens), folder)

        def done(path: str, body: dict[str, Any], role: str = "recorder") -> dict[str, Any]:
            answer = city.ledger.post(path, body, role=role)
            assert answer.status_code == 201, answer.text
            said: dict[str, Any] = answer.json()
            return said

        for code, prefix in PREFIXES.items():
            done("/v1/programmes", {**PROGRAMME, "code": code, "reference_prefix": prefix})
            hidden = {"programme": code, "visibility": "internal", "reference": f"{prefix}HIDDEN"}
            done("/v1/commitments", COMMITMENT | hidden)
        for name, body in REPORTS.items():
            city.issued[name] = done("/v1/reports", body)["id"]
        for who, programmes in SCOPES.items():
            asked = {"actor": f"auditor-{who}", "role": "auditor", "programmes": programmes}
            body = {name: value for name, value in asked.items() if value is not None}
            city.tokens[who] = done("/v1/tokens", body, "administrator")["secret"]
        yield city


@pytest.mark.parametrize("who", SEEN)
def test_lists_hold_the_reports_that_may_be_seen_whole_and_no_others(city: City, who: str) -> None:
    expected = [city.issued[name] for name in reversed(REPORTS) if name in SEEN[who]]
    known = max(city.issued.values())  # whatever other tests have issued since
    for limit in (1, 2, 100):
        for path in ("/v1/reports", "/v1/reports/check"):
            assert city.numbers(who, f"{path}?limit={limit}&log_size={known}") == expected


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("who", SEEN)
def test_a_report_is_given_and_checked_or_is_not_there(city: City, who: str, name: str) -> None:
    address = f"/v1/reports/{city.issued[name]}"
    for path in (address, f"{address}?format=csv", f"{address}/check"):
        answer = city.ask(who, path)
        if name in SEEN[who]:
            assert answer.status_code == 200, answer.text
            assert answer.content == city.ask("all", path).content
        else:
            assert_problem(answer, 404)
            assert answer.text.replace(str(city.issued[name]), "") == city.ask(
                who, path.replace(str(city.issued[name]), "999999")
            ).text.replace("999999", "")


def test_it_tells_of_its_own_programmes_only(city: City) -> None:
    report = city.ask("harbour", f"/v1/reports/{city.issued['harbour']}")
    assert [each["reference"] for each in report.json()["commitments"]] == ["H-HIDDEN"]
    assert "A-HIDDEN" not in report.text


def test_whoever_issued_it_for_some_programmes_may_read_it(city: City) -> None:
    asked = {"actor": "clerk", "role": "recorder", "programmes": ["harbour"]}
    secret = city.ledger.post("/v1/tokens", asked, role="administrator").json()["secret"]
    own = {"authorization": f"Bearer {secret}"}
    body = {"visibility": "all", "programme": ["harbour"], "as_of": "2024-12-31"}
    issued = city.ledger.client.post("/v1/reports", json=body, headers=own).json()
    found = city.ledger.client.get(issued["address"], headers=own)
    assert (found.status_code, found.json()["digest"]) == (200, issued["digest"])


def test_what_was_shown_is_written_down_and_what_is_public_is_not(city: City) -> None:
    path = city.folder / "access-log" / "access.jsonl"

    def new(who: str, asked: str) -> list[list[str]]:
        before = len(path.read_text().splitlines())
        city.ask(who, asked)
        return [json.loads(line)["restricted"] for line in path.read_text().splitlines()[before:]]

    assert new("harbour", f"/v1/reports/{city.issued['harbour']}") == [["harbour"]]
    assert new("all", f"/v1/reports/{city.issued['everything']}/check") == [["the ledger"]]
    assert new("harbour", f"/v1/reports/{city.issued['public']}") == []
    assert new("harbour", f"/v1/reports/{city.issued['both']}") == []
    assert new("harbour", "/v1/reports?limit=500") == [["harbour"]]
