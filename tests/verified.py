"""Verifying and exporting a store, signed with a key of the test's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from application.log_source import LogSource, Progress
from application.verifying import Outcome, Trust, verify
from domain.checkpoint import Checkpoint
from domain.notes import Note
from domain.policy import Party, Policy
from infrastructure.exporting.export import Head, export
from infrastructure.recording.tail import frontier_at
from infrastructure.verifying.log_sources import DatabaseSource
from infrastructure.verifying.offline import verify_export
from infrastructure.verifying.streams_apart import StreamsApart
from tests import static_log
from tests.static_log import ORIGIN, Signer
from tests.stores import Store, announced, event, note, published

SIGNER = Signer()
POLICY = Policy((Party(SIGNER.key),))


def told(store: Store, size: int) -> Store:
    """Record entries of many kinds, internal ones among them, until there are *size*."""
    first = [
        published(reference_prefix="A-"),
        announced("A-1", relations=[{"type": "part_of", "reference": "A-2"}]),
        announced("A-2", visibility="internal"),
        event("A-1", statement="Marguerite opened it."),
        event("A-2", statement="In secret."),
        event("A-1", "slipped", occurred_on="2023-02-01", forecast="2025-01-01", cause="Illness"),
        event("A-1", "rectified", entry=2, changes={"occurred_on": "2022-12-01"}, reason="The minutes."),
    ]
    commands = [*first, *(note("A-1", f"Note {number}.") for number in range(len(first), size))][:size]
    for start in range(0, len(commands), 200):
        outcomes = store.writer.write(commands[start : start + 200])
        assert not [each for each in outcomes if isinstance(each, BaseException)], outcomes
    return store


def head_of(store: Store, size: int | None = None) -> Checkpoint:
    size = store.size if size is None else size
    with store.database.reading() as connection:
        return Checkpoint(ORIGIN, size, frontier_at(connection, size).root)


def signed(store: Store, size: int | None = None, signer: Signer = SIGNER) -> bytes:
    """Sign the ledger as it is, or as it was."""
    text = head_of(store, size).text
    return bytes(Note(text, (signer.sign(text),)))


def unheard(_what: str, _done: int, _all: int) -> None:
    """Progress that nobody wants to hear of."""


def judged(
    source: LogSource, older: Sequence[bytes] = (), policy: Policy | None = None, progress: Progress = unheard
) -> Outcome:
    kept = [(f"kept {number}", each) for number, each in enumerate(older)]
    trust = Trust(static_log.verify, policy, kept)
    return verify(source, trust, StreamsApart, progress)


def verified(store: Store, note: bytes | None, *, older: Sequence[bytes] = (), roots: Any = ()) -> Outcome:
    """Verify a database against what was signed."""
    with store.database.reading() as connection:
        return judged(DatabaseSource(connection, "the ledger", note, POLICY, roots), older)


def exported(store: Store, target: Path, *, internal: bool = False, note: bytes | None = None) -> Path:
    head = Head(note or signed(store), head_of(store), POLICY, [SIGNER.key])
    with store.database.reading() as connection:
        export(connection, head, target, internal=internal, progress=unheard)
    return target


def verified_export(
    path: Path, *, older: Sequence[bytes] = (), policy: Policy | None = None, progress: Progress = unheard
) -> Outcome:
    kept = [(f"kept {number}", each) for number, each in enumerate(older)]
    return verify_export(path, policy, kept, progress)
