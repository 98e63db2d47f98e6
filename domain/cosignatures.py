"""What a witness signs, and how that stands in a note (C2SP tlog-cosignature, “Format”: Ed25519, type 0x04)."""

from typing import Final

from domain.strict_text import MOST
from domain.unproven import Malformed

_TIME: Final = 8
_SIGNATURE: Final = 64


def cosigned_message(time: int, text: str) -> bytes:
    """Give what a cosignature covers: the time in whole seconds since 1970, and the text of the note."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def timestamped_signature(time: int, signature: bytes) -> bytes:
    """Put the time before the signature, as the note carries them."""
    return time.to_bytes(_TIME, "big") + signature


def parse_timestamped_signature(content: bytes) -> tuple[int, bytes]:
    """Give the time and the signature over `cosigned_message` of it."""
    time, signature = int.from_bytes(content[:_TIME], "big"), content[_TIME:]
    if len(signature) != _SIGNATURE or time > MOST:
        raise Malformed(
            f"a cosignature has {len(content)} bytes and time {time}",
            f"{_TIME + _SIGNATURE} bytes, a time up to 2^63 - 1",
        )
    return time, signature
