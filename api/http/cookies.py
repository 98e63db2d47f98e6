"""The two cookies of signing in: the session, and a sign-in that is under way."""

from typing import Final

from fastapi import Request, Response

SESSION: Final = "ledger-session"
SIGN_IN: Final = "ledger-sign-in"
_FOR_THIS_HOST_ONLY: Final = "__Host-"
"""A name that browsers take over TLS only, from this very host, for all of its paths (RFC 6265bis, 4.1.3.2)."""


class Cookies:
    """Reads and writes cookies; over plain HTTP, which only this machine allows, they have their bare names."""

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https://")

    def name(self, what: str) -> str:
        """Give the name under which browsers keep it."""
        return f"{_FOR_THIS_HOST_ONLY}{what}" if self._secure else what

    def read(self, request: Request, what: str) -> str | None:
        """Give what the browser sent."""
        return request.cookies.get(self.name(what))

    def keep(self, answer: Response, what: str, value: str, seconds: int | None = None) -> None:
        """Let the browser keep it; without a time until it is closed."""
        answer.set_cookie(
            self.name(what), value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def drop(self, answer: Response, what: str) -> None:
        """Let the browser forget it."""
        answer.delete_cookie(self.name(what), path="/", secure=self._secure, httponly=True, samesite="lax")
