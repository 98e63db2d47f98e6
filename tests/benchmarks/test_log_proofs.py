"""Proofs from a cold start in a log of a million entries: from the tables, and from tiles that lie as files.

The peer keeps leaves alone and hashes the rest anew for every proof. Cold means: a connection of its own for every
proof, no cache of ours; the machine's cache of files is what it is. Times are those of the clock and, for machines
with other work to do, of the processor. No time can fail a test.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from pymerkle import MerkleProof, SqliteTree
from pymerkle import verify_inclusion as verified_by_peer

from domain.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    span_root,
    verify_consistency,
    verify_inclusion,
)
from domain.tiles import nodes_in_tiles, tiles_of
from infrastructure.database.engines import Database
from infrastructure.log import log_reading

pytestmark = [pytest.mark.bench, pytest.mark.xdist_group("bench")]
LEAVES: Final = 1_000_000
PEER_LEAVES: Final = 20_000
PROOFS, PEER_PROOFS = 300, 15


def _entry(number: int) -> bytes:
    return b'{"position":%d,"statement":"Something was done, as agreed, and this is about it."}' % (number + 1)


def _rows() -> Iterator[tuple[object, ...]]:
    frontier = Frontier()
    for number in range(LEAVES):
        entry = _entry(number)
        leaf = leaf_hash(entry)
        stream = number.to_bytes(16, "big")
        yield number + 1, stream, 1, "bench", number, entry, leaf, b"".join(frontier.append(leaf))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a database whose entries were put in past the writer, which takes longer."""
    path = tmp_path_factory.mktemp("million") / "ledger.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO entries (position, stream, version, topic, recorded_at, entry, leaf_hash, nodes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            _rows(),
        )
        connection.execute("UPDATE head SET position = ?, recorded_at = ?", (LEAVES, LEAVES))
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def tiles(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the same log's hash tiles as files, as an export has them."""
    folder = tmp_path_factory.mktemp("tiles")
    hashes = Database(url)
    with hashes.reading() as connection:
        for level in range(3):
            for tile in tiles_of(level, LEAVES):
                path = folder / tile.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(log_reading.tile_bytes(connection, tile))
    hashes.close()
    return folder


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("peer") / "tree.db"
    SqliteTree(str(path)).close()
    rows = ((number + 1, entry, leaf_hash(entry)) for number, entry in enumerate(map(_entry, range(PEER_LEAVES))))
    with sqlite3.connect(path) as connection:
        connection.executemany("INSERT INTO leaf (id, entry, hash) VALUES (?, ?, ?)", rows)
    return path


def _from_tables(database: Database, read: Callable[..., Any], *sizes: int) -> Any:
    database.close()
    with database.reading() as connection:
        return read(connection, *sizes)


Times = dict[str, list[tuple[float, float]]]


def _timed(made: Times, name: str, work: Callable[[], Any]) -> Any:
    start, used = time.perf_counter(), time.process_time()
    result = work()
    made.setdefault(name, []).append(((time.perf_counter() - start) * 1_000, (time.process_time() - used) * 1_000))
    return result


def _print(made: Times) -> None:
    for name, both in made.items():
        line = f"  {name:<40}"
        for kind, times in zip(("clock", "processor"), map(sorted, zip(*both, strict=True)), strict=True):
            line += f" {kind}: median {times[len(times) // 2]:7.2f} p99 {times[int(len(times) * 0.99)]:7.2f} ms  "
        print(line, f"({len(both)} proofs)")


def _peer(path: Path, index: int) -> MerkleProof:
    tree = SqliteTree(str(path))
    proof = tree.prove_inclusion(index + 1, PEER_LEAVES)
    tree.close()
    return proof


def test_proofs_from_a_cold_start_at_a_million_leaves(url: str, tiles: Path, peer: Path) -> None:
    chance, made, database = random.Random(1), Times(), Database(url)
    root, peers_tree = _from_tables(database, log_reading.root, LEAVES), SqliteTree(str(peer))
    peers_root = peers_tree.get_root(PEER_LEAVES)
    peers_tree.close()
    from_tiles = nodes_in_tiles(LEAVES, lambda tile: (tiles / tile.path).read_bytes())
    assert span_root(0, LEAVES, from_tiles) == root
    for turn in range(PROOFS):
        index, old = chance.randrange(LEAVES), chance.randrange(1, LEAVES + 1)
        inclusion = [
            _timed(made, "inclusion, tables", partial(_from_tables, database, log_reading.inclusion, index, LEAVES)),
            _timed(made, "inclusion, tiles as files", partial(inclusion_proof, index, LEAVES, from_tiles)),
        ]
        consistency = [
            _timed(made, "consistency, tables", partial(_from_tables, database, log_reading.consistency, old, LEAVES)),
            _timed(made, "consistency, tiles as files", partial(consistency_proof, old, LEAVES, from_tiles)),
        ]
        if turn < PEER_PROOFS:
            its = index % PEER_LEAVES
            proof = _timed(made, f"peer: pymerkle, SQLite, {PEER_LEAVES:,} leaves", partial(_peer, peer, its))
            verified_by_peer(leaf_hash(_entry(its)), peers_root, proof)
        assert inclusion[0] == inclusion[1]
        assert consistency[0] == consistency[1]
        verify_inclusion(leaf_hash(_entry(index)), index, LEAVES, root, inclusion[0])
        verify_consistency(old, span_root(0, old, from_tiles), LEAVES, root, consistency[0])
    database.close()
    print(f"\nproofs from a cold start, {LEAVES:,} leaves (bar: p99 under 20 ms)")
    _print(made)
