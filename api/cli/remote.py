"""Recording through a running server: HTTP, told in the words of the command line."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx2

from api.cli.failures import NOT_AVAILABLE, REFUSED, USAGE, Ended, fault
from api.cli.fields import written

_SECONDS: Final = 30.0
_PAUSES: Final = (0.2, 1.0, None)
"""Seconds between attempts; None ends them."""
_UNAVAILABLE: Final = frozenset({408, 429, 500, 502, 503, 504})


class Server:
    """A server and who we are to it."""

    def __init__(self, url: str, token: str | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise Ended(USAGE, f"--server {url} is no address", "accepted: one such as http://127.0.0.1:8080")
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if token:
            if not (token.isascii() and token.isprintable()):
                raise Ended(USAGE, "the token holds characters that no token has")
            self._headers["Authorization"] = f"Bearer {token}"

    def post(self, path: Sequence[str], body: Mapping[str, Any], key: str | None) -> Mapping[str, Any]:
        """Send a body until there is an answer. The Idempotency-Key makes sure that it is recorded once."""
        key = key or uuid4().hex
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise Ended(USAGE, "--idempotency-key: accepted: visible ASCII characters")
        headers = {**self._headers, "Idempotency-Key": key}
        address = "/".join((self._url, *(quote(step, safe="") for step in path)))
        try:
            with httpx2.Client(timeout=_SECONDS, headers=headers) as client:
                answer = _sent(client, address, written(body), key)
        except httpx2.InvalidURL as wrong:
            raise Ended(USAGE, f"--server {self._url} is no address: {wrong}") from None
        if answer.is_success:
            return _object(answer)
        raise _ended(answer, key)


def _sent(client: httpx2.Client, address: str, content: bytes, key: str) -> httpx2.Response:
    reached, trouble = False, ""
    for pause in _PAUSES:
        try:
            answer = client.post(address, content=content)
        except httpx2.ConnectError as error:
            trouble = str(error) or type(error).__name__
        except httpx2.TransportError as error:
            reached, trouble = True, str(error) or type(error).__name__
        else:
            if answer.status_code not in _UNAVAILABLE or pause is None:
                return answer
        if pause is not None:
            time.sleep(pause)
    lines = [f"{address} cannot be reached: {trouble}"]
    if reached:
        lines.append(f"it may have been recorded; repeat the command with --idempotency-key {key} to make sure")
    raise Ended(NOT_AVAILABLE, *lines)


def _ended(answer: httpx2.Response, key: str) -> Ended:
    problem = _object(answer)
    title = problem.get("title") or f"the server answers {answer.status_code} {answer.reason_phrase}"
    lines = list(_faults(problem.get("faults")))
    if not lines and problem.get("detail"):
        accepted = problem.get("accepted")
        lines.append(str(problem["detail"]).removesuffix(f"; accepted: {accepted}"))
        if accepted:
            lines.append(f"accepted: {accepted}")
    if answer.status_code in _UNAVAILABLE:
        lines.append(f"repeat the command with --idempotency-key {key}")
        return Ended(NOT_AVAILABLE, f"{title} ({answer.status_code})", *lines)
    return Ended(REFUSED, f"{title} ({answer.status_code})", *lines)


def _faults(faults: object) -> Iterator[str]:
    for each in faults if isinstance(faults, list) else ():
        if isinstance(each, dict):
            where = str(each.get("pointer") or each.get("parameter") or "")
            yield from fault(where, str(each.get("message")), str(each.get("accepted")))


def _object(answer: httpx2.Response) -> dict[str, Any]:
    """Give the JSON object of an answer; an answer of something else than a ledger has none."""
    try:
        value = answer.json()
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    if answer.is_success:
        raise Ended(NOT_AVAILABLE, f"{answer.url} is no ledger: it answers {answer.status_code} without JSON")
    return {}
