"""Request bodies: bounded, JSON, read strictly."""

from typing import Any

from fastapi import Request

from api.http.problems import BodyTooLong, WrongMediaType
from application.strict_json import parse


async def read_bytes(request: Request, most: int) -> bytes:
    """Read at most *most* bytes; BodyTooLong as soon as there are more."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > most:
        raise BodyTooLong(f"the body has {announced} bytes; accepted: up to {most}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLong(f"the body has more than {most} bytes; accepted: up to {most}")
    return bytes(body)


def check_type(request: Request) -> None:
    """Refuse what is not JSON in UTF-8 by its own account."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() != "application/json" or charset not in ("", "utf-8"):
        given = request.headers.get("content-type", "no Content-Type")[:100]
        raise WrongMediaType(f"the body is {given}; accepted: application/json in UTF-8")
    encoded = request.headers.get("content-encoding", "identity"), request.headers.get("transfer-encoding", "chunked")
    if tuple(map(str.lower, encoded)) != ("identity", "chunked"):
        raise WrongMediaType("the body is compressed; accepted: application/json as it is")


def as_json(request: Request, body: bytes) -> Any:
    """Read the body as JSON, after its type."""
    check_type(request)
    return parse(body)
