import io
import os
import subprocess
import sys
from datetime import datetime

import openpyxl
import orjson
import pytest

from infrastructure.renderers.report_csv import COLUMNS
from infrastructure.renderers.report_document import report_document
from infrastructure.renderers.report_xlsx import _tables, report_xlsx
from tests.hostile_report import BULGARIAN, GREEK, hostile_ledger, report_of
from tests.in_memory import InMemoryLedger

FORMULAS = ('=HYPERLINK("x")', "+1+1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://example.org", "007", "TRUE")
PROGRAM = """
import sys, orjson
from infrastructure.renderers.report_xlsx import report_xlsx
sys.stdout.buffer.write(report_xlsx(orjson.loads(sys.stdin.buffer.read())))
"""


def book(report):
    return openpyxl.load_workbook(io.BytesIO(report_xlsx(report)))


def rows(sheet):
    head, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in others]


@pytest.fixture(scope="module")
def hostile():
    return report_of(hostile_ledger(), appendix=False)


@pytest.fixture(scope="module")
def report():
    ledger = InMemoryLedger()
    ledger.publish()
    for number, text in enumerate(FORMULAS):
        ledger.announce(f"F.{number}", title=text, instruments=[text, "a; b"], due="2023-06-30", partners=["UN"])
    ledger.record("F.0", "achieved", "2023-09-08", evidence=[{"title": "=1+1", "grade": "A"}])
    return report_of(ledger)


def test_what_a_text_begins_with_never_makes_it_a_formula_a_link_or_a_number(report, hostile):
    for made in (book(report), book(hostile)):
        for sheet in made:
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None
    titles = [row["title"] for row in rows(book(report)["Commitments"])]
    assert titles == list(FORMULAS)


def test_dates_are_dates_numbers_are_numbers_and_truth_values_are_truth_values(report):
    first, second, *_ = rows(book(report)["Commitments"])
    assert first["achieved_on"] == datetime(2023, 9, 8)  # noqa: DTZ001 -- a day of a spreadsheet has no zone
    assert first["target.due"] == datetime(2023, 6, 30)  # noqa: DTZ001 -- the same
    assert (first["days_late.current"], first["slip_count"]) == (70, 0)
    assert (first["stale"], second["achieved_on"]) == (False, None)
    assert first["instruments"] == '"=HYPERLINK(""x"")";"a; b"'


def test_every_commitment_has_a_row_with_every_column_of_the_csv(report):
    sheet = book(report)["Commitments"]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.max_row == 1 + len(FORMULAS)
    assert sheet.freeze_panes == "B2"
    assert sheet.tables["Commitments"].ref.startswith("A1:")


def test_every_table_of_the_report_has_a_sheet_that_can_be_filtered(report):
    made = book(report)
    assert made.sheetnames[:2] == ["Summary", "Commitments"]
    assert made.sheetnames[-1] == "Notes"
    assert len(made.sheetnames) > 15
    assert all(len(name) <= 31 for name in made.sheetnames)
    for name in made.sheetnames[2:-1]:
        assert made[name].freeze_panes == "B2"
        assert made[name].auto_filter.ref or made[name].max_row == 1


def test_no_name_of_a_sheet_is_cut_in_the_middle(hostile, report):
    whole = {table.caption for section in report_document(hostile).sections for table in _tables(section)}
    for made in (book(report), book(hostile)):
        for sheet in made:
            assert not [caption for caption in whole if len(caption) > 31 and caption[:31].strip() == sheet.title]
    assert book(report)["Overdue"].oddHeader.left.text == "Open commitments past their date, the longest overdue first"


def test_the_notes_say_what_was_asked_and_how_to_make_it_again(report):
    said = {row[0].value: row[1].value for row in book(report)["Notes"].iter_rows() if row[0].value}
    assert said["Digest (SHA-256)"] == report["digest"]
    assert said["As of"] == datetime(2024, 1, 1)  # noqa: DTZ001 -- a day of a spreadsheet has no zone
    assert "ledger report --as-of 2024-01-01" in said["On the command line"]


def test_histories_stand_in_one_table_if_they_are_asked_for():
    whole = report_of(hostile_ledger(), appendix=True)
    entries = sum(len(each["items"]) for each in whole["appendix"])
    assert book(whole)["Histories"].max_row == 1 + entries


def test_texts_of_every_kind_are_whole(hostile):
    texts = {cell for row in book(hostile)["Commitments"].iter_rows(values_only=True) for cell in row}
    assert {GREEK, BULGARIAN} <= texts


@pytest.mark.parametrize("text", ["a\x01b", "_x0041_", "\ufffe\uffff", "two\nlines", "x" * 40_000, "'quoted"])
def test_no_text_breaks_the_file(text):
    ledger = InMemoryLedger()
    ledger.publish()
    ledger.announce("A1")
    whole = report_of(ledger)
    found = book({**whole, "commitments": [{**whole["commitments"][0], "summary": text}]})["Commitments"]
    (row,) = rows(found)
    assert len(row["summary"]) <= 32_767
    assert row["reference"] == "A1"
    if text.isprintable() and len(text) < 100:
        assert row["summary"] == text


@pytest.mark.parametrize("count", [0, 1, 3])
def test_no_one_and_many_commitments_give_a_sound_file(count):
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(count):
        ledger.announce(f"A.{number}")
    assert book(report_of(ledger))["Commitments"].max_row == 1 + count


def test_equal_reports_have_equal_bytes_in_another_process_time_zone_and_language(report):
    made = report_xlsx(report)
    greek = {"TZ": "Pacific/Kiritimati", "LANG": "el_GR.UTF-8", "PYTHONHASHSEED": "1"}
    for settings in (greek, {"TZ": "America/Lima", "LANG": "C", "PYTHONHASHSEED": "7"}):
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=orjson.dumps(report), env={**os.environ, **settings}, capture_output=True, check=True,
        )  # fmt: skip
        assert ran.stdout == made
