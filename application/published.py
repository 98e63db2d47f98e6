"""From when on everybody sees a stream, told from entries alone."""

from application.log_source import History, Streams
from domain.ledger_stream import STREAM
from domain.programme import Programme
from domain.publication import NEVER, Publications


class Published:
    """What the entries of a log up to *log_size* say of who sees which stream."""

    def __init__(self, streams: Streams, log_size: int) -> None:
        self._streams, self._log_size = streams, log_size
        own = streams.history(STREAM, log_size)
        self.entries = () if own is None else own.entries
        self._publications = Publications(self.entries)
        self._programmes: dict[str, int] = {}

    def public_from(self, history: History) -> int:
        """Give the log size from which on everybody sees a stream; NEVER while nothing has published it."""
        first = history.entries[0]
        if first.kind == "programme_published":
            return self._publications.programme(first.facts["details"])
        if first.kind == "announced":
            details = first.facts["commitment"]
            return self._publications.commitment(details, self._programme(details["programme"]))
        return 0 if history.sort == "ledger" else NEVER  # its beginning is not here

    def _programme(self, code: str) -> int:
        if code not in self._programmes:
            found = self._streams.history(Programme.id_of(code), self._log_size)
            self._programmes[code] = 0 if found is None else self.public_from(found)
        return self._programmes[code]
