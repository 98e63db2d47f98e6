"""Who may do what: one table (design, 3.6)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from application.errors import NotPermitted
from domain.corrections import changes_of, named
from domain.entry import Entry
from domain.replay import known
from domain.rights import Scope


class Right(StrEnum):
    """What a role may be allowed to do."""

    READ = "read, what is internal included"
    PUBLISH = "publish and amend programmes"
    ANNOUNCE = "announce commitments"
    RECORD = "record events other than reviews"
    REVIEW = "record reviews"
    CORRECT = "correct entries that are not reviews"
    CORRECT_REVIEWS = "correct reviews"
    DISCLOSE = "make public what is internal"
    ERASE = "erase texts and names"
    ISSUE = "issue reports"
    SEE_RIGHTS = "see who holds which right"
    ADMINISTER = "give and take rights"


ROLES: Final[Mapping[str, frozenset[Right]]] = {
    "recorder": frozenset({Right.READ, Right.PUBLISH, Right.ANNOUNCE, Right.RECORD, Right.CORRECT, Right.ISSUE}),
    "reviewer": frozenset({Right.READ, Right.REVIEW, Right.CORRECT, Right.CORRECT_REVIEWS, Right.ISSUE}),
    "auditor": frozenset({Right.READ, Right.SEE_RIGHTS}),
    "administrator": frozenset(
        {Right.READ, Right.PUBLISH, Right.DISCLOSE, Right.ISSUE, Right.ERASE, Right.SEE_RIGHTS, Right.ADMINISTER}
    ),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a pseudonymous actor in one role, by which token if any. Nobody known is None: may read what is public.

    *scope* holds the programmes that the role is held for, None stands for all and for the ledger itself.
    """

    actor: str
    role: str
    scope: Scope = None
    token: str | None = None

    def require(self, *rights: Right, within: str | None = None) -> None:
        """Raise NotPermitted unless the role has one of the rights, for the programme *within* (None: the ledger)."""
        self.require_role(*rights)
        if self.scope is not None and within not in self.scope:
            held = " | ".join(sorted(self.scope)) or "no programme"
            what, accepted = ("all of the ledger", "all programmes") if within is None else (within, within)
            raise NotPermitted(
                f"the role {self.role} is held here for {held}, not for {what}", f"a token that acts for {accepted}"
            )

    def require_role(self, *rights: Right) -> None:
        """Raise NotPermitted unless the role has one of the rights for some programme."""
        if ROLES[self.role].isdisjoint(rights):
            roles = " or ".join(role for role, held in ROLES.items() if not held.isdisjoint(rights))
            wanted = " or ".join(right.value for right in rights)
            raise NotPermitted(f"the role {self.role} may not {wanted}", f"a token with the role {roles}")

    def sight(self) -> "Sight":
        """Give what the caller may see, for one question."""
        return Sight(self.scope)


class Sight:
    """What one question may see beside what is public: what is internal to the programmes of *scope*; None: everything.

    *shown* are the programmes of which something internal was let through, None among them for the ledger itself: who
    answers the question sees to it that this is written down, and then stands in *written*.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.shown: set[str | None] = set()
        self.written: set[str | None] = set()

    @property
    def is_whole(self) -> bool:
        """Whether everything may be seen."""
        return self.scope is None

    @property
    def is_public(self) -> bool:
        """Whether nothing may be seen but what is public."""
        return self.scope is not None and not self.scope

    def sees(self, programme: str | None, *, internal: bool) -> bool:
        """Whether what belongs to a programme (None: the ledger) is shown; everything public is."""
        if not internal:
            return True
        if self.scope is not None and programme not in self.scope:
            return False
        self.shown.add(programme)
        return True

    def covers(self, programmes: Collection[str]) -> bool:
        """Whether everything of these programmes is shown; of none named: of all."""
        named: Collection[str | None] = programmes or (None,)
        return all(self.sees(each, internal=True) for each in named)


def everything() -> Sight:
    """Give what whoever holds a role for all programmes sees, and whoever has the ledger's files."""
    return Sight(None)


def nobody() -> Sight:
    """Give what is seen without a token: what is public."""
    return Sight(frozenset())


def permit_correction(
    caller: Caller, body: Mapping[str, Any], entries: Sequence[Entry], programme: str, *, four_eyes: bool
) -> None:
    """Refuse to correct a review without the right to, and one's own entry while four-eyes is on."""
    for version in named(body):
        if not 1 <= version <= len(entries):
            continue
        if _concerns_review(entries[version - 1], entries):
            caller.require(Right.CORRECT_REVIEWS, within=programme)
        if four_eyes and entries[version - 1].recorded_by == caller.actor:
            raise NotPermitted(
                f"entry {version} was recorded by {caller.actor}, who may not correct it (four-eyes)",
                "a correction by another actor",
            )


def refuse_own_disclosure(caller: Caller, entries: Sequence[Entry], *, four_eyes: bool) -> None:
    """Refuse that somebody publishes what they recorded while four-eyes is on; *entries* are those that matter."""
    own = next((entry for entry in entries if entry.recorded_by == caller.actor), None)
    if four_eyes and own is not None:
        raise NotPermitted(
            f"entry {own.version} was recorded by {caller.actor}, who may not publish it (four-eyes)",
            "a publication by another actor",
        )


def refuse_disclosure_within(caller: Caller, reference: str | None) -> None:
    """Refuse that somebody publishes a programme with the commitment in which they recorded something, if there is one.

    What they may not publish by itself does not become public by way of its programme.
    """
    if reference is not None:
        raise NotPermitted(
            f"{caller.actor} recorded in {reference}, which the publication would open, and may not publish it "
            "(four-eyes)",
            "a publication by another actor",
        )


def refuse_own_review(organisation: str | None, lead: str | None, independence: object) -> None:
    """Refuse that somebody judges what their own organisation leads, unless the review says so."""
    if organisation is not None and organisation == lead and independence != "self":
        raise NotPermitted(
            f"{organisation} leads this commitment, and whoever belongs to it does not review it as another would",
            "independence self, or a reviewer of another organisation",
        )


def refuse_own_correction(
    organisation: str | None, lead: str | None, body: Mapping[str, Any], entries: Sequence[Entry]
) -> None:
    """Refuse that somebody changes how others judged what their own organisation leads, or passes for another."""
    if organisation is None or organisation != lead:
        return
    readings = known(entries).readings
    for version in named(body):
        if not 1 <= version <= len(entries) or not _concerns_review(entries[version - 1], entries):
            continue
        reading = readings.get(version)
        independence = None if reading is None else reading.facts.get("independence")
        refuse_own_review(organisation, lead, independence)
        refuse_own_review(organisation, lead, changes_of(body, version).get("independence", independence))


def _concerns_review(entry: Entry, entries: Sequence[Entry]) -> bool:
    if not entry.is_correction:
        return entry.kind == "reviewed"
    return any(_concerns_review(entries[version - 1], entries) for version in entry.targets())
