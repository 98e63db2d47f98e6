"""`ledger serve` and `ledger demo`: the HTTP server, and everything in one for a first look."""

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli import console
from api.cli.admin import CATALOGUE, LOADING_ACTOR
from api.cli.failures import NOT_AVAILABLE, Ended
from api.cli.opening import opened
from domain.vocabulary import ROLES

if TYPE_CHECKING:
    from fastapi import FastAPI

    from infrastructure.wiring import Services, Settings

PORT: Final = 8080
_BACKLOG: Final = 2_048
_GRACE_SECONDS: Final = 20
_PATIENCE_SECONDS: Final = 60.0
_FILES_APART: Final = 64  # what a process needs besides connections to clients
_FILES_ELSEWHERE: Final = 8_192
_STARTUP_FAILED: Final = 3  # uvicorn's own exit code
_kept: Final[list[int]] = []
"""Signals that came before uvicorn listened."""

Host = Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 is everywhere.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = PORT,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")] = 1,
) -> None:
    """Serve the API until Ctrl+C or SIGTERM; what is under way is answered first."""
    with _listening(host, port) as listening, opened() as services:
        address = _address(listening)
        _tell_when_answering(listening, lambda: console.note(f"Serving {address}, documentation at {address}/docs"))
        if workers == 1:
            from api.app import create_app

            log_to_stderr(services.settings.log_level)
            _run(create_app(services), listening, services.settings)
        else:
            _run_many(workers, listening, services.settings)


def demo(host: Host = "127.0.0.1", port: Port = PORT) -> None:
    """Everything in one: make the tables, load the first catalogue with its history, make a token per role, serve.

    On a directory that it made before it goes on with the same data and tokens.
    """
    from api.app import create_app
    from infrastructure.wiring import Settings

    settings = Settings()
    if "public_read" not in settings.model_fields_set:
        settings = settings.model_copy(update={"public_read": True})
    with _listening(host, port) as listening, opened(settings, ready=False) as services:
        services.migrate()
        with console.progress(f"Loading {CATALOGUE}") as come:
            loaded = services.load(CATALOGUE, LOADING_ACTOR, come)
        tokens = _demo_tokens(services, settings.data_dir / "demo-tokens.json")
        welcome = _welcome(_address(listening), tokens, loaded)
        _tell_when_answering(listening, lambda: console.say(welcome))
        log_to_stderr("warning" if "log_level" not in settings.model_fields_set else settings.log_level)
        _run(create_app(services), listening, settings)


def _demo_tokens(services: "Services", path: Path) -> Mapping[str, str]:
    """Give a valid token for each role: those of the file, or new ones, which are then kept there."""
    tokens: dict[str, str] = {}
    if path.exists():
        try:
            kept = json.loads(path.read_bytes())
            tokens = {role: kept[role] for role in ROLES if isinstance(kept.get(role), str)}
        except (ValueError, AttributeError):
            console.note(f"{path} cannot be read; new tokens take its place")
    for role in ROLES:
        caller = services.caller(tokens[role]) if role in tokens else None
        if caller is None or caller.role != role:
            tokens[role] = services.create_token(f"demo-{role}", role, services.settings.actor)
            # Kept one by one, so that none is lost if this is interrupted; never readable by others.
            temporary = path.with_suffix(".new")
            with os.fdopen(os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
                json.dump(tokens, file, indent=2)
            temporary.replace(path)
    return {role: tokens[role] for role in ROLES}


def _welcome(address: str, tokens: Mapping[str, str], loaded: Mapping[str, Any]) -> str:
    kept = f"{loaded['recorded']} entries recorded" if loaded["recorded"] else "everything was there already"
    return "\n".join(
        (
            f"The ledger answers at {address}",
            f"Documentation: {address}/docs",
            f"Catalogue {loaded['programme']}: {kept}",
            "",
            "Tokens:",
            *(f"  {role:<14} {tokens[role]}" for role in ROLES),
            "",
            "Try:",
            f"  curl -s '{address}/v1/commitments/SC-P4-D03?as_of=2022-12-31'",
            f"  curl -s '{address}/v1/commitments/SC-P4-D03/history'",
            f"  curl -s '{address}/v1/reports/status?as_of=2024-12-31'",
            f"  curl -s '{address}/v1/commitments/SC-P4-D09/events' -H 'Content-Type: application/json' \\",
            f"    -H 'Authorization: Bearer {tokens['recorder']}' \\",
            '    -d \'{"kind": "progressed", "occurred_on": "2025-06", "statement": "Talks went on."}\'',
            "",
            "Ctrl+C stops it.",
        )
    )


def log_to_stderr(level: str) -> None:
    """Write log lines to stderr, those of libraries among them."""
    import logging

    from infrastructure.wiring import configure_logging

    configure_logging(level)
    # What libraries say goes the same way; uvicorn's own lines about starting and stopping are left out.
    least = max(logging.getLevelNamesMapping()[level.upper()], logging.WARNING)
    logging.basicConfig(level=least, stream=sys.stderr, format="%(levelname)s %(message)s")
    # It warns of every request that is no HTTP: whoever sends such would fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def application() -> "FastAPI":
    """Make the app in a process of its own."""
    from api.app import from_environment
    from infrastructure.wiring import Settings

    _let_uvicorn_hear()
    log_to_stderr(Settings().log_level)
    return from_environment()


def _listening(host: str, port: int) -> socket.socket:
    """Take the port before anything else is done."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(_BACKLOG)
    except OSError as taken:
        why = taken.strerror or str(taken)
        way_out = (
            f"accepted: another port, such as --port {port + 1 if 0 < port < 65_535 else PORT}, or 0 for a free one"
        )
        raise Ended(NOT_AVAILABLE, f"{host} port {port} cannot be listened on: {why}", way_out) from None
    listening.set_inheritable(True)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- what to call, not where to listen
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _config(app: "str | Callable[[], FastAPI]", settings: "Settings", **more: Any) -> Any:
    import uvicorn

    from api.http.connections import Connections, Patience

    protocols: Any = Connections(
        Patience(
            request_seconds=settings.request_seconds,
            taking_seconds=settings.taking_seconds,
            head_bytes=settings.max_head_bytes,
            connections=min(settings.max_connections, _files() - _FILES_APART),
        )
    )

    return uvicorn.Config(
        app,
        factory=True,
        loop="asyncio" if sys.platform == "win32" else "uvloop",
        http=protocols,
        ws="none",
        proxy_headers=False,  # whose word on the client's address counts is a setting of ours
        timeout_keep_alive=settings.keep_alive_seconds,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        **more,
    )


def _files() -> int:
    """Give how many files and connections this process may have open: all that the system lets it."""
    if sys.platform == "win32":
        return _FILES_ELSEWHERE
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def _run(app: "FastAPI", listening: socket.socket, settings: "Settings") -> None:
    import uvicorn

    def made() -> "FastAPI":
        _let_uvicorn_hear()
        return app

    _stopping_is_no_failure()
    try:
        uvicorn.Server(_config(made, settings)).run(sockets=[listening])
    except SystemExit:
        raise Ended(NOT_AVAILABLE, "the server could not start; the lines above say why") from None


def _run_many(workers: int, listening: socket.socket, settings: "Settings") -> None:
    from uvicorn.supervisors import Multiprocess

    config = _config("api.cli.serve:application", settings, workers=workers)
    # The first thing that a worker does with it, in its own process.
    config.configure_logging = _stopping_is_no_failure
    supervisor = Multiprocess(config, sockets=[listening])
    supervisor.run()
    codes = {process.exitcode for process in supervisor.processes}
    if _STARTUP_FAILED in codes:
        raise Ended(NOT_AVAILABLE, "the server could not start; the lines above say why")
    # The signal itself ends a worker only before that, when it serves nobody: from then on there is always a handler,
    # this one or uvicorn's, so that none which owes answers ends by the signal.
    if failed := codes - {0, -signal.SIGTERM}:
        told = ", ".join(map(str, sorted(code or 0 for code in failed)))
        raise Ended(NOT_AVAILABLE, f"a worker did not end as it was asked to: exit code {told}")


def _stopping_is_no_failure() -> None:
    """Let uvicorn raise the signals that ended it once more, when all is answered, and nobody be the worse for it.

    What comes before uvicorn listens is kept for it: it may be told but once that it should end.
    """
    signal.signal(signal.SIGTERM, _keep)
    signal.signal(signal.SIGINT, _keep)


def _keep(number: int, _frame: object) -> None:
    _kept.append(number)


def _let_uvicorn_hear() -> None:
    """Raise what was kept; to be called where the app is made, for which uvicorn listens already."""
    for number in _kept:
        signal.raise_signal(number)


def _tell_when_answering(listening: socket.socket, tell: Callable[[], object]) -> None:
    """Call *tell* once the server answers, from a thread of its own."""
    host, port = _address(listening).removeprefix("http://").rsplit(":", 1)

    def wait() -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_PATIENCE_SECONDS)
            try:
                connection.request("GET", "/health/live")
                if connection.getresponse().status == http.HTTPStatus.OK:
                    tell()
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            time.sleep(0.05)

    threading.Thread(target=wait, daemon=True).start()
