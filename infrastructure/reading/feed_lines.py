"""The feed as lines of JSON: what `domain.answers.entry_answer` says of an entry, made with little work for each.

Members that are texts already stand as JSON in the database and are passed on as they are. What has a form of its own
(announcements, rectifications) is made by `entry_answer` itself.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa

from application.access import Sight
from domain.answers import Answer, Kept, RecordedEntry, entry_answer
from domain.entry import Entry
from domain.entry_bytes import entry_of, newest
from domain.shapes import EVIDENCE
from infrastructure import clock
from infrastructure.database.tables import entries, opened, prose, streams

_AFTER: Final = sa.bindparam("after", type_=sa.BigInteger)
_LAST: Final = sa.bindparam("last", type_=sa.BigInteger)
_MOST_STREAMS: Final = 100_000
_OWN_FORM: Final = ("announced", "rectified")
_NO_TEXTS: Final[Mapping[str, tuple[str, bytes]]] = {}
_EVIDENCE: Final = dict.fromkeys(EVIDENCE.members)


def _between(table: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    query = sa.select(table.c.position, *columns).where(table.c.position > _AFTER, table.c.position <= _LAST)
    return query.order_by(table.c.position)


_ENTRIES: Final = _between(entries, entries.c.stream, entries.c.entry, entries.c.leaf_hash)
_OPENED: Final = _between(opened, opened.c.entry)
_PROSE: Final = _between(prose, prose.c.member, prose.c.value, prose.c.salt)
_STREAM: Final = sa.select(streams.c.programme, streams.c.internal).where(streams.c.stream == sa.bindparam("stream"))


class FeedLines:
    """Makes the lines of one feed; remembers what it has learnt of streams."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._streams: dict[bytes, tuple[str | None, int]] = {}

    def between(self, connection: sa.Connection, after: int, last: int) -> bytes:
        """Give a line for every entry behind *after*, up to *last*, that may be seen."""
        where = {"after": after, "last": last}
        # Past SQLAlchemy's rows: they would take as long as all the rest.
        read = [connection.execute(query, where).cursor.fetchall() for query in (_ENTRIES, _OPENED, _PROSE)]
        open_forms: dict[int, bytes] = dict(read[1])
        texts: dict[int, dict[str, tuple[str, bytes]]] = {}
        for position, member, value, salt in read[2]:
            texts.setdefault(position, {})[member] = value, salt
        lines: list[bytes] = []
        for position, stream, form, leaf_hash in read[0]:
            programme, internal = self._streams.get(stream) or self._learn(connection, stream)
            open_form = open_forms.get(position)
            if not self._sight.sees(programme, internal=bool(internal or open_form is not None)):
                continue
            said = newest(orjson.loads(open_form or form))
            own = texts.get(position, _NO_TEXTS)
            if said["kind"] in _OWN_FORM:
                answer = entry_answer(_recorded(said, programme, leaf_hash, own))
            else:
                answer = _answer(said, programme, leaf_hash, own)
            lines.append(orjson.dumps(answer, None, orjson.OPT_APPEND_NEWLINE))
        return b"".join(lines)

    def _learn(self, connection: sa.Connection, stream: bytes) -> tuple[str | None, int]:
        if len(self._streams) >= _MOST_STREAMS:
            self._streams.clear()
        programme, internal = connection.execute(_STREAM, {"stream": stream}).one()
        self._streams[stream] = programme, internal
        return programme, internal


def _answer(
    said: dict[str, Any], programme: str | None, leaf_hash: bytes, texts: Mapping[str, tuple[str, bytes]]
) -> Answer:
    """Say what `entry_answer` says; *said* is used up."""
    facts, hashes = said.pop("facts"), said.pop("prose")
    del said["v"]
    answer = _blank(said["kind"]).copy()
    answer.update(said)
    answer.update(facts)
    answer["programme"], answer["leaf_hash"] = programme, leaf_hash.hex()
    shown: dict[str, Any] = {}
    for member, hashed in hashes.items():
        if member in texts:
            value, salt = texts[member]
            answer[member] = orjson.Fragment(value)
            shown[member] = {"sha256": hashed, "salt": salt.hex()}
        else:
            shown[member] = {"sha256": hashed, "salt": None}
            answer["erased"] = [*answer["erased"], member]
    answer["prose"] = shown
    if "evidence" in facts:
        given = orjson.loads(texts["evidence"][0]) if "evidence" in texts else [{}] * len(facts["evidence"])
        items = zip(given, facts["evidence"], strict=True)
        answer["evidence"] = [{**_EVIDENCE, **text, **fact} for text, fact in items]
    return answer


@cache
def _blank(kind: str) -> Answer:
    """Give every member that the answer about an entry of this kind has, in order."""
    nothing = Entry(0, 0, kind, clock.EPOCH, "", "", {"effective_on": None})
    return entry_answer(RecordedEntry(nothing, UUID(int=0), None, "", internal=False, leaf_hash=b"", prose={}))


def _recorded(
    said: dict[str, Any], programme: str | None, leaf_hash: bytes, texts: Mapping[str, tuple[str, bytes]]
) -> RecordedEntry:
    kept = {
        member: Kept(hashed, texts[member][1].hex(), orjson.loads(texts[member][0]))
        if member in texts
        else Kept(hashed, None, None)
        for member, hashed in said["prose"].items()
    }
    stream, reference = UUID(said["stream"]), said["reference"]
    return RecordedEntry(entry_of(said), stream, programme, reference, internal=False, leaf_hash=leaf_hash, prose=kept)
