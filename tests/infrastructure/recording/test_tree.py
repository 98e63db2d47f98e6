"""The tree against a naive reading of RFC 9162, 2.1.1, and against published vectors."""

import random
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import Frontier, leaf_hash
from infrastructure.database.tables import entries
from infrastructure.recording.codec import EntryForm
from infrastructure.recording.recorder import EntryRecorder
from infrastructure.recording.tail import frontier_at

# The reference inputs and roots of the certificate-transparency sources (merkletree tests).
INPUTS: Final = (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)  # fmt: skip
ROOTS: Final = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def grown(leaves: list[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf))
    return frontier


def test_the_roots_are_those_published_with_certificate_transparency() -> None:
    frontier = Frontier()
    assert frontier.root.hex() == EMPTY
    for given_input, root in zip(INPUTS, ROOTS, strict=True):
        frontier.append(leaf_hash(bytes.fromhex(given_input)))
        assert frontier.root.hex() == root


def test_the_root_is_the_naive_one_at_every_size() -> None:
    leaves = [random.Random(number).randbytes(number % 70) for number in range(300)]
    frontier = Frontier()
    for size in range(301):
        assert frontier.root == mth(leaves[:size]), size
        if size < 300:
            frontier.append(leaf_hash(leaves[size]))


@given(st.lists(st.binary(max_size=40), max_size=1_500))
def test_the_root_is_the_naive_one_for_any_leaves(leaves: list[bytes]) -> None:
    assert grown(leaves).root == mth(leaves)


def test_a_copy_grows_on_its_own() -> None:
    first = grown([b"1", b"2", b"3"])
    second = first.copy()
    second.append(leaf_hash(b"4"))
    assert first.root == mth([b"1", b"2", b"3"])
    assert second.root == mth([b"1", b"2", b"3", b"4"])


@pytest.mark.parametrize("in_one_call", [1, 7, 300])
def test_the_frontier_is_read_back_at_every_size(store, in_one_call: int) -> None:
    leaves = [f"leaf {number}".encode() for number in range(300)]
    recorder = EntryRecorder(store.database, lambda stored, *_: EntryForm(stored.state), lambda: NOON)
    stream = uuid4()
    for start in range(0, 300, in_one_call):
        recorder.insert_events(
            [
                StoredEvent(stream, start + number, "topic", leaf)
                for number, leaf in enumerate(leaves[start : start + in_one_call], 1)
            ]
        )
    with store.database.reading() as connection:
        for size in range(301):
            frontier = frontier_at(connection, size)
            assert (frontier.size, frontier.root) == (size, mth(leaves[:size]))
        assert [row.leaf_hash for row in connection.execute(entries.select().order_by(entries.c.position))] == [
            leaf_hash(leaf) for leaf in leaves
        ]


NOON: Final = datetime(2024, 1, 15, 12, tzinfo=UTC)
