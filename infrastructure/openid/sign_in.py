"""Sign-in with a browser: authorization code with PKCE (OpenID Connect Core 3.1, RFC 7636, RFC 9207, RFC 9700).

What ties the provider's answer to the browser that asked is computed from one secret in a short-lived cookie, so that
asking to sign in writes nothing here. The secret begins one session at most.
"""

import re
import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

import anyio.to_thread

from application.access import Caller
from infrastructure.callers.sessions import Sessions, SignInUsedError
from infrastructure.database.engines import Database
from infrastructure.openid.asking import ask
from infrastructure.openid.configuration import OpenId
from infrastructure.openid.jwt import InvalidTokenError, check_id_token
from infrastructure.openid.people import People
from infrastructure.openid.provider import Provider, Published

SECONDS: Final = 600
"""How long somebody may take at the provider."""
_COOKIE: Final = re.compile(r"([A-Za-z0-9_-]{43})\.([0-9]{1,12})\.([A-Za-z0-9_-]{1,4000})")


class SignInError(Exception):
    """Nobody was signed in; the text says why."""


class StaleSignInError(SignInError):
    """The answer belongs to no sign-in that this browser has under way."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way, as the browser keeps it."""

    secret: str
    at: int
    following: str

    @classmethod
    def read(cls, cookie: str) -> "Attempt | None":
        """Read what `cookie` wrote, None if it is something else."""
        found = _COOKIE.fullmatch(cookie)
        if found is None:
            return None
        try:
            following = urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4)).decode()
        except ValueError:
            return None
        return cls(found[1], int(found[2]), following)

    def cookie(self) -> str:
        """Write it down."""
        return f"{self.secret}.{self.at}.{_base64(self.following.encode())}"

    def derived(self, what: str) -> str:
        """Give the state, nonce, or PKCE verifier: 256 bits that follow from everything that the cookie says."""
        return _base64(hmac(self.secret.encode(), f"{what}\n{self.at}\n{self.following}".encode(), "sha256"))

    def digest(self) -> bytes:
        """Give that by which it is known that it was used."""
        return sha256(self.secret.encode()).digest()


class SignIn:
    """Lets people in whom the provider vouches for."""

    def __init__(
        self, openid: OpenId, provider: Provider, people: People, sessions: Sessions, now: Callable[[], datetime]
    ) -> None:
        self._openid, self._provider, self._people, self._now = openid, provider, people, now
        self.sessions, self.lifetime = sessions, sessions.lifetime

    async def begin(self, following: str) -> tuple[Attempt, str]:
        """Give what the browser has to keep, and where it has to go; it comes back to *following* in the end."""
        published = await self._provider.published()
        attempt = Attempt(secrets.token_urlsafe(32), int(self._now().timestamp()), following)
        challenge = _base64(sha256(attempt.derived("verifier").encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._openid.client_id,
            "redirect_uri": self._callback(),
            "scope": self._openid.scope,
            "state": attempt.derived("state"),
            "nonce": attempt.derived("nonce"),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return attempt, _with(published.authorization, asked)

    async def finish(self, attempt: Attempt | None, answer: Mapping[str, str]) -> str:
        """Give the id of a new session for whom the provider's answer is about.

        SignInError, ProviderSilentError, or NotPermitted if the claims give no role.
        """
        published = await self._provider.published()
        attempt = self._belonging(attempt, answer, published)
        if "error" in answer:
            raise SignInError(f"the provider says {answer['error'][:60]}")
        if await anyio.to_thread.run_sync(self.sessions.was_used, attempt.digest()):
            raise StaleSignInError("this sign-in was used before")
        try:
            caller = await self._vouched_for(attempt, answer.get("code", ""), published)
            return await anyio.to_thread.run_sync(self.sessions.begin, caller, attempt.digest())
        except InvalidTokenError as invalid:
            raise SignInError(f"the provider's ID token cannot be believed: {invalid}") from invalid
        except SignInUsedError as used:
            raise StaleSignInError("this sign-in was used before") from used

    def _belonging(self, attempt: Attempt | None, answer: Mapping[str, str], published: Published) -> Attempt:
        if attempt is None or not compare_digest(answer.get("state", "").encode(), attempt.derived("state").encode()):
            raise StaleSignInError("this browser has no such sign-in under way")
        if not 0 <= self._now().timestamp() - attempt.at <= SECONDS:
            raise StaleSignInError(f"it took longer than {SECONDS // 60} minutes")
        if answer.get("iss", None if published.names_itself else self._openid.issuer) != self._openid.issuer:
            raise SignInError("the answer is of another provider")
        return attempt

    async def _vouched_for(self, attempt: Attempt, code: str, published: Published) -> Caller:
        given = await anyio.to_thread.run_sync(self._exchanged, attempt, code, published)
        claims, header = await self._people.vouched(str(given.get("id_token", "")), self._openid.client_id)
        check_id_token(claims, header, self._openid.client_id, attempt.derived("nonce"))
        if not self._openid.roles.is_in(claims) and published.userinfo is not None:
            claims |= await anyio.to_thread.run_sync(_userinfo, published.userinfo, given, claims["sub"])
        return self._people.caller(claims)

    def _exchanged(self, attempt: Attempt, code: str, published: Published) -> dict[str, Any]:
        openid = self._openid
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback(),
            "code_verifier": attempt.derived("verifier"),
        }
        headers = {}
        if openid.client_secret and not published.secret_in_body:
            login = f"{quote(openid.client_id, safe='')}:{quote(openid.client_secret, safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        else:
            form |= {"client_id": openid.client_id}
            form |= {"client_secret": openid.client_secret} if openid.client_secret else {}
        status, said = ask(published.token, headers=headers, form=form)
        if status != HTTPStatus.OK:
            raise SignInError(f"the provider gave no tokens: {str(said.get('error'))[:60]}")
        return said

    async def ended(self) -> str | None:
        """Give where a browser signs out of the provider, too (RP-Initiated Logout 1.0), None if nowhere."""
        end_session = (await self._provider.published()).end_session
        if end_session is None:
            return None
        back = f"{self._openid.public_url}/auth/logout"
        return _with(end_session, {"client_id": self._openid.client_id, "post_logout_redirect_uri": back})

    def _callback(self) -> str:
        return f"{self._openid.public_url}/auth/callback"


def let_in(
    openid: OpenId | None, database: Database, sessions: Sessions, now: Callable[[], datetime]
) -> tuple[People | None, SignIn | None]:
    """Give who recognises accounts of the provider, and who signs people in; None for what is not set up."""
    if openid is None:
        return None, None
    provider = Provider(openid.issuer, now)
    people = People(openid, provider, database, now)
    return people, SignIn(openid, provider, people, sessions, now) if openid.client_id else None


def _userinfo(url: str, given: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """Ask for claims that the ID token leaves out (Core 5.3); they count if they are about the same account."""
    status, said = ask(url, headers={"Authorization": f"Bearer {given.get('access_token')}"})
    return said if status == HTTPStatus.OK and said.get("sub") == subject else {}


def _with(url: str, parameters: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
