"""Who asks: found in one place, by an API token or by a JWT of the provider."""

from collections.abc import Callable
from typing import Final

from fastapi import Request

from api.http.problems import Unauthorised
from application.access import Caller
from infrastructure.wiring import InvalidTokenError, NotReadyError, ProviderSilentError, Services

NOBODY: Final = "no token was sent; accepted: Authorization: Bearer <token>"


async def recognise(request: Request, services: Services) -> Callable[[], Caller | None]:
    """Give a function that tells who asks, None for nobody known; it looks into the database, so call it in a thread.

    Unauthorised, here or there, if something was sent that is not valid.
    """
    secret = _bearer(request)
    if secret is None:
        return lambda: None
    if services.people is None or "." not in secret:  # no API token has a dot, every JWT has two
        return lambda: _by_token(secret, services)
    try:
        caller = await services.people.bearer(secret)
    except InvalidTokenError as invalid:
        message = f"the token is not valid: {invalid}; accepted: an access token of {services.settings.oidc_issuer}"
        raise Unauthorised(message, sent=True) from invalid
    except ProviderSilentError as silent:
        said = "whether this token is valid cannot be told now, since the OpenID provider cannot be asked"
        raise NotReadyError(f"{said}; accepted: an API token, or this one later") from silent
    return lambda: caller


def remembered(request: Request, services: Services) -> tuple[Caller, int] | None:
    """Give who asks, and under which rights, if that is known without looking it up."""
    secret = _bearer(request)
    return None if secret is None else services.callers.get(secret)


def _by_token(secret: str, services: Services) -> Caller:
    caller = services.caller(secret)
    if caller is None:
        raise Unauthorised("the token is not valid; accepted: a token that was neither revoked nor expired", sent=True)
    return caller


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorised("the Authorization header is not understood; accepted: Bearer <token>")
    return secret.strip()
