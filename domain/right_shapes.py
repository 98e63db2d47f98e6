"""The shape of requests and entries about rights: roles, tokens, and what becomes of them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from domain.chronology import parse_day
from domain.fields import Field, Many, Parsed, Text, Word, record
from domain.identifiers import ACTOR, PARTNER_CODE, PROGRAMME_CODE, SHA256, THEME, UTC_INSTANT
from domain.vocabulary import ROLES

_SPAN: Final = re.compile(r"([0-9]{1,5})([dh])", re.ASCII)


def read_span(text: str) -> timedelta:
    """Read `<n>d` or `<n>h`: days or hours."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))


def _read_lifetime(text: str) -> object:
    return read_span(text) if text[-1:] in ("d", "h") else parse_day(text)


SPAN: Final = Parsed(read_span, "days or hours, such as 7d or 12h", "^[0-9]{1,5}[dh]$")
LIFETIME: Final = Parsed(
    _read_lifetime,
    "days or hours such as 90d or 12h, or the last day YYYY-MM-DD",
    "^([0-9]{1,5}[dh]|[12][0-9]{3}-[0-9]{2}-[0-9]{2})$",
)
SCOPE: Final = Many(PROGRAMME_CODE, 100, 1, distinct=True)
"""Programmes that a right is held for; without it, the right is held for all."""

NEW_TOKEN: Final = record({"actor": ACTOR, "role": Word(ROLES), "programmes": SCOPE, "expires": LIFETIME}, "actor role")
NEW_ROLE: Final = record({"actor": ACTOR, "role": Word(ROLES), "programmes": SCOPE}, "actor role")
NEW_ACTOR: Final = record({"id": ACTOR, "name": Text(200), "organisation": PARTNER_CODE}, "id")
ACTOR_ERASURE: Final = record({"legal_basis": Text()})
ROTATION: Final = record({"overlap": SPAN, "expires": LIFETIME})
REVOCATION: Final = record({})

_ROLE: Final = Word(ROLES)
RIGHT_EVENTS: Final[Mapping[str, tuple[Mapping[str, Field], str]]] = {
    "actor_registered": ({"actor": ACTOR, "organisation": PARTNER_CODE}, "actor"),
    "role_granted": ({"actor": ACTOR, "granted_role": _ROLE, "programmes": SCOPE}, "actor granted_role"),
    "role_revoked": (
        {"actor": ACTOR, "revoked_role": _ROLE, "tokens": Many(THEME, 1_000, distinct=True)},
        "actor revoked_role",
    ),
    "token_created": (
        {
            "token": THEME,
            "actor": ACTOR,
            "granted_role": _ROLE,
            "programmes": SCOPE,
            "expires_at": UTC_INSTANT,
            "replaces": THEME,
            "fingerprint": SHA256,
        },
        "token actor granted_role",
    ),
    "setting_changed": (
        {"setting": Text(64, r"[a-z_]{1,64}", "1 to 64 of a-z _"), "from": Text(10_000), "to": Text(10_000)},
        "setting",
    ),
    "token_revoked": ({"token": THEME, "actor": ACTOR, "valid_until": UTC_INSTANT}, "token actor"),
}
"""Members and required ones, beside what every entry has."""
