"""Signed notes: a text and the signatures under it (C2SP signed-note). The cryptography comes in as a function."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from domain.cosignatures import cosigned_message, parse_timestamped_signature
from domain.strict_text import base64_bytes, base64_text, key_name
from domain.unproven import Malformed, NotSigned

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
_PUBLIC_KEY_SIZES: Final = {ED25519: 32, COSIGNATURE: 32}
_KEY_ID_SIZE: Final = 4
_DASH: Final = "\u2014 "
# The specification asks for 16 at least; post-quantum signatures take 5 kB each.
MOST_SIGNATURES: Final = 100
MOST_BYTES: Final = 1_000_000

# public key, signature, message
Verify = Callable[[bytes, bytes, bytes], bool]
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note: who signed with which key, and the bytes (of a cosignature, with its time)."""

    name: str
    key_id: bytes
    content: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note (C2SP signed-note, “Format”)."""
        return f"{_DASH}{self.name} {base64_text(self.key_id + self.content)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures. To be believed only after `verified`."""

    text: str
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return (self.text + "\n" + "".join(each.line for each in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The key that a signature is checked with: a name, the type of its signatures, the public key."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of a hash over everything else (C2SP signed-note, “Signatures”)."""
        named = key_name(self.name).encode() + b"\n" + bytes([self.kind]) + self.public_key
        return sha256(named).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        """The vkey (C2SP signed-note, “Verifier keys”)."""
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.kind]) + self.public_key)}"


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature of a known key that holds, and for a cosignature the time it states (seconds since 1970)."""

    key: VerifierKey
    time: int | None


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a vkey; only Ed25519 keys (0x01 for logs, 0x04 for witnesses) are known."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Malformed(f"the verifier key is {text[:80]!r}", "<name>+<8 hexadecimal digits>+<base64>")
    name, key_id, encoded = key_name(parts[0]), parts[1], base64_bytes(parts[2], "the key of the verifier key")
    key = VerifierKey(name, encoded[0], encoded[1:])
    if len(key.public_key) != _PUBLIC_KEY_SIZES.get(key.kind):
        found = f"the key of {name} has type 0x{key.kind:02x} and {len(key.public_key)} bytes"
        raise Malformed(found, "type 0x01 (Ed25519) or 0x04 (Ed25519 cosignature) with 32 bytes")
    if key_id != key.key_id.hex():
        raise Malformed(f"the key id of {name} is {key_id[:20]!r}", f"{key.key_id.hex()}, which belongs to this key")
    return key


def parse_note(content: bytes) -> Note:
    """Read a note; nothing in it is verified yet (C2SP signed-note, “Format”)."""
    if len(content) > MOST_BYTES:
        raise Malformed(f"the note has {len(content)} bytes", f"at most {MOST_BYTES}")
    try:
        whole = content.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise Malformed(f"the note is no UTF-8 at byte {wrong.start}", "UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise Malformed("the note has a control character", "no control characters but newlines")
    text, blank, signed = whole.rpartition("\n\n")
    lines = signed.split("\n")
    if not blank or lines.pop() or not lines:
        raise Malformed("the note has no signature lines after its last empty line", "text, an empty line, signatures")
    if len(lines) > MOST_SIGNATURES:
        raise Malformed(f"the note has {len(lines)} signatures", f"at most {MOST_SIGNATURES}")
    return Note(text + "\n", tuple(map(parse_signature_line, lines)))


def parse_signature_line(line: str) -> Signature:
    """Read one signature line, without its newline."""
    parts = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(parts) != 2:
        raise Malformed(f"a signature line is {line[:80]!r}", "an em dash, a key name and base64, with a space between")
    content = base64_bytes(parts[1], "a signature")
    if len(content) <= _KEY_ID_SIZE:
        raise Malformed(f"a signature has {len(content)} bytes", "a key id of four bytes and a signature")
    return Signature(key_name(parts[0]), content[:_KEY_ID_SIZE], content[_KEY_ID_SIZE:])


def sign_note(text: str, key: VerifierKey, sign: Sign) -> Signature:
    """Sign a text with the private half of an Ed25519 *key* (C2SP signed-note, “Ed25519 signatures”)."""
    if not text.endswith("\n"):
        raise Malformed("the text of the note does not end in a newline", "a text of whole lines")
    return Signature(key.name, key.key_id, sign(text.encode()))


def verified(note: Note, keys: Iterable[VerifierKey], verify: Verify) -> tuple[Verified, ...]:
    """Give the signatures of the known *keys* (C2SP signed-note, “Signatures”); others are passed over.

    A false signature under a known key, or none by a known key, raises NotSigned.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is not None:
            found.append(_verified(note.text, key, signature, verify))
    if not found:
        names = ", ".join(sorted({key.name for key in known.values()})) or "nobody"
        raise NotSigned("no known key has signed the note", f"a signature by {names}")
    return tuple(found)


def _verified(text: str, key: VerifierKey, signature: Signature, verify: Verify) -> Verified:
    time, content, message = None, signature.content, text.encode()
    if key.kind == COSIGNATURE:
        time, content = parse_timestamped_signature(content)
        message = cosigned_message(time, text)
    if not verify(key.public_key, content, message):
        raise NotSigned(f"the signature of {key.name} (key {key.key_id.hex()}) is false", "one by that key")
    return Verified(key, time)
