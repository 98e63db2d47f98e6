"""The Merkle tree over entry bytes: hashes, roots and proofs of RFC 9162 (2.1), which are those of RFC 6962 (2.1).

The entry at position p completes the perfect subtrees of 2, 4, 8 … leaves that end with it; their hashes are stored
with it. So every root and every proof is found in O(log N) look-ups.

A *node* is the root of a perfect subtree: (level, index) stands for the leaves index·2^level up to (index + 1)·2^level.
A *span* (low, high) stands for the leaves from low up to high, without high; those met here are subtrees of the tree
that the RFC defines, so their roots are made of the nodes that `span_nodes` names.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from domain.unproven import ProofFailed

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

Node = tuple[int, int]
Span = tuple[int, int]
NodeAt = Callable[[int, int], bytes]


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


def span_nodes(low: int, high: int) -> list[Node]:
    """Name the nodes that the root of a span is made of, left to right (the compact range)."""
    return [(level, (low + end >> level) - 1) for level, end in peaks(high - low)]


def span_root(low: int, high: int, node_at: NodeAt) -> bytes:
    """Give MTH(D[low:high]) of RFC 9162, 2.1.1, for a subtree of the tree."""
    return root_of([node_at(level, index) for level, index in span_nodes(low, high)])


def _descent(size: int, leaf: int, reached: Callable[[int, int], bool]) -> tuple[Span, list[Span]]:
    """Go down from the root towards *leaf* until a span is *reached*; give it, and what was left aside, lowest first.

    This one walk is PATH of RFC 9162, 2.1.3.1, and SUBPROOF of 2.1.4.1.
    """
    low, high = 0, size
    aside: list[Span] = []
    while not reached(low, high):
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if leaf < middle:
            aside.append((middle, high))
            high = middle
        else:
            aside.append((low, middle))
            low = middle
    return (low, high), aside[::-1]


def _to_leaf(index: int, size: int) -> list[Span]:
    if not 0 <= index < size:
        raise ProofFailed(f"leaf {index} does not lie in a tree of {size}", f"an index from 0 up to {size - 1}")
    return _descent(size, index, lambda low, high: high - low == 1)[1]


def _to_end_of(old: int, new: int) -> tuple[Span, list[Span]]:
    if not 0 < old <= new:
        raise ProofFailed(f"no proof leads from {old} leaves to {new}", "an old size from 1 up to the new one")
    return _descent(new, old - 1, lambda _, high: high == old)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Name the subtrees whose roots prove that leaf *index* is in the tree of *size* leaves, in the proof's order."""
    return _to_leaf(index, size)


def consistency_spans(old: int, new: int) -> list[Span]:
    """Name the subtrees whose roots prove that the tree of *new* leaves extends that of *old*, in the proof's order."""
    if old == 0:
        return []
    reached, aside = _to_end_of(old, new)
    # The old root itself is known to whoever checks the proof.
    return aside if reached[0] == 0 else [reached, *aside]


def inclusion_proof(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """Give PATH(index, D[size]) of RFC 9162, 2.1.3.1."""
    return [span_root(low, high, node_at) for low, high in inclusion_spans(index, size)]


def consistency_proof(old: int, new: int, node_at: NodeAt) -> list[bytes]:
    """Give PROOF(old, D[new]) of RFC 9162, 2.1.4.1; empty from the empty tree, which every tree extends."""
    return [span_root(low, high, node_at) for low, high in consistency_spans(old, new)]


def _joined(start: bytes, low: int, steps: Iterable[tuple[Span, bytes]]) -> bytes:
    for (other, _), sibling in steps:
        start = node_hash(sibling, start) if other < low else node_hash(start, sibling)
    return start


def _check_hashes(hashes: Sequence[bytes], expected: int) -> None:
    if len(hashes) != expected:
        raise ProofFailed(f"the proof has {len(hashes)} hashes", f"{expected} for these sizes")
    if any(len(each) != HASH_SIZE for each in hashes):
        raise ProofFailed("a hash of the proof has another length", f"{HASH_SIZE} bytes each")


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Give the root that an inclusion proof leads to from a leaf's hash (RFC 9162, 2.1.3.2); the caller compares."""
    spans = _to_leaf(index, size)
    _check_hashes(proof, len(spans))
    if len(leaf) != HASH_SIZE:
        raise ProofFailed(f"the leaf's hash has {len(leaf)} bytes", f"{HASH_SIZE} bytes")
    return _joined(leaf, index, zip(spans, proof, strict=True))


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofFailed unless the leaf with this hash is leaf *index* of the tree (RFC 9162, 2.1.3.2)."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofFailed(f"the proof of leaf {index} leads to another root", f"the root of {size} leaves")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofFailed unless the new tree begins with the leaves of the old one (RFC 9162, 2.1.4.2).

    From the empty tree the proof is empty (C2SP tlog-witness, add-checkpoint).
    """
    if old_size == 0:
        _check_hashes(proof, 0)
        if old_root != EMPTY_ROOT or (new_size == 0 and new_root != EMPTY_ROOT):
            raise ProofFailed("a tree without leaves has another root", "the hash of nothing")
        return
    (low, _), aside = _to_end_of(old_size, new_size)
    _check_hashes(proof, len(aside) + (low > 0))
    start, siblings = (proof[0], proof[1:]) if low else (old_root, proof)
    steps = list(zip(aside, siblings, strict=True))
    # Of what was left aside, only what lies to the left belongs to the old tree.
    if _joined(start, low, [step for step in steps if step[0][0] < low]) != old_root:
        raise ProofFailed(f"the proof leads to another root of the first {old_size} leaves", "the older root")
    if _joined(start, low, steps) != new_root:
        raise ProofFailed(f"the proof leads to another root of all {new_size} leaves", "the newer root")
