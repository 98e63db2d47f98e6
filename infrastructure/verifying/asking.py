"""Asking a server over HTTP, with the patience of whoever verifies: what it shows, or why it does not."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Final

import httpx2

_NDJSON: Final = "application/x-ndjson"
_SECONDS: Final = 60.0
_LONGEST_PAUSE: Final = 60
_NOT_FOUND: Final = 404


class ServerUnreachableError(Exception):
    """The server cannot be asked, or does not let us read."""


class Web:
    """Asks one server."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url.rstrip("/").removesuffix("/log")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(timeout=_SECONDS, headers=headers)

    def get(self, path: str, **parameters: str | int) -> httpx2.Response | None:
        """Ask for a path; None if there is nothing."""
        return self.get_unless((_NOT_FOUND,), path, parameters)

    def get_unless(
        self, nothing: Collection[int], path: str, parameters: Mapping[str, str | int]
    ) -> httpx2.Response | None:
        """Ask for a path; None if the answer has one of these statuses."""
        with self._told():
            answer = self._asked(path, parameters, {})
            answer.read()
        if answer.status_code in nothing:
            return None
        self._refuse(answer)
        return answer

    @contextmanager
    def lines(self, path: str, **parameters: str | int) -> Iterator[Iterator[str]]:
        """Ask for lines of JSON, one by one."""
        with self._told(), closing(self._asked(path, parameters, {"Accept": _NDJSON})) as answer:
            self._refuse(answer)
            yield answer.iter_lines()

    def _asked(self, path: str, parameters: Mapping[str, str | int], headers: Mapping[str, str]) -> httpx2.Response:
        """Ask, and again if it is too often: whoever verifies much asks much, and has time."""
        request = self._client.build_request("GET", f"{self.url}/{path}", params=parameters, headers=headers)
        while (answer := self._client.send(request, stream=True)).status_code == 429:
            answer.close()
            time.sleep(_pause(answer))
        return answer

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            what = str(error) or type(error).__name__
            raise ServerUnreachableError(f"{self.url} cannot be reached: {what}") from error

    def _refuse(self, answer: httpx2.Response) -> None:
        if answer.status_code in (401, 403):
            raise ServerUnreachableError(
                f"{answer.url} lets nobody read without a token of an auditor; accepted: --token, LEDGER_TOKEN"
            )
        if not answer.is_success:
            raise ServerUnreachableError(f"{answer.url} answers {answer.status_code}")

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def _pause(answer: httpx2.Response) -> int:
    """Give for how many seconds a server wants not to be asked: what it says, as long as that is bearable."""
    said = answer.headers.get("retry-after", "")
    return min(int(said), _LONGEST_PAUSE) if said.isascii() and said.isdecimal() else 1
