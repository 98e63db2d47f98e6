"""Real servers for tests: started as a user would, reached over HTTP, stopped by their process ids."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2

from infrastructure.settings import Settings
from infrastructure.wiring import build

PROGRAM = Path(sys.executable).with_name("ledger")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}


def crowd(commitments: int) -> dict[str, Any]:
    """Give a catalogue of started commitments C-0, C-1 …"""
    return {
        "programme": {"code": "crowd", "title": "Crowd", "adopted_on": "2024-01-01"},
        "commitments": [
            {
                "reference": f"C-{number}", "title": "One of many", "kind": "one_off", "tier": "action",
                "timeframe": {"wording": "soon"}, "occurred_on": "2024-01-01", "programme": "crowd",
            }
            for number in range(commitments)
        ],
        "history": [
            {"id": f"s{number}", "reference": f"C-{number}", "kind": "started", "occurred_on": "2024-02-01",
             "statement": "It began."}
            for number in range(commitments)
        ],
    }  # fmt: skip


def made_ledger(folder: Path, commitments: int, **settings: Any) -> str:
    """Make a ledger with the commitments of a crowd; give a recorder's token."""
    services = build(Settings(data_dir=folder, log_level="error", **settings))
    services.migrate()
    path = folder / "crowd.json"
    path.write_text(json.dumps(crowd(commitments)))
    services.load(str(path), "catalogue", lambda _, __: None)
    token = services.create_token("the-recorder", "recorder", "local")
    services.close()
    return token


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """`ledger serve` on a port of its own, or another *program* with its commands."""

    def __init__(
        self,
        folder: Path,
        until: str = "/health/ready",
        program: Sequence[str | Path] = (PROGRAM,),
        said: Path | None = None,
        workers: int = 1,
        port: int | None = None,
        **settings: str,
    ) -> None:
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [*program, "serve", "--port", str(self.port), "--workers", str(workers)]
        # The database is the one that this test has chosen, if it has.
        database = {name: os.environ[name] for name in ("LEDGER_DATABASE_URL",) if name in os.environ}
        own = {"LEDGER_DATA_DIR": str(folder), "LEDGER_LOG_LEVEL": "error"}
        self._environment = CLEAN | database | own | settings
        self._said = said or Path(os.devnull)
        self.start(until)

    def start(self, until: str = "/health/ready") -> None:
        """Start it, on the same port if it was started before."""
        with self._said.open("wb") as output:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=output, stderr=output)
        with httpx2.Client() as asking:  # making one takes as long as much of what the server does to start
            for _ in range(600):
                assert self._process.poll() is None, "the server ended by itself"
                try:
                    if asking.get(f"{self.address}{until}").status_code == 200:
                        return
                except httpx2.TransportError:
                    pass
                time.sleep(0.05)
        raise TimeoutError(self.address)

    def command(self, *words: str | Path) -> str:
        """Let the command line of this host do something; give what it says."""
        done = subprocess.run([PROGRAM, *words], env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def verify(self) -> None:
        """Let the command line verify the ledger as this host has it."""
        self.command("verify", "--json")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it without warning."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to end; give its exit code."""
        self._process.terminate()
        return self._process.wait(30)
