"""Every way in with the right that it needs: routes of the API and commands of the program, in one table.

One of the rights named is needed; of a route that records, the use case asks for the one that its body is about.
`docs/roles.md` is written from this table, and tests hold every cell of it against a running server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from application.access import Caller, Right


@dataclass(frozen=True, slots=True)
class Door:
    """What is needed to come in: one of these rights, or none at all."""

    rights: tuple[Right, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether nobody known may come in, too, and sees what is public, where reading is public."""
        return not self.rights or Right.READ in self.rights

    def admit(self, caller: Caller) -> None:
        """Raise NotPermitted unless the caller has one of the rights."""
        if self.is_public:
            return
        caller.require(*self.rights)


_OPEN: Final = Door()
_READ: Final = Door((Right.READ,))
_SEE_RIGHTS: Final = Door((Right.SEE_RIGHTS,))
_ADMINISTER: Final = Door((Right.ADMINISTER,))
_ISSUE: Final = Door((Right.ISSUE,))
_ERASE: Final = Door((Right.ERASE,))
_DISCLOSE: Final = Door((Right.DISCLOSE,))
_PROGRAMME: Final = Door((Right.PUBLISH, Right.CORRECT))
_ANNOUNCE: Final = Door((Right.ANNOUNCE,))
_EVENT: Final = Door((Right.RECORD, Right.REVIEW, Right.CORRECT, Right.CORRECT_REVIEWS))

ROUTES: Final[Mapping[str, Door]] = {
    "GET /v1/programmes": _READ,
    "GET /v1/programmes/{code}": _READ,
    "GET /v1/programmes/{code}/history": _READ,
    "GET /v1/partners": _READ,
    "POST /v1/programmes": Door((Right.PUBLISH,)),
    "POST /v1/programmes/{code}/events": _PROGRAMME,
    "POST /v1/programmes/{code}/publication": _DISCLOSE,
    "GET /v1/commitments": _READ,
    "GET /v1/commitments/{reference}": _READ,
    "GET /v1/commitments/{reference}/history": _READ,
    "POST /v1/commitments": _ANNOUNCE,
    "POST /v1/commitments/{reference}/events": _EVENT,
    "POST /v1/commitments/{reference}/publication": _DISCLOSE,
    "GET /v1/events": _READ,
    "GET /v1/events/{position}": _READ,
    "GET /v1/events/{position}/receipt": _READ,
    "POST /v1/events/{position}/erasure": _ERASE,
    "GET /v1/reports/status": _READ,
    "GET /v1/reports/changes": _READ,
    "GET /v1/reports": _READ,
    "GET /v1/reports/{id}": _READ,
    "GET /v1/reports/{id}/check": _READ,
    "GET /v1/reports/check": _READ,
    "POST /v1/reports": _ISSUE,
    "GET /v1/tokens": _SEE_RIGHTS,
    "POST /v1/tokens": _ADMINISTER,
    "POST /v1/tokens/{id}/rotation": _ADMINISTER,
    "POST /v1/tokens/{id}/revocation": _ADMINISTER,
    "GET /v1/roles": _SEE_RIGHTS,
    "POST /v1/roles": _ADMINISTER,
    "POST /v1/roles/{actor}/{role}/revocation": _ADMINISTER,
    "GET /v1/actors": _SEE_RIGHTS,
    "POST /v1/actors": _ADMINISTER,
    "POST /v1/actors/{id}/erasure": _ERASE,
    "GET /log/checkpoint": _READ,
    "GET /log/tile/{path}": _READ,
    "GET /log/policy": _READ,
    "GET /log/key": _READ,
    "GET /log/timestamps": _READ,
    "GET /log/timestamps/{size}.checkpoint": _READ,
    "GET /log/timestamps/{size}.tsr": _READ,
    "GET /log/proof/inclusion": _READ,
    "GET /log/proof/consistency": _READ,
    "GET /metrics": _READ,
    "GET /health/live": _OPEN,
    "GET /health/ready": _OPEN,
    "GET /": _OPEN,
    "GET /docs": _OPEN,
    "GET /docs/start.js": _OPEN,
    "GET /docs/swagger-ui-bundle.js": _OPEN,
    "GET /docs/swagger-ui.css": _OPEN,
    "GET /docs/favicon-32x32.png": _OPEN,
    "GET /openapi.json": _OPEN,
    "GET /schemas/catalogue.json": _OPEN,
    "GET /problems/{slug}": _OPEN,
}

SIGNING_IN: Final[Mapping[str, Door]] = {
    "GET /auth/login": _OPEN,
    "GET /auth/callback": _OPEN,
    "GET /auth/me": _READ,
    "GET /auth/logout": _OPEN,
    "POST /auth/logout": _OPEN,
}
"""Routes that are there if people can sign in with a browser."""

COMMANDS: Final[Mapping[str, Door]] = {
    "show": _READ,
    "history": _READ,
    "report": _READ,
    "report list": _READ,
    "report show": _READ,
    "report check": _READ,
    "export": _READ,
    "verify": _READ,
    "replay": _READ,
    "record": Door((Right.PUBLISH, Right.ANNOUNCE, *_EVENT.rights)),
    "load": Door((Right.PUBLISH, Right.ANNOUNCE, *_EVENT.rights)),
    "report issue": _ISSUE,
    "publish commitment": _DISCLOSE,
    "publish programme": _DISCLOSE,
    "erase": _ERASE,
    "token list": _SEE_RIGHTS,
    "token create": _ADMINISTER,
    "token rotate": _ADMINISTER,
    "token revoke": _ADMINISTER,
    "role list": _SEE_RIGHTS,
    "role grant": _ADMINISTER,
    "role revoke": _ADMINISTER,
    "actor list": _SEE_RIGHTS,
    "actor register": _ADMINISTER,
    "actor erase": _ERASE,
    "session list": _SEE_RIGHTS,
    "session end": _ADMINISTER,
    "key rotate": _ADMINISTER,
    "recover": _ADMINISTER,
    "key show": _OPEN,
    "key export": _OPEN,
    "migrate": _OPEN,
    "serve": _OPEN,
    "demo": _OPEN,
    "backup": _OPEN,
    "config": _OPEN,
    "catalogue check": _OPEN,
    "privacy register": _OPEN,
}
"""Local commands act in the role that has the right: who can start them has the ledger's files anyway."""
