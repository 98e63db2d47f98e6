"""Issued reports, verified: made again from entries alone, wherever these are."""

import json
import zipfile
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from application.issuing import issue
from application.recording import Request
from application.reporting import Press, Reader
from domain.entry_bytes import plainly
from infrastructure.database.tables import issued_reports
from infrastructure.recording.codec import canonical
from tests.stores import RECORDER, Store, erasure, event, note
from tests.verified import exported, signed, told, verified, verified_export

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def issued(store: Store, **asked: Any) -> int:
    reader = Reader(may_read_internal=True, today=date(2024, 6, 1), now=NOW)
    with store.readings.view() as view:
        command = issue(view, Request(RECORDER, asked), reader, Press(origin="x", version="1", canonical=canonical))
    return int(store.writer.record(command)["id"])


@pytest.fixture
def ledger(store: Store) -> Store:
    """Twelve entries: three issued reports at positions 10, 11 and 12, the last one with what is internal."""
    told(store, 9)
    assert issued(store, as_of="2024-01-10", compare_to="2022-12-15") == 10
    assert issued(store, as_of="2023-02-10", log_size=6, status=["slipped"]) == 11
    assert issued(store, as_of="2024-01-10", visibility="all") == 12
    return store


def test_issued_reports_are_made_again_from_entries_alone(ledger: Store, tmp_path: Path) -> None:
    ledger.writer.record(event("A-1", "progressed", occurred_on="2022-12-20"))  # much later, backdated
    ledger.writer.record(erasure(4, "statement"))
    outcome = verified(ledger, signed(ledger))
    assert outcome.findings.faults == []
    assert outcome.checked["issued_reports"] == 3
    whole = verified_export(exported(ledger, tmp_path / "i.zip", internal=True))
    assert (whole.findings.faults, whole.checked["issued_reports"]) == ([], 3)
    public = verified_export(exported(ledger, tmp_path / "p.zip"))
    assert (public.findings.faults, public.checked["issued_reports"]) == ([], 2)


def test_a_public_export_tells_nothing_of_a_report_with_internal_commitments(ledger: Store, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(ledger, tmp_path / "p.zip")) as archive:
        lines = [json.loads(line) for line in archive.read("reports.jsonl").splitlines()]
        assert [line["position"] for line in lines] == [10, 11]
        assert not any(b"Promise A-2" in archive.read(name) for name in archive.namelist())


def test_issued_reports_hold_no_prose(ledger: Store) -> None:
    ledger.writer.record(
        event("A-1", "achieved", occurred_on="2023-09", evidence=[{"title": "Letter of Josephine", "grade": "B"}])
    )
    ledger.writer.record(event("A-1", "reviewed", rating="full", independence="peer", reviewer="Josephine"))
    position = issued(ledger, as_of="2024-01-10")
    (row,) = ledger.rows(sa.select(issued_reports).where(issued_reports.c.position == position))
    facts = zlib.decompress(row.facts)
    for text in (b"Marguerite", b"Josephine", b"Illness", b"minutes"):
        assert text not in facts
        assert text.decode() not in row.parameters


def other_facts(store: Store) -> str:
    """Give the facts of report 10, with another title, as they would be kept, in hex."""
    (row,) = store.rows(sa.select(issued_reports).where(issued_reports.c.position == 10))
    changed = zlib.decompress(row.facts).replace(b"Promise A-1", b"Promise B-1")
    return zlib.compress(changed).hex()


DOCTORED = {
    "facts": (["UPDATE issued_reports SET facts = x'{facts}' WHERE position = 10"], 10, "not those that the digest"),
    "facts that are none": (["UPDATE issued_reports SET facts = x'00' WHERE position = 10"], 10, "not those that"),
    "a digest": (["UPDATE issued_reports SET digest = 'ab' WHERE position = 11"], 11, "names another digest"),
    "parameters": (
        ["UPDATE issued_reports SET parameters = replace(parameters, '2023-02-10', '2023-02-11') WHERE position = 11"],
        11, "names other parameters"),
    "a report that is gone": (["DELETE FROM issued_reports WHERE position = 12"], 12, "nothing is kept of it"),
    "a report too many": (
        ["INSERT INTO issued_reports SELECT 5, parameters, facts, digest FROM issued_reports WHERE position = 10"],
        5, "the entry issues none"),
    "a report after the last": (["UPDATE issued_reports SET position = 40 WHERE position = 12"], 12, "nothing is kept"),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCTORED)
def test_a_report_that_was_doctored_is_found_with_its_position(ledger: Store, what: str) -> None:
    statements, position, said = DOCTORED[what]
    ledger.tamper(*(each.format(facts=other_facts(ledger)) for each in statements))
    first = verified(ledger, signed(ledger)).first
    assert first is not None
    assert first.position == position
    assert said in first.what


@pytest.mark.parametrize("member", ["facts", "digest"])
def test_a_report_that_was_doctored_in_an_export_is_found(ledger: Store, tmp_path: Path, member: str) -> None:
    folder = tmp_path / "e"
    with zipfile.ZipFile(exported(ledger, tmp_path / "e.zip")) as archive:
        archive.extractall(folder)
    path = folder / "reports.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0][member] = {"nothing": 1} if member == "facts" else "00"
    path.write_bytes(b"".join(plainly(line) + b"\n" for line in lines))
    first = verified_export(folder).first
    assert first is not None
    assert first.position == 10


def test_many_reports_at_many_times_are_made_again(store: Store, tmp_path: Path) -> None:
    told(store, 9)
    for number in range(20):
        issued(store, as_of=f"2023-{number % 12 + 1:02}-15", compare_to="2022-12-05")
        store.writer.record(note("A-1", f"After report {number}."))
    outcome = verified_export(exported(store, tmp_path / "e.zip"))
    assert (outcome.findings.faults, outcome.checked["issued_reports"]) == ([], 20)
