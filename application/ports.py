"""What the use cases need of the world: a consistent view to read from, a writer to record with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from domain.answers import CommitmentAt, Moment, RecordedEntry
from domain.entry import Entry, TextAt
from domain.programme import ProgrammeState


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

    def corrections(self, after: int, log_size: int) -> Sequence[RecordedEntry]:
        """Give the rectifications and retractions with position after *after* and up to N, by position."""

    def texts(self, wanted: Iterable[TextAt]) -> Mapping[TextAt, Any]:
        """Look texts up. What was erased is given as `domain.answers.ERASED`; None stands for no text."""

    def root(self, log_size: int) -> bytes:
        """Give the Merkle tree hash over the first *log_size* entries (RFC 9162, 2.1.1)."""
