"""Lists in pages: an opaque cursor that pins both times, so that the pages of one list fit together.

Before the cursor stands the mark of its list, so that it is not taken for a place in another one.
"""

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request

from application.errors import BadQuestion

_MARK: Final = 8
_ANY_PAGE: Final = ("cursor", "limit", "after", "as_of", "log_size", "known_at")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after the item *after*, in the list at (*as_of*, *log_size*)."""

    after: str
    as_of: str
    log_size: int

    def text(self) -> str:
        """Write the cursor, without the mark of its list."""
        packed = json.dumps([self.after, self.as_of, self.log_size], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Read a cursor behind its mark; BadQuestion if it is none of ours."""
        try:
            packed = text[_MARK:]
            after, as_of, log_size = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        except (ValueError, TypeError):
            after = as_of = log_size = None
        if not (isinstance(after, str) and isinstance(as_of, str) and type(log_size) is int):
            raise BadQuestion("cursor", "this is no cursor of ours", "`next` of the page before")
        return cls(after, as_of, log_size)


def refuse_repeated(request: Request) -> None:
    """Raise BadQuestion if a parameter of one value is sent twice: no reader would know which of them was answered."""
    names = [name for name, _ in request.query_params.multi_items()]
    if len(set(names)) == len(names):
        return
    operation = request.app.openapi()["paths"][request.scope["route"].path_format]["get"]
    lists = {each["name"] for each in operation.get("parameters", ()) if each["schema"].get("type") == "array"}
    for name in names:
        if names.count(name) > 1 and name not in lists:
            raise BadQuestion(name, "it is sent more than once", "one value")


def refuse_foreign_cursor(request: Request) -> None:
    """Raise BadQuestion if a request sends the cursor of another list than it asks for."""
    given = request.query_params.get("cursor")
    if given is not None:
        Cursor.read(given)
        if given[:_MARK] != _mark(request):
            raise BadQuestion("cursor", "it belongs to another list", "the filters and order of the page before")


def marked(request: Request, cursor: str) -> str:
    """Put the mark of the list that a request asks for before a cursor."""
    return _mark(request) + cursor


def _mark(request: Request) -> str:
    asked = sorted(each for each in request.query_params.multi_items() if each[0] not in _ANY_PAGE)
    return sha256(repr((request.url.path, asked)).encode()).hexdigest()[:_MARK]


def link_to_next(request: Request, cursor: str) -> str:
    """Give the Link header (RFC 8288) to the next page."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<{request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


def page(items: list[Any], cursor: str | None, **members: Any) -> dict[str, Any]:
    """Give the body of a page."""
    return {"items": items, "next": cursor, **members}
