"""The rows and lists of a report as JSON text, as they are printed and as they are digested.

Rows of the same details differ in few values, and so do the items of a list. The text around these is made once, from
the one layout of a row and by the one rule of what is digested; then each row is its values put into it. The bytes are
those of `commitment_answer` and of `Listed.answers`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from operator import mod
from secrets import token_hex
from typing import Any, Final, NamedTuple

from domain.answers import Answer, columns, day
from domain.commitment_answers import Said, assessment_answer, laid_out, target_answer
from domain.entry import Facts, TextAt
from domain.lifecycle import Assessment, Target
from domain.report_lists import Listed, columns_of_rows, lists, step_answer
from domain.report_material import Material
from domain.wording import ValueOf

Write = Callable[[object], bytes]
"""Writes a JSON value."""

_MARK: Final = token_hex(8)  # no text can hold it
_BLANK: Final = re.compile(rb'"%b(\d+)"' % _MARK.encode())
_COMPOSED: Final = ("targets", "related", "assessment")
_MOST_FORMS: Final = 20_000
"""Beside those of the report in hand: a large ledger should not make all of its forms anew for every report."""

Column = Sequence[bytes]
"""What stands in one place, item by item."""


class _Form(NamedTuple):
    """A text with places for values, and which value comes into each."""

    text: bytes
    order: tuple[int, ...]

    def filled(self, columns: Sequence[Column]) -> list[bytes]:
        """Put values in, item by item."""
        return list(map(self.text.__mod__, zip(*(columns[number] for number in self.order), strict=True)))


class _Place:
    """Where in a report a value stands: it is written as it is written there."""

    def __init__(self, write: Write, *names: str) -> None:
        self._write, self._names = write, names
        self._before, self._after = map(len, write(self._around(0)).split(b"0"))
        self._opened, self._between, self._closed = self.written([0, 0]).split(b"0")

    def _around(self, value: object) -> object:
        """Give a document in which the value stands there; `*` is an item of a list."""
        for name in reversed(self._names):
            value = [value] if name == "*" else {name: value}
        return value

    def written(self, value: object) -> bytes:
        """Write a value."""
        text = self._write(self._around(value))
        return text[self._before : len(text) - self._after]

    def form(self, value: object) -> _Form:
        """Write a value with places where it has blanks."""
        text, *rest = _BLANK.split(self.written(value))
        parts = (part.replace(b"%", b"%%") for part in (text, *rest[1::2]))
        return _Form(b"%b".join(parts), tuple(map(int, rest[::2])))

    def list_of(self, items: Sequence[bytes]) -> bytes:
        """Write a list of what is written already."""
        return self._opened + self._between.join(items) + self._closed if items else b"[]"

    def lists_of(self, items: Sequence[bytes], lengths: Iterable[int]) -> list[bytes]:
        """Write lists of so many of the items one after the other."""
        rest = iter(items)
        return [self.list_of(list(islice(rest, length))) for length in lengths]

    def pieces(self, items: Sequence[bytes]) -> list[bytes]:
        """Give what `list_of` joins: of a long list no more copies are made than needed."""
        if not items:
            return [b"[]"]
        pieces = [self._between] * (2 * len(items) + 1)
        pieces[1::2] = items
        pieces[0], pieces[-1] = self._opened, self._closed
        return pieces


class _Written(dict[Any, bytes]):
    """Values as they are written, each once."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __missing__(self, value: Any) -> bytes:
        written = self[value] = self._write(value)
        return written


class _Columns:
    """Writes columns of values."""

    def __init__(self, write: Write, value_of: ValueOf) -> None:
        # Numbers apart from the rest: 1 and true are the same key.
        self._words, self._numbers, self._days = _Written(write), _Written(write), _Written(lambda on: write(day(on)))
        self._value_of = value_of

    def written(self, column: Sequence[Any]) -> Sequence[Any]:
        """Write words, flags or numbers; lists are left as they are."""
        kinds = set(map(type, column))
        if list in kinds:
            return column
        return list(map((self._numbers if int in kinds else self._words).__getitem__, column))

    def targets(self, targets: Sequence[Target]) -> list[Column]:
        """Write the members of targets, in their order."""
        version, effective_on, start_by, due, authority = columns(Target, targets)
        return [self.written(version), *map(self._dated, (effective_on, start_by, due)), self._texts(authority)]

    def assessments(self, assessments: Sequence[Assessment]) -> list[Column]:
        """Write the members of assessments, in their order."""
        rating, independence, reviewed_on, reviewer = columns(Assessment, assessments)
        return [*map(self.written, (rating, independence)), self._dated(reviewed_on), self._texts(reviewer)]

    def _dated(self, column: Iterable[date | None]) -> Column:
        return list(map(self._days.__getitem__, column))

    def _texts(self, places: Iterable[TextAt | None]) -> Column:
        return self.written([None if place is None else self._value_of(place) for place in places])


class Values(NamedTuple):
    """What the rows and lists of a report say, value by value as JSON, one column for each member.

    Of what is composed the members have columns of their own: those of all targets and of all assessments. Of a list
    there are the columns of its members; evidence is not written yet, and of chains of targets only the row is told.
    """

    details: Sequence[Facts]
    of_rows: Mapping[str, Column]
    targets: Sequence[Column]
    targets_each: Sequence[int]
    assessments: Sequence[Column]
    assessed: Sequence[bool]
    related: Sequence[list[Answer]]
    lists: Mapping[str, tuple[Listed, Sequence[Sequence[Any]]]]

    @classmethod
    def of(cls, material: Material, write: Write) -> "Values":
        """Take them from a report's material."""
        rows, said = material.rows, material.said()
        by = _Columns(write, material.value_of)
        plain = {name: column for name, column in columns_of_rows(rows, said).items() if name not in _COMPOSED}
        of_rows = {name: by.written(column) for name, column in plain.items()}
        listed = lists(rows, said, material.as_of, material.value_of)
        picked_from = {**of_rows, "targets": range(len(rows))}
        return cls(
            [row.found.state.details for row in rows],
            of_rows,
            by.targets(list(chain.from_iterable(said.targets))),
            list(map(len, said.targets)),
            by.assessments([each for each in said.assessment if each is not None]),
            [each is not None for each in said.assessment],
            [material.related.get(row.found.reference, []) for row in rows],
            {
                name: (
                    each,
                    each.columns(picked_from, {member: by.written(more) for member, more in each.more.items()}),
                )
                for name, each in listed.items()
            },
        )


class ReportWriter:
    """Writes reports in one of the two ways; *kept* gives what of an answer is written in this way."""

    def __init__(self, write: Write, kept: Callable[[Answer], Answer]) -> None:
        self._write, self._kept = write, kept
        self._rows, self._row = _Place(write, "commitments"), _Place(write, "commitments", "*")
        self._targets, self._related = (_Place(write, "commitments", "*", name) for name in ("targets", "related"))
        self._target = _Place(write, "commitments", "*", "targets", "*").form(kept(_blank_target()))
        self._assessment = _Place(write, "commitments", "*", "assessment").form(kept(_blank_assessment()))
        self._list, self._item = _Place(write, "lists", "any"), _Place(write, "lists", "any", "*")
        self._steps, self._evidence = (_Place(write, "lists", "any", "*", name) for name in ("targets", "evidence"))
        self._step = _Place(write, "lists", "any", "*", "targets", "*").form(kept(_blank_step()))
        self._forms: dict[int, tuple[Facts, _Form]] = {}

    def written(self, report: Answer, values: Values) -> bytes:
        """Write a report, with rows of these values as its commitments, and with these lists."""
        names = list(values.lists)
        blanks = {name: _blank(number) for number, name in enumerate(names)}
        shown = report | {"lists": blanks | report["lists"], "commitments": _blank(len(names))}
        texts = [self._list.pieces(each) for each in self._lists(values)]
        texts.append(self._rows.pieces(self._row_texts(values)))
        first, *rest = _BLANK.split(self._write(self._kept(shown)))
        pieces = [first]
        for number, between in zip(rest[::2], rest[1::2], strict=True):
            pieces += texts[int(number)]
            pieces.append(between)
        return b"".join(pieces)

    def _lists(self, values: Values) -> Iterator[list[bytes]]:
        chains = self._steps.lists_of(self._step.filled(values.targets), values.targets_each)
        for listed, members in values.lists.values():
            shown: list[Column] = list(members)
            for place, name in enumerate(listed.members):
                if name == "targets":
                    shown[place] = [chains[row] for row in members[place]]
                elif name == "evidence":
                    facts = (self._kept({name: each})[name] for each in members[place])
                    shown[place] = list(map(self._evidence.written, facts))
            form = self._item.form(self._kept(listed.laid_out(map(_blank, range(len(members))))))
            yield form.filled(shown)

    def _row_texts(self, values: Values) -> list[bytes]:
        if not values.details:
            return []
        assessments = iter(self._assessment.filled(values.assessments))
        of_rows: dict[str, Column] = {
            **values.of_rows,
            "targets": self._targets.lists_of(self._target.filled(values.targets), values.targets_each),
            "assessment": [next(assessments) if assessed else b"null" for assessed in values.assessed],
            "related": [self._related.written(each) if each else b"[]" for each in values.related],
        }
        forms = self._row_forms(values.details)
        # The order is that of all: the members that are said come one after the other, whatever details are between.
        said = [of_rows[Said._fields[number]] for number in forms[0].order]
        return list(map(mod, [form.text for form in forms], zip(*said, strict=True)))

    def _row_forms(self, details: Sequence[Facts]) -> list[_Form]:
        """Give the form of a row for each details; those known are kept with it, so that nothing else has their id."""
        if len(self._forms) >= _MOST_FORMS + len(details):
            self._forms = {}
        forms = self._forms
        for each in details:
            if id(each) not in forms:
                row = laid_out(each, Said._make(map(_blank, range(len(Said._fields)))))
                forms[id(each)] = each, self._row.form(self._kept(row))
        return [forms[id(each)][1] for each in details]


def _blank(number: int) -> str:
    return f"{_MARK}{number}"


def _blank_target() -> Answer:
    members = target_answer(Target(0, date.min, None, None), lambda _: None)
    return {name: _blank(Target._fields.index(name)) for name in members}


def _blank_assessment() -> Answer:
    members = assessment_answer(Assessment("", "", date.min), lambda _: None)
    return {name: _blank(Assessment._fields.index(name)) for name in members}


def _blank_step() -> Answer:
    return {name: _blank(Target._fields.index(name)) for name in step_answer(Target(0, date.min, None, None))}
