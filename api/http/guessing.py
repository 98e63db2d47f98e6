"""Whether a token may be worth a look in the database, once an address has sent too many that were refused."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from application.errors import NotPermitted
from infrastructure.wiring import InvalidTokenError, ProviderSilentError, Services

MightBeValid = Callable[[str], Awaitable[bool]]
InThread = Callable[[Callable[[], None]], Awaitable[None]]
_FRESH_SECONDS: Final = 1.0


def might_be_valid(services: Services, in_thread: InThread) -> MightBeValid:
    """Give what tells, from what was in the database a second ago at most. One reads it; the others wait for that."""
    known, one_reads = services.known_tokens, asyncio.Lock()
    read_at = -_FRESH_SECONDS

    async def tell(secret: str) -> bool:
        nonlocal read_at
        if services.people is not None and "." in secret:  # a JWT; whether it was forged is told without the database
            return await _may_be_signed(services, secret)
        if time.monotonic() - read_at >= _FRESH_SECONDS:
            async with one_reads:
                if time.monotonic() - read_at >= _FRESH_SECONDS:
                    begun = time.monotonic()
                    await in_thread(known.read)
                    read_at = begun
        return known.might_be_valid(secret)

    return tell


async def _may_be_signed(services: Services, jwt: str) -> bool:
    assert services.people is not None
    try:
        await services.people.bearer(jwt)
    except InvalidTokenError:
        return False
    except (NotPermitted, ProviderSilentError):
        pass  # the usual way says more
    return True
