"""From when on everybody sees what is internal: an entry of the ledger's own stream publishes it, once and for ever.

Publishing acts on the axis of knowledge alone, like a correction. At every log size N from that entry's position on the
whole history is public, whatever V; at a smaller N nothing is, so that what was told for a (V, N) stays as it was told.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from domain.entry import Entry, Facts
from domain.recording import stream_id

KIND: Final = "visibility_changed"
NEVER: Final = 2**62
"""The log size from which on everybody sees what nothing has published."""


class Publications:
    """What the entries of the ledger's own stream have published so far."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._positions: dict[UUID, int] = {}
        for entry in entries:
            self.take(entry)

    def __bool__(self) -> bool:
        return bool(self._positions)

    def take(self, entry: Entry) -> None:
        """Go on by one entry; kinds that publish nothing change nothing."""
        if entry.kind == KIND:
            self._positions.setdefault(published_stream(entry.facts), entry.position)

    def programme(self, details: Facts) -> int:
        """Give the log size from which on everybody sees a programme, from its details; 0: it always was public."""
        return self._own(f"programme:{details['code']}", details)

    def commitment(self, details: Facts, programme: int) -> int:
        """Give that of a commitment, whose programme is public from *programme* on: it is never seen without it."""
        return max(programme, self._own(f"commitment:{details['reference']}", details))

    def _own(self, name: str, details: Facts) -> int:
        return self._positions.get(stream_id(name), NEVER) if details.get("visibility") == "internal" else 0


def published_stream(facts: Facts) -> UUID:
    """Give the stream that an entry publishes."""
    reference = facts.get("published_commitment")
    return stream_id(f"programme:{facts['published_programme']}" if reference is None else f"commitment:{reference}")
