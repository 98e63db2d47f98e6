"""Proofs against published vectors, an independent tree, and the recursions of RFC 9162 written out plainly."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from domain.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    inclusion_spans,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    span_nodes,
    span_root,
    verify_consistency,
    verify_inclusion,
)
from domain.unproven import ProofFailed

VECTORS = json.loads((Path(__file__).parent / "merkle_vectors.json").read_text())
# The specification of witnesses, which we follow, lets an empty proof lead from the empty tree to any other.
FROM_NOTHING = "additional/size1-is-zero-and-size2-is-not-zero"


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], b: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162, 2.1.4.1, word for word."""
    if m == len(leaves):
        return [] if b else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], b), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


class Tree:
    """Leaf hashes, and their nodes as the ledger stores them: beside the leaf that completes each."""

    def __init__(self, size: int, seed: int = 0) -> None:
        self.leaves = [leaf_hash(b"%d %d" % (seed, number)) for number in range(size)]
        self.frontier = Frontier()
        self.rows = [[leaf, *self.frontier.append(leaf)] for leaf in self.leaves]
        self.root = self.frontier.root

    def node_at(self, level: int, index: int) -> bytes:
        return self.rows[((index + 1) << level) - 1][level]


def unbase64(texts: list[str]) -> list[bytes]:
    return [b64decode(text) for text in texts]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector[0])
def test_published_vectors_of_inclusion(vector):
    _, index, size, leaf, root, proof, valid = vector
    if valid:
        verify_inclusion(b64decode(leaf), index, size, b64decode(root), unbase64(proof))
    else:
        with pytest.raises(ProofFailed):
            verify_inclusion(b64decode(leaf), index, size, b64decode(root), unbase64(proof))


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector[0])
def test_published_vectors_of_consistency(vector):
    name, old, new, old_root, new_root, proof, valid = vector
    if valid or name == FROM_NOTHING:
        verify_consistency(old, b64decode(old_root), new, b64decode(new_root), unbase64(proof))
    else:
        with pytest.raises(ProofFailed):
            verify_consistency(old, b64decode(old_root), new, b64decode(new_root), unbase64(proof))


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 64, 65])
def test_proofs_are_those_of_the_recursions_of_the_rfc(size):
    tree = Tree(size)
    assert tree.root == span_root(0, size, tree.node_at) == mth(tree.leaves)
    for index in range(size):
        assert inclusion_proof(index, size, tree.node_at) == path(index, tree.leaves)
    for old in range(1, size + 1):
        assert consistency_proof(old, size, tree.node_at) == subproof(old, tree.leaves, True)


@given(st.integers(1, 1_500), st.data())
def test_an_independent_tree_gives_the_same_roots_and_proofs(size, data):
    index = data.draw(st.integers(0, size - 1), "index")
    old = data.draw(st.integers(1, size), "old")
    ours, theirs = Tree(size), InmemoryTree(algorithm="sha256")
    for number in range(size):
        theirs.append_entry(b"0 %d" % number)
    assert ours.root == theirs.get_root(size)
    assert [ours.leaves[index], *inclusion_proof(index, size, ours.node_at)] == theirs.prove_inclusion(
        index + 1, size
    ).path
    # Its proofs of consistency have another form than the RFC's, and hold between our roots.
    theirs.prove_consistency(old, size).verify(mth(ours.leaves[:old]), ours.root)


@given(st.integers(0, 3_000))
def test_a_span_of_the_tree_is_made_of_as_few_nodes_as_its_size_has_bits(size):
    nodes = span_nodes(0, size)
    assert len(nodes) == size.bit_count()
    assert [number for level, index in nodes for number in range(index << level, (index + 1) << level)] == list(
        range(size)
    )


@given(st.integers(1, 600), st.data())
def test_every_proof_of_inclusion_holds_and_nothing_else_does(size, data):
    index = data.draw(st.integers(0, size - 1), "index")
    tree = Tree(size)
    leaf, proof = tree.leaves[index], inclusion_proof(index, size, tree.node_at)
    verify_inclusion(leaf, index, size, tree.root, proof)
    assert len(proof) == len(inclusion_spans(index, size)) <= (size - 1).bit_length()

    def holds(leaf=leaf, index=index, size=size, root=tree.root, proof=proof) -> bool:
        try:
            verify_inclusion(leaf, index, size, root, proof)
        except ProofFailed:
            return False
        return True

    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) if size > 1 else st.just(size))
    assert not holds(index=other)
    assert not holds(leaf=leaf_hash(b"another"))
    assert not holds(root=flipped(tree.root, data))
    assert not holds(leaf=flipped(leaf, data))
    assert not holds(proof=[*proof, leaf])
    assert not holds(proof=[leaf, *proof])
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1), "at")
        assert not holds(proof=[*proof[:at], flipped(proof[at], data), *proof[at + 1 :]])
        assert not holds(proof=[*proof[:at], *proof[at + 1 :]])
        assert not holds(proof=[*proof[:at], proof[at] + b"\0", *proof[at + 1 :]])


@given(st.integers(1, 600), st.data())
def test_every_proof_of_consistency_holds_and_nothing_else_does(size, data):
    old = data.draw(st.integers(1, size), "old")
    tree = Tree(size)
    old_root, proof = mth(tree.leaves[:old]), consistency_proof(old, size, tree.node_at)
    verify_consistency(old, old_root, size, tree.root, proof)

    def holds(old=old, old_root=old_root, new=size, root=tree.root, proof=proof) -> bool:
        try:
            verify_consistency(old, old_root, new, root, proof)
        except ProofFailed:
            return False
        return True

    if size > 1:
        assert not holds(old=data.draw(st.integers(1, size).filter(lambda number: number != old)))
    rewritten = Tree(old, seed=1)
    assert not holds(old_root=rewritten.root)
    assert not holds(old_root=flipped(old_root, data))
    assert not holds(root=flipped(tree.root, data))
    assert not holds(proof=[*proof, old_root])
    assert not holds(old=size + 1)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1), "at")
        assert not holds(proof=[*proof[:at], flipped(proof[at], data), *proof[at + 1 :]])
        assert not holds(proof=[*proof[:at], *proof[at + 1 :]])


def test_hashes_that_say_the_same_with_another_boundary_between_them_are_refused():
    tree = Tree(6)
    old_root, proof = mth(tree.leaves[:3]), consistency_proof(3, 6, tree.node_at)
    first, second = proof[:2]
    assert node_hash(first, second) == node_hash(first + second[:1], second[1:])
    with pytest.raises(ProofFailed, match="another length"):
        verify_consistency(3, old_root, 6, tree.root, [first + second[:1], second[1:], *proof[2:]])


def flipped(value: bytes, data) -> bytes:
    bit = data.draw(st.integers(0, len(value) * 8 - 1), "bit")
    return bytes([*value[: bit // 8], value[bit // 8] ^ 1 << bit % 8, *value[bit // 8 + 1 :]])


def test_the_proof_of_the_only_leaf_is_empty():
    leaf = leaf_hash(b"alone")
    assert inclusion_proof(0, 1, Tree(1).node_at) == []
    assert root_from_inclusion(leaf, 0, 1, []) == leaf


def test_from_the_empty_tree_the_proof_is_empty_and_the_root_that_of_nothing():
    tree = Tree(5)
    assert consistency_proof(0, 5, tree.node_at) == []
    verify_consistency(0, EMPTY_ROOT, 5, tree.root, [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    for wrong in (
        (0, tree.root, 5, tree.root, []),
        (0, EMPTY_ROOT, 0, tree.root, []),
        (0, EMPTY_ROOT, 5, tree.root, [tree.root]),
    ):
        with pytest.raises(ProofFailed):
            verify_consistency(*wrong)


@pytest.mark.parametrize("size", [2**40 + 7, 2**62 + 12_345, 2**63 - 1])
def test_proofs_of_trees_that_no_machine_holds_have_a_path_of_at_most_63(size):
    assert len(inclusion_spans(size // 3, size)) <= 63
    with pytest.raises(ProofFailed, match="the proof has 0 hashes"):
        verify_inclusion(EMPTY_ROOT, size // 3, size, EMPTY_ROOT, [])
