"""Tiles: one path and one form of bytes for each, as C2SP tlog-tiles describes them."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import HASH_SIZE, consistency_proof, inclusion_proof, leaf_hash, span_root
from domain.tiles import (
    Tile,
    all_tiles,
    bundle_hashes,
    entry_bundle,
    hash_tile,
    nodes_in_tiles,
    parse_entry_bundle,
    parse_hash_tile,
    parse_path,
    tile_of,
    tiles_of,
)
from domain.unproven import Malformed
from tests.static_log import log_of

tiles = st.builds(
    Tile,
    st.one_of(st.none(), st.integers(0, 63)),
    st.one_of(st.integers(0, 2_000), st.integers(0, 2**63 - 1)),
    st.integers(1, 256),
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(3, 1_234_067), "tile/3/x001/x234/067"),
        (Tile(63, 999, 255), "tile/63/999.p/255"),
        (Tile(None, 1_000), "tile/entries/x001/000"),
        (Tile(None, 1_234_067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert parse_path(path) == tile


@given(tiles)
def test_a_path_leads_back_to_its_tile(tile):
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/00/000",
        "tile/01/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/0/-01", "tile/0/x000/000",
        "tile/0/x000/x001/000", "tile/0/x001", "tile/0/001/000", "tile/0/x01/000", "tile/0/X001/000", "tile/0/000.p",
        "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/257",
        "tile/0/000.p/1/", "tile/0/000/", "tile/0/000.p/1.p/1", "tile//000", "tile/Entries/000", "tile/entry/000",
        "/tile/0/000", "tile/0/000\n", " tile/0/000", "tile/0/..", "tile/0/\u0660\u0660\u0660", "tile/\u0661/000",
        "tile/0/000.p/\u0661", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/", "tile/0/000?",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000", "tile/0/%30%30%30",
    ],
)  # fmt: skip
def test_a_path_in_another_form_is_refused(path):
    with pytest.raises(Malformed, match="accepted"):
        parse_path(path)


def test_a_log_of_70000_has_the_tiles_that_the_specification_counts():
    found = list(all_tiles(70_000))
    full = [tile for tile in found if tile.width == 256]
    assert sum(tile.level == 0 for tile in full) == 273
    assert sum(tile.level == 1 for tile in full) == 1
    assert sum(tile.level is None for tile in full) == 273
    partial = {(tile.level, tile.number, tile.width) for tile in found if tile.width < 256}
    assert partial == {(None, 273, 112), (0, 273, 112), (1, 1, 17), (2, 0, 1)}


def test_a_log_of_256_has_one_full_tile_and_its_root_above():
    assert set(all_tiles(256)) == {Tile(None, 0), Tile(0, 0), Tile(1, 0, 1)}


@given(st.integers(0, 200_000), st.one_of(st.none(), st.integers(0, 4)))
def test_the_tiles_of_a_level_cover_it_once(size, level):
    hashes = size // 256 ** (level or 0)
    found = list(tiles_of(level, size))
    assert [tile.number for tile in found] == list(range(len(found)))
    assert sum(tile.width for tile in found) == hashes
    assert all(tile.width == 256 for tile in found[:-1])
    assert all(tile.lies_in(size) and not tile.lies_in(size - 256 ** (level or 0)) for tile in found[-1:])
    for beyond in (len(found), len(found) + 1, -1):
        with pytest.raises(Malformed):
            tile_of(level, beyond, size)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 1_000])
def test_a_tile_holds_the_roots_of_the_subtrees_below_it(size):
    log = log_of(1_000)
    for tile in all_tiles(size):
        if tile.level is not None:
            hashes = parse_hash_tile(hash_tile(tile.level, tile.number, tile.width, log.node_at), tile.width)
            span = 256**tile.level
            starts = range(tile.first * span, (tile.first + tile.width) * span, span)
            assert hashes == [span_root(start, start + span, log.node_at) for start in starts]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 1_000, 66_000])
def test_every_proof_is_found_in_the_tiles_alone(size):
    log = log_of(66_000)
    read = cache(lambda tile: hash_tile(tile.level, tile.number, tile.width, log.node_at))
    node_at = nodes_in_tiles(size, read)
    for number in {0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
        assert inclusion_proof(number, size, node_at) == inclusion_proof(number, size, log.node_at)
        assert consistency_proof(number + 1, size, node_at) == consistency_proof(number + 1, size, log.node_at)
    assert span_root(0, size, node_at) == log.head(size).root


def test_a_node_that_the_tree_does_not_have_is_not_found_in_its_tiles():
    log = log_of(1_000)
    node_at = nodes_in_tiles(300, lambda tile: hash_tile(tile.level, tile.number, tile.width, log.node_at))
    for level, index in ((0, 300), (2, 75), (8, 1), (9, 0), (16, 0)):
        with pytest.raises(Malformed):
            node_at(level, index)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_its_entries_back(entries):
    content = entry_bundle(entries)
    assert parse_entry_bundle(content, len(entries)) == entries
    assert bundle_hashes(content, len(entries)) == [leaf_hash(entry) for entry in entries]
    for width in (len(entries) - 1, len(entries) + 1):
        if width >= 0:
            with pytest.raises(Malformed):
                parse_entry_bundle(content, width)


def test_an_entry_of_65535_bytes_fits_into_a_bundle_and_one_more_does_not():
    assert parse_entry_bundle(entry_bundle([b"x" * 65_535, b""]), 2) == [b"x" * 65_535, b""]
    with pytest.raises(Malformed, match="at most 65535 bytes"):
        entry_bundle([b"x" * 65_536])


@pytest.mark.parametrize(
    ("content", "width"),
    [
        (b"", 1), (b"\0", 1), (b"\0\1", 1), (b"\0\2x", 1), (b"\0\1x\0", 1), (b"\0\1x", 2), (b"\0\1x\0\0", 1),
        (b"\0\1xy", 1), (b"\0", 0),
    ],
)  # fmt: skip
def test_a_bundle_cut_short_or_with_something_after_it_is_refused(content, width):
    with pytest.raises(Malformed):
        parse_entry_bundle(content, width)


@pytest.mark.parametrize("length", [0, 31, 33, 63, 65])
def test_a_hash_tile_of_another_length_is_refused(length):
    with pytest.raises(Malformed, match="64 bytes"):
        parse_hash_tile(b"x" * length, 64 // HASH_SIZE)
