"""Whom the ledger may ask over the network: addresses of the operator's settings, and never what a request names."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
REACHES_OUT = {
    "aiohttp", "ftplib", "http.client", "httpx", "httpx2", "requests", "smtplib", "socket", "telnetlib",
    "urllib.request", "urllib3", "websockets", "xmlrpc.client",
}  # fmt: skip
MAY = {
    "infrastructure/log/witnesses.py": "LEDGER_WITNESSES",
    "infrastructure/log/timestamping.py": "LEDGER_TSA_URL",
    "infrastructure/openid/asking.py": "LEDGER_OIDC_ISSUER, and what that provider says of itself",
    "infrastructure/verifying/asking.py": "`ledger verify URL`, on the command line",
    "api/cli/remote.py": "`--server URL`, on the command line",
    "api/cli/serve.py": "its own port, to see whether it answers",
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def test_only_these_modules_can_ask_anybody_over_the_network():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("domain", "application", "infrastructure", "api")
        for path in ROOT.joinpath(folder).rglob("*.py")
        if REACHES_OUT & set(imported(path))
    }
    assert found == set(MAY)
