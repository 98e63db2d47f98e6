"""What the use cases need of the world: a consistent view to read from, a writer to record with."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from application.access import Caller
from domain.answers import CommitmentAt, Moment, RecordedEntry
from domain.commitment import Commitment
from domain.correction_register import Registered
from domain.entry import Entry, TextAt
from domain.issued import KeptReport
from domain.ledger_stream import LedgerStream
from domain.programme import Programme, ProgrammeState
from domain.recording import Act
from domain.replay import StatusStep
from domain.rights import Scope


class View(Protocol):
    """One consistent snapshot of the ledger. Everything it gives for a (V, N) stays the same for ever."""

    @property
    def head(self) -> Moment:
        """All that was known when the view was opened."""

    def moment(self, log_size: int) -> Moment:
        """Give the moment at which *log_size* entries were known."""

    def size_known_at(self, instant: datetime) -> int:
        """Give the greatest position recorded at or before *instant*, 0 if there is none."""

    def commitments(self, as_of: date, log_size: int) -> Sequence[CommitmentAt]:
        """Give every commitment that exists at (V, N), ordered by reference, internal ones included."""

    def commitment(self, reference: str, as_of: date, log_size: int) -> CommitmentAt | None:
        """Give one commitment at (V, N)."""

    def relating_to(self, reference: str, as_of: date, log_size: int) -> Sequence[CommitmentAt]:
        """Give the commitments at (V, N) that have a relation to *reference*."""

    def status_courses(self, log_size: int) -> Iterable[tuple[str, Sequence[StatusStep]]]:
        """Give every step of the status of every commitment known at N, by reference, in any order."""

    def programmes(self, as_of: date, log_size: int) -> Sequence[tuple[ProgrammeState, int, bool]]:
        """Give every programme at (V, N) by code, with its last version known at N and whether it is internal."""

    def entries(self, stream: UUID, log_size: int) -> Sequence[Entry]:
        """Give the entries of one stream known at N, by version."""

    def recorded(
        self, *, stream: UUID | None = None, after: int = 0, up_to: int, limit: int | None = None
    ) -> Iterator[RecordedEntry]:
        """Give entries with all that is shown of them, by position, from after *after* to *up_to*."""

    def touched(self, since: date, until: date, log_size: int) -> Sequence[UUID]:
        """Give the commitments' streams with an entry, or a corrected date, in effect after *since*, up to *until*."""

    def corrections(self, after: int, log_size: int) -> Sequence[Registered]:
        """Give the rectifications and retractions with position after *after* and up to N, by position."""

    def settings_changed(self, log_size: int) -> Sequence[Entry]:
        """Give the changes of settings known at N, by position."""

    def texts(self, wanted: Iterable[TextAt]) -> Mapping[TextAt, Any]:
        """Look texts up. What was erased is given as `domain.answers.ERASED`; None stands for no text."""

    def root(self, log_size: int) -> bytes:
        """Give the Merkle tree hash over the first *log_size* entries (RFC 9162, 2.1.1)."""

    def issued(self, *, before: int, limit: int, internal: bool) -> Sequence[RecordedEntry]:
        """Give the entries of issued reports with position below *before*, the newest first, internal ones if asked."""

    def kept_report(self, position: int) -> KeptReport | None:
        """Give what is kept of the report issued at *position*; None if there is nothing."""

    def answer_to(self, once: "Once") -> Mapping[str, Any] | None:
        """Give the answer that a request got before; RepeatedDifferently if the body was another."""


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a repeated request recognisable: a digest of who, where and key, and a tag of the body."""

    request: bytes
    body_tag: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the ledger keeps it: never the secret, only its SHA-256.

    It acts in *scope* as far as its actor's role goes (None: all of that). Once revoked it is good for nothing,
    whatever a clock says.
    """

    id: str
    digest: bytes
    actor: str
    role: str
    created_at: datetime
    scope: Scope = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """An entry of the register; *name* is None if none was given, or it was erased."""

    id: str
    name: str | None
    organisation: str | None
    registered_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Texts:
    """The members that an entry was recorded with texts in, those still *there*, and whether it is *closed* to some."""

    recorded: frozenset[str]
    there: frozenset[str]
    closed: bool


class Unit(Protocol):
    """What a command works on while the ledger is locked for it. All of it is recorded, or nothing.

    Aggregates include everything recorded before this command, by whatever process.
    """

    def act(self, caller: Caller) -> Act:
        """Give the next position and instant to the caller's entry."""

    def commitment(self, reference: str) -> Commitment | None:
        """Load a commitment."""

    def programme(self, code: str) -> Programme | None:
        """Load a programme."""

    def ledger_stream(self) -> LedgerStream | None:
        """Load the ledger's own stream."""

    def prefixes(self) -> Mapping[str, str]:
        """Give the prefixes of references that programmes own, each with its programme's code."""

    def reference_elsewhere(self, prefix: str, code: str) -> str | None:
        """Give a reference that begins so and belongs to another programme than *code*; None if there is none."""

    def entries_within(self, programme: Programme) -> int:
        """Give how many entries are internal through a programme: its own, and those of commitments that say public."""

    def recorded_within(self, programme: Programme, actor: str) -> str | None:
        """Give a commitment, internal through this programme only, in which an actor recorded; None if none."""

    def keep(self, aggregate: Commitment | Programme | LedgerStream, *, closed: bool = False) -> None:
        """Record what the aggregate has pending; in the closed form if asked, whatever the stream."""

    def keep_report(self, position: int, kept: KeptReport) -> None:
        """Keep what a report said when it was issued at *position*."""

    def texts_of(self, position: int) -> "Texts | None":
        """Give what texts an entry has; None without an entry."""

    def erase(self, position: int, members: Collection[str]) -> None:
        """Delete the texts and salts of these members of an entry."""

    def keep_token(self, token: Token) -> None:
        """Keep a token's digest."""

    def revoke_token(self, token_id: str, at: datetime) -> None:
        """Let a token be good for nothing any more; *at* is when that was recorded."""

    def shorten_token(self, token_id: str, until: datetime) -> None:
        """Let a token expire at *until*."""

    def hold_role(self, actor: str, role: str, scope: Scope) -> None:
        """Let an actor act in a role, as far as *scope* goes, by the tokens for it."""

    def drop_role(self, actor: str, role: str) -> None:
        """Let no token act for an actor in a role."""

    def keep_actor(self, actor: Actor) -> None:
        """Keep what the register says of an actor, in place of what it said before."""

    def erase_name(self, actor: str, at: datetime) -> None:
        """Delete an actor's name."""

    def answer_to(self, once: Once) -> Mapping[str, Any] | None:
        """Give the answer that the request got before; RepeatedDifferently if the body was another."""

    def remember(self, once: Once, answer: Mapping[str, Any]) -> None:
        """Remember the answer together with what it recorded."""


Command = Callable[[Unit], Mapping[str, Any]]
"""Something to record: decides on a Unit and gives the answer; whatever it raises, nothing is recorded."""
