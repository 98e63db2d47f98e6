"""What the API says of requests and answers about rights."""

from typing import Any, Final

from api.http.schemas import INSTANT, RECORDED, TEXT, answer, many, or_null, page_of, word
from domain import right_shapes
from domain import vocabulary as words

_HELD: Final[dict[str, Any]] = {
    "id": TEXT,
    "actor": TEXT,
    "role": word(words.ROLES),
    "programmes": or_null(many(TEXT)),
    "expires_at": or_null(INSTANT),
}
_SECRET: Final[dict[str, Any]] = {
    "type": ["string", "null"],
    "description": "the token itself, shown this once; null when a request is repeated",
}
RIGHT_COMPONENTS: Final[dict[str, Any]] = {
    "NewToken": right_shapes.NEW_TOKEN.schema()
    | {"description": "The actor holds the role from now on, for these programmes, if they did not before."},
    "Rotation": right_shapes.ROTATION.schema()
    | {"description": "For how long the old token is good beside the new one, and when the new one ends."},
    "Revocation": right_shapes.REVOCATION.schema(),
    "CreatedToken": answer(RECORDED | _HELD | {"secret": _SECRET}),
    "RotatedToken": answer(RECORDED | _HELD | {"replaces": TEXT, "replaced_until": INSTANT, "secret": _SECRET}),
    "RevokedToken": answer(RECORDED | {"token": TEXT, "actor": TEXT, "revoked_at": INSTANT}),
    "TokenPage": page_of(
        answer(_HELD | {"created_at": INSTANT, "revoked_at": or_null(INSTANT), "last_used_at": or_null(INSTANT)})
    ),
}
