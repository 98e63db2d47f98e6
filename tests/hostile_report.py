"""A report whose texts try everything: markup, other directions, words without end, emoji, other alphabets."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import rfc8785

from application.reporting import Press, Reader, StatusQuery, status_report
from domain.report import Scope
from tests.in_memory import InMemoryLedger

READER = Reader(may_read_internal=False, today=date(2024, 1, 1), now=datetime(2026, 6, 1, tzinfo=UTC))
PRESS = Press(origin="example.org/ledger", version="1.2.3", canonical=rfc8785.dumps)

MARKUP = "</style><script>alert(1)</script><img src=x onerror=alert(2)> & \"quoted\" 'single' {{ 7 * 7 }} <![CDATA["
RIGHT_TO_LEFT = "شراكة \u202eevil\u202c אבג \u2067isolated"
ENDLESS = "Donaudampfschifffahrt" * 14
EMOJI = "👩‍👩‍👧‍👦 🇪🇺 e\u0301 \ufffe"
GREEK, BULGARIAN = "Εφαρμογή της εταιρικής σχέσης", "Изпълнение на партньорството – „Черно море“"
TEXTS = (MARKUP, RIGHT_TO_LEFT, ENDLESS, EMOJI, GREEK, BULGARIAN)
URL = 'https://example.org/"onmouseover="alert(3)"><b>\''


def hostile_ledger() -> InMemoryLedger:
    """Give a ledger in which every text of a commitment's life is one of TEXTS, and one of them is erased."""
    ledger = InMemoryLedger()
    partners = [{"code": f"P{index}", "name": text[:300], "type": "country"} for index, text in enumerate(TEXTS)]
    ledger.publish(title=MARKUP, publisher=RIGHT_TO_LEFT, partners=partners)
    for index, text in enumerate(TEXTS):
        reference = f"H.{index}"
        ledger.announce(
            reference, due="2022-12-31", title=text[:300], summary=text, partners=[f"P{index}"], themes=["a-theme"],
            timeframe={"wording": text}, source={"document": text, "location": text},
        )  # fmt: skip
        ledger.record(reference, "started", "2022-04", statement=text, note=text, language="bg" if index == 5 else "en")
        ledger.record(reference, "slipped", "2023-01-01", statement=text, cause=text, forecast="2023-12-31")
        ledger.record(reference, "rebaselined", "2023-02-01", statement=text, due="2023-06-30", authority=text)
        ledger.record(
            reference, "reviewed", "2023-03-01", statement=text, rating="limited", independence="peer", reviewer=text
        )
        evidence = [{"title": text, "publisher": text, "url": URL, "grade": "B", "language": "el"}]
        ledger.record(reference, "achieved", "2023-08-01", statement=text, evidence=evidence)
        ledger.record(reference, "rectified", entry=2, changes={"statement": f"now {text}"}, reason=text)
    ledger.announce("GONE", due="2023-01-01")
    ledger.record("GONE", "started", "2022-04", statement="Somebody's name")
    ledger.erase(len(ledger.all), "statement")
    return ledger


def report_of(ledger: InMemoryLedger, **asked: Any) -> Mapping[str, Any]:
    """Give the report of a ledger in memory, with its appendix."""
    query = StatusQuery(**{"scope": Scope(compare_to=date(2022, 6, 1)), "format": "html", **asked})
    return status_report(ledger, query, READER, PRESS)
