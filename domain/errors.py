"""Why the domain says no. No status codes, no storage.

Refusal
├── Invalid      one or more fields are not what they must be
├── Refused      a rule of the lifecycle or of corrections would be broken
└── TooLong      an entry would not fit into the log
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field: where (a JSON Pointer, RFC 6901), what is wrong, and what would be right."""

    pointer: str
    message: str
    accepted: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the body'}: {self.message}; accepted: {self.accepted}"


class Refusal(Exception):
    """Root of everything that the domain refuses."""


class Invalid(Refusal):
    """The body does not have the documented shape."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, faults)))


class Refused(Refusal):
    """A well-formed body breaks a rule.

    *rule* names the rule, *version* the entry of the stream that it would break (the new one included),
    *accepted* what would be accepted instead.
    """

    def __init__(self, rule: str, message: str, accepted: str, version: int | None = None) -> None:
        self.rule, self.message, self.accepted, self.version = rule, message, accepted, version
        super().__init__(f"{message} ({rule}); accepted: {accepted}")


class TooLong(Refusal):
    """The entry's canonical bytes are over the log's limit of 65,535 (C2SP tlog-tiles: a 16-bit length)."""

    def __init__(self, size: int, limit: int) -> None:
        self.size, self.limit = size, limit
        super().__init__(f"the entry takes {size} bytes in the log; at most {limit} are possible")
