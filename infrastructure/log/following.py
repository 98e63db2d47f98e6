"""Following the host that seals: what it has signed becomes what this host remembers.

Only if this host's own key file verifies it, and this host's own look at the rows, from what it remembers on, comes to
the same root. So an older backup, or a fork, is noticed by every host that has seen more than it.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from structlog import get_logger

from domain.unproven import Unproven
from infrastructure.database.hosts import PUBLISHED, SIGNED, Hosts
from infrastructure.log.signed_state import Signed, SignedState
from infrastructure.recording.tail import frontier_at
from infrastructure.verifying.inspecting import Inspector, MismatchError, inspect, rows

_log = get_logger()


class CannotFollowError(Exception):
    """What another host has signed cannot be verified here; the text says what would help."""


class Follower:
    """Believes what other hosts tell, once it is borne out."""

    def __init__(self, hosts: Hosts, state: SignedState) -> None:
        self._hosts, self._state = hosts, state
        self._borne_out: dict[str, bytes] = {}

    def forget(self) -> None:
        """Look at everything again."""
        self._borne_out.clear()

    def _heard(self, connection: sa.Connection, sort: str) -> Signed | None:
        note = self._hosts.told(connection).get(sort)
        if note is None:
            return None
        try:
            return self._state.believed(note)
        except Unproven as doubt:
            raise CannotFollowError(
                f"what another host has signed cannot be verified here: {doubt.message}; accepted: the key file of "
                "the host that seals, copied to this one"
            ) from doubt

    def first(self, connection: sa.Connection) -> Signed | None:
        """Begin to remember: what was told, if every row says the same; None if nothing was told."""
        told = self._heard(connection, SIGNED)
        if told is not None:
            inspect(connection, [(told.size, told.checkpoint.root)])
            _log.warning("this host remembers nothing; it begins with what another has signed", size=told.size)
            return self._state.swap(None, told.note)
        return None

    def follow(self, connection: sa.Connection, signed: Signed, inspector: Inspector) -> Signed:
        """Come as far as the host that seals, and give what is remembered then; MismatchError if rows say otherwise."""
        told = self._heard(connection, SIGNED)
        if told is None or told.note == self._borne_out.get(SIGNED):
            return signed
        if told.size <= signed.size:
            _compare(connection, told)
        else:
            for row in rows(connection, signed.size, told.size):
                inspector.take(row)
            if inspector.frontier.size < told.size:
                there = inspector.frontier.size
                missing = f"it is missing: another host has signed {told.size} entries, {there} are there"
                raise MismatchError(there + 1, missing)
            if inspector.frontier.root != told.checkpoint.root:
                otherwise = f"it, or an entry up to {told.size}, is not what another host has signed"
                raise MismatchError(signed.size + 1, otherwise)
            signed = self._state.swap(signed, told.note)
        self._borne_out[SIGNED] = told.note
        return signed

    def show(self, connection: sa.Connection, signed: Signed) -> None:
        """Publish what the sealing host has published, as far as it is remembered here."""
        told = self._heard(connection, PUBLISHED)
        if told is not None and told.size <= signed.size and told.note != self._borne_out.get(PUBLISHED):
            _compare(connection, told)
            self._state.publish(told.note)
            self._borne_out[PUBLISHED] = told.note

    def told_roots(self, connection: sa.Connection, own: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Give sizes and roots that were signed by this host or another, rising."""
        try:
            told = self._heard(connection, SIGNED)
        except CannotFollowError:
            told = None
        return sorted([*own, *([] if told is None else [(told.size, told.checkpoint.root)])])


def _compare(connection: sa.Connection, told: Signed) -> None:
    """What was told must be a beginning of what is remembered, and so of what is there."""
    try:
        root = frontier_at(connection, told.size).root
    except KeyError as missing:
        raise MismatchError(missing.args[0], f"it is missing: another host has signed {told.size} entries") from None
    if root != told.checkpoint.root:
        raise MismatchError(None, f"another host has signed another root of the first {told.size} entries")
