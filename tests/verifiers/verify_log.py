"""Checks a transparency log over HTTP with pymerkle (the tree) and cryptography (the signature), and nothing else.

python verify_log.py VKEY URL [OLD-CHECKPOINT-FILE]

It knows nothing of the program that serves the log: only C2SP tlog-tiles, tlog-checkpoint and signed-note.
"""

import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from urllib.request import urlopen

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

TILE = 256


class Rejected(Exception):
    """What is wrong with the log."""


def check(holds: bool, wrong: str) -> None:
    if not holds:
        raise Rejected(wrong)


def opened(note: bytes, vkey: str) -> tuple[int, bytes]:
    """Give size and root of a checkpoint that the key has signed."""
    name, key_id, encoded = vkey.split("+", 2)
    key = b64decode(encoded, validate=True)
    check(key[0] == 1, "the key is no Ed25519 key")
    check(sha256(name.encode() + b"\n" + key).hexdigest()[:8] == key_id, "the key's id is not that of the key")
    text, blank, signatures = note.decode().rpartition("\n\n")
    check(bool(blank), "the checkpoint has no signatures")
    ours = [line.split(" ")[2] for line in signatures.splitlines() if line.split(" ")[:2] == ["\u2014", name]]
    ours = [content for content in (b64decode(each, validate=True) for each in ours) if content[:4].hex() == key_id]
    check(bool(ours), "the key has not signed the checkpoint")
    for content in ours:
        try:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(content[4:], f"{text}\n".encode())
        except InvalidSignature:
            raise Rejected("the signature under the checkpoint is false") from None
    origin, size, root = text.split("\n")
    check(origin == name, f"the origin is {origin}")
    check(str(int(size)) == size, f"the size is {size}")
    return int(size), b64decode(root, validate=True)


def path(kind: str, number: int, width: int) -> str:
    groups = [f"{number % 1_000:03}"]
    while number := number // 1_000:
        groups.insert(0, f"x{number % 1_000:03}")
    return f"tile/{kind}/{'/'.join(groups)}" + ("" if width == TILE else f".p/{width}")


def fetch(url: str, name: str) -> bytes:
    try:
        with urlopen(f"{url}/{name}", timeout=30) as answer:  # noqa: S310 -- the caller's URL
            content: bytes = answer.read()
            return content
    except OSError as wrong:
        raise Rejected(f"{name}: {wrong}") from None


def entries(url: str, size: int) -> list[bytes]:
    """Give the entries of all bundles."""
    found = []
    for first in range(0, size, TILE):
        width = min(TILE, size - first)
        name = path("entries", first // TILE, width)
        bundle = fetch(url, name)
        for _ in range(width):
            length = int.from_bytes(bundle[:2], "big")
            check(len(bundle) >= 2 + length, f"{name} ends too early")
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        check(not bundle, f"{name}: bytes follow the last entry")
    return found


def check_tiles(url: str, hashes: list[bytes]) -> None:
    """Compare every hash tile with the hashes of its level."""
    for level in range(64):
        if not hashes:
            return
        for first in range(0, len(hashes), TILE):
            row = hashes[first : first + TILE]
            name = path(str(level), first // TILE, len(row))
            check(fetch(url, name) == b"".join(row), f"{name} is not made of the entries' hashes")
        for _ in range(8):
            pairs = zip(hashes[::2], hashes[1::2], strict=False)
            hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs]


def verify(url: str, vkey: str, old: bytes | None) -> int:
    size, root = opened(fetch(url, "checkpoint"), vkey)
    tree = InmemoryTree(algorithm="sha256")
    found = entries(url, size)
    for entry in found:
        tree.append_entry(entry)
    check(tree.get_root() == root, "the entries do not have the root that was signed")
    check_tiles(url, [sha256(b"\0" + entry).digest() for entry in found])
    if old is not None:
        old_size, old_root = opened(old, vkey)
        check(old_size <= size, f"the log has shrunk from {old_size} entries to {size}")
        check(
            tree.get_root(old_size) == old_root, f"the first {old_size} entries are not those of the older checkpoint"
        )
    return size


if __name__ == "__main__":
    try:
        kept = Path(sys.argv[3]).read_bytes() if len(sys.argv) > 3 else None
        print(f"accepted: {verify(sys.argv[2].rstrip('/'), sys.argv[1], kept)} entries")
    except (Rejected, ValueError) as wrong:
        print(f"rejected: {wrong}")
        sys.exit(1)
