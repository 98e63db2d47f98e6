"""What the provider publishes – addresses and keys –, kept fresh, and asked for no more often than it can bear."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import anyio.to_thread
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from structlog import get_logger

from infrastructure.openid.asking import ProviderSilentError, ask
from infrastructure.openid.configuration import check_address

FRESH: Final = timedelta(minutes=5)
"""How long keys are used without asking whether there are others."""
LONGEST: Final = timedelta(hours=1)
"""How long keys are used while the provider cannot be asked."""
PAUSE: Final = timedelta(seconds=10)
"""The shortest time between two questions, whatever tokens claim about keys."""
_DISCOVERY: Final = "/.well-known/openid-configuration"
_MOST_KEYS: Final = 100
_LEAST_RSA_CHARACTERS: Final = 342  # 2,048 bits in base64url
_log = get_logger()


class UnknownKeyError(Exception):
    """The provider publishes no key that fits."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a provider says of itself (OpenID Connect Discovery 1.0), and its keys."""

    keys: tuple[Key, ...]
    authorization: str
    token: str
    userinfo: str | None
    end_session: str | None
    secret_in_body: bool
    names_itself: bool

    def fitting(self, kid: str | None, algorithm: str) -> Key | None:
        """Give the key of that name for that algorithm; without a name, the only one that fits."""
        fitting = [key for key in self.keys if kid in (None, key.kid) and _suits(key, algorithm)]
        return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None


def fetch(issuer: str) -> Published:
    """Ask the provider for all it publishes; ProviderSilentError if that cannot be used."""
    said = _ask(issuer.removesuffix("/") + _DISCOVERY)
    if said.get("issuer") != issuer:
        raise ProviderSilentError(f"the provider calls itself {str(said.get('issuer'))[:200]}, not {issuer}")
    listed = _ask(_address(said, "jwks_uri")).get("keys")
    methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Published(
        keys=_keys(listed if isinstance(listed, list) else []),
        authorization=_address(said, "authorization_endpoint"),
        token=_address(said, "token_endpoint"),
        userinfo=_address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else None,
        end_session=_address(said, "end_session_endpoint") if "end_session_endpoint" in said else None,
        secret_in_body="client_secret_basic" not in methods,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _ask(url: str) -> dict[str, Any]:
    status, said = ask(url)
    if status != HTTPStatus.OK:
        raise ProviderSilentError(f"{url} answers {status}")
    return said


def _address(said: dict[str, Any], name: str) -> str:
    try:
        return check_address(str(said.get(name)).partition("?")[0]) and str(said[name])
    except ValueError as wrong:
        raise ProviderSilentError(f"the provider's {name} cannot be used: {wrong}") from wrong


def _keys(listed: list[Any]) -> tuple[Key, ...]:
    """Take the public keys that can verify; others may be there for other purposes (RFC 7517, 5)."""
    found: list[Key] = []
    for each in listed[:_MOST_KEYS]:
        if not isinstance(each, dict) or not _verifies(each):
            continue
        try:
            key = import_key(each)
        except (JoseError, ValueError, TypeError):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            found.append(key)
    return tuple(found)


def _verifies(key: dict[str, Any]) -> bool:
    """Whether a key is of a kind that only its owner can sign with, and strong enough."""
    weak = key.get("kty") == "RSA" and len(str(key.get("n", ""))) < _LEAST_RSA_CHARACTERS
    return key.get("kty") in ("RSA", "EC", "OKP") and not weak


def _suits(key: Key, algorithm: str) -> bool:
    try:
        JWSRegistry.algorithms[algorithm].check_key(key)
    except JoseError:
        return False
    return True


class Provider:
    """Knows what is published. Belongs to one event loop; the provider itself is asked in a thread."""

    def __init__(self, issuer: str, now: Callable[[], datetime]) -> None:
        self._issuer, self._now = issuer, now
        self._published: Published | None = None
        self._since = self._asked = datetime.min.replace(tzinfo=now().tzinfo)
        self._problem = "it was not asked yet"
        self._turn = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def published(self) -> Published:
        """Give what is published; ProviderSilentError if that is not known, or was learnt too long ago."""
        if self._is_older_than(LONGEST):
            await self._renew()
        elif self._is_older_than(FRESH):
            self._renew_meanwhile()
        if self._published is None or self._is_older_than(LONGEST):
            raise ProviderSilentError(f"what the provider publishes is not known: {self._problem}")
        return self._published

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """Give a key; UnknownKeyError if there is none, even after the provider was asked again."""
        published = await self.published()
        found = published.fitting(kid, algorithm)
        if found is None:
            await self._renew()
            found = (await self.published()).fitting(kid, algorithm)
        if found is None and self._problem:
            raise ProviderSilentError(f"whether there is such a key now is not known: {self._problem}")
        if found is None:
            raise UnknownKeyError
        return found

    def _is_older_than(self, age: timedelta) -> bool:
        return self._published is None or not timedelta(0) <= self._now() - self._since < age

    def _renew_meanwhile(self) -> None:
        """Ask without letting anybody wait for it."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        async with self._turn:
            now = self._now()
            if timedelta(0) <= now - self._asked < PAUSE:
                return  # somebody else has just asked
            self._asked = now
            try:
                self._published = await anyio.to_thread.run_sync(fetch, self._issuer)
            except ProviderSilentError as silent:
                self._problem = str(silent)
                _log.warning("the OpenID provider cannot be asked", problem=self._problem)
            else:
                self._since, self._problem = now, ""
