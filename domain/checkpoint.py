"""Checkpoints: what a log signs of itself – its origin, its size, its root (C2SP tlog-checkpoint)."""

from dataclasses import dataclass

from domain.merkle import EMPTY_ROOT
from domain.notes import Note, Verified, VerifierKey, Verify, parse_note, verified
from domain.policy import Policy
from domain.strict_text import base64_text, decimal, hash_text, key_name
from domain.unproven import Malformed, NotSigned, QuorumMissing


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log's tree. *extensions* are read from others' logs and never written."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The three lines that our log signs (C2SP tlog-checkpoint, “Note text”)."""
        return f"{key_name(self.origin)}\n{self.size}\n{base64_text(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint whose signatures hold: by the log, and by the witnesses of the policy that cosigned."""

    checkpoint: Checkpoint
    note: Note
    signed_by: tuple[VerifierKey, ...]
    cosigned_by: tuple[Verified, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint's note."""
    lines = text.split("\n")
    if lines.pop() or len(lines) < 3 or not all(lines):
        raise Malformed("the checkpoint does not consist of its lines", "origin, size, root, each on a line")
    origin, size_line, root_line, *extensions = lines
    size, root = decimal(size_line, "the size"), hash_text(root_line, "the root")
    if size == 0 and root != EMPTY_ROOT:
        raise Malformed("the log is empty and has another root", "the hash of nothing")
    return Checkpoint(origin, size, root, tuple(extensions))


def open_checkpoint(content: bytes, policy: Policy, verify: Verify, *, without_quorum: bool = False) -> Opened:
    """Believe a checkpoint that a log of the policy has signed under its origin and the quorum has cosigned.

    *without_quorum* believes the log's signature alone; cosignatures of known witnesses must hold all the same.
    """
    note = parse_note(content)
    checkpoint = parse_checkpoint(note.text)
    logs = [party.key for party in policy.logs if party.key.name == checkpoint.origin]
    if not logs:
        origins = ", ".join(sorted({party.key.name for party in policy.logs})) or "none"
        raise NotSigned(f"the origin is {checkpoint.origin!r}", f"an origin of the policy: {origins}")
    witnesses = [party.key for party in policy.witnesses.values()]
    found = verified(note, [*logs, *witnesses], verify)
    signed_by = tuple(dict.fromkeys(each.key for each in found if each.key in logs))
    cosigned_by = tuple(each for each in found if each.key in witnesses)
    if not signed_by:
        raise NotSigned(f"no key of {checkpoint.origin} has signed", "a signature by the log")
    if not (without_quorum or policy.reached_by({each.key for each in cosigned_by})):
        names = ", ".join(sorted({each.key.name for each in cosigned_by})) or "nobody"
        raise QuorumMissing(f"cosigned by {names}", f"cosignatures of {policy.quorum}")
    return Opened(checkpoint, note, signed_by, cosigned_by)
