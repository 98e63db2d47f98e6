"""Reports say where in the ledger four-eyes was off: told from the ledger itself, so that they stay the same."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from openpyxl import load_workbook

from api.app import create_app
from infrastructure.settings import Settings
from infrastructure.wiring import Services, build
from tests.http_ledger import EVENTS, STARTED, Ledger, filled, made


def served(folder: Path, tokens: dict[str, str], **settings: Any) -> tuple[Services, TestClient, dict[str, str]]:
    services = build(Settings(data_dir=folder, log_level="error", **settings))
    return services, TestClient(create_app(services)), tokens


def noted(ledger: Ledger, name: str) -> int:
    said = {**STARTED, "kind": "progressed", "external_id": name}
    return int(ledger.post(EVENTS, said).json()["position"])


def test_every_format_says_where_four_eyes_was_off_and_the_digest_stays(tmp_path: Path) -> None:
    services, tokens = made(tmp_path)
    with TestClient(create_app(services)) as client:
        filled(client, tokens)
    _, client, _ = served(tmp_path, tokens, four_eyes=False)
    with client:
        ledger = Ledger(client, tokens)
        off = ledger.head()
        before = ledger.get(f"/v1/reports/status?log_size={off - 1}&as_of=2024-12-31")
        now = ledger.get("/v1/reports/status?as_of=2024-12-31")
        assert "four_eyes_off" not in before.json()
        assert now.json()["four_eyes_off"] == [{"from": off, "to": None}]
        assert now.json()["digest"] == before.json()["digest"]
        said = f"off from entry {off} on: who recorded an entry there may have corrected it"
        assert said in ledger.get("/v1/reports/status?as_of=2024-12-31&format=html").text
        (book, table) = (ledger.get(f"/v1/reports/status?as_of=2024-12-31&format={form}") for form in ("xlsx", "csv"))
        cells = [cell.value for row in load_workbook(io.BytesIO(book.content)).worksheets[0] for cell in row]
        assert any(said in str(value) for value in cells)
        assert [row["four_eyes_off"] for row in csv.DictReader(io.StringIO(table.text))] == [f"{off}.."]
        last = noted(ledger, "x:8")
        issued = ledger.post("/v1/reports", {"as_of": "2024-12-31"}).json()
        as_issued = ledger.get(issued["address"]).content
    services, client, _ = served(tmp_path, tokens)
    with client:
        ledger = Ledger(client, tokens)
        report = ledger.get("/v1/reports/status?as_of=2024-12-31").json()
        (stretch,) = report["four_eyes_off"]
        assert stretch["from"] == off
        assert stretch["to"] >= last
        # Whatever the setting is now: what was told is told again, to the byte.
        assert ledger.get(issued["address"]).content == as_issued
        assert json.loads(as_issued)["four_eyes_off"] == [{"from": off, "to": None}]
        assert ledger.get(f"/v1/reports/status?log_size={off - 1}&as_of=2024-12-31").content == before.content


def test_what_changed_and_a_report_about_nothing_say_it_too(tmp_path: Path) -> None:
    services, tokens = made(tmp_path, four_eyes=False)
    with TestClient(create_app(services)) as client:
        off = client.get("/health/ready").json()["position"]
        ledger = filled(client, tokens)
        nothing = ledger.get("/v1/reports/status?theme=nothing&format=csv").text
        assert nothing.strip().endswith(",known_at,four_eyes_off")
        for asked in ("from=2024-01-01", f"from_log_size={off}"):
            changes = ledger.get(f"/v1/reports/changes?{asked}").json()
            assert changes["four_eyes_off"] == [{"from": off, "to": None}]
    services, client, _ = served(tmp_path, tokens)
    with client:
        last = Ledger(client, tokens).head()
        table = Ledger(client, tokens).get("/v1/reports/status?format=csv").text
        assert [row["four_eyes_off"] for row in csv.DictReader(io.StringIO(table))] == [f"{off}..{last - 1}"]
