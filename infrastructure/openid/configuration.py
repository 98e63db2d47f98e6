"""What an operator writes about the provider: its address, its algorithms, and which claims give which role."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from application.access import ROLES
from domain.rights import Scope, scope_of

ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
)  # fmt: skip
"""Signatures that only the provider can make. Neither `none`, nor an HMAC, whose key whoever verifies would hold."""
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
_SPACED: Final = ("scope", "scp")  # RFC 8693, 4.2; scp is the habit of some providers


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """Which values of a claim give which role; of several that fit, the first counts."""

    claim: str
    roles: tuple[tuple[str, str, Scope], ...]

    def is_in(self, claims: Mapping[str, Any]) -> bool:
        """Whether the claim is there at all."""
        return self._found(claims) is not None

    def role_of(self, claims: Mapping[str, Any]) -> tuple[str, Scope] | None:
        """Give the role and the programmes it is held for, None if no value of the claim gives one."""
        found = self._found(claims)
        values = found.split() if isinstance(found, str) and self.claim in _SPACED else found
        held = values if isinstance(values, list) else [values]
        return next(((role, scope) for value, role, scope in self.roles if value in held), None)

    def _found(self, claims: Mapping[str, Any]) -> Any:
        if not self.claim.startswith("/"):
            return claims.get(self.claim)
        found: Any = claims
        for step in self.claim[1:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


@dataclass(frozen=True, slots=True)
class OpenId:
    """The provider, as this ledger is to deal with it."""

    issuer: str
    audience: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    public_url: str
    roles: RoleMapping
    algorithms: tuple[str, ...]
    leeway: int


def check_address(url: str) -> str:
    """Give an address as it is; ValueError unless it is https, or http on this machine."""
    parts = urlsplit(url)
    wanted = "accepted: https://…, or http:// with a loopback address, without user name, password, ? and #"
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        raise ValueError(f"{url[:200]} is no address of a provider or a ledger; {wanted}")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(f"{url[:200]} would be asked without encryption; {wanted}")
    return url


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_algorithms(text: str) -> tuple[str, ...]:
    """Read names of algorithms; ValueError for one that is none, or not safe here."""
    names = tuple(text.split())
    wrong = [name for name in names if name not in ALGORITHMS]
    if wrong or not names:
        raise ValueError(f"{' '.join(wrong) or 'nothing'} cannot be allowed; accepted: some of {' '.join(ALGORITHMS)}")
    return names


def parse_roles(text: str) -> RoleMapping | None:
    """Read a claim and pairs of value and role, None for no text; ValueError says what is wrong."""
    accepted = (
        "accepted: a claim, or a JSON Pointer to one, and pairs VALUE=ROLE or VALUE=ROLE:PROGRAMME,PROGRAMME, of which "
        "the first that fits counts; white space between, quotes around it: "
        'groups "Ledger Recorders=recorder" port=auditor:harbour'
    )
    try:
        words = shlex.split(text)
    except ValueError as wrong:
        raise ValueError(f"{text[:200]} cannot be read ({wrong}); {accepted}") from wrong
    if not words:
        return None
    pairs = []
    for word in words[1:]:
        value, _, given = word.rpartition("=")
        role, _, codes = given.partition(":")
        programmes = codes.split(",") if ":" in given else None
        if not value or role not in ROLES or not all(map(_CODE.fullmatch, programmes or ())):
            raise ValueError(f"{word[:200]} gives no role; roles are {', '.join(ROLES)}; {accepted}")
        pairs.append((value, role, scope_of(programmes)))
    if not pairs:
        raise ValueError(f"{text[:200]} gives nobody a role; {accepted}")
    return RoleMapping(words[0], tuple(pairs))
