"""The README's steps, typed as they stand there, against what `ledger demo` starts."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

README = Path(__file__).parents[2] / "README.md"
STEPS = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    program = Path(sys.executable).with_name("ledger")
    server = subprocess.Popen(
        [str(program), "demo", "--port", str(port)],
        env=clean | {"LEDGER_DATA_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx2.get(f"{address}/health/ready").status_code == 200:
                    break
            except httpx2.TransportError:
                assert server.poll() is None, "`ledger demo` ended by itself"
            time.sleep(0.1)
        tokens = json.loads((folder / "demo-tokens.json").read_text())
        yield clean | {"LEDGER": address, "RECORDER": tokens["recorder"], "REVIEWER": tokens["reviewer"]}
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_steps_of_the_readme_do_what_they_say(environment: dict[str, str]) -> None:
    settings, *steps = STEPS
    assert "ldg_..." in settings, "the first block names the address and the tokens"
    outputs: list[str] = []
    for step in steps:
        # Variables live on from step to step, as in the reader's terminal.
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{step}\n echo; declare -p SLIP N VERSION REPORT 2>/dev/null || true"],
            env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        environment |= dict(re.findall(r'^declare -\S+ (\w+)="(.*)"$', run.stdout, re.MULTILINE))
        for expected in re.findall(r"# (\"[^\n]*)$", step, re.MULTILINE):
            for fragment in re.findall(r'"[^"]*": ?(?:"[^"]*"|\d+)', expected):
                assert fragment in run.stdout, f"{fragment} is not in the answers to:\n{step}\n{run.stdout[:2000]}"
        outputs.append(run.stdout)
    before, after, again = re.findall(r"[0-9a-f]{64}(?=  -)", outputs[2])
    assert before == again, "a report for what was known before never changes"
    assert before != after, "recording changes the report for today"
    as_issued, later = (re.findall(r"[0-9a-f]{64}(?=  -)", outputs[step]) for step in (3, 5))
    assert as_issued == later, "an issued report stays as it was, whatever is corrected"
