"""The shape of entries about the ledger itself but for rights: keys, recovery, issued reports, what was published."""

from collections.abc import Mapping
from typing import Any, Final

from domain.errors import Fault
from domain.fields import DAY, Text, Whole, Word, record
from domain.identifiers import ORIGIN, PROGRAMME_CODE, REFERENCE, SHA256, UTC_INSTANT, VERIFIER_KEY
from domain.report_shapes import KEPT_FILTERS

FOR_EVER: Final = {
    "visibility": (
        "visibility is not changed like this: what everybody could read stays public, for it cannot be taken back",
        "what is internal is published by a command of its own, with a reason",
    )
}
"""What is told to whoever looks for the visibility among what can be changed."""

PUBLICATION: Final = record({"reason": Text()}, "reason", elsewhere=FOR_EVER)
"""The body of a request to publish what is internal."""


def _one_thing(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    named = [name for name in ("published_commitment", "published_programme") if value.get(name)]
    if len(named) != 1:
        faults.append(Fault(pointer, "one thing is published", "published_commitment or published_programme"))


KEEPING_EVENTS: Final[Mapping[str, tuple[Any, ...]]] = {
    "key_rotated": (
        {"old_key": VERIFIER_KEY, "new_key": VERIFIER_KEY, "both_until": UTC_INSTANT},
        "old_key new_key both_until",
    ),
    "recovered": (
        {
            "found": Text(),
            "first_wrong": Whole(1),
            "old_checkpoint": Text(10_000),
            "old_origin": ORIGIN,
            "new_origin": ORIGIN,
            "new_key": VERIFIER_KEY,
            "reason": Text(),
        },
        "reason",
    ),
    "visibility_changed": (
        {
            "published_commitment": REFERENCE,
            "published_programme": PROGRAMME_CODE,
            "visibility": Word(("public",)),
            "opened_entries": Whole(1),
            "reason": Text(),
        },
        "visibility opened_entries reason",
        _one_thing,
    ),
    "report_issued": (
        {
            "filters": KEPT_FILTERS,
            "as_of": DAY,
            "log_size": Whole(0),
            "rules": Whole(1),
            "digest": SHA256,
            "software": Text(64),
        },
        "filters as_of log_size rules digest software",
    ),
}
"""Members and required ones, beside what every entry has, and rules between them."""
