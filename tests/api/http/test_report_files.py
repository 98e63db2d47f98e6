"""Reports as PDF and XLSX over HTTP."""

import io
from collections.abc import Iterator
from hashlib import sha256

import openpyxl
import pikepdf
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from infrastructure.renderers.rendering import RenderingFailedError
from infrastructure.wiring import Services
from tests.http_ledger import Ledger, assert_problem, filled, made


@pytest.fixture(scope="module")
def backend() -> str:
    """Formats are made of a report, wherever it came from."""
    return "sqlite"


PATH = "/v1/reports/status?as_of=2024-06-30"
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Services]]:
    services, tokens = made(tmp_path_factory.mktemp("ledger"))
    with TestClient(create_app(services), raise_server_exceptions=False) as client:
        yield filled(client, tokens), services


@pytest.fixture
def ledger(both: tuple[Ledger, Services]) -> Ledger:
    return both[0]


@pytest.fixture
def services(both: tuple[Ledger, Services]) -> Services:
    return both[1]


def carried(answer) -> bytes:
    with pikepdf.open(io.BytesIO(answer.content)) as pdf:
        return pdf.attachments["report.json"].get_file().read_bytes()


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_a_report_comes_as_a_file_with_a_name_that_says_what_it_is(ledger: Ledger, form: str) -> None:
    answer = ledger.get(f"{PATH}&format={form}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPES[form]
    shown = {"pdf": "inline", "xlsx": "attachment"}[form]
    name = f"status-report-harbour-2024-06-30-n{ledger.head()}.{form}"
    assert answer.headers["content-disposition"] == f'{shown}; filename="{name}"'
    assert answer.headers["etag"] == f'"{sha256(answer.content).hexdigest()}"'
    assert ledger.get(PATH, accept=MEDIA_TYPES[form]).content == answer.content
    again = ledger.get(f"{PATH}&format={form}", **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("more", ["", "&appendix=true", "&appendix=false", "&compare_to=2024-01-15&status=started"])
def test_a_pdf_carries_what_the_same_question_gives_as_json(ledger: Ledger, more: str) -> None:
    answer = ledger.get(f"{PATH}{more}&format=pdf")
    assert carried(answer) == ledger.get(f"{PATH}{more}&format=json").content


def test_a_spreadsheet_holds_the_commitments(ledger: Ledger) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ledger.get(f"{PATH}&format=xlsx").content))
    assert book["Commitments"]["A2"].value == "H-1"


@pytest.mark.parametrize("form", ["pdf", "xlsx"])
def test_while_one_is_made_another_is_told_when_to_come_back(ledger: Ledger, services: Services, form: str) -> None:
    with services.renderings.turn(form):
        answer = ledger.get(f"{PATH}&format={form}")
        assert_problem(answer, 429, f"one {form.upper()} is made at a time")
        assert int(answer.headers["retry-after"]) > 0
        assert ledger.get(f"{PATH}&format=json").status_code == 200
        assert_problem(ledger.client.get(f"{PATH}&format={form}"), 401)
    assert ledger.get(f"{PATH}&format={form}").status_code == 200


def test_a_rendering_that_fails_is_a_problem_and_the_next_one_works(
    ledger: Ledger, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(services.renderings._processes["pdf"], "_started", _dying)
        assert_problem(ledger.get(f"{PATH}&format=pdf"), 500, "the report could not be made as PDF", "format=json")
    assert ledger.get(f"{PATH}&format=pdf").status_code == 200


def _dying() -> None:
    raise RenderingFailedError("pdf", "it died")
