"""Tiles, bundles and proofs, made from the rows of the entries: hashes stand with the leaf that completes them."""

from collections.abc import Iterable
from typing import Final

import orjson
import sqlalchemy as sa

from domain import merkle
from domain.merkle import HASH_SIZE, Node, NodeAt, Span, span_nodes, span_root
from domain.tiles import HEIGHT, Tile, entry_bundle, hash_tile
from infrastructure.database.tables import entries, entry_facts, fixed

FIRST_KEY: Final = "log_key"
"""The fixed setting that holds the public half of the first key under this origin: a lost key file is noticed."""
_AT_ONCE = 500


def nodes(connection: sa.Connection, wanted: Iterable[Node]) -> NodeAt:
    """Read nodes of the tree, all in as few queries as possible; gives the function that looks them up."""
    by_position: dict[int, list[Node]] = {}
    for level, index in wanted:
        by_position.setdefault(index + 1 << level, []).append((level, index))
    positions, found = sorted(by_position), {}
    for start in range(0, len(positions), _AT_ONCE):
        some = positions[start : start + _AT_ONCE]
        in_a_row = some[-1] - some[0] == len(some) - 1
        place = entries.c.position.between(some[0], some[-1]) if in_a_row else entries.c.position.in_(some)
        for row in connection.execute(sa.select(entries.c.position, entries.c.leaf_hash, entries.c.nodes).where(place)):
            hashes = row.leaf_hash + row.nodes
            for level, index in by_position[row.position]:
                found[level, index] = hashes[level * HASH_SIZE : (level + 1) * HASH_SIZE]
    return lambda level, index: found[level, index]


def _roots(connection: sa.Connection, spans: list[Span]) -> list[bytes]:
    node_at = nodes(connection, [node for low, high in spans for node in span_nodes(low, high)])
    return [span_root(low, high, node_at) for low, high in spans]


def root(connection: sa.Connection, size: int) -> bytes:
    """Give the root of the first *size* entries."""
    return merkle.EMPTY_ROOT if size == 0 else _roots(connection, [(0, size)])[0]


def inclusion(connection: sa.Connection, index: int, size: int) -> list[bytes]:
    """Prove that leaf *index* is in the tree of *size* leaves."""
    return _roots(connection, merkle.inclusion_spans(index, size))


def consistency(connection: sa.Connection, old: int, new: int) -> list[bytes]:
    """Prove that the tree of *new* leaves extends that of *old*."""
    return _roots(connection, merkle.consistency_spans(old, new))


def tile_bytes(connection: sa.Connection, tile: Tile) -> bytes:
    """Give a tile or an entry bundle of which the ledger holds everything."""
    last = tile.first + tile.width
    if tile.level is None:
        query = sa.select(entries.c.entry).where(entries.c.position.between(tile.first + 1, last))
        return entry_bundle(connection.scalars(query.order_by(entries.c.position)).all())
    wanted = [(tile.level * HEIGHT, index) for index in range(tile.first, last)]
    return hash_tile(tile.level, tile.number, tile.width, nodes(connection, wanted))


def announced_key(connection: sa.Connection, origin: str) -> str | None:
    """Give the key that the ledger has announced last for this origin; None before the first."""
    rotations = sa.select(entry_facts.c.position).where(entry_facts.c.kind == "key_rotated")
    last = rotations.order_by(entry_facts.c.position.desc()).limit(1).scalar_subquery()
    entry = connection.execute(sa.select(entries.c.entry).where(entries.c.position == last)).scalar()
    if entry is not None:
        new = str(orjson.loads(entry)["facts"]["new_key"])
        if new.startswith(f"{origin}+"):
            return new
    return connection.execute(sa.select(fixed.c.value).where(fixed.c.name == FIRST_KEY)).scalar()
