import contextlib
import io
import os
import signal
import threading
import time

import openpyxl
import pikepdf
import pytest

from infrastructure.renderers.rendering import RenderingBusyError, RenderingFailedError, Renderings
from infrastructure.renderers.report_json import report_json
from tests.hostile_report import report_of
from tests.in_memory import InMemoryLedger


def report_about(count, times=1):
    ledger = InMemoryLedger()
    ledger.publish()
    for number in range(count):
        ledger.announce(f"A.{number}", title=f"Promise {number}", due="2023-01-01")
    report = report_of(ledger, format="json")
    return report_json({**report, "commitments": report["commitments"] * times})


@pytest.fixture(scope="module")
def small():
    return report_about(1)


@pytest.fixture(scope="module")
def long():
    """A report that takes some seconds."""
    return report_about(300, times=15)


@contextlib.contextmanager
def renderings(seconds=60, megabytes=4_096):
    made = Renderings(("pdf", "xlsx"), seconds, megabytes)
    try:
        yield made
    finally:
        made.close()


def rendered(made, form, report):
    with made.turn(form) as render:
        return render(report)


def gone(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return True
    return False


def under_way(made, report):
    """Begin a rendering in a thread; give it, and how it ends."""
    ends = []

    def run():
        try:
            ends.append(rendered(made, "pdf", report))
        except RenderingFailedError as failed:
            ends.append(failed)

    thread = threading.Thread(target=run)
    thread.start()
    while not made.process_ids():
        time.sleep(0.01)
    time.sleep(0.3)
    return thread, ends


def test_nothing_is_started_before_it_is_needed_and_one_process_serves_many(small):
    with renderings() as made:
        assert made.process_ids() == []
        first = rendered(made, "pdf", small)
        process_ids = made.process_ids()
        assert len(process_ids) == 1
        assert rendered(made, "pdf", small) == first
        assert made.process_ids() == process_ids
        assert openpyxl.load_workbook(io.BytesIO(rendered(made, "xlsx", small)))["Commitments"].max_row == 2
        assert len(made.process_ids()) == 2
        with pikepdf.open(io.BytesIO(first)) as pdf:
            assert pdf.attachments["report.json"].get_file().read_bytes() == small
    assert all(map(gone, process_ids))


def test_one_at_a_time_is_made_of_each_format(small):
    with renderings() as made, made.turn("pdf"):
        with pytest.raises(RenderingBusyError, match="one PDF is made at a time"):
            rendered(made, "pdf", small)
        assert rendered(made, "xlsx", small)


def test_a_process_that_is_killed_is_a_failed_rendering_and_the_next_one_works(small, long):
    with renderings() as made:
        thread, ends = under_way(made, long)
        os.kill(made.process_ids()[0], signal.SIGKILL)
        thread.join()
        assert "the process that makes it ended (SIGKILL)" in str(ends[0])
        assert rendered(made, "pdf", small).startswith(b"%PDF")


def test_a_process_that_died_while_nobody_needed_it_is_not_noticed(small):
    with renderings() as made:
        rendered(made, "pdf", small)
        (process_id,) = made.process_ids()
        os.kill(process_id, signal.SIGKILL)
        while made.process_ids():
            time.sleep(0.01)
        assert rendered(made, "pdf", small).startswith(b"%PDF")


def test_what_takes_too_long_is_given_up(small, long):
    with renderings(seconds=1) as made, pytest.raises(RenderingFailedError, match="longer than the 1 seconds"):
        rendered(made, "pdf", long)
    with renderings() as made:
        assert rendered(made, "pdf", small).startswith(b"%PDF")


@pytest.mark.skipif("not hasattr(os, 'nice')", reason="this system bounds no process's memory")
def test_what_needs_too_much_memory_is_given_up_and_named(small, long):
    with renderings(megabytes=256) as made:
        with pytest.raises(RenderingFailedError, match="LEDGER_RENDERING_MEGABYTES"):
            rendered(made, "pdf", long)
        assert rendered(made, "xlsx", small).startswith(b"PK")


def test_what_is_no_report_is_a_failed_rendering_that_says_why(small):
    with renderings() as made:
        with pytest.raises(RenderingFailedError, match="KeyError"):
            rendered(made, "pdf", b"{}")
        assert rendered(made, "pdf", small).startswith(b"%PDF")


def test_the_end_of_the_server_ends_a_rendering_under_way(long):
    made = Renderings(("pdf",), 60, 4_096)
    thread, ends = under_way(made, long)
    process_ids = made.process_ids()
    made.close()
    thread.join()
    assert "the server is ending" in str(ends[0])
    assert all(map(gone, process_ids))


def test_no_setting_of_the_ledger_reaches_the_process(small, monkeypatch):
    monkeypatch.setenv("LEDGER_DATABASE_URL", "postgresql://somebody:secret@example.org/ledger")
    with renderings() as made:
        rendered(made, "pdf", small)
        (process_id,) = made.process_ids()
        environment = f"/proc/{process_id}/environ"
        if os.path.exists(environment):  # noqa: PTH110 -- a file of the system
            with open(environment, "rb") as file:  # noqa: PTH123 -- the same
                assert b"LEDGER_" not in file.read()
