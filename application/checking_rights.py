"""The rows by which callers are recognised, held against the entries of the ledger's own stream.

Rows decide who may do what, entries say who was given it. Whoever can write rows could otherwise give themselves a
right that no entry tells of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from application.ports import Actor, Token
from domain.answers import instant
from domain.entry import Entry
from domain.rights import HeldToken, Rights, Scope, listed


@dataclass(frozen=True, slots=True)
class RightsRows:
    """What the database says: tokens, roles with actor and programmes, and the register of actors."""

    tokens: Sequence[Token]
    roles: Sequence[tuple[str, str, Scope]]
    actors: Sequence[Actor]

    def __len__(self) -> int:
        return len(self.tokens) + len(self.roles) + len(self.actors)


class _Said:
    """What entries say, and which entry said it last."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.rights = Rights()
        self.actors: dict[str, Actor] = {}
        self.last: dict[tuple[str, str], int] = {}
        for entry in entries:
            for about in _subjects(entry, self.rights):
                self.last[about] = entry.position
            self.rights.take(entry)
            self._take_actor(entry)

    def _take_actor(self, entry: Entry) -> None:
        facts = entry.facts
        if entry.kind == "actor_registered":
            actor = facts["actor"]
            self.actors[actor] = Actor(actor, None, facts.get("organisation"), entry.recorded_at, None)
        elif entry.kind == "erased" and facts.get("erased_actor") in self.actors:
            actor = facts["erased_actor"]
            self.actors[actor] = replace(self.actors[actor], erased_at=entry.recorded_at)


def _subjects(entry: Entry, before: Rights) -> Iterator[tuple[str, str]]:
    facts = entry.facts
    match entry.kind:
        case "token_created":
            yield "token", facts["token"]
            if (facts["actor"], facts["granted_role"]) not in before.roles:
                yield "role", _name(facts["actor"], facts["granted_role"])
        case "token_revoked":
            yield "token", facts["token"]
        case "role_granted":
            yield "role", _name(facts["actor"], facts["granted_role"])
        case "role_revoked":
            yield "role", _name(facts["actor"], facts["revoked_role"])
            yield from (("token", token) for token in facts.get("tokens", ()))
        case "actor_registered":
            yield "actor", facts["actor"]
        case "erased" if "erased_actor" in facts:
            yield "actor", facts["erased_actor"]


def _name(actor: str, role: str) -> str:
    return f"{role} of {actor}"


def rights_faults(entries: Iterable[Entry], rows: RightsRows) -> Iterator[tuple[int | None, str]]:
    """Say what rows say that entries do not, and the other way round, with the position of the entry that knows."""
    said = _Said(entries)
    roles = {_name(actor, role): {"programmes": _written(scope)} for actor, role, scope in rows.roles}
    granted = {_name(*held): {"programmes": _written(scope)} for held, scope in said.rights.roles.items()}
    tokens = said.rights.tokens
    for sort, there, recorded in (
        ("role", roles, granted),
        (
            "token",
            {each.id: _token_row(each, tokens.get(each.id)) for each in rows.tokens},
            {token: _token_said(held) for token, held in tokens.items()},
        ),
        (
            "actor",
            {each.id: _actor_row(each) for each in rows.actors},
            {actor: _actor_row(each) for actor, each in said.actors.items()},
        ),
    ):
        for name, what in _differences(sort, there, recorded):
            yield said.last.get((sort, name)), what


def unknown_digests(entries: Iterable[Entry]) -> int:
    """Count the tokens of which no entry says which secret they were made with."""
    return sum(entry.kind == "token_created" and "fingerprint" not in entry.facts for entry in entries)


def _differences(
    sort: str, there: Mapping[str, Mapping[str, Any]], recorded: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    for name in sorted(there.keys() | recorded.keys()):
        if name not in recorded:
            yield name, f"the {sort} {name} is in the database, but no entry gave it, or one took it"
        elif name not in there:
            yield name, f"the {sort} {name} is not in the database, though entries say that it is there"
        else:
            for member, value in there[name].items():
                if value != recorded[name][member]:
                    yield name, f"the {sort} {name}: {member} is {value}, entries say {recorded[name][member]}"


def _token_row(token: Token, said: HeldToken | None) -> dict[str, Any]:
    unknown = said is not None and said.fingerprint is None
    fingerprint = None if unknown else sha256(token.digest).hexdigest()
    return {**_rights_of(token), "revoked_at": instant(token.revoked_at), "fingerprint": fingerprint}


def _token_said(held: HeldToken) -> dict[str, Any]:
    return {**_rights_of(held), "revoked_at": instant(held.revoked_at), "fingerprint": held.fingerprint}


def _rights_of(token: Token | HeldToken) -> dict[str, Any]:
    return {
        "actor": token.actor,
        "role": token.role,
        "programmes": _written(token.scope),
        "created_at": instant(token.created_at),
        "expires_at": instant(token.expires_at),
    }


def _actor_row(actor: Actor) -> dict[str, Any]:
    return {
        "organisation": actor.organisation,
        "registered_at": instant(actor.registered_at),
        "erased_at": instant(actor.erased_at),
        # A name stands in no entry; whether it may be there does.
        "erased name": "still there" if actor.erased_at is not None and actor.name is not None else "gone",
    }


def _written(scope: Scope) -> str:
    return "all" if scope is None else ", ".join(listed(scope) or ()) or "none"
