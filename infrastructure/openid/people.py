"""Who a provider's account is to the ledger: a pseudonym, and the role that its claims give."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from hmac import digest
from typing import Any, Final

import sqlalchemy as sa

from application.access import Caller
from application.errors import NotPermitted
from infrastructure.database.engines import Database
from infrastructure.database.tables import fixed
from infrastructure.openid.configuration import OpenId
from infrastructure.openid.jwt import (
    Header,
    InvalidTokenError,
    check_access_token,
    check_claims,
    claims_of,
    header_of,
)
from infrastructure.openid.provider import Provider, UnknownKeyError

PEOPLE: Final = "openid_secret"
"""The fixed setting from which the pseudonyms of accounts are computed."""
_DIGEST_BYTES: Final = 16


def new_secret() -> str:
    """Make the secret of a ledger's pseudonyms. Another one later would make strangers of everybody."""
    return secrets.token_hex(32)


def secret_of(database: Database) -> bytes:
    """Give a ledger's secret of pseudonyms; LookupError if it was never migrated to have one."""
    with database.reading() as connection:
        found = connection.execute(sa.select(fixed.c.value).where(fixed.c.name == PEOPLE)).scalar()
    if found is None:
        raise LookupError("this ledger has no pseudonyms for accounts of a provider; run `ledger migrate`")
    return bytes.fromhex(found)


class People:
    """Recognises callers by what the provider signed."""

    def __init__(self, openid: OpenId, provider: Provider, database: Database, now: Callable[[], datetime]) -> None:
        self._openid, self._provider, self._database, self._now = openid, provider, database, now
        self._key: bytes | None = None

    async def bearer(self, token: str) -> Caller:
        """Give who an access token speaks for.

        InvalidTokenError if it is not believed, NotPermitted without a role, ProviderSilentError if nobody can tell.
        """
        if not self._openid.audience:
            raise InvalidTokenError("this ledger takes no access tokens (LEDGER_OIDC_AUDIENCE is not set)")
        claims, header = await self.vouched(token, self._openid.audience)
        check_access_token(claims, header)
        return self.caller(claims)

    async def vouched(self, token: str, audience: str) -> tuple[dict[str, Any], Header]:
        """Give what the provider signed for that audience, if it is good now."""
        header = header_of(token, self._openid.algorithms)
        try:
            key = await self._provider.key(header.kid, header.algorithm)
        except UnknownKeyError as unknown:
            raise InvalidTokenError("the provider publishes no key that it could be signed with") from unknown
        claims = claims_of(token, header, key)
        check_claims(claims, self._openid.issuer, audience, self._now(), self._openid.leeway)
        return claims, header

    def caller(self, claims: Mapping[str, Any]) -> Caller:
        """Give actor and role; NotPermitted if the claims give no role."""
        given = self._openid.roles.role_of(claims)
        if given is None:
            claim = self._openid.roles.claim
            raise NotPermitted(
                f"the provider vouches for you, and nothing in the claim {claim} gives you a role here",
                f"an account whose claim {claim} has a value that LEDGER_OIDC_ROLES names",
            )
        return Caller(self.actor(claims["sub"]), *given)

    def actor(self, subject: str) -> str:
        """Give the pseudonym of an account: always the same, and not to be computed without this ledger's secret."""
        account = f"{self._openid.issuer}\n{subject}".encode()
        if self._key is None:
            self._key = secret_of(self._database)
        return f"oidc-{digest(self._key, account, 'sha256')[:_DIGEST_BYTES].hex()}"
