"""Which references a programme may give: those that begin with its prefix, and none that begin with another's.

Whoever may record for some programmes only would otherwise learn from a conflict which internal references there are,
or take them first. A prefix is therefore owned for ever, given by whoever sees the whole ledger, and what lies under
it is refused to others in the same words, whether it is there or not, and whoever owns it.
"""

from collections.abc import Mapping
from typing import Final

from application.access import Caller, Right
from application.ports import Unit
from domain.errors import Fault, Invalid, Refused
from domain.programme import Programme

_ENDS: Final = "-."
_ACCEPTED: Final = "a reference_prefix such as ABC-"


def prefix_of(programme: Programme) -> str | None:
    """Give the prefix that a programme owns."""
    prefix: str | None = programme.now.details.get("reference_prefix")
    return prefix


def permit_reference(unit: Unit, reference: str, programme: Programme, *, internal: bool) -> None:
    """Refuse a reference that the programme may not give, without a look at whether it is taken."""
    own, code = prefix_of(programme), programme.now.code
    if own is not None and not reference.startswith(own):
        raise Refused("reference-prefix", f"{reference} does not begin with {own}, as all of {code} does", f"{own}…")
    if own is None and internal:
        raise Refused(
            "internal-under-a-prefix",
            f"{code} has no reference_prefix: everybody could find out which internal references there are",
            f"programme_amended of {code} with {_ACCEPTED} in changes, then references that begin so",
        )
    if own is None and _owned(reference, unit.prefixes()):
        raise Refused(
            "reference-prefix",
            f"{reference} begins as references of another programme do",
            f"another beginning; best a reference_prefix for {code}",
        )


def _owned(reference: str, prefixes: Mapping[str, str]) -> bool:
    return any(reference[:end] in prefixes for end, sign in enumerate(reference, 1) if sign in _ENDS)


def permit_publication(unit: Unit, code: str, prefix: str | None, *, internal: bool) -> None:
    """Refuse an internal programme without a prefix, and a prefix that is not free."""
    if prefix is not None:
        _permit_prefix(unit, code, prefix)
    elif internal:
        message = "an internal programme without one could not keep to itself which references it has"
        raise Invalid([Fault("/reference_prefix", message, _ACCEPTED)])


def permit_amendment(unit: Unit, caller: Caller, before: str | None, programme: Programme) -> None:
    """Refuse what an entry just made of a programme's prefix, unless it had none and may have this one.

    A prefix is a right in all of the ledger: only who may publish programmes gives one.
    """
    after = prefix_of(programme)
    if before is not None and (after != before or _names_prefix(programme)):
        raise Refused(
            "prefix-for-ever", f"the reference_prefix {before} was given once and stays", "no reference_prefix"
        )
    if after is not None and before is None:
        caller.require(Right.PUBLISH)
        _permit_prefix(unit, programme.now.code, after)


def _names_prefix(programme: Programme) -> bool:
    return "reference_prefix" in (programme.entries[-1].facts.get("changes") or {})


def _permit_prefix(unit: Unit, code: str, prefix: str) -> None:
    for other, owner in unit.prefixes().items():
        if owner != code and (other.startswith(prefix) or prefix.startswith(other)):
            raise Refused(
                "prefix-free",
                f"{prefix} and a prefix of another programme begin alike",
                "a prefix that begins otherwise",
            )
    taken = unit.reference_elsewhere(prefix, code)
    if taken is not None:  # whoever gives prefixes sees the whole ledger
        message = f"{taken} of another programme begins with {prefix}"
        raise Refused("prefix-free", message, "a prefix with which no reference of another programme begins")
