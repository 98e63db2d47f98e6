"""The tiles of a log: what is served where (C2SP tlog-tiles, “APIs”). Paths and bytes have one form, or are refused.

A hash tile of level L holds up to 256 nodes of the tree's level 8·L, an entry bundle up to 256 entries.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.merkle import HASH_SIZE, NodeAt, leaf_hash, node_hash
from domain.strict_text import MOST
from domain.unproven import Malformed

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
ENTRIES: Final = "entries"
MOST_BYTES_OF_ENTRY: Final = 0xFFFF
_PATH: Final = re.compile(
    r"tile/(?:(?P<level>[0-9]|[1-5][0-9]|6[0-3])|entries)/(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: of hashes, or of entries (*level* None); *width* under 256 if it is partial."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served below the log's prefix (C2SP tlog-tiles, “Merkle Tree”, “Log entries”)."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        number = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{ENTRIES if self.level is None else self.level}/{number}{suffix}"

    @property
    def full(self) -> "Tile":
        """The full tile of the same place."""
        return Tile(self.level, self.number)

    @property
    def first(self) -> int:
        """Index of its first hash within the hashes of its level, or of its first entry."""
        return self.number * WIDTH

    def lies_in(self, size: int) -> bool:
        """Tell whether a tree of *size* leaves has all of it (as a part of a wider tile, too)."""
        return self.first + self.width <= size >> HEIGHT * (self.level or 0)


def parse_path(path: str) -> Tile:
    """Read the path of a tile, `tile/…`, back."""
    found = _PATH.fullmatch(path)
    if found is not None:
        level, width = found["level"], found["width"]
        number = int(found["number"].replace("x", "").replace("/", ""))
        tile = Tile(None if level is None else int(level), number, WIDTH if width is None else int(width))
        if tile.path == path and number <= MOST and (width is None or tile.width < WIDTH):
            return tile
    raise Malformed(f"the path is {path[:80]!r}", "tile/<0 to 63 or entries>/<such as x001/x234/067>[.p/<1 to 255>]")


def tile_of(level: int | None, number: int, size: int) -> Tile:
    """Give the tile of that place in a tree of *size* leaves, full or partial."""
    width = min(WIDTH, (size >> HEIGHT * (level or 0)) - number * WIDTH)
    if number < 0 or width <= 0:
        raise Malformed(f"there is no tile {number} of level {level} in a log of {size}", "a tile with hashes in it")
    return Tile(level, number, width)


def tiles_of(level: int | None, size: int) -> Iterator[Tile]:
    """Give the tiles of a level, or the entry bundles, that a tree of *size* leaves has, left to right."""
    for number in range(-(-(size >> HEIGHT * (level or 0)) // WIDTH)):
        yield tile_of(level, number, size)


def all_tiles(size: int) -> Iterator[Tile]:
    """Give every tile and bundle of a tree of *size* leaves: bundles first, then hashes from the leaves upwards."""
    yield from tiles_of(None, size)
    level = 0
    while size >> HEIGHT * level:
        yield from tiles_of(level, size)
        level += 1


def hash_tile(level: int, number: int, width: int, node_at: NodeAt) -> bytes:
    """Give the bytes of a hash tile (C2SP tlog-tiles, “Merkle Tree”)."""
    first = number * WIDTH
    return b"".join(node_at(level * HEIGHT, index) for index in range(first, first + width))


def parse_hash_tile(content: bytes, width: int) -> list[bytes]:
    """Give the hashes of a tile that must hold *width*."""
    if len(content) != width * HASH_SIZE:
        raise Malformed(f"a tile of {width} hashes has {len(content)} bytes", f"{width * HASH_SIZE} bytes")
    return [content[start : start + HASH_SIZE] for start in range(0, len(content), HASH_SIZE)]


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Give the bytes of an entry bundle (C2SP tlog-tiles, “Log entries”): each entry after its length."""
    if any(len(entry) > MOST_BYTES_OF_ENTRY for entry in entries):
        raise Malformed("an entry is too long for a bundle", f"at most {MOST_BYTES_OF_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def parse_entry_bundle(content: bytes, width: int) -> list[bytes]:
    """Give the entries of a bundle that must hold *width*, no byte more and none less."""
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(content[at:start], "big")
        if at > len(content):
            raise Malformed(f"the bundle ends within entry {len(entries)}", f"{width} entries, each after its length")
        entries.append(content[start:at])
    if at != len(content):
        raise Malformed(f"{len(content) - at} bytes follow the last entry of the bundle", f"{width} entries alone")
    return entries


def bundle_hashes(content: bytes, width: int) -> list[bytes]:
    """Give the leaf hashes of a bundle's entries."""
    return [leaf_hash(entry) for entry in parse_entry_bundle(content, width)]


def nodes_in_tiles(size: int, read: Callable[[Tile], bytes]) -> NodeAt:
    """Find nodes of a tree of *size* leaves in its hash tiles. What *read* gives is checked for its length only."""

    def node_at(level: int, index: int) -> bytes:
        count = 1 << level % HEIGHT
        number, start = divmod(index * count, WIDTH)
        tile = tile_of(level // HEIGHT, number, size)
        if start + count > tile.width:
            raise Malformed(f"node {index} of level {level} does not lie in a log of {size}", "a node of the tree")
        row = parse_hash_tile(read(tile), tile.width)[start : start + count]
        while len(row) > 1:
            row = [node_hash(row[each], row[each + 1]) for each in range(0, len(row), 2)]
        return row[0]

    return node_at
