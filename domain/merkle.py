"""The Merkle tree over entry bytes: hashes and roots of RFC 9162 (2.1.1), which are those of RFC 6962.

The entry at position p completes the perfect subtrees of 2, 4, 8 … leaves that end with it; their hashes are stored
with it. So every root, and later every proof, is found in O(log N) look-ups.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash a leaf."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[tuple[int, int]]:
    """Give the perfect subtrees of a tree of *size* leaves, left to right: (level, position it ends at)."""
    found, position = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            position += 1 << level
            found.append((level, position))
    return found


def root_of(peak_hashes: Sequence[bytes]) -> bytes:
    """Give the root of the tree with these peaks (left to right)."""
    if not peak_hashes:
        return EMPTY_ROOT
    root = peak_hashes[-1]
    for peak in reversed(peak_hashes[:-1]):
        root = node_hash(peak, root)
    return root


class Frontier:
    """The peaks of a growing tree."""

    def __init__(self, size: int = 0, peak_hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peak_hashes)

    @property
    def root(self) -> bytes:
        """The root of all leaves so far."""
        return root_of(self._peaks)

    def append(self, leaf: bytes) -> list[bytes]:
        """Take one more leaf hash; give the hashes of the subtrees that it completes, from two leaves upwards."""
        completed, node, size = [], leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            completed.append(node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1
        return completed

    def copy(self) -> "Frontier":
        """Give an independent copy."""
        return Frontier(self.size, self._peaks)
