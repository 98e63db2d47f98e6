"""Walk through JSON text that is known to be well formed, so that each value can be named with its line."""

import json
import re
from collections.abc import Iterator
from typing import Final

from application.strict_json import each_once

_GAP: Final = re.compile(r"[ \t\r\n,:]*")


def values(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Walk the object or list that begins at *at*: the name (empty in a list) and the place of each value."""
    named = text[at] == "{"
    at = _after_gap(text, at + 1)
    while text[at] not in "}]":
        name = ""
        if named:
            name, at = _PLAIN.raw_decode(text, at)
            at = _after_gap(text, at)
        yield name, at
        at = _after_gap(text, _PLAIN.raw_decode(text, at)[1])


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def value_at(text: str, at: int) -> object:
    """Give the value that begins at *at*; raise ValueError for what JSON allows and the ledger does not."""
    value: object = _STRICT.raw_decode(text, at)[0]
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("contains half of a surrogate pair, which is no character") from None
    return value


def _after_gap(text: str, at: int) -> int:
    gap = _GAP.match(text, at)
    return gap.end() if gap else at


def _no_number(written: str) -> object:
    raise ValueError(f"{written[:40]} is no whole number; a number with a fraction stands in quotes")


_PLAIN: Final = json.JSONDecoder()
_STRICT: Final = json.JSONDecoder(object_pairs_hook=each_once, parse_constant=_no_number, parse_float=_no_number)
