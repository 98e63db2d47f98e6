"""A programme may own with what its references begin, so that nobody finds out or takes what is internal."""

from typing import Any

import pytest

from tests.http_ledger import COMMITMENT, PROGRAMME, Ledger, assert_problem

SECRET = {**PROGRAMME, "code": "secret-plan", "visibility": "internal", "reference_prefix": "SEC-"}
OPEN = {**PROGRAMME, "code": "open-plan", "reference_prefix": "OPN-"}


@pytest.fixture(scope="module")
def town(ledger: Ledger) -> Ledger:
    """`secret-plan` and `open-plan` own prefixes and have a commitment each; a recorder's token is for harbour only."""
    for programme, reference in ((SECRET, "SEC-1"), (OPEN, "OPN-1")):
        assert ledger.post("/v1/programmes", programme).status_code == 201
        announced = {**COMMITMENT, "programme": programme["code"], "reference": reference}
        assert ledger.post("/v1/commitments", announced).status_code == 201
    for role in ("recorder", "reviewer"):
        asked = {"actor": f"harbour-{role}", "role": role, "programmes": ["harbour"]}
        ledger.tokens[f"harbour {role}"] = ledger.post("/v1/tokens", asked, role="administrator").json()["secret"]
    return ledger


def announce(ledger: Ledger, reference: str, *, role: str = "recorder", **members: Any) -> Any:
    return ledger.post("/v1/commitments", {**COMMITMENT, "reference": reference, **members}, role=role)


def amend(ledger: Ledger, code: str, *, role: str = "recorder", **changes: Any) -> Any:
    body = {"kind": "programme_amended", "occurred_on": "2024-06", "statement": "So decided.", "changes": changes}
    return ledger.post(f"/v1/programmes/{code}/events", body, role=role)


def test_a_programme_tells_its_prefix_and_its_commitments_begin_with_it(town: Ledger) -> None:
    assert town.get("/v1/programmes/open-plan").json()["reference_prefix"] == "OPN-"
    assert town.get("/v1/programmes/harbour").json()["reference_prefix"] is None
    assert announce(town, "OPN-2", programme="open-plan").status_code == 201
    refused = announce(town, "OP-2", programme="open-plan")
    assert_problem(refused, 422, "OP-2 does not begin with OPN-", '"rule":"reference-prefix"', "OPN-…")


@pytest.mark.parametrize("role", ["harbour recorder", "recorder"])
def test_what_lies_under_anothers_prefix_is_refused_alike_whether_it_is_there_and_internal_or_not(
    town: Ledger, role: str
) -> None:
    asked = ("SEC-1", "SEC-9", "OPN-1", "OPN-9", "SEC-1.2-A")
    answers = [announce(town, reference, role=role) for reference in asked]
    assert {answer.status_code for answer in answers} == {422}
    said = {answer.text.replace(reference, "…") for answer, reference in zip(answers, asked, strict=True)}
    assert len(said) == 1
    assert_problem(answers[0], 422, "reference-prefix")
    assert not {"secret-plan", "open-plan"} & set(answers[0].text.split())
    assert announce(town, f"SECOND-{len(role)}", role=role).status_code == 201, "it begins otherwise"


def test_a_prefix_is_refused_that_begins_as_anothers_does(town: Ledger) -> None:
    for prefix in ("SEC-", "SEC-A-", "OPN-1."):
        refused = town.post("/v1/programmes", {**PROGRAMME, "code": "new-plan", "reference_prefix": prefix})
        assert_problem(refused, 422, "prefix-free", f"{prefix} and a prefix of another programme begin alike")
        assert_problem(amend(town, "harbour", reference_prefix=prefix), 422, "prefix-free")
    over_others = town.post("/v1/programmes", {**PROGRAMME, "code": "new-plan", "reference_prefix": "H-"})
    assert_problem(over_others, 422, "prefix-free", "H-1 of another programme begins with H-")
    third = {**PROGRAMME, "code": "third-plan", "reference_prefix": "SE-"}
    assert town.post("/v1/programmes", third).status_code == 201


@pytest.mark.parametrize("prefix", ["sec-", "SEC", "-", "", "A" * 32 + "-", "S C-", 7])
def test_a_prefix_ends_where_a_word_of_references_does(town: Ledger, prefix: object) -> None:
    refused = town.post("/v1/programmes", {**PROGRAMME, "code": "new-plan", "reference_prefix": prefix})
    assert_problem(refused, 422, "/reference_prefix", "such as ABC-")


def test_a_programme_without_one_is_given_a_prefix_later_once_and_for_ever(town: Ledger) -> None:
    assert town.post("/v1/programmes", {**PROGRAMME, "code": "quay-plan"}).status_code == 201
    assert announce(town, "EARLY-1", programme="quay-plan").status_code == 201
    assert amend(town, "quay-plan", reference_prefix="QUAY-").status_code == 201
    assert announce(town, "QUAY-7", programme="quay-plan").status_code == 201
    assert_problem(announce(town, "K-7", programme="quay-plan"), 422, "reference-prefix")
    started = {"kind": "started", "occurred_on": "2024-05", "statement": "It was there before the prefix."}
    assert town.post("/v1/commitments/EARLY-1/events", started).status_code == 201
    for changes in ({"reference_prefix": "QUAY-"}, {"reference_prefix": "K-"}, {"reference_prefix": None}):
        assert_problem(amend(town, "quay-plan", **changes), 422, "prefix-for-ever", "QUAY- was given once")
    corrections: list[dict[str, Any]] = [
        {"kind": "retracted", "entry": 2},
        {"kind": "rectified", "entry": 2, "changes": {"changes": {"title": "No prefix at all"}}},
        {"kind": "rectified", "entry": 2, "changes": {"changes": {"reference_prefix": "K-"}}},
        {"kind": "rectified", "entry": 1, "changes": {"details": {"reference_prefix": "K-"}}},
    ]
    for correction in corrections:
        said = town.post("/v1/programmes/quay-plan/events", {"reason": "Not so.", **correction}, role="reviewer")
        assert_problem(said, 422)
    assert amend(town, "quay-plan", title="The whole quay").status_code == 201
    assert town.get("/v1/programmes/quay-plan").json()["reference_prefix"] == "QUAY-"


def test_only_who_sees_the_whole_ledger_gives_a_prefix(town: Ledger) -> None:
    for prefix in ("SEC-", "NEW-"):
        refused = amend(town, "harbour", role="harbour recorder", reference_prefix=prefix)
        assert_problem(refused, 403, "not for all of the ledger")
    assert amend(town, "harbour", role="harbour recorder", title="The old harbour").status_code == 201


def test_what_is_internal_needs_a_prefix(town: Ledger) -> None:
    hidden = {**PROGRAMME, "code": "hidden-plan", "visibility": "internal"}
    assert_problem(town.post("/v1/programmes", hidden), 422, "/reference_prefix", "such as ABC-")
    dock = {"programme": "dock-plan", "visibility": "internal"}
    assert town.post("/v1/programmes", {**PROGRAMME, "code": "dock-plan"}).status_code == 201
    refused = announce(town, "DOCK-1", **dock)
    assert_problem(refused, 422, "internal-under-a-prefix", "programme_amended of dock-plan")
    assert amend(town, "dock-plan", reference_prefix="DOCK-").status_code == 201
    assert announce(town, "DOCK-1", **dock).status_code == 201
