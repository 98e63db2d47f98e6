"""What is kept of issued reports: in one transaction with their entries, and held against them whenever it is read."""

import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from application.access import everything
from application.checking import check_answer, checked
from application.errors import Irreproducible
from application.issuing import as_issued, issued_report, issued_reports
from application.reporting import Press, Reader
from infrastructure import clock
from infrastructure.database.tables import issued_reports as table
from infrastructure.recording.codec import canonical
from tests.stores import Store, event, issued

ROOT: Final = Path(__file__).parents[3]
PRESS: Final = Press(origin="localhost/tests", version="0", canonical=canonical)

# Makes a report, says so, and ends without warning: before it is recorded, or with all written but not committed.
KILLED: Final = """
import os, sys
from infrastructure import clock
from infrastructure.recording.batch import Batch
from tests.stores import Store, issued
store, where = Store(sys.argv[1], clock.now), sys.argv[2]
command = issued(store, as_of="2024-01-01")
print("made", flush=True)
if where == "before":
    os._exit(9)
write = Batch.write
def written(batch):
    write(batch)
    os._exit(9)
Batch.write = written
store.writer.record(command)
"""


def reader(store: Store) -> Reader:
    return Reader(may_read_internal=True, today=store.clock().date(), now=store.clock())


def numbers(store: Store) -> list[int]:
    with store.readings.view() as view:
        return [each.number for each in issued_reports(view, view.head, everything(), before=None, limit=500)]


def given(store: Store, number: int) -> dict[str, Any]:
    with store.readings.view() as view:
        return as_issued(view, issued_report(view, number, everything()), reader(store), PRESS)


def fault_of(store: Store, number: int) -> dict[str, Any] | None:
    with store.readings.view() as view:
        found = checked(view, issued_report(view, number, everything()), view.head, reader(store), PRESS)
        answer = check_answer(view, found)
    assert answer["reproducible"] == (answer["fault"] is None)
    fault: dict[str, Any] | None = answer["fault"]
    return fault


def keep_instead(store: Store, facts: bytes) -> None:
    store.tamper(f"UPDATE issued_reports SET facts = x'{facts.hex()}'")  # noqa: S608 -- bytes of this file


@pytest.fixture
def number(store: Store) -> int:
    """A report on one started commitment."""
    store.begin("A-1")
    store.writer.record(event())
    return int(store.writer.record(issued(store, as_of="2024-01-01"))["id"])


@pytest.mark.parametrize("where", ["before", "within"])
def test_a_process_that_is_killed_while_it_issues_leaves_nothing_half(url: str, where: str) -> None:
    store = Store(url, clock.now)
    store.begin("A-1")
    size = store.size
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, url, where],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (killed.returncode, killed.stdout) == (9, "made\n"), killed.stderr
    assert (store.size, store.rows(sa.select(table)), numbers(store)) == (size, [], [])
    again = store.writer.record(issued(store, as_of="2024-01-01"))
    assert (again["id"], numbers(store)) == (size + 1, [size + 1])
    assert given(store, size + 1)["digest"] == again["digest"]
    assert store.replayed().count == 0
    store.close()


def test_what_is_recorded_while_a_report_is_made_makes_no_difference_to_it(store: Store) -> None:
    store.begin("A-1")
    command = issued(store, as_of="2024-01-01")
    known = store.size
    store.writer.record(event())
    report = store.writer.record(command)
    assert (report["log_size"], report["id"]) == (known, known + 2)
    assert given(store, report["id"])["commitments"][0]["status"] == "announced"
    assert fault_of(store, report["id"]) is None


def test_reports_of_one_batch_are_all_kept(store: Store) -> None:
    store.begin("A-1")
    commands = [issued(store, as_of=f"2023-0{month}-01") for month in range(1, 6)]
    outcomes: list[Any] = store.writer.write([*commands, event(), event()])
    assert [each["id"] for each in outcomes[:5]] == [3, 4, 5, 6, 7]
    assert numbers(store) == [7, 6, 5, 4, 3]
    assert all(fault_of(store, each) is None for each in numbers(store))


def test_a_report_and_its_check_are_the_same_after_the_read_models_were_made_anew(store: Store, number: int) -> None:
    before = given(store, number)
    store.writer.record(event(kind="progressed", occurred_on="2023-05-01"))
    assert store.replayed(check=False).count == 0
    assert given(store, number) == before
    assert fault_of(store, number) is None


@pytest.mark.parametrize(
    ("statement", "place", "said"),
    [
        ("DELETE FROM issued_reports", "", "nothing is kept"),
        ("UPDATE issued_reports SET digest = replace(digest, substr(digest, 1, 8), '00000000')", "digest", "digest"),
        ("UPDATE issued_reports SET parameters = replace(parameters, '2024-01-01', '2024-01-02')", "as_of", "param"),
        ("UPDATE course SET state = replace(state, 'started', 'reviewed')", "commitments/A-1/stage", "made again"),
    ],
)
def test_a_report_that_no_longer_fits_is_never_given_and_the_fault_is_named(
    store: Store, number: int, statement: str, place: str, said: str
) -> None:
    assert given(store, number)
    store.tamper(statement)
    fresh = Store(store.url, store.clock)  # another process: nothing of before is remembered
    with pytest.raises(Irreproducible, match=f"report {number} is not what was issued: .*{said}") as refused:
        given(fresh, number)
    fault = fault_of(fresh, number)
    assert fault is not None
    assert said in fault["what"]
    assert (refused.value.place, refused.value.kept, refused.value.now) == (fault["at"], fault["kept"], fault["now"])
    assert fault["at"] == place
    assert fault["kept"] != fault["now"]
    fresh.close()


@pytest.mark.parametrize("facts", [b"\x00", zlib.compress(b"no JSON"), zlib.compress(b'{"as_of":"2024-01-01"}')])
def test_kept_facts_that_were_changed_are_found_by_a_check(store: Store, number: int, facts: bytes) -> None:
    keep_instead(store, facts)
    fault = fault_of(store, number)
    assert fault is not None
    assert "the kept facts" in fault["what"]
    assert given(store, number)["digest"]  # the log and the entries still say what it was


def test_a_changed_figure_in_the_kept_facts_is_named_with_what_it_was(store: Store, number: int) -> None:
    with store.readings.view() as view:
        kept = view.kept_report(number)
    assert kept is not None
    facts = kept.facts()
    assert facts is not None
    changed = facts.replace(b'"open":1', b'"open":7', 1)
    assert changed != facts
    keep_instead(store, zlib.compress(changed))
    fault = fault_of(store, number)
    assert fault is not None
    assert fault["at"].endswith("/open")
    assert (fault["kept"], fault["now"]) == (7, 1)


def test_a_report_made_by_rules_that_this_version_does_not_have_is_not_made_by_others(
    store: Store, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.issuing.RULES", 2)
    with pytest.raises(Irreproducible, match="rules 1"):
        given(store, number)
    fault = fault_of(store, number)
    assert fault is not None
    assert (fault["at"], fault["kept"], fault["now"]) == ("rules", 1, 2)
