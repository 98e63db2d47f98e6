"""The bytes of entries, read back: what a Merkle leaf says (design, section 4).

An *open* form says everything but the texts, whose salted hashes it carries. A *closed* form, of an entry of an
internal stream, is the salted hash of an open form, with place and instant.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from domain.entry import Entry
from domain.recording import stream_id
from domain.shapes import COMMITMENT_EVENTS, CORRECTIONS, LEDGER_EVENTS, PROGRAMME_EVENTS

FORMAT: Final = 1
CLOSED: Final = frozenset({"v", "position", "recorded_at", "closed"})
OPEN: Final = frozenset(
    ["v", "position", "recorded_at", "recorded_by", "role", "stream", "reference", "version", "kind", "facts", "prose"]
)  # fmt: skip
Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTS: Final[Mapping[int, Upcast]] = {}
"""From format number n to n + 1, for the day that there is a second format."""

KINDS: Final = {
    "commitment": frozenset({*COMMITMENT_EVENTS, *CORRECTIONS}),
    "programme": frozenset({*PROGRAMME_EVENTS, *CORRECTIONS}),
    "ledger": frozenset(LEDGER_EVENTS),
}
FIRST_KINDS: Final = {"commitment": "announced", "programme": "programme_published"}
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII)


def decoded(open_form: bytes) -> dict[str, Any]:
    """Read open entry bytes of any format as the newest."""
    return newest(json.loads(open_form))


def newest(read: dict[str, Any]) -> dict[str, Any]:
    """Give what entry bytes of any format say as the newest says it."""
    while read["v"] < FORMAT:
        read = UPCASTS[read["v"]](read)
    return read


def entry_of(read: Mapping[str, Any]) -> Entry:
    """Give the entry that decoded bytes hold."""
    return Entry(
        read["position"],
        read["version"],
        read["kind"],
        datetime.fromisoformat(read["recorded_at"]),
        read["recorded_by"],
        read["role"],
        read["facts"],
        tuple(sorted(read["prose"])),
    )


def salted_hash(salt: bytes, content: bytes) -> str:
    """Give the hash under which a text, or a closed entry, stands in the log."""
    return sha256(salt + content).hexdigest()


class Json(NamedTuple):
    """How JSON is read, and how its RFC 8785 bytes are made: plainly, or quicker."""

    loads: Callable[[bytes], Any]
    canonical: Callable[[object], bytes]


def plainly(value: object) -> bytes:
    """Give the RFC 8785 bytes of a JSON value without fractional numbers, whose member names are ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


PLAIN_JSON: Final = Json(json.loads, plainly)


@lru_cache(maxsize=50_000)
def sort_of(stream: str, reference: str) -> str | None:
    """Tell what a stream is of: commitment, programme or ledger; None if it is not the stream of this reference."""
    for sort, name in (("commitment", f"commitment:{reference}"), ("programme", f"programme:{reference}")):
        if str(stream_id(name)) == stream:
            return sort
    return "ledger" if reference == "ledger" and str(stream_id("ledger")) == stream else None


def misread(entry: bytes, by: Json = PLAIN_JSON) -> tuple[dict[str, Any], str | None]:
    """Read a leaf or an open form strictly; say what is wrong with it as bytes, None if nothing is."""
    try:
        read = by.loads(entry)
    except ValueError:
        return {}, "its bytes are no JSON"
    if not isinstance(read, dict) or read.get("v") != FORMAT:
        return {}, f"its bytes are no entry of format {FORMAT}"
    if read.keys() not in (OPEN, CLOSED):
        return {}, "its bytes have other members than an entry has"
    if by.canonical(read) != entry:
        return {}, "its bytes are not the canonical form (RFC 8785) of what they say"
    if not (isinstance(read["recorded_at"], str) and _INSTANT.fullmatch(read["recorded_at"])):
        return {}, "its instant of recording has the wrong form"
    return read, None


def misplaced(read: Mapping[str, Any]) -> str | None:
    """Say what is wrong with an open form as a whole: the name of its stream, its kind."""
    sort = sort_of(read["stream"], read["reference"])
    if sort is None:
        return f"its stream is not that of {read['reference']}"
    if read["kind"] not in KINDS[sort]:
        return f"no {sort} has entries of the kind {read['kind']}"
    first = FIRST_KINDS.get(sort, read["kind"])
    if (read["version"] == 1) != (read["kind"] == first) and sort in FIRST_KINDS:
        return f"it is version {read['version']} and {read['kind']}"
    return None
