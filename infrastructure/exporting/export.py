"""Write a ledger into a file that anybody can verify without this program: a log in tiles, keys, texts, issued reports.

Everything is read from one snapshot and hashed on the way; nothing is written that does not have the signed root.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson
import sqlalchemy as sa

from domain.checkpoint import Checkpoint
from domain.merkle import Frontier, leaf_hash
from domain.notes import VerifierKey
from domain.policy import Policy
from domain.tiles import Tile, entry_bundle
from infrastructure.database.engines import among
from infrastructure.database.tables import entries, opened, prose
from infrastructure.exporting import export_form as form
from infrastructure.exporting.export_readme import check_program, readme
from infrastructure.log.timestamping import CHECKPOINT, TOKEN, Stamps
from infrastructure.reading.closed_entries import published_of_ledger, still_closed
from infrastructure.reading.issued import all_kept, closed_reports
from infrastructure.recording.codec import canonical

Progress = Callable[[str, int, int], None]
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_PAGE: Final = 1_024
_WIDTH: Final = 256
_UNIX: Final = 3
_FILE: Final = 0o100644 << 16


class WrongRootError(Exception):
    """What the database holds is not what was signed; nothing was exported."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is exported: the signed checkpoint, whom to believe, all keys that ever signed, the newest first."""

    note: bytes
    checkpoint: Checkpoint
    policy: Policy
    keys: Sequence[VerifierKey]
    stamps: Stamps | None = None


class Archive:
    """A zip file whose bytes depend on nothing but what is put into it."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True)

    def put(self, name: str, content: bytes) -> None:
        """Put a file in."""
        self._zip.writestr(_info(name), content)

    def put_lines(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        """Put a file of JSON lines in, one after the other."""
        with self._zip.open(_info(name), "w", force_zip64=True) as written:
            for line in lines:
                written.write(canonical(line) + b"\n")

    def close(self) -> None:
        """Write the list of files."""
        self._zip.close()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.create_system, info.external_attr, info.compress_type = _UNIX, _FILE, zipfile.ZIP_STORED
    return info


def export(connection: sa.Connection, head: Head, target: Path, *, internal: bool, progress: Progress) -> None:
    """Write the export of the first entries, as many as the checkpoint covers; FileExistsError if *target* exists."""
    with _new_file(target) as written, closing(Archive(written)) as archive:
        size = head.checkpoint.size
        about = {
            "format": form.FORMAT,
            "origin": head.checkpoint.origin,
            "size": size,
            "root": head.checkpoint.root.hex(),
            "internal": internal,
        }
        archive.put(form.README, readme(head.checkpoint, head.keys[0], internal=internal))
        archive.put(form.CHECK, check_program())
        archive.put(form.ABOUT, canonical(about) + b"\n")
        archive.put(form.POLICY, bytes(head.policy))
        archive.put(form.KEYS, "".join(f"{key}\n" for key in head.keys).encode())
        archive.put(form.CHECKPOINT, head.note)
        root = _write_tiles(archive, _entries(connection, size, progress), size)
        if root != head.checkpoint.root:
            raise WrongRootError(f"the first {size} entries do not have the root that was signed; run `ledger verify`")
        _write_timestamps(archive, head)
        archive.put_lines(form.TEXTS, _texts(connection, size, internal=internal, progress=progress))
        archive.put_lines(form.OPEN_FORMS, _open_forms(connection, size, internal=internal))
        archive.put_lines(form.REPORTS, _reports(connection, size, internal=internal))


@contextmanager
def _new_file(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that is for the owner's eyes until it is complete, and gone if it does not become so."""
    with target.open("xb") as written:
        target.chmod(0o600)
        try:
            yield written
        except BaseException:
            target.unlink()
            raise


def _entries(connection: sa.Connection, size: int, progress: Progress) -> Iterator[bytes]:
    query, after = sa.select(entries.c.position, entries.c.entry).order_by(entries.c.position).limit(_PAGE), 0
    while after < size:
        rows = connection.execute(query.where(entries.c.position > after, entries.c.position <= size)).all()
        if not rows:
            return
        yield from (row.entry for row in rows)
        after = rows[-1].position
        progress("entries", after, size)


def _write_tiles(archive: Archive, leaves: Iterator[bytes], size: int) -> bytes:
    """Write entry bundles and hash tiles as they are complete; give the root of all leaves."""
    frontier, bundle = Frontier(), list[bytes]()
    levels: list[list[bytes]] = [[] for _ in range(max(1, -(-size.bit_length() // 8)))]
    written = [0] * len(levels)

    def put(level: int) -> None:
        hashes = levels[level]
        archive.put(form.LOG + Tile(level, written[level], len(hashes)).path, b"".join(hashes))
        written[level] += 1
        hashes.clear()

    def put_bundle() -> None:
        archive.put(form.LOG + Tile(None, written[0], len(bundle)).path, entry_bundle(bundle))
        bundle.clear()

    for entry in leaves:
        hashed = leaf_hash(entry)
        made = [hashed, *frontier.append(hashed)]
        bundle.append(entry)
        if len(bundle) == _WIDTH:
            put_bundle()
        for level, hashes in enumerate(levels):
            if len(made) > 8 * level:
                hashes.append(made[8 * level])
                if len(hashes) == _WIDTH:
                    put(level)
    if bundle:
        put_bundle()
    for level, hashes in enumerate(levels):
        if hashes:
            put(level)
    return frontier.root


def _write_timestamps(archive: Archive, head: Head) -> None:
    for size in head.stamps.sizes() if head.stamps else ():
        for what in (CHECKPOINT, TOKEN):
            kept = head.stamps.read(size, what) if head.stamps and size <= head.checkpoint.size else None
            if kept is not None:
                archive.put(f"{form.TIMESTAMPS}{size}.{what}", kept)


def _texts(connection: sa.Connection, size: int, *, internal: bool, progress: Progress) -> Iterator[dict[str, Any]]:
    query = sa.select(prose).where(prose.c.position <= size).order_by(prose.c.position, prose.c.member)
    if not internal:
        query = query.where(prose.c.position.not_in(still_closed(size)))
    rows = connection.execute(query.execution_options(yield_per=_PAGE))
    for number, row in enumerate(rows):
        yield {"position": row.position, "member": row.member, "value": orjson.loads(row.value), "salt": row.salt.hex()}
        if number % _PAGE == 0:
            progress("texts", row.position, size)
    progress("texts", size, size)


def _open_forms(connection: sa.Connection, size: int, *, internal: bool) -> Iterator[dict[str, Any]]:
    query = sa.select(opened).where(opened.c.position <= size).order_by(opened.c.position)
    if not internal:
        shown = opened.c.position.not_in(still_closed(size))
        query = query.where(shown | among(connection, opened.c.position, published_of_ledger(connection, size)))
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        yield {"position": row.position, "entry": orjson.loads(row.entry), "salt": row.salt.hex()}


def _reports(connection: sa.Connection, size: int, *, internal: bool) -> Iterator[dict[str, Any]]:
    closed = set() if internal else closed_reports(connection)
    for position, kept in all_kept(connection, size):
        facts = kept.facts()
        if position not in closed:
            yield {
                "position": position,
                "parameters": kept.parameters,
                "facts": None if facts is None else orjson.loads(facts),
                "digest": kept.digest,
            }
