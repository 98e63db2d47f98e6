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
_ROLE: Final[dict[str, Any]] = {"actor": TEXT, "role": word(words.ROLES), "programmes": or_null(many(TEXT))}
_SECRET: Final[dict[str, Any]] = {
    "type": ["string", "null"],
    "description": "the token itself, shown this once; null when a request is repeated",
}
RIGHT_COMPONENTS: Final[dict[str, Any]] = {
    "NewToken": right_shapes.NEW_TOKEN.schema()
    | {"description": "The actor holds the role from now on, for these programmes, if they did not before."},
    "Rotation": right_shapes.ROTATION.schema()
    | {"description": "For how long the old token is good beside the new one, and when the new one ends."},
    "NewRole": right_shapes.NEW_ROLE.schema()
    | {"description": "For these programmes, or for all, in place of what was granted before."},
    "HeldRole": answer(RECORDED | _ROLE),
    "RevokedRole": answer(RECORDED | {"actor": TEXT, "role": word(words.ROLES), "revoked_tokens": many(TEXT)}),
    "RolePage": page_of(answer(_ROLE)),
    "NewActor": right_shapes.NEW_ACTOR.schema()
    | {"description": "The id is a pseudonym, never a name. The name is kept outside the log and can be erased."},
    "RegisteredActor": answer(RECORDED | {"actor": TEXT, "organisation": or_null(TEXT)}),
    "ActorErasure": right_shapes.ACTOR_ERASURE.schema()
    | {"description": "The legal basis is a fact, kept for ever and shown to everybody: it must name no person."},
    "ErasedActor": answer(RECORDED | {"erased_actor": TEXT, "legal_basis": or_null(TEXT)}),
    "ActorPage": page_of(
        answer(
            {
                "id": TEXT,
                "name": or_null(TEXT),
                "organisation": or_null(TEXT),
                "registered_at": INSTANT,
                "erased_at": or_null(INSTANT),
            }
        )
    ),
    "Revocation": right_shapes.REVOCATION.schema(),
    "CreatedToken": answer(RECORDED | _HELD | {"secret": _SECRET}),
    "RotatedToken": answer(RECORDED | _HELD | {"replaces": TEXT, "replaced_until": INSTANT, "secret": _SECRET}),
    "RevokedToken": answer(RECORDED | {"token": TEXT, "actor": TEXT, "revoked_at": INSTANT}),
    "TokenPage": page_of(
        answer(_HELD | {"created_at": INSTANT, "revoked_at": or_null(INSTANT), "last_used_at": or_null(INSTANT)})
    ),
}
