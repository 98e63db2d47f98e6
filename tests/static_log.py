"""A log as files, made of any entries with a key of its own: what a server would serve, without one."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.checkpoint import Checkpoint
from domain.cosignatures import cosigned_message, timestamped_signature
from domain.merkle import Frontier, leaf_hash, span_root
from domain.notes import COSIGNATURE, ED25519, Note, Signature, VerifierKey, sign_note
from domain.tiles import all_tiles, entry_bundle, hash_tile

ORIGIN = "example.org/ledger"


class Signer:
    """A name and a private key."""

    def __init__(self, name: str = ORIGIN, kind: int = ED25519, seed: int = 7) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
        self.key = VerifierKey(name, kind, self.private.public_key().public_bytes_raw())

    def sign(self, text: str, time: int = 1_700_000_000) -> Signature:
        """Sign a text, as a log or as a witness."""
        if self.key.kind == COSIGNATURE:
            content = timestamped_signature(time, self.private.sign(cosigned_message(time, text)))
            return Signature(self.key.name, self.key.key_id, content)
        return sign_note(text, self.key, self.private.sign)


def witness(name: str, seed: int) -> Signer:
    return Signer(name, COSIGNATURE, seed)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Check an Ed25519 signature."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


class StaticLog:
    """A tree over *entries*; everything about it at any size up to theirs."""

    def __init__(self, entries: Sequence[bytes], signer: Signer | None = None) -> None:
        self.entries, self.signer = entries, signer or Signer()
        frontier = Frontier()
        hashes = (leaf_hash(entry) for entry in entries)
        self._rows = [[leaf, *frontier.append(leaf)] for leaf in hashes]

    def node_at(self, level: int, index: int) -> bytes:
        """Give a node from where the ledger, too, keeps it: beside the leaf that completes it."""
        return self._rows[((index + 1) << level) - 1][level]

    def head(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(self.signer.key.name, size, span_root(0, size, self.node_at))

    def checkpoint(self, size: int | None = None, signers: Sequence[Signer] = ()) -> bytes:
        """Give the signed checkpoint of the log and, if there are other *signers*, by them."""
        text = self.head(size).text
        return bytes(Note(text, tuple(each.sign(text) for each in (self.signer, *signers))))

    def write(self, folder: Path, size: int | None = None) -> Path:
        """Write the log of that size as files."""
        size = len(self.entries) if size is None else size
        for tile in all_tiles(size):
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if tile.level is None:
                content = entry_bundle(self.entries[tile.first : tile.first + tile.width])
            else:
                content = hash_tile(tile.level, tile.number, tile.width, self.node_at)
            path.write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_bytes(self.checkpoint(size))
        return folder


def numbered(size: int, text: Callable[[int], str] = str) -> list[bytes]:
    """Give that many entries, each another."""
    return [f'{{"position":{number + 1},"statement":"{text(number)}"}}'.encode() for number in range(size)]


@cache
def log_of(size: int) -> StaticLog:
    """Give a log of numbered entries; of one size there is one."""
    return StaticLog(numbered(size))
