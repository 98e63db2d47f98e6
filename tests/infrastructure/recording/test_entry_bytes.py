"""The bytes of an entry: exactly those of section 4 of the design, made once and read back for ever."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest
import rfc8785
import sqlalchemy as sa
from eventsourcing.utils import get_topic, resolve_topic
from hypothesis import given
from hypothesis import strategies as st

from application.access import Caller
from application.recording import Request
from application.tokens import Minted, create_token, revoke_token
from domain import entry_bytes
from domain.commitment import Commitment
from domain.entry_bytes import decoded, entry_of
from domain.errors import TooLong
from domain.ledger_stream import STREAM, LedgerStream
from domain.programme import Programme
from infrastructure.database.tables import entries, opened, prose
from infrastructure.recording import codec
from infrastructure.recording.codec import EntryMapper, canonical, draft, entry_form
from infrastructure.recording.recorder import select_stored
from tests.scenario import Story
from tests.stores import PROGRAMME, Store, announced, event, note, published
from tests.strategies import histories

SECRET: Final = "The talks failed in private."

# What the ledger stores of every event class, in the order of the classes. Names are only ever added.
STORED_NAMES: Final = [
    "commitment", "commitment.announced", "commitment.started", "commitment.progressed", "commitment.reviewed",
    "commitment.achieved", "commitment.slipped", "commitment.rebaselined", "commitment.suspended",
    "commitment.resumed", "commitment.abandoned", "commitment.superseded", "commitment.reopened",
    "commitment.occurrence_held", "commitment.occurrence_missed", "commitment.amended", "commitment.evidence_added",
    "commitment.rectified", "commitment.retracted",
    "programme", "programme.programme_published", "programme.programme_amended", "programme.programme_closed",
    "programme.rectified", "programme.retracted",
    "ledger", "ledger.opened", "ledger.erased", "ledger.key_rotated", "ledger.recovered",
    "ledger.actor_registered", "ledger.role_granted", "ledger.role_revoked", "ledger.setting_changed",
    "ledger.token_created", "ledger.token_revoked", "ledger.report_issued", "ledger.visibility_changed",
]  # fmt: skip


@pytest.fixture
def salts(monkeypatch) -> Iterator[int]:
    """Salts are 32 times the byte 0, then 1, 2 …"""
    numbers = count()
    monkeypatch.setattr(codec, "new_salt", lambda: bytes([next(numbers)]) * 32)
    return numbers


def stored(store: Store, position: int) -> Any:
    (row,) = store.rows(sa.select(entries).where(entries.c.position == position))
    return row


def leaf(store: Store, position: int) -> bytes:
    return bytes(stored(store, position).entry)


def test_the_bytes_of_a_known_entry(store: Store, salts) -> None:
    store.begin("A-1")
    evidence = [{"title": "Minutes – €", "grade": "A", "url": "https://example.org/a", "size": 12}]
    store.writer.record(
        event(statement="Begun “at last”.\n", occurred_on="2023-03", evidence=evidence, partners=["EU"], note=None)
    )
    title = '[{"title":"Minutes – €","url":"https://example.org/a"}]'
    hashes = [sha256(bytes([n]) * 32 + text.encode()).hexdigest() for n, text in enumerate([title, STATEMENT])]
    assert leaf(store, 3).decode() == (
        '{"facts":{"effective_on":"2023-03-31","evidence":[{"grade":"A","size":12}],"language":"en",'
        '"occurred_on":"2023-03","partners":["EU"]},"kind":"started","position":3,'
        f'"prose":{{"evidence":"{hashes[0]}","statement":"{hashes[1]}"}},'
        '"recorded_at":"2024-01-15T09:00:00.000002Z","recorded_by":"rec-1","reference":"A-1","role":"recorder",'
        '"stream":"ef32cb49-505a-5555-a591-acad725b9fcc","v":1,"version":2}'
    )
    assert stored(store, 3).leaf_hash == sha256(b"\x00" + leaf(store, 3)).digest()
    kept = store.rows(sa.select(prose).where(prose.c.position == 3).order_by(prose.c.member))
    assert [tuple(row) for row in kept] == [
        (3, "evidence", title, bytes(32)),
        (3, "statement", STATEMENT, b"\x01" * 32),
    ]


STATEMENT: Final = '"Begun “at last”.\\n"'


def test_the_bytes_of_an_announcement_hold_the_commitment_whole(store: Store) -> None:
    store.begin("A-1")
    read = json.loads(leaf(store, 2))
    assert read["facts"]["commitment"]["timeframe"] == {"wording": "by mid-2024", "due": "2024-06-30"}
    assert read["prose"] == {}
    assert read["facts"]["commitment"]["visibility"] == "public"


_numbers = st.integers(-(2**53) + 1, 2**53 - 1)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_names = st.text(st.characters(max_codepoint=127), max_size=8)
_bodies = st.recursive(
    st.none() | st.booleans() | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=20,
)


@given(_bodies)
def test_canonical_bytes_are_those_of_rfc_8785(body: object) -> None:
    assert canonical(body) == rfc8785.dumps(body)


@given(histories(most=10), st.booleans())
def test_an_entry_is_read_back_as_it_was(story: Story, internal: bool) -> None:
    for happened in story.commitment.pending_events:
        entry = happened.entry
        form = entry_form(draft(happened, "SC-1", internal=internal), entry.position, entry.recorded_at)
        open_form = form.opened[0] if form.opened else form.leaf
        assert entry_of(decoded(open_form)) == entry
        assert open_form == rfc8785.dumps(json.loads(open_form))
        assert form.leaf == rfc8785.dumps(json.loads(form.leaf))
        assert {name: (value, True) for name, value in happened.texts.items()} == {
            name: (json.loads(text), json.loads(open_form)["prose"][name] == sha256(salt + text.encode()).hexdigest())
            for name, text, salt in form.prose
        }
        assert all(text.encode() == rfc8785.dumps(happened.texts[name]) for name, text, _ in form.prose)


def test_every_salt_is_fresh(store: Store) -> None:
    store.begin("A-1")
    for _ in range(5):
        store.writer.record(note())
    salts = [row.salt for row in store.rows(sa.select(prose))]
    assert all(len(salt) == 32 for salt in salts)
    assert len(set(salts)) == len(salts) == 10


@pytest.mark.parametrize("closed_by", ["programme", "commitment"])
def test_the_leaf_of_an_internal_entry_tells_nothing_but_that_it_is_there(store: Store, closed_by: str) -> None:
    visibility = "internal" if closed_by == "programme" else "public"
    store.writer.record(published(visibility=visibility, reference_prefix="A-"))
    store.writer.record(announced(visibility="internal" if closed_by == "commitment" else "public"))
    store.writer.record(event(statement=SECRET))
    row = stored(store, 3)
    read = json.loads(row.entry)
    assert read == {
        "v": 1,
        "position": 3,
        "recorded_at": "2024-01-15T09:00:00.000002Z",
        "closed": read["closed"],
    }
    (kept,) = store.rows(sa.select(opened).where(opened.c.position == 3))
    assert len(kept.salt) == 32
    assert sha256(kept.salt + kept.entry).hexdigest() == read["closed"]
    assert json.loads(kept.entry)["reference"] == "A-1"
    assert SECRET.encode() not in kept.entry
    with store.readings.view() as view:
        assert view.entries(Commitment.id_of("A-1"), 3)[1].kind == "started"
        assert [each.is_internal(3) for each in view.recorded(up_to=3)][1:] == [True, True]


def _largest(store: Store, code: str, padding: int) -> Any:
    partners = [
        {"code": f"P{n}", "name": "x", "type": "country", "note": "n" * (padding if n == 0 else 1_990)}
        for n in range(32)
    ]
    return store.writer.record(published(code=code, partners=partners))


def test_an_entry_one_byte_too_long_is_refused_before_it_gets_a_position(store: Store) -> None:
    _largest(store, "size-1", 1)
    padding = 1 + codec.LARGEST - len(leaf(store, 1))
    assert 1 < padding < 2_000
    with pytest.raises(TooLong) as refused:
        _largest(store, "size-2", padding + 1)
    assert (refused.value.size, refused.value.limit) == (65_536, 65_535)
    assert _largest(store, "size-3", padding)["position"] == 2
    assert len(leaf(store, 2)) == 65_535
    assert store.positions == [1, 2]
    assert store.replayed().count == 0


def test_too_long_an_entry_fails_no_other_command_of_its_batch(store: Store) -> None:
    store.writer.record(published())

    def too_long(unit) -> Any:
        announced("A-2")(unit)
        partners = [{"code": f"P{n}", "name": "x", "type": "country", "note": "n" * 1_990} for n in range(40)]
        return published(code="size-1", partners=partners)(unit)

    first, second, third = store.writer.write([announced("A-1"), too_long, announced("A-2")])
    assert isinstance(second, TooLong)
    assert (first["position"], third["position"]) == (2, 3)
    assert store.positions == [1, 2, 3]


def test_an_older_format_is_read_through_its_upcast(store: Store, monkeypatch) -> None:
    store.begin("A-1")
    store.writer.record(event())
    before = [leaf(store, position) for position in (1, 2, 3)]

    def from_1_to_2(read: dict[str, Any]) -> dict[str, Any]:
        return read | {"v": 2, "facts": read["facts"] | {"confidence": "low"}}

    monkeypatch.setattr(codec, "FORMAT", 2)
    monkeypatch.setattr(entry_bytes, "FORMAT", 2)
    monkeypatch.setitem(entry_bytes.UPCASTS, 1, from_1_to_2)
    again = store.another()
    try:
        again.writer.record(event(kind="progressed"))
        with again.readings.view() as view:
            found = view.entries(Commitment.id_of("A-1"), 4)
            assert [entry.facts.get("confidence") for entry in found] == ["low", "low", None]
            assert [each.entry.facts.get("confidence") for each in view.recorded(up_to=4)] == [
                "low",
                "low",
                "low",
                None,
            ]
    finally:
        again.close()
    assert [leaf(store, position) for position in (1, 2, 3)] == before
    assert json.loads(leaf(store, 4))["v"] == 2


def test_stored_names_are_frozen() -> None:
    found = []
    for aggregate in (Commitment, Programme, LedgerStream):
        found.append(get_topic(aggregate))
        found += [
            get_topic(each)
            for each in vars(aggregate).values()
            if isinstance(each, type) and issubclass(each, aggregate.Event) and each is not aggregate.Event
        ]
    assert found == STORED_NAMES
    assert [get_topic(resolve_topic(name)) for name in STORED_NAMES] == STORED_NAMES


def test_what_is_stored_gives_the_aggregate_back(store: Store) -> None:
    store.begin("A-1")
    store.writer.record(event())
    administrator, made = Caller("adm-1", "administrator"), Minted("t-1", bytes(32), datetime(2024, 1, 15, tzinfo=UTC))
    asked = Request(administrator, {"actor": "rec-2", "role": "recorder"})
    store.writer.record(create_token(asked, made, UTC))
    store.writer.record(revoke_token(Request(administrator, {}), "t-1"))

    def read(stream: UUID) -> Any:
        with store.database.reading() as connection:
            aggregate = None
            for each in select_stored(connection, stream):
                aggregate = EntryMapper().to_domain_event(each).mutate(aggregate)
            return aggregate

    commitment = read(Commitment.id_of("A-1"))
    assert (commitment.version, commitment.history.state.status) == (2, "started")
    assert read(Programme.id_of(PROGRAMME)).now.code == PROGRAMME
    assert read(STREAM).version == 3
    assert read(STREAM).rights.tokens["t-1"].revoked
    topics = [row.topic for row in store.rows(sa.select(entries.c.topic).order_by(entries.c.position))]
    assert topics[-2:] == ["ledger.token_created", "ledger.token_revoked"]
