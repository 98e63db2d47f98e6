"""What was published is open in every export from then on, is held against its closed leaves, and is there whole."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from application.access import Caller
from application.publishing import publish_internal_commitment, publish_internal_programme
from application.recording import Request
from infrastructure.exporting.export import Head, export
from tests.infrastructure.exporting.test_exporting import checked, in_lines, of_line, unpacked
from tests.stores import Store, announced, erasure, event, issued, published
from tests.verified import POLICY, SIGNER, exported, head_of, signed, told, unheard, verified, verified_export

BOSS = Caller("boss-1", "administrator")
SECRET = b"In secret."


def publication() -> Callable:
    return publish_internal_commitment(Request(BOSS, {"reason": "It is time."}), "A-2", four_eyes=True)


@pytest.fixture
def ledger(store: Store) -> Store:
    """A-2 has the entries 3 and 5, was published by 10, and goes on with 11; 12 issues a report."""
    told(store, 9)
    store.writer.record(publication())
    store.writer.record(event("A-2", "progressed", statement="In the open."))
    store.writer.record(issued(store))
    return store


def test_an_export_for_everybody_holds_what_was_published(ledger: Store, tmp_path: Path) -> None:
    folder = unpacked(exported(ledger, tmp_path / "e.zip"))
    assert json.loads((folder / "export.json").read_text())["internal"] is False
    forms = [json.loads(line) for line in (folder / "open-forms.jsonl").read_text().splitlines()]
    assert [form["position"] for form in forms] == [3, 5]
    assert SECRET in (folder / "texts.jsonl").read_bytes()
    outcome = verified_export(folder)
    assert outcome.findings.faults == []
    assert (outcome.checked["closed_entries"], outcome.checked["publications"]) == (2, 1)
    assert not [each for each in outcome.findings.unseen if "closed entries" in each]


def test_one_of_a_smaller_size_does_not(ledger: Store, tmp_path: Path) -> None:
    early = told_until(ledger, 9, tmp_path)
    assert SECRET not in early.read_bytes()
    assert (unpacked(early) / "open-forms.jsonl").read_bytes() == b""
    assert verified_export(early).findings.faults == []


def told_until(ledger: Store, size: int, folder: Path) -> Path:
    """Export what was signed of *size* entries."""
    head = Head(signed(ledger, size), head_of(ledger, size), POLICY, [SIGNER.key])
    with ledger.database.reading() as connection:
        export(connection, head, folder / "early.zip", internal=False, progress=unheard)
    return folder / "early.zip"


def test_what_was_erased_before_is_explained_to_everybody(store: Store, tmp_path: Path) -> None:
    told(store, 9)
    store.writer.record(erasure(5, "statement"))
    store.writer.record(publication())
    path = exported(store, tmp_path / "e.zip")
    assert SECRET not in path.read_bytes()
    outcome = verified_export(path)
    assert (outcome.findings.faults, outcome.checked["erased_texts"]) == ([], 1)
    assert outcome.checked["closed_entries"] == 3, "two of A-2, and the erasure"


def without(*positions: int) -> Callable[[Path], None]:
    def drop(lines: list[dict]) -> None:
        lines[:] = [line for line in lines if line["position"] not in positions]

    def leave_out(folder: Path) -> None:
        for name in ("open-forms.jsonl", "texts.jsonl"):
            in_lines(folder, name, drop)

    return leave_out


def without_file(folder: Path) -> None:
    without(3, 5)(folder)
    (folder / "open-forms.jsonl").unlink()


OTHERWISE = {
    "an open form": (of_line("open-forms.jsonl", 5, entry={"v": 1}), 5, "not the one that was closed"),
    "a salt": (of_line("open-forms.jsonl", 5, salt="00" * 32), 5, "not the one that was closed"),
    "a text": (of_line("texts.jsonl", 5, value="In public."), 5, "statement"),
    "all open forms": (without_file, 10, "it published 2 entries of A-2, but 0 of them can be read"),
    "the last of them": (without(5), 10, "it published 2 entries of A-2, but 1 of them can be read"),
    "the first of them": (without(3), 10, "it published 2 entries of A-2, but 0 of them can be read"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_whatever_is_kept_back_or_changed_of_it_is_found(ledger: Store, tmp_path: Path, what: str) -> None:
    change, position, said = OTHERWISE[what]
    folder = unpacked(exported(ledger, tmp_path / "e.zip"))
    change(folder)
    faults = verified_export(folder).findings.faults
    assert any(fault.position == position and said in fault.what for fault in faults), faults


def test_a_database_is_verified_with_what_was_published(ledger: Store) -> None:
    outcome = verified(ledger, signed(ledger))
    assert (outcome.findings.faults, outcome.checked["publications"]) == ([], 1)
    ledger.tamper("UPDATE streams SET public_from = 0 WHERE reference = 'A-2'")
    assert "public_from is 0, the entries give 10" in str(verified(ledger, signed(ledger)).first)


asks_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program asks openssl about signatures")


@asks_openssl
def test_the_program_in_the_export_checks_it_for_everybody(ledger: Store, tmp_path: Path) -> None:
    folder = unpacked(exported(ledger, tmp_path / "e.zip"))
    ended = checked(folder)
    assert ended.returncode == 0, ended.stderr
    of_line("open-forms.jsonl", 5, salt="00" * 32)(folder)
    assert "entry 5: open form" in checked(folder).stderr


@asks_openssl
@pytest.mark.parametrize("what", ["all open forms", "the last of them", "the first of them"])
def test_the_program_in_the_export_counts_what_was_published(ledger: Store, tmp_path: Path, what: str) -> None:
    folder = unpacked(exported(ledger, tmp_path / "e.zip"))
    OTHERWISE[what][0](folder)
    ended = checked(folder)
    assert ended.returncode == 1
    assert "rejected: entry 10 published 2 closed entries of A-2, " in ended.stderr


@asks_openssl
def test_it_counts_commitments_with_their_programme_whatever_its_name_and_says_what_stays_closed(
    store: Store, tmp_path: Path
) -> None:
    for command in (
        published(code="ledger", visibility="internal", reference_prefix="L-"),
        announced("L-1", programme="ledger"),
        announced("L-2", programme="ledger", visibility="internal"),
        event("L-1"),
        erasure(4, "statement"),
        publish_internal_programme(Request(BOSS, {"reason": "It is time."}), "ledger", four_eyes=True),
    ):
        store.writer.record(command)
    assert store.size == 6
    for internal, said in ((False, "not here: what 1 closed entries say"), (True, "")):
        folder = unpacked(exported(store, tmp_path / f"{internal}.zip", internal=internal))
        ended = checked(folder)
        assert ended.returncode == 0, ended.stderr
        assert said in ended.stdout
        assert ("not here" in ended.stdout) == bool(said)
    without(4)(tmp_path / "False")
    assert "entry 6 published 3 closed entries of ledger, 2 are here" in checked(tmp_path / "False").stderr
