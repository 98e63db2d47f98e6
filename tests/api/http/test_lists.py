"""Lists of commitments: what is left out, in which order, and how both are put together from pages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from domain import vocabulary as words
from tests.http_ledger import Ledger, made

Item = dict[str, Any]
AS_OF = "as_of=2023-06-30"


@pytest.fixture(scope="module")
def ledger(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    services, tokens = made(tmp_path_factory.mktemp("catalogue"))
    services.load("strategic-compass-partner", "catalogue", lambda _, __: None)
    with TestClient(create_app(services)) as client:
        yield Ledger(client, tokens)


@pytest.fixture(scope="module")
def everything(ledger: Ledger) -> list[Item]:
    return listed(ledger, "")


def listed(ledger: Ledger, query: str) -> list[Item]:
    answer = ledger.get(f"/v1/commitments?limit=500&{AS_OF}&{query}")
    assert answer.status_code == 200, answer.text
    items: list[Item] = answer.json()["items"]
    assert answer.json()["total"] == len(items)
    return items


def member(name: str, value: Any) -> Callable[[Item], bool]:
    return lambda item: item[name] == value


def has(name: str, value: str) -> Callable[[Item], bool]:
    return lambda item: value in item[name]


FILTERS: dict[str, Callable[[Item], bool]] = {
    **{f"{name}={word}": member(name, word)
       for name, vocabulary in (("status", words.STATUSES), ("timeliness", words.TIMELINESS), ("tier", words.TIERS),
                                ("kind", words.COMMITMENT_KINDS))
       for word in vocabulary},
    **{f"{name}={str(value).lower()}": member(name, value)
       for name in ("stale", "undeclared_slip", "divergence") for value in (True, False)},
    "programme=strategic-compass-partner": member("programme", "strategic-compass-partner"),
    "programme=another": member("programme", "another"),
    "partner=NATO": has("partners", "NATO"),
    "partner=NATO2": has("partners", "NATO2"),
    "q=%C3%89tat": lambda item: "état" in f"{item['title']} {item['summary']}".casefold(),
    "q=cyBER": lambda item: "cyber" in item["title"].casefold() or "cyber" in (item["summary"] or "").casefold(),
    "kind=recurring&tier=deliverable": lambda item: item["kind"] == "recurring" and item["tier"] == "deliverable",
    "kind=recurring&kind=one_off": lambda item: item["kind"] in ("recurring", "one_off"),
    "partner=NATO&partner=UN&stale=true": lambda item: bool({"NATO", "UN"} & set(item["partners"])) and item["stale"],
}  # fmt: skip


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_gives_what_fits_it_and_nothing_else(ledger: Ledger, everything: list[Item], query: str) -> None:
    assert listed(ledger, query) == [item for item in everything if FILTERS[query](item)]


def test_the_filters_were_put_to_commitments_that_differ(everything: list[Item]) -> None:
    told_apart = [query for query, fits in FILTERS.items() if 0 < sum(map(fits, everything)) < len(everything)]
    assert len(told_apart) >= 20


@pytest.mark.parametrize("reverse", [False, True], ids=["upwards", "downwards"])
@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("reference", lambda item: item["reference"]),
        ("due", lambda item: item["target"]["due"]),
        ("last_activity_on", lambda item: item["last_activity_on"]),
        ("status", lambda item: item["status"]),
    ],
)
def test_a_list_is_sorted_with_ties_by_reference_and_nothing_last(
    ledger: Ledger, everything: list[Item], sort: str, value: Callable[[Item], str | None], reverse: bool
) -> None:
    upwards = sorted(everything, key=lambda item: item["reference"])
    values = sorted({found for item in everything if (found := value(item)) is not None}, reverse=reverse)
    expected = [item for wanted in [*values, None] for item in upwards if value(item) == wanted]
    assert listed(ledger, f"sort={'-' if reverse else ''}{sort}") == expected


def test_a_page_counts_the_whole_list(ledger: Ledger, everything: list[Item]) -> None:
    page = ledger.get(f"/v1/commitments?limit=3&{AS_OF}").json()
    assert (page["total"], page["items"]) == (len(everything), everything[:3])


def test_the_last_page_is_no_page_before_an_empty_one(ledger: Ledger) -> None:
    two = ledger.get(f"/v1/commitments?limit=2&{AS_OF}&status=achieved").json()
    assert (len(two["items"]), two["next"]) == (2, None)


def test_a_page_of_the_past_stays_in_the_past(ledger: Ledger) -> None:
    page = ledger.get("/v1/commitments?limit=2&as_of=2022-12-31&log_size=100").json()
    following = ledger.get(f"/v1/commitments?limit=2&cursor={page['next']}").json()
    for name in ("as_of", "log_size", "known_at"):
        assert following[name] == page[name] == following["items"][0][name]
    assert page["log_size"] == 100


READS = (
    "/v1/commitments", "/v1/commitments/SC-P4-D03", "/v1/commitments/SC-P4-D03/history", "/v1/programmes",
    "/v1/programmes/strategic-compass-partner", "/v1/programmes/strategic-compass-partner/history", "/v1/partners",
    "/v1/reports/status",
)  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_every_reading_answers_for_two_times_and_says_which(ledger: Ledger, path: str) -> None:
    instant = ledger.get("/v1/events/200").json()["recorded_at"]
    by_size = ledger.get(f"{path}?as_of=2023-06-30&log_size=200").json()
    by_instant = ledger.get(f"{path}?as_of=2023-06-30&known_at={instant}").json()
    assert by_size == by_instant
    assert {name: by_size[name] for name in ("as_of", "log_size", "known_at")} == {
        "as_of": "2023-06-30", "log_size": 200, "known_at": instant,
    }  # fmt: skip
    head, today = ledger.head(), ledger.get(path).json()
    assert today["log_size"] == head
    assert today["known_at"] == ledger.get(f"/v1/events/{head}").json()["recorded_at"]
    assert today == ledger.get(f"{path}?as_of={today['as_of']}&log_size={head}").json()


def test_a_commitment_alone_is_the_same_as_in_the_list_and_in_the_report(
    ledger: Ledger, everything: list[Item]
) -> None:
    report = ledger.get(f"/v1/reports/status?{AS_OF}").json()["commitments"]
    for item, row in zip(everything[:20], report, strict=False):
        alone = ledger.get(f"/v1/commitments/{item['reference']}?{AS_OF}")
        assert alone.json() == item == row
        assert alone.headers["etag"] == f'"{item["version"]}"'


MEMBERS = {
    "reference", "programme", "title", "summary", "kind", "tier", "modality", "timeframe", "partners", "lead",
    "instruments", "themes", "relations", "source", "visibility", "status", "stage", "slipped", "suspended", "outcome",
    "implied_start", "announced_on", "achieved_on", "slip_count", "target", "original_target", "targets", "timeliness",
    "days_overdue", "days_late", "undeclared_slip", "stale", "off_cadence", "occurrences", "related", "assessment",
    "reviews", "divergence", "last_activity_on", "version", "as_of", "log_size", "known_at",
}  # fmt: skip


def test_a_commitment_always_has_the_same_members(everything: list[Item]) -> None:
    inner = {
        "timeframe": {"wording", "start_by", "due", "alternative_due", "recurrence", "anchor"},
        "target": {"start_by", "due", "forecast"},
        "original_target": {"start_by", "due"},
        "days_late": {"current", "original"},
        "occurrences": {"held", "missed", "last_held_on"},
        "assessment": {"rating", "independence", "reviewer", "reviewed_on"},
        "source": {"document", "location", "line", "sentence", "sha256"},
    }
    for item in everything:
        assert set(item) == MEMBERS
        for name, members in inner.items():
            assert item[name] is None or set(item[name]) == members, name
        assert {frozenset(each) for each in item["targets"]} == {
            frozenset({"version", "effective_on", "start_by", "due", "authority"})
        }
    assert {item["assessment"] is None for item in everything} == {True, False}
