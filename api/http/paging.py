"""Lists in pages: an opaque cursor that pins both times, so that the pages of one list fit together."""

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from application.errors import BadQuestion


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after the item *after*, in the list at (*as_of*, *log_size*)."""

    after: str
    as_of: str
    log_size: int

    def text(self) -> str:
        """Write the cursor."""
        packed = json.dumps([self.after, self.as_of, self.log_size], separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Read a cursor; BadQuestion if it is none of ours."""
        try:
            after, as_of, log_size = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError):
            after = as_of = log_size = None
        if not (isinstance(after, str) and isinstance(as_of, str) and type(log_size) is int):
            raise BadQuestion("cursor", "this is no cursor of ours", "`next` of the page before")
        return cls(after, as_of, log_size)


def link_to_next(request: Request, cursor: str | None) -> dict[str, str]:
    """Give the Link header (RFC 8288) to the next page."""
    if cursor is None:
        return {}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<{request.url.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def page(items: list[Any], cursor: str | None, **members: Any) -> dict[str, Any]:
    """Give the body of a page."""
    return {"items": items, "next": cursor, **members}
