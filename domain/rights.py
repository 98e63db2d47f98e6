"""Who holds which right after some entries of the ledger's own stream: actors, roles, the tokens that act in them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.chronology import parse_instant
from domain.entry import Entry

Scope = frozenset[str] | None
"""The programmes that a right is held for; None: all there are and will be."""


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token and what it may act as; *scope* None: as far as its actor's role goes.

    *fingerprint* is the SHA-256 (hex) of the digest that is kept of it; older entries have none.
    """

    actor: str
    role: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None
    fingerprint: str | None = None
    revoked_at: datetime | None = None

    @property
    def revoked(self) -> bool:
        """Whether it is good for nothing any more, whatever a clock says."""
        return self.revoked_at is not None

    def is_valid(self, at: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return not self.revoked and (self.expires_at is None or at < self.expires_at)

    def expiring(self, at: datetime) -> "HeldToken":
        """Give it with an earlier end."""
        return replace(self, expires_at=at if self.expires_at is None else min(at, self.expires_at))


class Rights:
    """Organisations of registered actors, roles by actor and role, tokens by id."""

    def __init__(self) -> None:
        self.organisations: dict[str, str | None] = {}
        self.roles: dict[tuple[str, str], Scope] = {}
        self.tokens: dict[str, HeldToken] = {}

    def take(self, entry: Entry) -> None:
        """Go on by one entry; kinds that are about no right change nothing."""
        facts = entry.facts
        match entry.kind:
            case "actor_registered":
                self.organisations[facts["actor"]] = facts.get("organisation")
            case "role_granted":
                self.roles[facts["actor"], facts["granted_role"]] = scope_of(facts.get("programmes"))
            case "role_revoked":
                self.roles.pop((facts["actor"], facts["revoked_role"]), None)
                for token in facts.get("tokens", ()):
                    self._revoke(token, entry.recorded_at)
            case "token_created":
                actor, role = facts["actor"], facts["granted_role"]
                # Before 0.3.0 a token granted the role without another entry, for all programmes.
                self.roles.setdefault((actor, role), None)
                expires_at = facts.get("expires_at")
                self.tokens[facts["token"]] = HeldToken(
                    actor,
                    role,
                    scope_of(facts.get("programmes")),
                    entry.recorded_at,
                    None if expires_at is None else parse_instant(expires_at),
                    facts.get("fingerprint"),
                )
            case "token_revoked":
                token, until = self.tokens[facts["token"]], facts.get("valid_until")
                if until is None:
                    self._revoke(facts["token"], entry.recorded_at)
                else:
                    self.tokens[facts["token"]] = token.expiring(parse_instant(until))

    def _revoke(self, token: str, at: datetime) -> None:
        self.tokens[token] = replace(self.tokens[token], revoked_at=at)

    def tokens_of(self, actor: str, role: str) -> list[str]:
        """Give the ids of the tokens by which an actor acts in a role, expired ones included."""
        return [
            token
            for token, held in self.tokens.items()
            if (held.actor, held.role) == (actor, role) and not held.revoked
        ]


def scope_of(programmes: Iterable[str] | None) -> Scope:
    """Read the programmes of an entry or a row; None stands for all."""
    return None if programmes is None else frozenset(programmes)


def narrowed(one: Scope, other: Scope) -> Scope:
    """Give what lies within both scopes."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def listed(scope: Scope) -> list[str] | None:
    """Write a scope, in order; None stands for all."""
    return None if scope is None else sorted(scope)
