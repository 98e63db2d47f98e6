"""The rows of a report as JSON text, as they are printed and as they are digested, without making the values of each.

Rows of the same details differ in few values. The text around these is made once, from the one layout of a row and by
the one rule of what is digested; then each row is its values put into it. The bytes are those of `commitment_answer`.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from operator import itemgetter
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domain.answers import Answer, day
from domain.commitment_answers import Said, assessment_answer, columns_said, laid_out, target_answer
from domain.entry import Facts
from domain.lifecycle import Assessment, Target

if TYPE_CHECKING:
    from domain.report import Material

Write = Callable[[object], bytes]
"""Writes a JSON value."""

_MARK: Final = token_hex(8)  # no text can hold it
_NUMBERS: Final = frozenset(
    {"slip_count", "days_overdue", "days_late_current", "days_late_original", "held", "missed", "reviews", "version",
     "log_size"}
)  # fmt: skip
_COMPOSED: Final = ("targets", "related", "assessment")
_MOST_FORMS: Final = 20_000


class _Form(NamedTuple):
    """A text with places for values, and what brings the values into the order of their places."""

    text: bytes
    order: Callable[[Sequence[bytes]], Any]

    def filled(self, values: Sequence[bytes]) -> bytes:
        """Put values in."""
        filled: bytes = self.text % self.order(values)
        return filled


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
        text, *rest = re.split(rb'"%b(\d+)"' % _MARK.encode(), self.written(value))
        parts = (part.replace(b"%", b"%%") for part in (text, *rest[1::2]))
        return _Form(b"%b".join(parts), itemgetter(*map(int, rest[::2])))

    def list_of(self, items: Sequence[bytes]) -> bytes:
        """Write a list of what is written already."""
        return self._opened + self._between.join(items) + self._closed if items else b"[]"

    def pieces(self, items: Sequence[bytes]) -> list[bytes]:
        """Give what `list_of` joins: of a long list no more copies are made than needed."""
        if not items:
            return [b"[]"]
        pieces = [self._between] * (2 * len(items) + 1)
        pieces[1::2] = items
        pieces[0], pieces[-1] = self._opened, self._closed
        return pieces


class _Column(dict[Any, bytes]):
    """Values as they are written, each once. Numbers need a column of their own: 1 and true are the same key."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __missing__(self, value: Any) -> bytes:
        written = self[value] = self._write(value)
        return written


class Values(NamedTuple):
    """What the rows of a report say, value by value as JSON; targets and assessments by their members."""

    details: Sequence[Facts]
    said: Said
    targets: Sequence[Sequence[tuple[bytes, ...]]]
    assessments: Sequence[tuple[bytes, ...] | None]
    related: Sequence[list[Answer]]

    @classmethod
    def of(cls, material: "Material", write: Write) -> "Values":
        """Take them from a report's material."""
        rows, value_of = material.rows, material.value_of
        words, numbers, days = _Column(write), _Column(write), _Column(lambda each: write(day(each)))

        def target(each: Target) -> tuple[bytes, ...]:
            version, effective_on, start_by, due, authority = each
            text = words[None] if authority is None else write(value_of(authority))
            return numbers[version], days[effective_on], days[start_by], days[due], text

        def assessment(each: Assessment) -> tuple[bytes, ...]:
            rating, independence, reviewed_on, reviewer = each
            text = words[None] if reviewer is None else write(value_of(reviewer))
            return words[rating], words[independence], days[reviewed_on], text

        found = [row.found for row in rows]
        said = columns_said(found, [row.standing for row in rows], material.as_of, material.moment)
        written = {
            name: list(map((numbers if name in _NUMBERS else words).__getitem__, islice(column, len(rows))))
            for name, column in zip(Said._fields, said, strict=True)
            if name not in _COMPOSED
        }
        return cls(
            [each.state.details for each in found],
            Said(**written, **dict.fromkeys(_COMPOSED, ())),
            [[target(each) for each in targets] for targets in said.targets],
            [each and assessment(each) for each in said.assessment],
            [material.related.get(each.reference, []) for each in found],
        )


class ReportWriter:
    """Writes reports in one of the two ways; *kept* gives what of an answer is written in this way."""

    def __init__(self, write: Write, kept: Callable[[Answer], Answer]) -> None:
        self._write, self._kept = write, kept
        self._rows, self._row = _Place(write, "commitments"), _Place(write, "commitments", "*")
        self._targets, self._related = (_Place(write, "commitments", "*", name) for name in ("targets", "related"))
        self._target = _Place(write, "commitments", "*", "targets", "*").form(kept(_blank_target()))
        self._assessment = _Place(write, "commitments", "*", "assessment").form(kept(_blank_assessment()))
        self._forms: dict[int, tuple[Facts, _Form]] = {}

    def written(self, report: Answer, values: Values) -> bytes:
        """Write a report, with rows of these values as its commitments."""
        before, after = self._write(self._kept(report | {"commitments": _MARK})).split(b'"%b"' % _MARK.encode())
        return b"".join([before, *self._rows.pieces(self._row_texts(values)), after])

    def _row_texts(self, values: Values) -> list[bytes]:
        said = values.said._replace(
            targets=[self._targets.list_of([self._target.filled(each) for each in row]) for row in values.targets],
            assessment=[b"null" if each is None else self._assessment.filled(each) for each in values.assessments],
            related=[self._related.written(each) if each else b"[]" for each in values.related],
        )
        forms = map(self._form, values.details)
        return [text % order(row) for (text, order), row in zip(forms, zip(*said, strict=True), strict=True)]

    def _form(self, details: Facts) -> _Form:
        known = self._forms.get(id(details))
        if known is not None and known[0] is details:
            return known[1]
        if len(self._forms) >= _MOST_FORMS:
            self._forms = {}
        form = self._row.form(self._kept(laid_out(details, Said._make(map(_blank, range(len(Said._fields)))))))
        self._forms[id(details)] = details, form
        return form


def _blank(number: int) -> str:
    return f"{_MARK}{number}"


def _blank_target() -> Answer:
    members = target_answer(Target(0, date.min, None, None), lambda _: None)
    return {name: _blank(Target._fields.index(name)) for name in members}


def _blank_assessment() -> Answer:
    members = assessment_answer(Assessment("", "", date.min), lambda _: None)
    return {name: _blank(Assessment._fields.index(name)) for name in members}
