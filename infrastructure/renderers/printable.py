"""Texts as they can be printed: what the fonts that ship with Typst can draw, and nothing that steers a renderer.

A PDF/A must draw every character it holds. Latin, Greek and Cyrillic are complete, with Georgian, Armenian, Hebrew and
Arabic letters; a character of another script reads �, and the report's JSON, attached to the PDF, has it as recorded.
"""

import re
import unicodedata
from bisect import bisect_right
from typing import Final

UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"
_DRAWN: Final = (
    (0x20, 0x4FF), (0x531, 0x60C), (0x61F, 0x61F), (0x621, 0x63A), (0x640, 0x655), (0x660, 0x66D), (0x6F0, 0x6F9),
    (0x10D0, 0x10FF), (0x1D00, 0x2027), (0x2029, 0x2151), (0x2153, 0x2184), (0x2190, 0x23FF), (0x2460, 0x262F),
    (0x2638, 0x268B), (0x2C60, 0x2CFF), (0xA71B, 0xA727), (0xAB70, 0xABBF), (0xFB00, 0xFB4F), (0xFFFD, 0xFFFD),
)  # fmt: skip
"""First and last: what is assigned between them is in Libertinus Serif, New Computer Modern or DejaVu Sans Mono."""

_FIRST: Final = [first for first, _ in _DRAWN]
_LINE_END: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
LONGEST_WORD: Final = 18
"""Longer words are cut: a column is wide enough for this one."""

_PIECE: Final = 5
_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def printable(text: str) -> str:
    """Give *text* without control and invisible characters; what no font draws is replaced. Line ends stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_drawn, _LINE_END.sub("\n", unicodedata.normalize("NFC", text))))


def _drawn(character: str) -> str:
    if character == "\n" or " " <= character <= "~":
        return character
    if character == "\t":
        return " "
    if unicodedata.category(character) in _STEERING:
        return ""
    place = bisect_right(_FIRST, ord(character)) - 1
    return character if place >= 0 and ord(character) <= _DRAWN[place][1] else UNPRINTABLE


def plainest(text: str) -> str:
    """Give *text* without combining marks that stand for themselves: no font has every letter with every mark."""
    return "".join(character for character in text if not unicodedata.combining(character))


def breakable(text: str, longest: int = LONGEST_WORD) -> str | list[str]:
    """Give *text*; if it has words longer than *longest*, in pieces between which a line may end."""
    if len(text) <= longest or all(len(word) <= longest for word in text.split()):
        return text
    return [piece for word in re.split(r"(\s+)", text) for piece in _pieces(word, longest)]


def _pieces(word: str, longest: int) -> list[str]:
    if len(word) <= longest:
        return [word]
    return [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]
