"""Answers that were given before, for requests that come again."""

import json
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, Final

import sqlalchemy as sa

from application.errors import RepeatedDifferently
from application.ports import Once
from infrastructure.database.statements import execute

_REMEMBERED: Final = "SELECT body_tag, answer FROM remembered_answers WHERE request = ?"
Remembered = tuple[bytes, Mapping[str, Any]]
"""The tag of a request's body, and the answer it got."""


def remembered_answer(
    connection: sa.Connection, once: Once, pending: Remembered | None = None
) -> Mapping[str, Any] | None:
    """Give the answer that a request got before, *pending* being one not yet committed.

    RepeatedDifferently if it was asked with another body then.
    """
    before = pending
    if before is None:
        row = execute(connection, _REMEMBERED, (once.request,)).fetchone()
        if row is None:
            return None
        before = row[0], json.loads(row[1])
    if not compare_digest(before[0], once.body_tag):
        raise RepeatedDifferently
    return before[1]
