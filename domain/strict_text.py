"""The one way to write a number or bytes in a text of the log. What could also be written otherwise is refused."""

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final

from domain.merkle import HASH_SIZE
from domain.unproven import Malformed

# Sizes and times fit a signed 64-bit number everywhere (C2SP tlog-cosignature, “Format”).
MOST: Final = (1 << 63) - 1
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def decimal(text: str, what: str) -> int:
    """Read a number from 0 to 2^63 - 1 in ASCII digits without leading zeros."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MOST:
        raise Malformed(f"{what} is {text[:40]!r}", f"0 to {MOST} in digits without leading zeros")
    return int(text)


def base64_text(value: bytes) -> str:
    """Write bytes in base64 (RFC 4648, section 4)."""
    return b64encode(value).decode("ascii")


def base64_bytes(text: str, what: str) -> bytes:
    """Read base64 (RFC 4648, section 4), padded and without stray bits."""
    try:
        value = b64decode(text, validate=True)
    except (Error, ValueError):
        value = b""
    if not value or base64_text(value) != text:
        raise Malformed(f"{what} is {text[:60]!r}", "base64 of RFC 4648, section 4, with its padding")
    return value


def hash_text(text: str, what: str) -> bytes:
    """Read a SHA-256 hash in base64."""
    value = base64_bytes(text, what)
    if len(value) != HASH_SIZE:
        raise Malformed(f"{what} has {len(value)} bytes", f"{HASH_SIZE} bytes in base64")
    return value


def key_name(text: str) -> str:
    """Check the name of a key (C2SP signed-note, “Format”): not empty, no spaces, no plus, no control characters."""
    if not text or any(each.isspace() or each == "+" or each < " " or "\ud800" <= each <= "\udfff" for each in text):
        raise Malformed(f"the key name is {text[:60]!r}", "a name such as example.org/log, without spaces and plus")
    return text
