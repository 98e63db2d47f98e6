"""JSON as the ledger takes it: RFC 8259, and only what RFC 8785 writes down again without loss (RFC 7493, I-JSON)."""

import json
from typing import Any, Final

LARGEST_INTEGER: Final = 2**53 - 1


class NotJsonError(ValueError):
    """The text is no JSON, or JSON that could be read in two ways."""


def parse(text: bytes) -> Any:
    """Read JSON; NotJsonError for duplicate names, lone surrogates, NaN, integers beyond 2^53 - 1, or no JSON."""
    try:
        value = DECODER.decode(text.decode("utf-8"))
        # Written down once more, half a surrogate pair shows, in names and in values.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJsonError("a text contains half of a surrogate pair, which is no character") from None
    except UnicodeDecodeError as wrong:
        raise NotJsonError(f"byte {wrong.start + 1} is not UTF-8") from None
    except RecursionError:
        raise NotJsonError("objects and lists stand too deep in each other") from None
    except NotJsonError:
        raise
    except ValueError as wrong:
        raise NotJsonError(f"this is no JSON: {wrong}") from None
    return value


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; NotJsonError if a name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJsonError(f"the member “{twice[:60]}” stands twice in one object")
    return found


def _exact(written: str) -> int:
    if len(written) > len(str(-LARGEST_INTEGER)) or abs(int(written)) > LARGEST_INTEGER:
        raise NotJsonError(f"{written[:40]} is beyond 2^53 - 1, where integers stop being exact")
    return int(written)


def _no_constant(written: str) -> None:
    raise NotJsonError(f"{written} is no JSON number")


DECODER: Final = json.JSONDecoder(object_pairs_hook=each_once, parse_int=_exact, parse_constant=_no_constant)
