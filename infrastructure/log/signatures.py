"""Ed25519 (RFC 8032): the only place that signs and verifies."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from domain.notes import ED25519, Signature, VerifierKey, sign_note
from domain.strict_text import base64_bytes, base64_text
from domain.unproven import Malformed

SECRET: Final = "PRIVATE+KEY+"  # noqa: S105 -- how the Go note package marks a secret
_SEED: Final = 32


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The secret half of a key and the name it signs under. Never shown by its representation."""

    name: str
    seed: bytes = field(repr=False)
    verifier: VerifierKey = field(init=False, compare=False)
    """The public half."""

    def __post_init__(self) -> None:
        """Make the public half once: it takes as long as a signature."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        object.__setattr__(self, "verifier", VerifierKey(self.name, ED25519, public))

    @classmethod
    def new(cls, name: str) -> "SigningKey":
        """Make a key from 256 random bits."""
        return cls(name, secrets.token_bytes(_SEED))

    def sign(self, message: bytes) -> bytes:
        """Sign bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def signature_of(self, text: str) -> Signature:
        """Sign the text of a note."""
        return sign_note(text, self.verifier, self.sign)

    def secret_text(self) -> str:
        """Write the secret as the Go note package does: PRIVATE+KEY+<name>+<8 hex>+<base64>."""
        return f"{SECRET}{self.name}+{self.verifier.key_id.hex()}+{base64_text(bytes([ED25519]) + self.seed)}"


def parse_secret_text(text: str) -> SigningKey:
    """Read a secret back; Malformed, without repeating it, if it is none."""
    parts = text.removeprefix(SECRET).split("+", 2)
    try:
        seed = base64_bytes(parts[2], "the secret")
        key = SigningKey(parts[0], seed[1:])
        if seed[0] == ED25519 and text == key.secret_text():
            return key
    except (Malformed, IndexError, ValueError):
        pass
    raise Malformed("it holds no secret key", "PRIVATE+KEY+<name>+<8 hexadecimal digits>+<base64>") from None
