"""Who asks: found in one place, by an API token, by a JWT of the provider, or by the session of a browser."""

from collections.abc import Callable
from typing import Final

from fastapi import Request

from api.http.cookies import SESSION, Cookies
from api.http.problems import Unauthorised
from application.access import Caller
from application.errors import NotPermitted
from infrastructure.wiring import InvalidTokenError, NotReadyError, ProviderSilentError, Services, is_form_token

NOBODY: Final = "no token was sent; accepted: Authorization: Bearer <token>"
FORM_TOKEN: Final = "X-CSRF-Token"  # noqa: S105 -- the name of a header
_READING: Final = ("GET", "HEAD")


async def recognise(request: Request, services: Services) -> Callable[[], Caller | None]:
    """Give a function that tells who asks, None for nobody known; it looks into the database, so call it in a thread.

    Unauthorised, here or there, if something was sent that is not valid. A token counts before a session.
    """
    secret = _bearer(request)
    if secret is None:
        return lambda: _by_session(request, services)
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


def _by_session(request: Request, services: Services) -> Caller | None:
    if services.sign_in is None:
        return None
    secret = Cookies(services.settings.public_url).read(request, SESSION)
    session = None if secret is None else services.sessions.find(secret)
    if session is None:
        return None  # one that has ended is none, so that what is public goes on being shown
    assert secret is not None
    if request.method not in _READING:
        refuse_foreign_page(request, services.settings.public_url, secret, request.headers.get(FORM_TOKEN))
    return session.caller


def refuse_foreign_page(request: Request, public_url: str, secret: str, form_token: str | None) -> None:
    """Raise NotPermitted unless a page of this ledger sent the request: other sites' requests bring the cookie, too."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", public_url)
    if site != "same-origin" if site is not None else origin != public_url:  # old browsers tell the origin only
        raise NotPermitted("this comes from a page of another site", f"requests of pages at {public_url}")
    if form_token is None or not is_form_token(form_token, secret):
        raise NotPermitted(
            "whoever is signed in with a browser proves that they mean it", f"{FORM_TOKEN} as /auth/me gives it"
        )


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorised("the Authorization header is not understood; accepted: Bearer <token>")
    return secret.strip()
