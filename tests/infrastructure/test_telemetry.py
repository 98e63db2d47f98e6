"""Log lines: one JSON object each, whatever is told."""

import json
from collections.abc import Iterator

import pytest
import structlog

from infrastructure import telemetry


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_every_event_is_one_line_of_json_even_if_it_names_a_file_that_is_no_utf8(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.configure("info")
    log = structlog.get_logger()
    log.info("loaded", path="caf\udce9.json", entries=2**70, why=ValueError("it is"))
    log.debug("not told")
    try:
        json.loads("two\nlines")
    except ValueError:
        log.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["path"]) == ("loaded", "info", "caf\udce9.json")
    assert (first["entries"], first["why"]) == (2**70, "ValueError('it is')")
    assert first["timestamp"].endswith("Z")
    assert second["event"] == "failed"
    assert "JSONDecodeError" in second["exception"].splitlines()[-1]
