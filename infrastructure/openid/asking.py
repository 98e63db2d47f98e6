"""Ask the provider something, bounded in time and size, over an encrypted connection."""

from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

import httpx2

from application.strict_json import NotJsonError, parse
from infrastructure.openid.configuration import check_address

PATIENCE: Final = 5.0
"""Seconds that the provider may take to answer."""
_MOST_BYTES: Final = 262_144


class ProviderSilentError(Exception):
    """The provider cannot be asked, or gives no answer that can be used; the text says which."""


def ask(
    url: str, *, headers: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Give the status and the JSON object that an address answers, to a GET, or a POST of *form*."""
    until, body = monotonic() + PATIENCE, b""
    asked = {"Accept": "application/json", **(headers or {})}
    try:
        check_address(url)
        with (
            # No redirects: whoever could send us elsewhere could answer in the provider's place.
            httpx2.Client(timeout=PATIENCE, follow_redirects=False) as client,
            client.stream("GET" if form is None else "POST", url, headers=asked, data=form) as answer,
        ):
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES or monotonic() > until:
                    raise ProviderSilentError(f"{url} answers too much or too slowly")
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as failed:
        raise ProviderSilentError(f"{url} cannot be asked: {str(failed) or type(failed).__name__}"[:300]) from failed
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ProviderSilentError(f"{url} answers {answer.status_code}")
    try:
        found = parse(body)
    except NotJsonError as garbage:
        raise ProviderSilentError(f"{url} answers {answer.status_code} without JSON") from garbage
    if not isinstance(found, dict):
        raise ProviderSilentError(f"{url} answers JSON that is no object")
    return answer.status_code, found
