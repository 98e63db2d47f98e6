"""Field types: each checks a value of decoded JSON and describes itself as JSON Schema (2020-12).

One description serves requests, catalogues, corrections and the published schemas. Checking never changes a value:
what is recorded is what was sent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.chronology import Recurrence, parse_day, parse_instant, stated_period
from domain.errors import Fault, Invalid

Schema = dict[str, Any]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SAFE_INTEGER = 2**53 - 1


class Field(Protocol):
    """What a value must be."""

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        """Add to *faults* what is wrong with *value*."""

    def schema(self) -> Schema:
        """Describe the same rule as JSON Schema."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters: 1 to *most*, not only white space, no control characters but tab and line breaks."""

    most: int = 2_000
    pattern: str | None = None
    form: str = ""
    _compiled: re.Pattern[str] | None = field(init=False, default=None, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern once."""
        if self.pattern:
            object.__setattr__(self, "_compiled", re.compile(self.pattern, re.ASCII))

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if not isinstance(value, str):
            faults.append(Fault(pointer, f"{_kind_of(value)} is no text", self._accepted()))
        elif self._compiled is not None:
            if len(value) > self.most or not self._compiled.fullmatch(value):
                faults.append(Fault(pointer, f"{_shown(value)} has the wrong form", self._accepted()))
        elif len(value) > self.most:
            faults.append(Fault(pointer, f"{len(value)} characters are too many", self._accepted()))
        elif not value.strip():
            faults.append(Fault(pointer, "the text is empty", self._accepted()))
        elif _CONTROL.search(value):
            faults.append(Fault(pointer, "the text contains control characters", self._accepted()))

    def _accepted(self) -> str:
        return self.form or self.pattern or f"1 to {self.most:,} characters"

    def schema(self) -> Schema:
        described: Schema = {"type": "string", "minLength": 1, "maxLength": self.most}
        described["pattern"] = f"^(?:{self.pattern})$" if self.pattern else r"\S"
        return described | ({"description": self.form} if self.form else {})


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a closed vocabulary."""

    words: tuple[str, ...]

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if not isinstance(value, str) or value not in self.words:
            faults.append(Fault(pointer, f"{_shown(value)} is none of the words", " | ".join(self.words)))

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text that a function must be able to read (it raises ValueError if not)."""

    parse: Callable[[str], object]
    form: str
    pattern: str
    format: str | None = None

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        try:
            if not isinstance(value, str):
                raise ValueError(value)  # noqa: TRY301 -- one message for every way of being wrong
            self.parse(value)
        except ValueError:
            faults.append(Fault(pointer, f"{_shown(value)} cannot be read", self.form))

    def schema(self) -> Schema:
        described: Schema = {"type": "string", "pattern": self.pattern, "description": self.form}
        return described | ({"format": self.format} if self.format else {})


DAY = Parsed(parse_day, "a date YYYY-MM-DD from 1900-01-01 to 2199-12-31", r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", "date")
PARTIAL_DATE = Parsed(
    stated_period, "YYYY, YYYY-MM or YYYY-MM-DD from 1900 to 2199", r"^[12][0-9]{3}(-[0-9]{2}(-[0-9]{2})?)?$"
)
INSTANT = Parsed(
    parse_instant,
    "an RFC 3339 instant such as 2026-01-31T12:00:00Z (a + in an address is written %2B)",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
    "date-time",
)
RECURRENCE = Parsed(
    Recurrence.parse,
    "P[nY][nM][nW][nD], more than nothing, such as P2Y",
    r"^P([0-9]{1,3}Y)?([0-9]{1,4}M)?([0-9]{1,4}W)?([0-9]{1,5}D)?$",
)


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer from *least* to *most*; true and 1.0 are none."""

    least: int = 1
    most: int = _SAFE_INTEGER

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if type(value) is not int or not self.least <= value <= self.most:
            faults.append(Fault(pointer, f"{_shown(value)} is no such number", f"{self.least} to {self.most}"))

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if type(value) is not bool:
            faults.append(Fault(pointer, f"{_shown(value)} is no truth value", "true | false"))

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Many:
    """A list of *least* to *most* items; without repetitions, if *distinct*."""

    item: Field
    most: int
    least: int = 0
    distinct: bool = False

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if not isinstance(value, list):
            faults.append(Fault(pointer, f"{_kind_of(value)} is no list", f"a list of {self._size()}"))
            return
        if not self.least <= len(value) <= self.most:
            faults.append(Fault(pointer, f"the list has {len(value)} items", f"a list of {self._size()}"))
            return
        before = len(faults)
        for index, item in enumerate(value):
            self.item.check(item, f"{pointer}/{index}", faults)
        if self.distinct and len(faults) == before:
            seen: list[object] = []
            for index, item in enumerate(value):
                if item in seen:
                    faults.append(Fault(f"{pointer}/{index}", f"{_shown(item)} stands twice", "each item once"))
                seen.append(item)

    def _size(self) -> str:
        return f"{self.least} to {self.most} items"

    def schema(self) -> Schema:
        described: Schema = {"type": "array", "items": self.item.schema(), "maxItems": self.most}
        return (
            described
            | ({"minItems": self.least} if self.least else {})
            | ({"uniqueItems": True} if self.distinct else {})
        )


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """One value, or a list of up to *most*: what stands once or several times in the query of an address."""

    item: Field
    most: int

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        """Add to *faults* what is wrong with *value*."""
        if isinstance(value, list):
            Many(self.item, self.most).check(value, pointer, faults)
        else:
            self.item.check(value, pointer, faults)

    def schema(self) -> Schema:
        """Describe the same rule."""
        return {"anyOf": [self.item.schema(), Many(self.item, self.most).schema()]}


@dataclass(frozen=True, slots=True)
class Record:
    """An object with the *members* and no others; optional ones may be left out or null.

    *partial* makes every member optional, keeps the difference between null (remove) and absent (keep), and lets
    only the members that were optional be null: the shape of `changes`. *elsewhere* tells of fields that are
    looked for here why they are not here, and what would be accepted.
    """

    members: Mapping[str, Field]
    required: frozenset[str] = frozenset()
    rules: tuple[Callable[[Mapping[str, Any], str, list[Fault]], None], ...] = ()
    partial: bool = False
    elsewhere: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if not isinstance(value, dict):
            faults.append(Fault(pointer, f"{_kind_of(value)} is no object", "an object"))
            return
        before = len(faults)
        for name, item in value.items():
            member = self.members.get(name)
            if member is None:
                at = f"{pointer}/{_escaped(name)}"
                faults.append(Fault(at, *self.elsewhere.get(name, ("the field is unknown", " | ".join(self.members)))))
            elif item is not None:
                member.check(item, f"{pointer}/{name}", faults)
            elif name in self.required:
                accepted = "a new value" if self.partial else _accepted(member)
                faults.append(Fault(f"{pointer}/{name}", "the field cannot be null", accepted))
        if not self.partial and not self.required <= value.keys():
            for name in self.members:
                if name in self.required and name not in value:
                    faults.append(Fault(f"{pointer}/{name}", "the field is missing", _accepted(self.members[name])))
        if len(faults) == before:
            for rule in self.rules:
                rule(value, pointer, faults)

    def schema(self) -> Schema:
        described: Schema = {
            "type": "object",
            "properties": {
                name: member.schema() if name in self.required else _nullable(member.schema())
                for name, member in self.members.items()
            },
            "additionalProperties": False,
        }
        if self.required and not self.partial:
            described["required"] = [name for name in self.members if name in self.required]
        return described

    def changes(self, names: tuple[str, ...] | None = None) -> "Record":
        """Give the shape of changes to (some of) these members."""
        kept = {name: self.members[name] for name in names or self.members}
        return Record(kept, self.required, partial=True, elsewhere=self.elsewhere)


def record(
    members: Mapping[str, Field],
    required: str = "",
    *rules: Callable[..., None],
    elsewhere: Mapping[str, tuple[str, str]] | None = None,
) -> Record:
    """Make a Record; *required* names the required members, separated by spaces."""
    return Record(members, frozenset(required.split()), rules, elsewhere=elsewhere or {})


def checked(shape: Field, body: object, pointer: str = "") -> None:
    """Raise Invalid with every fault of *body*."""
    faults: list[Fault] = []
    shape.check(body, pointer, faults)
    if faults:
        raise Invalid(faults)


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        nullable = schema | {"type": [schema["type"], "null"]}
        return nullable | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
    return {"anyOf": [schema, {"type": "null"}]}


def _accepted(shape: Field) -> str:
    """Say what a field accepts, as it would say to something that no field accepts."""
    faults: list[Fault] = []
    shape.check(..., "", faults)
    return faults[0].accepted


def _escaped(name: str) -> str:
    return name[:100].replace("~", "~0").replace("/", "~1")


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"“{value if len(value) <= 60 else value[:60] + '…'}”"
    return str(value).lower() if value is None or isinstance(value, bool | int) else _kind_of(value)


def _kind_of(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
