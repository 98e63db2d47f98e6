"""The ledger on this machine as a whole: to be verified with what stands beside its entries, or to be exported."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from application.checking_rights import rights_faults, unknown_digests
from application.log_source import Findings, Leaf, Progress, Streams
from application.verifying import Outcome, Trust, verify
from domain.issued import KeptReport
from domain.ledger_stream import STREAM
from domain.policy import Policy
from infrastructure.callers.rights_rows import all_rights, count_sessions, may_read_rights
from infrastructure.database.engines import Database
from infrastructure.database.tables import entries, head
from infrastructure.exporting.export import Head, export
from infrastructure.log.public_log import PublicLog
from infrastructure.log.signatures import verify as verify_signature
from infrastructure.log.signed_state import STATE
from infrastructure.reading.issued import all_kept
from infrastructure.replaying.replay import Difference, Replay
from infrastructure.verifying.database_source import DatabaseStreams, beside, leaves
from infrastructure.verifying.streams_apart import StreamsApart

_PAUSES: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds to wait for another process that signs."""


class DatabaseSource:
    """Implements `application.log_source.LogSource` on one snapshot."""

    shows_texts = shows_closed = True
    brings_key = False
    beside = staticmethod(beside)

    def __init__(
        self,
        connection: sa.Connection,
        name: str,
        note: bytes | None,
        policy: Policy | None,
        roots: Sequence[tuple[int, bytes]] = (),
    ) -> None:
        self._connection, self.name, self._note, self._policy, self._roots = connection, name, note, policy, roots
        self._head = connection.execute(sa.select(head.c.position, head.c.recorded_at)).one()
        self._last = (0, 0)

    @property
    def size(self) -> int:
        """How many entries it has, by its own account."""
        return int(self._head.position)

    def checkpoint(self) -> bytes | None:
        """Give what was signed last."""
        return self._note

    def policy(self) -> Policy | None:
        """Give the log's own keys."""
        return self._policy

    def signed_roots(self) -> Iterable[tuple[int, bytes]]:
        """Give what was signed before."""
        return self._roots

    def leaves(self) -> Iterator[Leaf]:
        """Give the entries by position."""
        for leaf in leaves(self._connection):
            self._last = leaf.position, leaf.row.recorded_at
            yield leaf

    def streams(self) -> Streams | None:
        """Give the entries stream by stream."""
        return DatabaseStreams(self._connection)

    def kept_reports(self) -> Iterator[tuple[int, KeptReport]]:
        """Give what is kept of issued reports, by the position of their entries."""
        return all_kept(self._connection)

    def look_further(self, streams: Streams, findings: Findings, progress: Progress) -> Mapping[str, Any]:
        """Make every read model anew and compare it; look at the head, and at the rows that say who may do what."""
        if self._last != (self._head.position, self._head.recorded_at):
            there = f"the last entry is {self._last[0]}"
            findings.found(None, f"the ledger's head says {self._head.position} or another instant, {there}")
        replay = Replay(
            self._connection,
            self._last[0],
            lambda done, to_do: progress("read models", done, to_do),
            passes=1,
            all_known=True,
        )

        def told(difference: Difference) -> None:
            findings.found(difference.position, f"{difference.table} of {difference.reference}: {difference.what}")

        replay.told = told
        replay.compare()
        return {"streams": replay.streams, "rights": self._look_at_rights(streams, findings)}

    def _look_at_rights(self, streams: Streams, findings: Findings) -> int:
        """Compare the rows by which callers are recognised with the entries that gave rights; count them."""
        if not may_read_rights(self._connection):
            findings.unseen.append("who holds which right: this role of the database may not read that")
            return 0
        rows, own = all_rights(self._connection), streams.history(STREAM, self._last[0])
        entries = () if own is None else own.entries
        for position, what in rights_faults(entries, rows):
            findings.found(position, what)
        if unknown := unknown_digests(entries):
            findings.unseen.append(f"whether {unknown} tokens have the secrets they were made with: no entry tells")
        if signed_in := count_sessions(self._connection):
            findings.unseen.append(f"whether {signed_in} sessions began with a sign-in: no entry tells of sign-ins")
        return len(rows)


class NotSealedError(Exception):
    """What was recorded is not signed, so that an export of it could not be verified."""


def verify_ledger(
    database: Database, log: PublicLog, policy: Policy | None, older: Sequence[tuple[str, bytes]], progress: Progress
) -> Outcome:
    """Verify one snapshot of a database against what was signed outside it."""
    # Read before the snapshot is taken, so that the snapshot holds all that is signed here.
    try:
        note: bytes | None = (log.state.folder / STATE).read_bytes()
    except FileNotFoundError:
        note = None
    own, roots = log.policy(), list(log.state.roots())
    with database.reading() as connection:
        source = DatabaseSource(connection, "the ledger", note, own, roots)
        outcome = verify(source, Trust(verify_signature, policy, older), StreamsApart, progress)
        if note is None and source.size:
            outcome.findings.found(
                None, f"the signed state is missing: nothing in {log.state.folder} says what was signed"
            )
    return outcome


def export_ledger(database: Database, log: PublicLog, target: Path, *, internal: bool, progress: Progress) -> int:
    """Export what is signed, after signing what is there; give the number of entries."""
    for pause in _PAUSES:
        time.sleep(pause)
        log.sealer.seal()
        signed = log.checkpoint()
        with database.reading() as connection:
            if signed is None or not _covers(connection, signed.size):
                continue
            keys = log.verifiers()
            head_of_log = Head(signed.note, signed.checkpoint, log.policy(), keys, log.stamps)
            export(connection, head_of_log, target, internal=internal, progress=progress)
            return signed.size
    raise NotSealedError("what was recorded last is not signed yet; `ledger serve` or its log says why")


def _covers(connection: sa.Connection, size: int) -> bool:
    """Whether everything is signed, or nothing was erased since: a missing text needs the entry that says why."""
    since = sa.select(entries.c.position).where(entries.c.position > size, entries.c.topic == "ledger.erased").limit(1)
    last = connection.execute(sa.select(head.c.position)).scalar_one()
    return bool(last >= size and connection.execute(since).first() is None)
