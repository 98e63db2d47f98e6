"""Whoever may not see what is internal finds no trace of it, wherever they look, and counts the same without it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.crawler import MOST, Crawl
from tests.http_ledger import COMMITMENT, PROGRAMME, Ledger, filled, made, owns_a_prefix


@pytest.fixture(scope="module")
def backend() -> str:
    """Two ledgers are crawled side by side; what is hidden is decided above the database."""
    return "sqlite"


MARK = f"zq{Random().getrandbits(32):08x}"
TOLD = {"statement": f"It is said {MARK}.", "note": f"Of {MARK}.", "occurred_on": "2024-05"}
EVIDENCE = [
    {
        "title": f"Minutes of {MARK}",
        "url": f"https://example.org/{MARK}",
        "publisher": f"The {MARK} press",
        "grade": "B",
    }
]
PARTNER = {"code": MARK.upper(), "name": f"Office of {MARK}", "type": "body", "note": f"Unlike {MARK}."}
HIDDEN_PLAN = {
    **PROGRAMME, "code": f"plan-{MARK}", "title": f"The {MARK} plan", "publisher": f"Those of {MARK}",
    "visibility": "internal", "reference_prefix": f"{MARK.upper()}-", "partners": [*PROGRAMME["partners"], PARTNER],
    "source": {"document": f"Paper {MARK}"},
}  # fmt: skip
HIDDEN: dict[str, Any] = {
    **COMMITMENT, "title": f"To build {MARK}", "summary": f"All about {MARK}", "themes": [MARK],
    "instruments": [f"Act {MARK}"], "timeframe": {"wording": f"before {MARK}", "due": "2024-04-30"},
    "relations": [{"type": "part_of", "reference": "H-1"}, {"type": "depends_on", "reference": "ELSE-1"}],
    "source": {"document": f"Paper {MARK}"},
    "external_id": f"{MARK}:1",
}  # fmt: skip
OWN, OWN_IN_HARBOUR, OWN_IN_CELLAR = f"{MARK.upper()}-1", f"H-{MARK.upper()}", f"CEL-{MARK.upper()}"
ELSEWHERE = {**PROGRAMME, "code": "elsewhere", "visibility": "internal", "reference_prefix": "ELSE-"}

CELLAR = {**PROGRAMME, "code": "cellar", "visibility": "internal", "reference_prefix": "CEL-"}


class Side(NamedTuple):
    """A ledger, and a token that is for `elsewhere` only."""

    ledger: Ledger
    guest: str


def record(ledger: Ledger, path: str, body: dict[str, Any], role: str = "recorder") -> Any:
    answer = ledger.post(path, body, role=role)
    assert answer.status_code == 201, answer.text
    return answer.json()


def hide(ledger: Ledger) -> None:
    """Record internal things of every kind; the marker stands in all that can be said of them."""
    record(ledger, "/v1/programmes", HIDDEN_PLAN)
    change = {"kind": "programme_amended", "changes": {"title": f"The old {MARK} plan"}, **TOLD}
    record(ledger, f"/v1/programmes/plan-{MARK}/events", change)
    record(
        ledger, "/v1/commitments", {**HIDDEN, "programme": f"plan-{MARK}", "reference": OWN, "partners": [MARK.upper()]}
    )
    record(ledger, "/v1/commitments", {**HIDDEN, "reference": OWN_IN_HARBOUR, "visibility": "internal"})
    in_cellar = {"programme": "cellar", "reference": OWN_IN_CELLAR, "visibility": "internal"}
    record(ledger, "/v1/commitments", {**HIDDEN, **in_cellar})
    for reference in (OWN, OWN_IN_HARBOUR, OWN_IN_CELLAR):
        events = f"/v1/commitments/{reference}/events"
        record(ledger, events, {"kind": "started", **TOLD, "external_id": f"{MARK}:2"})
        slip = record(ledger, events, {"kind": "slipped", "cause": f"Want of {MARK}", **TOLD})
        record(ledger, events, {"kind": "rebaselined", "due": "2024-12-31", "authority": f"Head of {MARK}", **TOLD})
        record(ledger, events, {"kind": "evidence_added", "entry": 2, "evidence": EVIDENCE, **TOLD})
        judged = {"kind": "reviewed", "rating": "limited", "independence": "peer", "reviewer": f"Judge {MARK}", **TOLD}
        record(ledger, events, judged, "reviewer")
        wrong = {"kind": "rectified", "entry": 3, "changes": {"note": f"Not {MARK}."}, "reason": f"Because of {MARK}."}
        record(ledger, events, wrong, "reviewer")
        record(ledger, events, {"kind": "retracted", "entry": 2, "reason": f"There was no {MARK}."}, "reviewer")
        erased = {"members": ["cause"], "legal_basis": f"Act on {MARK}"}
        record(ledger, f"/v1/events/{slip['position']}/erasure", erased, "administrator")
    about = {"actor": f"clerk-{MARK}", "role": "recorder", "programmes": [f"plan-{MARK}"]}
    token = record(ledger, "/v1/tokens", about, "administrator")
    record(ledger, f"/v1/tokens/{token['id']}/rotation", {}, "administrator")
    record(ledger, f"/v1/roles/clerk-{MARK}/recorder/revocation", {}, "administrator")
    record(ledger, "/v1/reports", {"visibility": "all", "as_of": "2024-12-31", "q": [MARK]})


def side(client: TestClient, tokens: dict[str, str], *, hidden: bool) -> Side:
    """Record the same in public; what is hidden comes between."""
    ledger = filled(client, tokens)
    owns_a_prefix(ledger)
    record(ledger, "/v1/programmes", ELSEWHERE)
    record(ledger, "/v1/commitments", {**COMMITMENT, "programme": "elsewhere", "reference": "ELSE-1"})
    about = {"actor": "guest", "role": "auditor", "programmes": ["elsewhere"]}
    guest = record(ledger, "/v1/tokens", about, "administrator")["secret"]
    record(ledger, "/v1/reports", {"as_of": "2024-12-31", "compare_to": "2024-02-01"})
    record(ledger, "/v1/programmes", CELLAR)
    record(ledger, "/v1/commitments", {**COMMITMENT, "programme": "cellar", "reference": "CEL-1"})
    if hidden:
        hide(ledger)
    published = {"reason": "Everybody may know of the cellar, but not of all that is in it."}
    record(ledger, "/v1/programmes/cellar/publication", published, "administrator")
    late = {"kind": "slipped", "occurred_on": "2024-07-01", "statement": "No cable came.", "forecast": "2026-01-31"}
    record(ledger, "/v1/commitments/H-1/events", late)
    record(ledger, "/v1/reports", {"as_of": "2024-08-31"})
    return Side(ledger, guest)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Side]]:
    """The ledger with what is hidden (True), and its twin without."""
    found = {}
    with ExitStack() as open_ones:
        for hidden in (True, False):
            folder = tmp_path_factory.mktemp("side")
            services, tokens = made(folder, public_read=True, rate_limit_anonymous="0", rate_limit_failures="0")
            client = open_ones.enter_context(TestClient(create_app(services), raise_server_exceptions=False))
            found[hidden] = side(client, tokens, hidden=hidden)
        yield found


MOVING = re.compile(
    r"position|log_size|known_at|recorded_at|^id$|address|digest|^log$|receipt|leaf_hash|^opened$|prose|^next$|^now$"
    r"|erased|^token$|^fingerprint$"
)
"""Members that tell how many entries there are, or that no two ledgers have in common."""

AT_A_PLACE = re.compile(
    r"/v1/events/|/v1/reports/\d|/v1/reports$|log_size|known_at|after=|cursor=|/log/|/health|/metrics"
)


def still(said: Any) -> Any:
    if isinstance(said, dict):
        counted = "version" if said.get("reference") == "ledger" else None  # closed entries of its stream count, too
        return {name: still(value) for name, value in said.items() if name != counted and not MOVING.search(name)}
    if isinstance(said, str):
        return re.sub(r"knowing \d+ entries", "knowing so many entries", said)  # the log size, which everybody knows
    return [still(each) for each in said] if isinstance(said, list) else said


def figures(crawl: Crawl) -> dict[tuple[str, str], Any]:
    """Give what was told at addresses that name no place in the ledger."""
    return {
        asked: still(each.json)
        for asked, each in crawl.told.items()
        if each.json is not None and not AT_A_PLACE.search(each.address)
    }


@pytest.mark.parametrize("known", [False, True], ids=["nobody", "with a token for another programme"])
def test_a_crawler_finds_nothing_internal_and_the_same_figures_as_without_it(
    sides: dict[bool, Side], known: bool
) -> None:
    full, without = sides[True], sides[False]
    whole = Crawl(full.ledger.client, full.guest if known else None).run()
    assert len(whole.told) < MOST, "all of it was asked"
    assert whole.where(MARK) == set()
    assert not [each.address for each in whole.told.values() if each.status >= 500]
    assert bool(whole.where('"ELSE-1"')) is known
    assert asked_all_formats(whole) == {"json", "csv", "xlsx", "html", "pdf"}
    twin = Crawl(without.ledger.client, without.guest if known else None)
    for address, accept in figures(whole):
        twin.ask(address, accept)
    assert figures(whole) == figures(twin)


def asked_all_formats(crawl: Crawl) -> set[str]:
    answered = (each.address for each in crawl.told.values() if each.status == 200)
    return {form for address in answered for form in re.findall(r"format=(\w+)", address)}


def test_the_same_crawler_finds_it_everywhere_with_the_right_to(sides: dict[bool, Side]) -> None:
    whole = Crawl(sides[True].ledger.client, sides[True].ledger.tokens["auditor"]).run()
    found = whole.where(MARK)
    routes = {address.partition("?")[0].replace(MARK, "").replace(MARK.upper(), "") for address in found}
    assert {
        "/v1/programmes", "/v1/programmes/plan-", "/v1/programmes/plan-/history", "/v1/partners", "/v1/commitments",
        "/v1/commitments/-1", "/v1/commitments/H-", "/v1/commitments/CEL-", "/v1/commitments/H-/history",
        "/v1/events", "/v1/reports/status", "/v1/reports/changes", "/v1/reports", "/v1/tokens",
    } <= routes  # fmt: skip
    assert any(re.fullmatch(r"/v1/events/\d+", each) for each in routes)
    for form in ("json", "csv", "xlsx", "html", "pdf"):
        report = whole.ask(f"/v1/reports/status?visibility=all&format={form}")
        assert MARK in report.text.lower(), f"the crawler cannot read {form}"
