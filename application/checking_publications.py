"""Whether all is shown that was published: the entry that publishes says how many closed entries it opens."""

from collections import Counter
from collections.abc import Iterator

from application.log_source import Findings, Streams
from application.published import Published
from domain.entry import Entry
from domain.publication import KIND


def check_publications(streams: Streams, log_size: int, findings: Findings) -> int:
    """Count the entries that each publication has opened; give how many publications there are."""
    published = Published(streams, log_size)
    made = [entry for entry in published.entries if entry.kind == KIND]
    if made:
        opened = Counter(_opened(streams, published, log_size))
        for entry in made:
            for what in _faults(entry, opened[entry.position]):
                findings.found(entry.position, what)
    return len(made)


def _opened(streams: Streams, published: Published, log_size: int) -> Iterator[int]:
    """Give for every entry that was closed once, and can be read, the position at which it was published."""
    for history in streams.histories(log_size):
        public_from = published.public_from(history)
        yield from (public_from for entry in history.entries if entry.position < public_from)


def _faults(entry: Entry, opened: int) -> Iterator[str]:
    name = entry.facts.get("published_commitment") or entry.facts.get("published_programme")
    stated = entry.facts.get("opened_entries")
    if stated != opened:
        yield f"it published {stated} entries of {name}, but {opened} of them can be read"
