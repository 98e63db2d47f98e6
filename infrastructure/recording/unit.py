"""What a command works on: aggregates as they are now, and a place for what it records.

Each command of a batch stages its entries, and only a command that succeeds passes them on.
"""

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.access import Caller
from application.ports import Actor, Once, Texts, Token
from application.visibility import is_internal, public_from
from domain.commitment import Commitment
from domain.correction_register import Corrected, corrected_by
from domain.entry import Entry, Facts
from domain.entry_bytes import decoded, sort_of
from domain.history import CourseChange
from domain.issued import KeptReport
from domain.ledger_stream import REFERENCE, STREAM, LedgerStream
from domain.programme import Programme
from domain.recording import Act
from domain.rights import Scope
from infrastructure import clock
from infrastructure.callers.rights_rows import (
    dropped_role,
    held_role,
    kept_actor,
    new_token,
    revoked_token,
    shortened_token,
    unnamed_actor,
)
from infrastructure.database.statements import execute
from infrastructure.database.tables import issued_reports, opened, prose
from infrastructure.reading.closed_entries import recorded_in
from infrastructure.reading.issued import kept_row
from infrastructure.reading.read_models import WITHIN, StreamHead
from infrastructure.reading.remembering import remembered_answer
from infrastructure.recording.batch import Aggregate, Batch
from infrastructure.recording.codec import Draft, EntryMapper, RecordedEvent, canonical, draft
from infrastructure.recording.recorder import open_form_of, select_stored

_mapper = EntryMapper()
_WITHIN: Final = f"SELECT stream, version FROM streams WHERE {WITHIN}"  # noqa: S608 -- our own words
_ELSEWHERE: Final = (
    "SELECT reference FROM streams WHERE sort = 'commitment' AND programme <> ? AND substr(reference, 1, ?) = ? LIMIT 1"
)


class CommandUnit:
    """Implements `application.ports.Unit` for one command of a batch."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._touched: set[bytes] = set()
        self._drafts: list[tuple[Draft, StreamHead, CourseChange | None, tuple[Corrected, ...]]] = []
        self._events: dict[bytes, list[RecordedEvent]] = {}
        self._answers: list[tuple[Once, Mapping[str, Any]]] = []
        self._reports: list[dict[str, Any]] = []
        self._rights: list[sa.Executable] = []
        self._prefixes: dict[str, str] = {}
        self._deleted = False
        self._erased: set[tuple[int, str]] = set()
        self._instant: datetime | None = None

    @property
    def rights(self) -> int:
        """Which rights are in force for this command, those recorded before it in its batch included."""
        return self._batch.cache.rights + self._batch.rights_changed

    def act(self, caller: Caller) -> Act:
        """Give the next position and instant to the caller's entry."""
        batch, after = self._batch, self._instant
        instant = batch.tail.next_instant(batch.now(), after)
        self._instant = instant
        day = instant.astimezone(batch.time_zone).date()
        return Act(batch.tail.position + len(self._drafts) + 1, instant, day, caller.actor, caller.role)

    def commitment(self, reference: str) -> Commitment | None:
        """Load a commitment."""
        return cast("Commitment | None", self._load(Commitment.id_of(reference)))

    def programme(self, code: str) -> Programme | None:
        """Load a programme."""
        return cast("Programme | None", self._load(Programme.id_of(code)))

    def ledger_stream(self) -> LedgerStream | None:
        """Load the ledger's own stream."""
        return cast("LedgerStream | None", self._load(STREAM))

    def prefixes(self) -> Mapping[str, str]:
        """Give the prefixes of references that programmes own, each with its programme's code."""
        return ChainMap(self._prefixes, self._batch.prefixes)

    def reference_elsewhere(self, prefix: str, code: str) -> str | None:
        """Give a reference that begins so and belongs to another programme than *code*; None if there is none."""
        staged = (head for head, _ in self._batch.projection.heads())
        for head in (*staged, *(head for _, head, *_ in self._drafts)):
            if head.sort == "commitment" and head.programme != code and head.reference.startswith(prefix):
                return head.reference
        found = execute(self._batch.connection, _ELSEWHERE, (code, len(prefix), prefix)).fetchone()
        return None if found is None else str(found[0])

    def _load(self, stream: UUID) -> Aggregate | None:
        key = stream.bytes
        self._touched.add(key)
        cache = self._batch.cache
        found = cache.get(key)
        if found is None or cache.is_behind(key):
            stored = select_stored(self._batch.connection, stream, gt=None if found is None else found.version)
            events = [_mapper.to_domain_event(each) for each in stored]
            # Of what is behind nothing is staged yet: it was so before this batch began.
            staged = (*self._batch.events.get(key, ()), *self._events.get(key, ())) if found is None else ()
            cache.drop(key)  # until it is whole
            kept = found.history if isinstance(found, Commitment) else None
            for event in (*events, *staged):
                if kept is not None:
                    kept.prepare(event.entry)  # or the whole history would be folded again
                found = event.mutate(found)
            if found is not None:
                cache.put(key, found)
        return found

    def keep(self, aggregate: Aggregate, *, closed: bool = False) -> None:
        """Record what the aggregate has pending; in the closed form if asked, whatever the stream."""
        head = self._head_of(aggregate)
        key = aggregate.id.bytes
        self._touched.add(key)
        self._batch.cache.put(key, aggregate)
        changes: list[CourseChange] = aggregate.collect_course_changes() if isinstance(aggregate, Commitment) else []
        entries = _entries_of(aggregate)
        for index, event in enumerate(aggregate.collect_events()):
            drafted = draft(cast("RecordedEvent", event), head.reference, internal=head.is_internal or closed)
            self._events.setdefault(key, []).append(drafted.event)
            entry = drafted.event.entry
            corrected = corrected_by(entry, entries) if entry.is_correction else ()
            self._drafts.append((drafted, head, changes[index] if changes else None, corrected))

    def _head_of(self, aggregate: Aggregate) -> StreamHead:
        if isinstance(aggregate, Commitment):
            details = aggregate.history.state.details
            named = details["reference"], details["programme"]
            return StreamHead(aggregate.id, "commitment", *named, *self._visibility(aggregate, details))
        if isinstance(aggregate, Programme):
            now = aggregate.now
            if now.details.get("reference_prefix"):
                self._prefixes[now.details["reference_prefix"]] = now.code
            return StreamHead(aggregate.id, "programme", now.code, now.code, *self._visibility(aggregate, now.details))
        return StreamHead(aggregate.id, "ledger", REFERENCE, None)

    def _visibility(self, aggregate: Commitment | Programme, details: Facts) -> tuple[str, int]:
        return details.get("visibility") or "public", public_from(self, aggregate)

    def texts_of(self, position: int) -> Texts | None:
        """Give what texts an entry has; None without an entry."""
        connection = self._batch.connection
        form = connection.execute(open_form_of(position)).scalar()
        if form is None:
            return None
        rows = connection.execute(sa.select(prose.c.member).where(prose.c.position == position)).scalars()
        gone = {member for at, member in self._batch.erased | self._erased if at == position}
        closed = connection.execute(sa.select(opened.c.position).where(opened.c.position == position)).one_or_none()
        read = decoded(form)
        hidden = closed is not None and self._is_hidden(read["stream"], read["reference"])
        return Texts(frozenset(read["prose"]), frozenset(rows) - gone, hidden)

    def _is_hidden(self, stream: str, reference: str) -> bool:
        """Whether an entry in the closed form is still shown to some only, and not published by now."""
        sort = sort_of(stream, reference)
        found = self.commitment(reference) if sort == "commitment" else self.programme(reference)
        return sort == "ledger" or found is None or is_internal(self, found)

    def entries_within(self, programme: Programme) -> int:
        """Give how many entries are internal through a programme: its own, and those of commitments that say public."""
        code = programme.now.code
        rows = execute(self._batch.connection, _WITHIN, (code,)).fetchall()
        versions = {bytes(stream): version for stream, version in rows}
        for head, version in self._batch.projection.heads():
            if head.programme == code and head.is_internal_by_programme:
                versions[head.stream.bytes] = version
        return sum(versions.values())

    def recorded_within(self, programme: Programme, actor: str) -> str | None:
        """Give a commitment, internal through this programme only, in which an actor recorded; None if none."""
        for head, _ in self._batch.projection.heads():
            if head.sort == "commitment" and head.programme == programme.now.code and head.is_internal_by_programme:
                events = self._batch.events.get(head.stream.bytes, ())
                if any(event.entry.recorded_by == actor for event in events):
                    return head.reference
        return recorded_in(self._batch.connection, programme.now.code, actor)

    def erase(self, position: int, members: Collection[str]) -> None:
        """Delete the texts and salts of these members of an entry."""
        self._erased.update((position, member) for member in members)

    def keep_report(self, position: int, kept: KeptReport) -> None:
        """Keep what a report said when it was issued at *position*."""
        self._reports.append(kept_row(position, kept, canonical(kept.parameters).decode()))

    def keep_token(self, token: Token) -> None:
        """Keep a token's digest."""
        self._rights.append(new_token(token))

    def revoke_token(self, token_id: str, at: datetime) -> None:
        """Let a token be good for nothing any more; *at* is when that was recorded."""
        self._rights.append(revoked_token(token_id, at))

    def shorten_token(self, token_id: str, until: datetime) -> None:
        """Let a token expire at *until*."""
        self._rights.append(shortened_token(token_id, until))

    def hold_role(self, actor: str, role: str, scope: Scope) -> None:
        """Let an actor act in a role, as far as *scope* goes, by the tokens for it."""
        self._rights += held_role(actor, role, scope)

    def drop_role(self, actor: str, role: str) -> None:
        """Let no token act for an actor in a role."""
        self._rights.append(dropped_role(actor, role))

    def keep_actor(self, actor: Actor) -> None:
        """Keep what the register says of an actor, in place of what it said before."""
        self._rights += kept_actor(actor)
        self._deleted = True

    def erase_name(self, actor: str, at: datetime) -> None:
        """Delete an actor's name."""
        self._rights.append(unnamed_actor(actor, at))
        self._deleted = True

    def answer_to(self, once: Once) -> Mapping[str, Any] | None:
        """Give the answer that the request got before; RepeatedDifferently if the body was another."""
        return remembered_answer(self._batch.connection, once, self._batch.answers.get(once.request))

    def remember(self, once: Once, answer: Mapping[str, Any]) -> None:
        """Remember the answer together with what it recorded."""
        self._answers.append((once, answer))

    def finish(self) -> None:
        """Pass everything on to the batch. What cannot take a position (TooLong) leaves the batch as it was."""
        batch = self._batch
        forms = [batch.tail.formed(drafted, drafted.event.entry.recorded_at, i) for i, (drafted, *_) in
                 enumerate(self._drafts, 1)]  # fmt: skip
        for (drafted, head, change, corrected), form in zip(self._drafts, forms, strict=True):
            batch.tail.take(drafted, drafted.event.entry.recorded_at, form)
            batch.projection.take(head, drafted.event.entry, change, corrected)
        for stream, events in self._events.items():
            batch.events.setdefault(stream, []).extend(events)
        now = clock.to_micros(self._instant or batch.now())
        for once, answer in self._answers:
            batch.answers[once.request] = once.body_tag, answer
            batch.remembered.append((once.request, once.body_tag, orjson.dumps(answer).decode(), now))
        batch.inserts[issued_reports] += self._reports
        batch.rights += self._rights
        if self._prefixes:
            batch.prefixes.update(self._prefixes)
        batch.erased |= self._erased
        batch.deleted = batch.deleted or self._deleted or bool(self._erased)
        batch.changed = batch.changed or bool(self._drafts)

    def abandon(self) -> None:
        """Leave nothing behind: aggregates that may have been changed are loaded again when they are needed."""
        for stream in self._touched:
            self._batch.cache.drop(stream)


def _entries_of(aggregate: Aggregate) -> Sequence[Entry]:
    """Give the entries that corrections may speak of."""
    if isinstance(aggregate, Commitment):
        return aggregate.history.entries
    return aggregate.entries if isinstance(aggregate, Programme) else ()
