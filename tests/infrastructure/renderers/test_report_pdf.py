import io
import os
import re
import shutil
import subprocess
import sys
from datetime import date

import orjson
import pikepdf
import pytest

from domain.report import Scope
from infrastructure.renderers.report_json import report_json
from infrastructure.renderers.report_pdf import report_pdf
from tests.hostile_report import BULGARIAN, EMOJI, ENDLESS, GREEK, MARKUP, hostile_ledger, report_of
from tests.in_memory import InMemoryLedger

PROGRAM = """
import sys, orjson
from infrastructure.renderers.report_pdf import report_pdf
sys.stdout.buffer.write(report_pdf(orjson.loads(sys.stdin.buffer.read())))
"""
WORDS = ("Ħal Għaxaq", "Đurđica Šćepanović", "Łódź", "Ελληνική Δημοκρατία", "Република България", "Ő ű ț ņ ģ ķ ļ")


@pytest.fixture(scope="module")
def hostile():
    return report_of(hostile_ledger())


@pytest.fixture(scope="module")
def made(hostile):
    return report_pdf(hostile)


@pytest.fixture(scope="module")
def pdf(made):
    with pikepdf.open(io.BytesIO(made)) as opened:
        yield opened


def poppler(made, program, *options):
    if shutil.which(program) is None:
        assert "CI" not in os.environ, "poppler-utils is missing"
        pytest.skip(f"{program} of poppler-utils is not installed")
    command = [program, *options, "-", *(["-"] if program == "pdftotext" else [])]
    return subprocess.run(command, input=made, capture_output=True, check=True).stdout.decode("utf-8", "replace")


def text_of(made):
    """Give the text as a reader selects it, on one line: where a line ended, a word may go on."""
    return re.sub(r"\s+", " ", poppler(made, "pdftotext", "-raw"))


def without_spaces(text):
    return re.sub(r"\s+", "", text)


def replaced(value, text):
    """Give a report in which every text that is a lone @ reads *text*."""
    if isinstance(value, dict):
        return {name: replaced(each, text) for name, each in value.items()}
    if isinstance(value, list):
        return [replaced(each, text) for each in value]
    return text if value == "@" else value


def small(**more):
    ledger = InMemoryLedger()
    ledger.publish()
    if more:
        ledger.announce("A1", **more)
    return report_of(ledger)


def test_it_says_that_it_is_accessible_and_archival_and_in_which_language(pdf):
    root = pdf.Root
    assert bool(root.MarkInfo.Marked)
    assert root.StructTreeRoot.K
    assert str(root.Lang) == "en"
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        assert metadata["dc:title"] == "Status report as of 1 January 2024"
        assert "were achieved" in metadata["dc:description"]


def test_its_date_is_the_day_that_it_is_about(pdf):
    assert str(pdf.docinfo.CreationDate).startswith("D:20240101")
    assert str(pdf.docinfo.ModDate).startswith("D:20240101")


def test_it_carries_the_json_of_the_report(hostile, pdf):
    assert list(pdf.attachments) == ["report.json"]
    attached = pdf.attachments["report.json"]
    assert attached.get_file().read_bytes() == report_json(hostile)
    assert attached.get_file().mime_type == "application/json"
    (file,) = pdf.Root.AF
    assert file.AFRelationship == "/Source"


def test_it_carries_other_json_if_it_is_told_to(hostile):
    with pikepdf.open(io.BytesIO(report_pdf(hostile, b"{}\n"))) as other:
        assert other.attachments["report.json"].get_file().read_bytes() == b"{}\n"


def test_its_sections_are_bookmarks(pdf):
    with pdf.open_outline() as outline:
        titles = [item.title for item in outline.root]
        below = {item.title: [each.title for each in item.children] for item in outline.root}
    assert titles[:2] == ["At a glance", "What was achieved"]
    assert len(below["Appendix: every commitment with its course"]) == 7


def elements(pdf, kind):
    """Give the elements of a kind from the structure that readers for the blind go by."""
    waiting, found = [pdf.Root.StructTreeRoot.K], []
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting += reversed(list(each))
        elif isinstance(each, pikepdf.Dictionary) and "/S" in each:
            found += [each] if f"/{kind}" == each.S else []
            waiting += [each.K] if "/K" in each else []
    return found


def below(element, *kinds):
    children = element.K if isinstance(element.K, pikepdf.Array) else [element.K]
    for child in children:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            if str(child.S)[1:] in kinds:
                yield child
            else:
                yield from below(child, *kinds)


def test_every_chart_has_a_text_for_those_who_do_not_see_it(pdf):
    texts = [str(each.Alt) for each in elements(pdf, "Figure") if "/Alt" in each]
    assert len(texts) == 3 + 7  # over time, chains of dates, partners; and the course of each commitment
    assert all(len(text) > 40 for text in texts)
    assert "On 31 March 2022: 7 announced. On 1 January 2024: 1 started and 6 achieved." in texts


def test_every_row_of_a_table_has_a_cell_below_each_heading(pdf):
    tables = elements(pdf, "Table")
    assert len(tables) > 20
    assert all(any(below(table, "TH")) for table in tables)
    for table in tables:
        head, *rows = [len(list(below(row, "TH", "TD"))) for row in below(table, "TR")]
        assert rows
        assert set(rows) == {head}


def test_readers_find_headings_tables_and_their_headers_by_tags(made):
    structure = poppler(made, "pdfinfo", "-struct")
    for tag in ("H1", "H2", "TOC", "Table", "Caption", "TH", "TD", "Link", "Figure"):
        assert re.search(rf"^\s*{tag}\b", structure, re.MULTILINE), tag


def test_every_alphabet_of_the_union_can_be_read_and_searched(made):
    text = without_spaces(text_of(made))
    assert without_spaces(GREEK) in text
    assert without_spaces(BULGARIAN) in text
    union = small(title="; ".join(WORDS), summary=" – ".join(WORDS))
    found = without_spaces(text_of(report_pdf(union)))
    assert all(without_spaces(word) in found for word in WORDS)


def test_words_without_end_are_cut_into_lines_and_stay_whole_as_text(made):
    assert ENDLESS in without_spaces(text_of(made))
    with pikepdf.open(io.BytesIO(made)) as opened:
        boxes = {tuple(map(float, page.mediabox)) for page in opened.pages}
    assert boxes <= {(0, 0, 595.2756, 841.8898), (0, 0, 841.8898, 595.2756)}
    right = 0.0
    for line in poppler(made, "pdftotext", "-bbox").splitlines():
        if found := re.search(r'<word xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)"', line):
            assert float(found[1]) >= 50, line
            assert float(found[2]) <= right, line
        elif found := re.search(r'<page width="([\d.]+)"', line):
            right = float(found[1]) - 50


def test_markup_of_every_kind_is_only_text(made):
    assert without_spaces(MARKUP) in without_spaces(text_of(made))
    typst = "#panic(1) $x$ *bold* _it_ `raw` @label <label> // comment /* */ \\ #let x = 1"
    assert without_spaces(typst) in without_spaces(text_of(report_pdf(small(title=typst))))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EMOJI, "�"),
        ("a\x00b\x01c\x1bd\x7fe", "abcde"),
        ("漢字 and 한글", "�� and ��"),
        ("over\u202eride \u2066x\u2069 \ufeffend", "override x end"),
        ("tab\there\u2028line\x85end", "tab here"),
        ("Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞", "!"),
        ("\u0301starts with a mark", "starts with a mark"),
        ("شراكة עברית", "עברית"),
        ("\ue000\U0010ffff\ufffe private", "private"),
        ("\U0001d54f\U0001f1ea\U0001f1fa ﷺ", "�"),
    ],
)
def test_no_text_makes_it_fail(text, shown):
    ledger = InMemoryLedger()
    ledger.publish(title="@", publisher="@")
    ledger.announce("A1", title="@", summary="@", timeframe={"wording": "@"}, due="2023-01-01")
    ledger.record("A1", "slipped", "2023-02-01", statement="@", cause="@")
    # The ledger itself refuses some of these; the renderer must not rely on it.
    found = text_of(report_pdf(replaced(report_of(ledger), text)))
    assert shown.split()[0] in found or without_spaces(shown) in without_spaces(found)


@pytest.mark.parametrize("count", [0, 1, 400])
def test_no_one_and_many_commitments_give_a_sound_document(count):
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(count):
        ledger.announce(f"A.{number:03}", title=f"Promise number {number}", due="2023-01-01")
    found = poppler(report_pdf(report_of(ledger, format="pdf")), "pdftotext", "-layout")
    assert found.count("Promise number") >= count
    # The header of a table stands on every page that the table goes on to.
    pages = [page for page in found.split("\f") if "Promise number" in page]
    assert all(re.search(r"Reference +Commitment", page) or "Appendix" in page for page in pages[:5])
    assert ("The course of each of the 400 commitments is left out here" in " ".join(found.split())) == (count == 400)


def test_of_a_very_long_list_the_beginning_is_printed_and_every_commitment_is_in_the_register():
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(1_001):
        ledger.announce(f"A.{number:04}", due="2023-01-01")
    found = text_of(report_pdf(report_of(ledger, format="pdf")))
    assert "The first 1,000 of 1,001 rows; the attached report.json has all of them." in found
    assert found.count("A.0999 Commitment A.0999") > found.count("A.1000 Commitment A.1000") == 1


def test_every_page_but_the_first_says_which_report_it_belongs_to(hostile, made):
    pages = poppler(made, "pdftotext", "-layout").rstrip("\f").split("\f")
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert (hostile["digest"][:16] in page.split("\n\n")[0]) == (number > 1)


def test_equal_reports_have_equal_bytes_in_another_process_time_zone_and_language(hostile, made):
    for settings in (
        {"TZ": "Pacific/Kiritimati", "LANG": "el_GR.UTF-8"},
        {"TZ": "America/Lima", "PYTHONHASHSEED": "7"},
    ):
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=orjson.dumps(hostile), env={**os.environ, **settings}, capture_output=True, check=True,
        )  # fmt: skip
        assert ran.stdout == made


def test_its_day_may_be_any_that_the_ledger_answers_for():
    ledger = InMemoryLedger()
    ledger.publish()
    for day in (date(1900, 1, 1), date(2199, 12, 31)):
        with pikepdf.open(io.BytesIO(report_pdf(report_of(ledger, scope=Scope(), as_of=day)))) as opened:
            assert str(opened.docinfo.CreationDate)[2:10] == day.strftime("%Y%m%d")
