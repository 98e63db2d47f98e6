"""A log as files: verifiers that know nothing of this project accept a good one and reject every other."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from domain.checkpoint import Checkpoint
from domain.merkle import inclusion_proof, leaf_hash
from domain.notes import Note, sign_note
from domain.receipt import Receipt
from domain.tiles import Tile, entry_bundle, parse_entry_bundle
from tests.static_log import Signer, StaticLog, log_of, numbered
from tests.verifiers.running import (
    LOG_VERIFIERS,
    RECEIPT_VERIFIERS,
    Verdict,
    file_server,
    openssl,
    sigstore_receipt,
)

SIZE = 700
OLD = 300
KEY = str(Signer().key)
BUNDLE = Tile(None, 1).path
LEAVES = Tile(0, 1).path
LAST_LEAVES = Tile(0, 2, SIZE - 512).path
ABOVE = Tile(1, 0, 2).path

by_verifier = pytest.mark.parametrize("verifier", LOG_VERIFIERS, ids=lambda verifier: verifier.__name__)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """Give a folder, and where it is served."""
    folder = tmp_path_factory.mktemp("web")
    with file_server(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def old_checkpoint(tmp_path_factory) -> Path:
    """Give the checkpoint that an auditor has kept."""
    path = tmp_path_factory.mktemp("auditor") / "checkpoint"
    path.write_bytes(log_of(SIZE).checkpoint(OLD))
    return path


@by_verifier
@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 1_000])
def test_a_good_log_is_accepted_at_every_size(web, verifier, size):
    folder, address = web
    log_of(1_000).write(folder / f"good-{size}", size)
    assert verifier(f"{address}/good-{size}", KEY).accepted


@pytest.mark.slow
@by_verifier
@pytest.mark.parametrize("size", [70_000, *(pytest.param(size, marks=pytest.mark.soak) for size in (65_536, 65_537))])
def test_a_good_log_of_many_entries_is_accepted(web, verifier, size, tmp_path):
    folder, address = web
    log_of(70_000).write(folder / f"good-{size}", size)
    old = tmp_path / "old"
    old.write_bytes(log_of(70_000).checkpoint(65_000))
    assert verifier(f"{address}/good-{size}", KEY, old).accepted


@by_verifier
@pytest.mark.parametrize("old", [0, 1, 2, 255, 256, 257, 699, 700])
def test_a_log_is_accepted_against_every_checkpoint_that_it_had(web, verifier, old, tmp_path):
    folder, address = web
    log_of(SIZE).write(folder / "grown")
    kept = tmp_path / "kept"
    kept.write_bytes(log_of(SIZE).checkpoint(old))
    assert verifier(f"{address}/grown", KEY, kept).accepted


@by_verifier
def test_a_log_is_accepted_with_signatures_of_others_under_it(web, verifier):
    folder, address = web
    log_of(SIZE).write(folder / "cosigned")
    others = [Signer(f"witness.example/{number}", 4, 50 + number) for number in range(3)] + [Signer(seed=9)]
    (folder / "cosigned" / "checkpoint").write_bytes(log_of(SIZE).checkpoint(SIZE, others))
    assert verifier(f"{address}/cosigned", KEY).accepted


def edit(path: Path, at: int = -1) -> None:
    """Flip one bit."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))


def rebundle(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Write a bundle anew, well-formed, with other entries."""
    path = folder / BUNDLE
    path.write_bytes(entry_bundle(change(parse_entry_bundle(path.read_bytes(), 256))))


def edited_entry(folder: Path) -> None:
    edit(folder / BUNDLE, 2)


def edited_entry_with_its_hash(folder: Path) -> None:
    rebundle(folder, lambda entries: [b"rewritten", *entries[1:]])
    tile = folder / LEAVES
    tile.write_bytes(leaf_hash(b"rewritten") + tile.read_bytes()[32:])


def edited_last_entry_with_its_hash(folder: Path) -> None:
    bundle, tile = folder / Tile(None, 2, SIZE - 512).path, folder / LAST_LEAVES
    bundle.write_bytes(entry_bundle([*parse_entry_bundle(bundle.read_bytes(), SIZE - 512)[:-1], b"rewritten"]))
    tile.write_bytes(tile.read_bytes()[:-32] + leaf_hash(b"rewritten"))


def edited_tile(folder: Path) -> None:
    edit(folder / LEAVES)


def edited_partial_tile(folder: Path) -> None:
    edit(folder / LAST_LEAVES)


def edited_tile_above(folder: Path) -> None:
    edit(folder / ABOVE)


def swapped_entries(folder: Path) -> None:
    rebundle(folder, lambda entries: [entries[1], entries[0], *entries[2:]])


def swapped_entries_with_their_hashes(folder: Path) -> None:
    swapped_entries(folder)
    tile = folder / LEAVES
    content = tile.read_bytes()
    tile.write_bytes(content[32:64] + content[:32] + content[64:])


def swapped_bundles(folder: Path) -> None:
    first, second = folder / Tile(None, 0).path, folder / BUNDLE
    before = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(before)


def one_entry_less(folder: Path) -> None:
    rebundle(folder, lambda entries: entries[:-1])


def one_entry_more(folder: Path) -> None:
    rebundle(folder, lambda entries: [*entries, b"smuggled"])


def trailing_byte_in_a_bundle(folder: Path) -> None:
    path = folder / BUNDLE
    path.write_bytes(path.read_bytes() + b"\0")


def truncated(folder: Path) -> None:
    for path in (folder / Tile(None, 2, SIZE - 512).path, folder / LAST_LEAVES):
        path.unlink()


def missing_tile(folder: Path) -> None:
    (folder / LEAVES).unlink()


def missing_bundle(folder: Path) -> None:
    (folder / BUNDLE).unlink()


def partial_tile_of_another_width(folder: Path) -> None:
    tile = folder / LAST_LEAVES
    tile.write_bytes(tile.read_bytes()[:-32])


def partial_tile_under_another_width(folder: Path) -> None:
    tile = folder / LAST_LEAVES
    tile.rename(tile.with_name(str(SIZE - 512 - 1)))


def head(folder: Path, **changes: object) -> None:
    """Sign a changed head with the log's own key."""
    text = "{origin}\n{size}\n{root}\n".format(
        **{"origin": Signer().key.name, "size": SIZE, "root": b64encode(log_of(SIZE).head().root).decode()} | changes
    )
    signature = sign_note(text, Signer().key, Signer().private.sign)
    (folder / "checkpoint").write_bytes(bytes(Note(text, (signature,))))


def leading_zero_in_the_size(folder: Path) -> None:
    head(folder, size=f"0{SIZE}")


def another_root(folder: Path) -> None:
    head(folder, root=b64encode(log_of(SIZE).head(SIZE - 1).root).decode())


def larger_size(folder: Path) -> None:
    head(folder, size=SIZE + 1)


def smaller_size(folder: Path) -> None:
    head(folder, size=SIZE - 1)


def another_origin(folder: Path) -> None:
    head(folder, origin="example.org/another")


def another_key(folder: Path) -> None:
    (folder / "checkpoint").write_bytes(StaticLog(numbered(SIZE), Signer(seed=8)).checkpoint())


def bad_signature(folder: Path) -> None:
    text = log_of(SIZE).head().text
    signature = Signer().sign(text)
    false = replace(signature, content=bytes([signature.content[0] ^ 1]) + signature.content[1:])
    (folder / "checkpoint").write_bytes(bytes(Note(text, (false,))))


def no_signature(folder: Path) -> None:
    (folder / "checkpoint").write_text(log_of(SIZE).head().text)


def edited_root_under_the_old_signature(folder: Path) -> None:
    text = log_of(SIZE).head(SIZE - 1).text.replace(f"\n{SIZE - 1}\n", f"\n{SIZE}\n")
    (folder / "checkpoint").write_bytes(bytes(Note(text, (Signer().sign(log_of(SIZE).head().text),))))


CHECKPOINTS = (another_origin, another_key, bad_signature, no_signature, edited_root_under_the_old_signature)
TAMPERINGS = (
    edited_entry, edited_entry_with_its_hash, edited_last_entry_with_its_hash, edited_tile, edited_partial_tile,
    edited_tile_above, swapped_entries, swapped_entries_with_their_hashes, swapped_bundles, one_entry_less,
    one_entry_more, trailing_byte_in_a_bundle, truncated, missing_tile, missing_bundle, partial_tile_of_another_width,
    partial_tile_under_another_width, leading_zero_in_the_size, another_root, larger_size, smaller_size, *CHECKPOINTS,
)  # fmt: skip


@by_verifier
@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_a_log_that_was_tampered_with_is_rejected(web, verifier, tamper):
    folder, address = web
    name = f"{tamper.__name__}-{verifier.__name__}"
    log_of(SIZE).write(folder / name)
    assert verifier(f"{address}/{name}", KEY).accepted
    tamper(folder / name)
    assert not verifier(f"{address}/{name}", KEY).accepted


def rolled_back() -> StaticLog:
    return StaticLog(numbered(OLD - 1))


def rewritten() -> StaticLog:
    return StaticLog([b"rewritten", *numbered(SIZE)[1:]])


def rewritten_and_grown() -> StaticLog:
    return StaticLog([*numbered(OLD - 1), b"rewritten", *numbered(SIZE + 100)[OLD:]])


@by_verifier
@pytest.mark.parametrize("past", [rolled_back, rewritten, rewritten_and_grown], ids=lambda past: past.__name__)
def test_another_past_signed_by_the_log_itself_shows_only_to_who_kept_a_checkpoint(web, verifier, past, old_checkpoint):
    folder, address = web
    name = f"{past.__name__}-{verifier.__name__}"
    past().write(folder / name)
    assert verifier(f"{address}/{name}", KEY).accepted
    assert not verifier(f"{address}/{name}", KEY, old_checkpoint).accepted


def test_the_reason_is_named(web, old_checkpoint):
    folder, address = web
    edited, rolled = folder / "edited", folder / "rolled-back"
    edited_entry(log_of(SIZE).write(edited))
    rolled_back().write(rolled)
    for verifier in LOG_VERIFIERS:
        assert verifier(f"{address}/edited", KEY).reason == "rejected: the entries do not have the root that was signed"
        verdict = verifier(f"{address}/rolled-back", KEY, old_checkpoint)
        assert verdict.reason == "rejected: the log has shrunk from 300 entries to 299"


def test_openssl_accepts_the_signature_of_the_log_alone(tmp_path):
    log_of(SIZE).write(tmp_path)
    assert openssl(tmp_path / "checkpoint", KEY).accepted
    (tmp_path / "checkpoint").write_bytes(log_of(SIZE).checkpoint(SIZE, [Signer("witness.example/1", 4, 9)]))
    assert openssl(tmp_path / "checkpoint", KEY).accepted


@pytest.mark.parametrize("tamper", CHECKPOINTS, ids=lambda tamper: tamper.__name__)
def test_openssl_rejects_a_checkpoint_that_the_log_has_not_signed(tmp_path, tamper):
    log_of(SIZE).write(tmp_path)
    tamper(tmp_path)
    assert not openssl(tmp_path / "checkpoint", KEY).accepted


def receipt(index: int, size: int) -> Receipt:
    log = log_of(1_000)
    return Receipt(index, tuple(inclusion_proof(index, size, log.node_at)), log.checkpoint(size))


by_receipt_verifier = pytest.mark.parametrize(
    "verifier", RECEIPT_VERIFIERS, ids=lambda verifier: verifier.__name__.removesuffix("_receipt")
)


def judged(verifier: Callable[[Path, Path, str], Verdict], folder: Path, made: Receipt, entry: bytes) -> bool:
    (folder / "made.tlog-proof").write_bytes(bytes(made))
    (folder / "entry").write_bytes(entry)
    return verifier(folder / "made.tlog-proof", folder / "entry", KEY).accepted


@by_receipt_verifier
@pytest.mark.parametrize(
    ("index", "size"),
    [(0, 1), (0, 2), (1, 2), (254, 255), (255, 256), (0, 257), (256, 257), (512, 1_000), (999, 1_000)],
)
def test_a_receipt_is_accepted_offline_for_its_entry_alone(tmp_path, verifier, index, size):
    entry = log_of(1_000).entries[index]
    assert judged(verifier, tmp_path, receipt(index, size), entry)
    assert judged(verifier, tmp_path, replace(receipt(index, size), extra=b"of no weight"), entry)
    assert not judged(verifier, tmp_path, receipt(index, size), entry + b" ")


@by_receipt_verifier
def test_a_doctored_receipt_is_rejected(tmp_path, verifier):
    good, entry = receipt(255, 1_000), log_of(1_000).entries[255]
    hashes = good.proof
    for made in (
        replace(good, index=254),
        replace(good, index=1_000),
        replace(good, proof=hashes[1:]),
        replace(good, proof=(*hashes, hashes[0])),
        replace(good, proof=(hashes[1], hashes[0], *hashes[2:])),
        replace(good, checkpoint=log_of(1_000).checkpoint(999)),
        replace(good, checkpoint=StaticLog(numbered(1_000), Signer(seed=3)).checkpoint()),
        replace(good, checkpoint=good.checkpoint.replace(b"\n1000\n", b"\n1001\n")),
    ):
        assert not judged(verifier, tmp_path, made, entry)


def test_the_checkpoint_of_another_log_proves_nothing(tmp_path):
    other = StaticLog(numbered(1_000), Signer("example.org/another"))
    made = replace(receipt(255, 1_000), checkpoint=other.checkpoint())
    assert not judged(sigstore_receipt, tmp_path, made, other.entries[255])
    text = Checkpoint("example.org/another", 1_000, other.head().root).text
    signed_here = bytes(Note(text, (Signer().sign(text),)))
    assert not judged(sigstore_receipt, tmp_path, replace(made, checkpoint=signed_here), other.entries[255])
