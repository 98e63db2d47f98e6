import csv
import io
import json
from datetime import UTC, date, datetime

import pytest
import rfc8785

from application.reporting import Press, Reader, StatusQuery, status_report, written_report
from infrastructure.renderers.report_csv import COLUMNS, cell, report_csv
from infrastructure.renderers.report_json import WRITING, report_json
from tests.hostile_report import TEXTS
from tests.in_memory import InMemoryLedger

READER = Reader(may_read_internal=False, today=date(2024, 1, 1), now=datetime(2026, 6, 1, tzinfo=UTC))
PRESS = Press(origin="example.org/ledger", version="1.2.3", canonical=rfc8785.dumps)


@pytest.fixture(scope="module")
def report():
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce(
        "A1", due="2022-12-31", title='=HYPERLINK("x"), “Große” Übung', summary="two\nlines",
        partners=["NATO", "UN"], relations=[{"type": "part_of", "reference": "B1"}],
    )  # fmt: skip
    ledger.record("A1", "slipped", "2023-01-01")
    ledger.record("A1", "rebaselined", "2023-02-01", due="2024-12-31", authority="Council")
    ledger.announce("B1")
    return status_report(ledger, StatusQuery(), READER, PRESS)


def table(report):
    text = b"".join(report_csv(report)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_json_format_is_the_report_and_its_bytes_are_repeatable(report):
    made = report_json(report)
    assert json.loads(made) == report
    assert list(json.loads(made)["totals"]["by_status"]) == list(report["totals"]["by_status"])
    assert report_json(json.loads(made)) == made
    assert "Große".encode() in made


@pytest.mark.parametrize("titles", [[], ["Plain"], ["100 % of %s and %b", 'A "0" \\u0000 {0}'], TEXTS])
def test_a_report_that_is_written_right_away_has_the_same_bytes(titles):
    ledger = InMemoryLedger()
    ledger.publish()
    for number, title in enumerate(titles):
        reference = f"A{number}"
        relations = [{"type": "part_of", "reference": f"A{number + 1}"}]
        ledger.announce(reference, due="2022-12-31", title=title, summary=title, relations=relations)
        ledger.record(reference, "started", "2022-12-01")
        ledger.record(reference, "rebaselined", "2023-02-01", due="2024-12-31", authority=title)
        ledger.record(reference, "reviewed", "2023-03-01", rating="full", independence="peer", reviewer=title)
    if len(titles) > 1:
        ledger.erase(len(ledger.all), "reviewer")
    beside, written = written_report(ledger, StatusQuery(), READER, PRESS, WRITING)
    plain = status_report(ledger, StatusQuery(), READER, PRESS)
    assert (written, beside["digest"]) == (report_json(plain), plain["digest"])


def test_the_table_has_a_header_and_one_row_per_commitment(report):
    made = b"".join(report_csv(report))
    assert made.startswith(b"reference,programme,title,")
    assert made.endswith(b"\r\n")
    assert [row["reference"] for row in table(report)] == ["A1", "B1"]
    assert b"\n" not in made.replace(b"\r\n", b"").replace(b"two\nlines", b"")


def test_a_report_about_nothing_has_a_header_only(report):
    assert b"".join(report_csv(report | {"commitments": []})).decode() == ",".join(COLUMNS) + "\r\n"


def test_a_row_holds_the_members_of_the_answer_and_lists_are_joined(report):
    row, other = table(report)
    assert row["summary"] == "two\nlines"
    assert row["partners"] == "NATO;UN"
    assert (row["relations.type"], row["relations.reference"]) == ("part_of", "B1")
    assert (other["related.type"], other["related.reference"]) == ("has_part", "A1")
    assert row["targets.due"] == "2022-12-31;2024-12-31"
    assert row["target.due"] == "2024-12-31"
    assert (row["slip_count"], row["slipped"], row["outcome"], row["assessment.rating"]) == ("1", "false", "", "")
    assert row["as_of"] == "2024-01-01"


def test_no_text_can_be_taken_for_a_formula(report):
    assert table(report)[0]["title"] == '\'=HYPERLINK("x"), “Große” Übung'


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(first):
    assert cell(f"{first}1") == f"'{first}1"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t"])
def test_a_list_that_begins_like_a_formula_gets_one_too(first):
    assert cell([f"{first}1", "x"]) == f"'{first}1;x"


@pytest.mark.parametrize(
    "items",
    [
        ["a", "b"],
        ["a; or b", "c"],
        ['say "yes"', "c"],
        ['"', '""', ";"],
        ["two\nlines", "\r"],
        ["", "b"],
        ["2022-12-31", ""],
    ],
)
def test_a_list_is_a_line_of_csv_that_any_reader_takes_apart(items):
    assert list(csv.reader(io.StringIO(cell(items), newline=""), delimiter=";")) == [items]


def test_numbers_truth_values_and_nothing_stay_plain():
    assert [cell(value) for value in (-1, True, False, None, [], "1=1")] == ["-1", "true", "false", "", "", "1=1"]


def test_a_long_report_comes_in_several_chunks(report):
    chunks = list(report_csv(report | {"commitments": report["commitments"] * 300}))
    assert len(chunks) > 1
    assert b"".join(chunks).count(b"\r\n") == 601
