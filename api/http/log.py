"""The public log, as verifiers that know nothing of this ledger ask for it (C2SP tlog-tiles), and proofs as JSON."""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from api.http import openapi
from api.http.gate import Gate, as_answer
from api.http.queries import Consistency, EntryPosition, Inclusion, Nothing, Timestamped
from application.access import Sight
from application.errors import BadQuestion, Unknown
from application.ports import View
from domain.receipt import MEDIA_TYPE
from domain.tiles import parse_path
from domain.unproven import Malformed

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
TIMESTAMP: Final = "application/timestamp-reply"
_FOR_EVER: Final = 31_536_000
_UNTIL_SEALED: Final = "1"
Shown = TypeVar("Shown")


async def _shown(gate: Gate, request: Request, work: Callable[[], Shown | None], what: str, name: str = "") -> Shown:
    """Show what everybody may see who may read at all."""
    await gate.admit(request)
    found = await gate.in_thread(work)
    if found is None:
        raise Unknown(what, name)
    return found


def _cached(public: bool, content: bytes, media_type: str, seconds: int) -> Response:  # noqa: FBT001 -- the setting
    """Answer with bytes that stay the same for so long; for ever, if that is a year."""
    whose, unchanging = "public" if public else "private", ", immutable" if seconds == _FOR_EVER else ""
    return Response(
        content, headers={"Cache-Control": f"{whose}, max-age={seconds}{unchanging}"}, media_type=media_type
    )


def routes(gate: Gate) -> APIRouter:
    """Give the routes of the log."""
    router = APIRouter(tags=["log"])
    log, public = gate.services.log, gate.services.settings.public_read

    @router.get("/log/checkpoint", **openapi.showing("The head of the log, signed (C2SP tlog-checkpoint)", TEXT))
    async def checkpoint(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        return _cached(public, (await _shown(gate, request, log.checkpoint, "checkpoint yet")).note, TEXT, 1)

    @router.get("/log/tile/{path:path}", **openapi.showing("A hash tile or entry bundle (C2SP tlog-tiles)", BYTES))
    async def tile(request: Request, path: str, _: Annotated[Nothing, Query()]) -> Response:
        def read() -> bytes | None:
            try:
                return log.tile(parse_path(f"tile/{path}"))
            except Malformed:
                return None

        return _cached(public, await _shown(gate, request, read, "tile", path[:100]), BYTES, _FOR_EVER)

    @router.get("/log/policy", **openapi.showing("Whom to believe (C2SP tlog-policy)", TEXT))
    async def policy(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        return _cached(public, bytes(await _shown(gate, request, log.policy, "policy")), TEXT, 60)

    @router.get(
        "/log/key", **openapi.showing("The verifier keys, a line each: the one that signs, then former ones", TEXT)
    )
    async def key(request: Request, _: Annotated[Nothing, Query()]) -> Response:
        keys = await _shown(gate, request, log.verifiers, "key")
        return _cached(public, "".join(f"{each}\n" for each in keys).encode(), TEXT, 60)

    _timestamps(router, gate)
    _proofs(router, gate)
    _receipts(router, gate)
    return router


def _timestamps(router: APIRouter, gate: Gate) -> None:
    log, public = gate.services.log, gate.services.settings.public_read

    @router.get("/log/timestamps", **openapi.timestamps())
    async def timestamps(request: Request, query: Annotated[Timestamped, Query()]) -> Response:
        found = await _shown(gate, request, lambda: log.timestamped(query.below), "timestamp")
        return as_answer(found, log.size)

    @router.get("/log/timestamps/{size}.checkpoint", **openapi.showing("A checkpoint that was timestamped", TEXT))
    async def stamped(
        request: Request, size: Annotated[EntryPosition, Path()], _: Annotated[Nothing, Query()]
    ) -> Response:
        note = await _shown(gate, request, lambda: log.stamps.read(size, "checkpoint"), "timestamp", str(size))
        return _cached(public, note, TEXT, _FOR_EVER)

    @router.get("/log/timestamps/{size}.tsr", **openapi.showing("Its timestamp (RFC 3161)", TIMESTAMP))
    async def token(
        request: Request, size: Annotated[EntryPosition, Path()], _: Annotated[Nothing, Query()]
    ) -> Response:
        found = await _shown(gate, request, lambda: log.stamps.read(size, "tsr"), "timestamp", str(size))
        return _cached(public, found, TIMESTAMP, _FOR_EVER)


def _proofs(router: APIRouter, gate: Gate) -> None:
    log = gate.services.log

    @router.get("/log/proof/inclusion", **openapi.proof("Proof that an entry is in the log", "Inclusion"))
    async def inclusion(request: Request, query: Annotated[Inclusion, Query()]) -> Response:
        await gate.admit(request)
        size = await gate.in_thread(lambda: _within("size", query.size, log.size))
        if query.position > size:
            raise BadQuestion("position", f"entry {query.position} is not among the first {size}", f"1 to {size}")
        return as_answer(await gate.in_thread(lambda: log.inclusion(query.position, size)), size)

    @router.get("/log/proof/consistency", **openapi.proof("Proof that the log only grew", "Consistency"))
    async def consistency(request: Request, query: Annotated[Consistency, Query()]) -> Response:
        await gate.admit(request)
        new = await gate.in_thread(lambda: _within("to", query.to, log.size))
        old = _within("from", query.from_, new)
        return as_answer(await gate.in_thread(lambda: log.consistency(old, new)), new)


def _within(name: str, asked: int | None, published: int) -> int:
    if asked is not None and asked > published:
        raise BadQuestion(name, f"{asked} entries are not published", f"up to {published}")
    return published if asked is None else asked


def _receipts(router: APIRouter, gate: Gate) -> None:
    log = gate.services.log

    @router.get("/v1/events/{position}/receipt", **openapi.receipt())
    async def receipt(
        request: Request, position: Annotated[EntryPosition, Path()], _: Annotated[Nothing, Query()]
    ) -> Response:
        def read(view: View, sight: Sight) -> bytes | None:
            if not any(
                sight.sees(each.programme, internal=each.is_internal(view.head.log_size))
                for each in view.recorded(after=position - 1, up_to=position)
            ):
                raise Unknown("entry", str(position))
            return log.receipt(position)

        proof, head = await gate.read(request, read)
        headers = {"Ledger-Position": str(head)}
        if proof is None:
            return Response(status_code=202, headers=headers | {"Retry-After": _UNTIL_SEALED})
        headers["Content-Disposition"] = f'inline; filename="{position}.tlog-proof"'
        return Response(proof, headers=headers, media_type=MEDIA_TYPE)
