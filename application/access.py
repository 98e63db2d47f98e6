"""Who may do what: one table (design, 3.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from application.errors import NotPermitted
from domain.corrections import named
from domain.entry import Entry


class Right(StrEnum):
    """What a role may be allowed to do."""

    READ = "read everything, internal programmes included"
    PUBLISH = "publish and amend programmes"
    ANNOUNCE = "announce commitments"
    RECORD = "record every kind of entry but reviews"
    REVIEW = "record reviews"
    CORRECT = "correct entries that are not reviews"
    CORRECT_REVIEWS = "correct reviews"
    ERASE = "erase texts"
    ISSUE = "issue reports"
    ADMINISTER = "tokens and settings"


ROLES: Final[Mapping[str, frozenset[Right]]] = {
    "recorder": frozenset({Right.READ, Right.PUBLISH, Right.ANNOUNCE, Right.RECORD, Right.CORRECT, Right.ISSUE}),
    "reviewer": frozenset({Right.READ, Right.REVIEW, Right.CORRECT, Right.CORRECT_REVIEWS, Right.ISSUE}),
    "auditor": frozenset({Right.READ}),
    "administrator": frozenset({Right.READ, Right.PUBLISH, Right.ISSUE, Right.ERASE, Right.ADMINISTER}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a pseudonymous actor in one role. Nobody known is None, and may read what is public."""

    actor: str
    role: str

    def require(self, right: Right) -> None:
        """Raise NotPermitted unless the caller's role has the right."""
        self.require_one_of(right)

    def require_one_of(self, *rights: Right) -> None:
        """Raise NotPermitted unless the caller's role has one of the rights."""
        if ROLES[self.role].isdisjoint(rights):
            roles = " or ".join(role for role, held in ROLES.items() if not held.isdisjoint(rights))
            wanted = " or ".join(right.value for right in rights)
            raise NotPermitted(f"the role {self.role} may not {wanted}", f"a token with the role {roles}")


def may_read_internal(caller: Caller | None) -> bool:
    """Whether internal programmes and commitments are shown."""
    return caller is not None and Right.READ in ROLES[caller.role]


def permit_correction(caller: Caller, body: Mapping[str, Any], entries: Sequence[Entry], *, four_eyes: bool) -> None:
    """Refuse to correct a review without the right to, and one's own entry while four-eyes is on."""
    for version in named(body):
        if not 1 <= version <= len(entries):
            continue
        if _concerns_review(entries[version - 1], entries):
            caller.require(Right.CORRECT_REVIEWS)
        if four_eyes and entries[version - 1].recorded_by == caller.actor:
            raise NotPermitted(
                f"entry {version} was recorded by {caller.actor}, who may not correct it (four-eyes)",
                "a correction by another actor",
            )


def _concerns_review(entry: Entry, entries: Sequence[Entry]) -> bool:
    if not entry.is_correction:
        return entry.kind == "reviewed"
    return any(_concerns_review(entries[version - 1], entries) for version in entry.targets())
