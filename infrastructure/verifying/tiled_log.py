"""A log in tiles (C2SP tlog-tiles), wherever its files are: read by position, every hash in it compared."""

from collections.abc import Callable, Iterator

from application.log_source import DamagedError, Findings
from domain.checkpoint import parse_checkpoint
from domain.merkle import node_hash
from domain.notes import parse_note
from domain.tiles import Tile, parse_entry_bundle, parse_hash_tile, tiles_of
from domain.unproven import Unproven

Read = Callable[[str], bytes | None]
"""Gives a file by its path below the log; None if there is none."""


class TiledLog:
    """The files of a log. Its size is what its checkpoint says, whether that is to be believed or not."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.checkpoint = read("checkpoint")
        self.size = 0 if self.checkpoint is None else _size(self.checkpoint)

    def entries(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Give position, bytes, and the leaf hash in the tiles, of every entry."""
        for bundle, tile in zip(tiles_of(None, self.size), tiles_of(0, self.size), strict=True):
            position = bundle.first + 1
            try:
                found = parse_entry_bundle(self._content(bundle, position), bundle.width)
                hashes = parse_hash_tile(self._content(tile, position), tile.width)
            except Unproven as doubt:
                raise DamagedError(position, f"{bundle.path} or its hashes cannot be read: {doubt}") from doubt
            for index, (entry, hashed) in enumerate(zip(found, hashes, strict=True)):
                yield position + index, entry, hashed

    def _content(self, tile: Tile, position: int) -> bytes:
        content = self._read(tile.path)
        if content is None:
            raise DamagedError(position, f"{tile.path} is missing")
        return content

    def look_at_upper_tiles(self, findings: Findings) -> int:
        """Compare every tile with those below it; the lowest ones were compared with the entries. Give how many."""
        level = count = 0
        while self.size >> 8 * (level + 1):
            below = (tile for tile in tiles_of(level, self.size) if tile.width == 256)
            for tile in tiles_of(level + 1, self.size):
                first = tile.first << 8 * (level + 1)
                try:
                    stated = parse_hash_tile(self._content(tile, first + 1), tile.width)
                    made = [_root(parse_hash_tile(self._content(next(below), first + 1), 256)) for _ in stated]
                except Unproven as doubt:
                    raise DamagedError(first + 1, f"{tile.path} cannot be read: {doubt}") from doubt
                count += 1
                for index, (said, computed) in enumerate(zip(stated, made, strict=True)):
                    if said != computed:
                        position = first + (index << 8 * (level + 1)) + 1
                        findings.found(position, f"{tile.path} does not fit the tiles below it from this entry on")
            level += 1
        return count + sum(1 for _ in tiles_of(0, self.size))


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _size(note: bytes) -> int:
    try:
        return parse_checkpoint(parse_note(note).text).size
    except Unproven as doubt:
        raise DamagedError(None, f"the checkpoint cannot be read: {doubt}") from doubt
