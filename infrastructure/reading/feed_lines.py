"""The feed as lines of JSON: each says what `domain.answers.entry_answer` says of an entry, made with little work.

Most entries have one text, a statement, and no members but plain ones. Of these the bytes that were recorded, and the
text, are passed on in pieces, and decoded once for many that look alike. So members of a line stand in any order.
"""

from binascii import hexlify
from collections.abc import Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from application.access import Sight
from domain import entry_bytes
from domain.answers import body_answer, opened_answer
from domain.entry_bytes import FORMAT, newest
from domain.ledger_stream import STREAM
from infrastructure.database.tables import entries, opened, prose, streams
from infrastructure.reading.closed_entries import closed_of_ledger

_AFTER: Final = sa.bindparam("after", type_=sa.BigInteger)
_LAST: Final = sa.bindparam("last", type_=sa.BigInteger)
_LEDGER: Final = STREAM.bytes
_MOST_STREAMS: Final = 100_000
_MOST_LOOKS: Final = 10_000
_LONGEST_LOOK: Final = 500
_DIGITS: Final = b"0123456789"
_STATEMENT_ALONE: Final = len('{"statement":""}') + 64
_FORMAT: Final = b',"v":%d,' % FORMAT
_LEAF_HASH: Final = b',"leaf_hash":"'
_OWN_FORM: Final = ("announced", "rectified")
_TAKEN_APART: Final = ("evidence", "changes", "corrections")
"""Texts that belong to members of the facts; each other one is a member by itself."""

Text = tuple[int, str, str, bytes]
"""Position and name of a text, its value as JSON, and its salt."""

_NO_TEXTS: Final[Sequence[Text]] = ()
_NOT_CLOSED: Final = (None, b"")
_OPEN: Final = b',"opened":null}\n'


def _between(table: sa.Table, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    query = sa.select(table.c.position, *columns).where(table.c.position > _AFTER, table.c.position <= _LAST)
    return query.order_by(table.c.position)


_ENTRIES: Final = _between(entries, entries.c.stream, entries.c.entry, entries.c.leaf_hash)
_OPENED: Final = _between(opened, opened.c.entry, opened.c.salt)
_PROSE: Final = _between(prose, prose.c.member, prose.c.value, prose.c.salt)
_STREAM: Final = sa.select(streams.c.programme, streams.c.public_from).where(streams.c.stream == sa.bindparam("stream"))


class FeedLines:
    """Makes the lines of one feed, as seen at one log size; remembers what it has learnt of streams, and of entries
    that look alike.
    """

    def __init__(self, sight: Sight, log_size: int) -> None:
        self._sight, self._log_size = sight, log_size
        self._streams: dict[bytes, tuple[str | None, int, bytes]] = {}
        self._looks: dict[bytes, bytes] = {}

    def between(self, connection: sa.Connection, after: int, last: int) -> bytes:
        """Give a line for every entry behind *after*, up to *last*, that may be seen."""
        where = {"after": after, "last": last}
        # Past SQLAlchemy's rows: they would take as long as all the rest.
        read = [connection.execute(query, where).cursor.fetchall() for query in (_ENTRIES, _OPENED, _PROSE)]
        open_forms = {position: (open_form, salt) for position, open_form, salt in read[1]}
        texts = _by_position(read[2])
        of_ledger = [row[0] for row in read[0] if row[1] == _LEDGER and row[0] in open_forms] if open_forms else ()
        closed = closed_of_ledger(connection, ((position, open_forms[position][0]) for position in of_ledger))
        lines: list[bytes] = []
        for position, stream, form, leaf_hash in read[0]:
            programme, public_from, end = self._streams.get(stream) or self._learn(connection, stream)
            internal = closed.get(position, public_from) > self._log_size
            if not internal or self._sight.sees(programme, internal=True):
                open_form, salt = open_forms.get(position, _NOT_CLOSED)
                own = texts.get(position, _NO_TEXTS)
                line = self._pieced(open_form or form, own) or _made(open_form or form, own)
                lines += line, hexlify(leaf_hash), end, _OPEN if open_form is None else _opened(open_form, salt)
        return b"".join(lines)

    def _learn(self, connection: sa.Connection, stream: bytes) -> tuple[str | None, int, bytes]:
        if len(self._streams) >= _MOST_STREAMS:
            self._streams.clear()
        programme, public_from = connection.execute(_STREAM, {"stream": stream}).one()
        learnt = self._streams[stream] = programme, public_from, b'","programme":%b' % orjson.dumps(programme)
        return learnt

    def _pieced(self, form: bytes, texts: Sequence[Text]) -> bytes:
        """Give a line, up to the leaf's hash, in the pieces that stand there; nothing if it is not made of them."""
        # {"facts":{…},"kind":"…","position":… ,"prose":{"statement":"…"},"recorded_at":… ,"v":1,"version":…}
        head, _, rest = form.rpartition(b',"prose":')
        if len(texts) != 1 or texts[0][1] != "statement" or rest.find(b"}") != _STATEMENT_ALONE - 1:
            return b""
        look = head.translate(None, _DIGITS)
        absent = self._looks.get(look)
        if absent is None:
            absent = self._look(look, head)
        if not absent:
            return b""
        facts, _, kind = head.rpartition(b'},"kind":')
        before, _, version = rest[_STATEMENT_ALONE:].rpartition(_FORMAT)
        _, _, value, salt = texts[0]
        return b"".join(
            (b"{", facts[10:], b',"kind":', kind, before, b",", version[:-1], b",", absent, b',"statement":',
             value.encode(), b',"prose":{"statement":{"sha256":', rest[13:79], b',"salt":"', hexlify(salt),
             b'"}},"erased":[]', _LEAF_HASH)
        )  # fmt: skip

    def _look(self, look: bytes, head: bytes) -> bytes:
        """Give the members that an entry with such a head does not have; nothing if it is not made of pieces.

        Heads that differ in digits only have the same members.
        """
        said = orjson.loads(head + b"}")
        kind, facts = said["kind"], said["facts"]
        absent = b""
        if not entry_bytes.UPCASTS and kind not in _OWN_FORM and "evidence" not in facts:
            blank = body_answer(kind, {}, {})
            if facts.keys() <= {"effective_on", *blank}:
                there = {"statement", *facts}
                absent = orjson.dumps({name: value for name, value in blank.items() if name not in there})[1:-1]
        if len(self._looks) >= _MOST_LOOKS:
            self._looks.clear()
        if len(look) <= _LONGEST_LOOK:
            self._looks[look] = absent
        return absent


def _opened(open_form: bytes, salt: bytes) -> bytes:
    return b',"opened":%b}\n' % orjson.dumps(opened_answer(open_form, salt.hex()))


def _by_position(texts: Sequence[Text]) -> dict[int, list[Text]]:
    found: dict[int, list[Text]] = {}
    last, own = 0, list[Text]()
    for text in texts:
        if text[0] == last:
            own.append(text)
        else:
            last = text[0]
            found[last] = own = [text]
    return found


def _made(form: bytes, texts: Sequence[Text]) -> bytes:
    """Give a line, up to the leaf's hash, by way of the members that it has."""
    said = newest(orjson.loads(form))
    facts, hashes = said.pop("facts"), said.pop("prose")
    del said["v"]
    there = {
        member: orjson.loads(value) if member in _TAKEN_APART else orjson.Fragment(value)
        for _, member, value, _ in texts
    }
    salts = {member: salt.hex() for _, member, _, salt in texts}
    proofs = {member: {"sha256": hashed, "salt": salts.get(member)} for member, hashed in hashes.items()}
    answer = {**said, "effective_on": facts["effective_on"], **body_answer(said["kind"], facts, there)}
    answer |= {"prose": proofs, "erased": [member for member in hashes if member not in there]}
    return orjson.dumps(answer)[:-1] + _LEAF_HASH
