"""Why a use case says no, beyond what the domain refuses.

Declined
├── BadQuestion          a parameter of a question cannot be answered
├── Unknown              there is no such thing, or the caller may not see it
├── NotPermitted         the caller's role, or four-eyes, forbids it
├── StaleVersion         somebody recorded in between (If-Match)
├── Exists               the programme or commitment is there already
├── RepeatedDifferently  the idempotency key was used with another body
├── BadRows              rows of a catalogue that cannot be loaded
└── Irreproducible       an issued report is not what it was any more
"""

from dataclasses import dataclass


class Declined(Exception):
    """Root of everything that a use case declines."""


class BadQuestion(Declined):
    """A parameter cannot be answered; *accepted* says what could."""

    def __init__(self, parameter: str, message: str, accepted: str) -> None:
        self.parameter, self.message, self.accepted = parameter, message, accepted
        super().__init__(f"{parameter}: {message}; accepted: {accepted}")


class Unknown(Declined):
    """Nothing of that name, as far as the caller may see; *when* says as of which date and with how much known."""

    def __init__(self, what: str, name: str, when: str = "") -> None:
        self.what, self.name = what, name
        super().__init__(f"there is no {what} {name}{when and ' '}{when}")


class NotPermitted(Declined):
    """The caller may not do it; *accepted* says who may."""

    def __init__(self, message: str, accepted: str) -> None:
        self.message, self.accepted = message, accepted
        super().__init__(f"{message}; accepted: {accepted}")


class StaleVersion(Declined):
    """The stream has another version than the caller thinks."""

    def __init__(self, expected: str, actual: int) -> None:
        self.expected, self.actual = expected, actual
        super().__init__(f'the version is {actual}, not {expected}; accepted: If-Match: "{actual}"')


class Exists(Declined):
    """What was to be created is there already."""

    def __init__(self, what: str, name: str) -> None:
        self.what, self.name = what, name
        super().__init__(f"the {what} {name} exists already")


class RepeatedDifferently(Declined):
    """An idempotency key comes again with another body."""

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used before with another body")


class Irreproducible(Declined):
    """An issued report cannot be given as it was issued: at *place* it said *kept*, and now it says *now*."""

    def __init__(self, report: int, place: str, kept: object, now: object, what: str) -> None:
        self.report, self.place, self.kept, self.now, self.what = report, place, kept, now, what
        super().__init__(f"report {report} is not what was issued: {what}")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded: where it stands, and why."""

    place: str
    message: str


class BadRows(Declined):
    """Rows of a catalogue that cannot be loaded; nothing of the file was."""

    def __init__(self, rows: list[BadRow]) -> None:
        self.rows = tuple(rows)
        super().__init__("\n".join(f"{row.place}: {row.message}" for row in rows))
