"""Receipts: proof that an entry is in the log, to be checked offline for ever (C2SP tlog-proof)."""

from dataclasses import dataclass
from typing import Final

from domain.checkpoint import Opened, open_checkpoint
from domain.merkle import leaf_hash, verify_inclusion
from domain.notes import Verify
from domain.policy import Policy
from domain.strict_text import base64_bytes, base64_text, decimal, hash_text
from domain.unproven import Malformed

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
MEDIA_TYPE: Final = "text/plain; charset=utf-8"
# A path in a tree of up to 2^63 leaves.
_MOST_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where an entry is, the hashes from its leaf to the root, and the checkpoint (a signed note) of that root."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __bytes__(self) -> bytes:
        """The `.tlog-proof` file (C2SP tlog-proof, “Format”)."""
        extra = [] if self.extra is None else [f"extra {base64_text(self.extra)}"]
        lines = [FIRST_LINE, *extra, f"index {self.index}", *map(base64_text, self.proof), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def parse_receipt(content: bytes) -> Receipt:
    """Read a `.tlog-proof` file; nothing in it is verified yet."""
    proof, blank, checkpoint = content.partition(b"\n\n")
    try:
        first, *lines = proof.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Malformed("the proof has letters that are no ASCII", "ASCII up to the first empty line") from None
    if first != FIRST_LINE or not blank:
        raise Malformed(
            f"the receipt begins with {first[:40]!r}", f"{FIRST_LINE}, and a checkpoint after an empty line"
        )
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = base64_bytes(lines.pop(0).removeprefix("extra "), "the extra data")
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + _MOST_HASHES:
        raise Malformed("the receipt has no index, or too many hashes", f"index <n>, then up to {_MOST_HASHES} hashes")
    index = decimal(lines[0].removeprefix("index "), "the index")
    return Receipt(index, tuple(hash_text(line, "a hash of the proof") for line in lines[1:]), checkpoint, extra)


def verify_receipt(receipt: Receipt, entry: bytes, policy: Policy, verify: Verify) -> Opened:
    """Raise Unproven unless the checkpoint is believed and *entry* is in its tree (C2SP tlog-proof, “Verifying…”)."""
    opened = open_checkpoint(receipt.checkpoint, policy, verify)
    head = opened.checkpoint
    verify_inclusion(leaf_hash(entry), receipt.index, head.size, head.root, receipt.proof)
    return opened
