"""Where two answers differ, member by member: what was read before, what is read now."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

_NAMES: Final = (("type", "reference"), ("reference",), ("programme", "code"), ("code",), ("theme",), ("on",))
"""By which members an item of a list is known, the first that it has; their values are joined with a colon."""


class Difference(NamedTuple):
    """One place that does not read the same; None stands for nothing there."""

    at: tuple[str, ...]
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """The place as text, such as `headline/by_status/achieved` or `commitments/H-1/status`."""
        return "/".join(self.at)


def differences(before: Any, after: Any, at: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Give every place at which two JSON values differ; items of lists are compared by what they are about."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_members(before, after, at)
    elif _has_items(before) and _has_items(after):
        old, new = _by_name(before), _by_name(after)
        yield from _of_members(old, new, at)
        kept, order = ([name for name in one if name in other] for one, other in ((old, new), (new, old)))
        if kept != order:
            yield Difference(at, kept, order)
    else:
        yield Difference(at, before, after)


def first_difference(before: Any, after: Any) -> Difference | None:
    """Give the first place at which two JSON values differ."""
    return next(differences(before, after), None)


def _of_members(before: Mapping[str, Any], after: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        yield from differences(before.get(name), after.get(name), (*at, name))


def _has_items(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _by_name(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    seen: Counter[str] = Counter()
    named = {}
    for number, item in enumerate(items, 1):
        name = _name_of(item) or str(number)
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name} ({seen[name]})"] = item
    return named


def _name_of(item: Mapping[str, Any]) -> str | None:
    for names in _NAMES:
        values = [item.get(name) for name in names]
        if all(isinstance(value, str) for value in values):
            return ":".join(map(str, values))
    return None
