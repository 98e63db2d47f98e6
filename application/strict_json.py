"""JSON as the ledger takes it: RFC 8259, and only what RFC 8785 writes down again without loss (RFC 7493, I-JSON)."""

import json
from typing import Any, Final

LARGEST_INTEGER: Final = 2**53 - 1
DEEPEST: Final = 32
"""How deep objects and lists may stand in each other; no body of the ledger needs more than six."""


class NotJsonError(ValueError):
    """The text is no JSON, or JSON that could be read in two ways."""


def _too_deep() -> NotJsonError:
    """Say that a text is nested too deeply."""
    return NotJsonError(f"objects and lists stand too deep in each other; accepted: {DEEPEST} levels")


def parse(text: bytes) -> Any:
    """Read JSON; NotJsonError for names that stand twice, half surrogates, NaN, big integers, depth, no JSON."""
    try:
        value = DECODER.decode(text.decode("utf-8"))
        if b"\\u" in text:
            # Written down once more, half a surrogate pair shows, in names and in values.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJsonError("a text contains half of a surrogate pair, which is no character") from None
    except UnicodeDecodeError as wrong:
        raise NotJsonError(f"byte {wrong.start + 1} is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except NotJsonError:
        raise
    except ValueError as wrong:
        raise NotJsonError(f"this is no JSON: {wrong}") from None
    if text.count(b"{") + text.count(b"[") > DEEPEST and _is_too_deep(value):
        raise _too_deep()
    return value


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; NotJsonError if a name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotJsonError(f"the member “{twice[:60]}” stands twice in one object")
    return found


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        within = (each.values() if isinstance(each, dict) else each for each in level)
        level = [child for children in within for child in children if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def _exact(written: str) -> int:
    if len(written) > len(str(-LARGEST_INTEGER)) or abs(int(written)) > LARGEST_INTEGER:
        raise NotJsonError(f"{written[:40]} is beyond 2^53 - 1, where integers stop being exact")
    return int(written)


def _no_constant(written: str) -> None:
    raise NotJsonError(f"{written} is no JSON number")


DECODER: Final = json.JSONDecoder(object_pairs_hook=each_once, parse_int=_exact, parse_constant=_no_constant)
