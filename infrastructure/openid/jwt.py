"""What is looked at before a JSON Web Token is believed (RFC 7519, RFC 8725, RFC 9068, OpenID Connect Core 3.1.3.7)."""

import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import Key

from application.strict_json import NotJsonError, parse

MOST_CHARACTERS: Final = 8_192
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ACCESS_TOKEN_TYPES: Final = ("at+jwt", "application/at+jwt", "jwt", "application/jwt", None)
_ID_TOKEN_TYPES: Final = ("jwt", "application/jwt", None)
_OF_ID_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash", "events")
"""Claims that stand in ID and logout tokens, and in no access token."""
_OTHER_TOKENS: Final = ("id", "refresh", "offline", "logout")  # `typ` among the claims is Keycloak's way to say it


class InvalidTokenError(Exception):
    """A token that is not believed; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says about its own signature."""

    algorithm: str
    kid: str | None
    type: str | None


class _Registry(jws.JWSRegistry):
    max_header_length = max_payload_length = max_signature_length = MOST_CHARACTERS

    def get_alg(self, name: str) -> Any:
        """Give an algorithm of the list, and no other; the library itself would warn of EdDSA on every use."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def header_of(token: str, algorithms: Collection[str]) -> Header:
    """Read the header of a token whose signature may be looked at; nothing of it is trusted yet."""
    if len(token) > MOST_CHARACTERS or not _COMPACT.fullmatch(token):
        raise InvalidTokenError(f"it is no signed JWT of up to {MOST_CHARACTERS} characters")
    try:
        encoded = token.partition(".")[0]
        header = parse(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (NotJsonError, ValueError) as garbage:
        raise InvalidTokenError("its header is no JSON") from garbage
    if not isinstance(header, dict):
        raise InvalidTokenError("its header is no object")
    algorithm, kid, stated = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise InvalidTokenError(f"its algorithm is not allowed; allowed: {' '.join(algorithms)}")
    if "crit" in header:
        raise InvalidTokenError("its header demands extensions (crit), and none is known here")
    if not isinstance(kid, str | None) or not isinstance(stated, str | None):
        raise InvalidTokenError("kid or typ of its header is no text")
    return Header(algorithm, kid, None if stated is None else stated.lower())


def claims_of(token: str, header: Header, key: Key) -> dict[str, Any]:
    """Give what a token claims; InvalidTokenError unless that key signed it."""
    try:
        registry = _Registry(algorithms=[header.algorithm], strict_check_header=False)
        claims = parse(jws.deserialize_compact(token, key, registry=registry).payload or b"")
    except NotJsonError as garbage:
        raise InvalidTokenError("it claims nothing that could be read") from garbage
    except (JoseError, ValueError, TypeError) as forged:
        raise InvalidTokenError("its signature does not fit") from forged
    if not isinstance(claims, dict):
        raise InvalidTokenError("it claims nothing that could be read")
    return claims


def check_claims(claims: Mapping[str, Any], issuer: str, audience: str, now: datetime, leeway: int) -> None:
    """Refuse what another issued, what is meant for others, and what is not good now."""
    if claims.get("iss") != issuer:
        raise InvalidTokenError("its issuer (iss) is not the one that this ledger trusts")
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise InvalidTokenError(f"it is meant for others: aud has to name {audience}")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidTokenError("it names no subject (sub)")
    instant = now.timestamp()
    expires = _time(claims, "exp")
    if expires is None or expires + leeway <= instant:
        raise InvalidTokenError("it has expired (exp)" if expires is not None else "it would never expire (exp)")
    for name in ("nbf", "iat"):
        from_when = _time(claims, name)
        if from_when is not None and from_when - leeway > instant:
            raise InvalidTokenError(f"it is not good yet ({name})")


def check_access_token(claims: Mapping[str, Any], header: Header) -> None:
    """Refuse what the same provider signed for another purpose: ID tokens above all."""
    if header.type not in _ACCESS_TOKEN_TYPES:
        raise InvalidTokenError("it is no access token: typ has to be at+jwt or JWT")
    other = str(claims.get("typ", "")).lower() in _OTHER_TOKENS
    if header.type in _ID_TOKEN_TYPES and (other or any(name in claims for name in _OF_ID_TOKENS)):
        raise InvalidTokenError("it is an ID token or another that is no access token")
    if "cnf" in claims:
        raise InvalidTokenError("it is bound to a key (cnf) that a bearer does not show")


def check_id_token(claims: Mapping[str, Any], header: Header, client_id: str, nonce: str) -> None:
    """Refuse what is no ID token of this very sign-in."""
    if header.type not in _ID_TOKEN_TYPES:
        raise InvalidTokenError("it is no ID token: typ has to be JWT")
    several = isinstance(claims.get("aud"), list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise InvalidTokenError("it was issued to another client (azp)")
    if claims.get("nonce") != nonce:
        raise InvalidTokenError("it belongs to another sign-in (nonce)")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidTokenError(f"{name} is no time")
    return float(value)
