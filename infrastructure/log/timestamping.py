"""Timestamps of checkpoints (RFC 3161): the word of a time-stamping authority (TSA) on when a log had come so far.

The TSA is asked in a thread of its own, about what is published. It keeps nobody from recording or publishing: what it
answers is checked and kept beside the signed state, or dropped, told, and asked for again after a while.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final

import httpx2
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus
from structlog import get_logger

from domain.answers import instant
from infrastructure import files
from infrastructure.log.signed_state import Signed

FOLDER: Final = "timestamps"
CHECKPOINT: Final = "checkpoint"
TOKEN: Final = "tsr"  # noqa: S105 -- the end of a file name
EVERY: Final = 3_600.0
"""Seconds between two timestamps of a log that grows; one that does not grow needs no further one."""
PATIENCE: Final = 10.0
"""Seconds that the authority may take to answer."""
LOOKS: Final = 5.0
SHORTEST_PAUSE, LONGEST_PAUSE = 10.0, 600.0
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_MOST_BYTES: Final = 100_000
_log = get_logger()


class StampError(Exception):
    """The authority gave no timestamp of what it was asked about; the text says why."""


class Stamps:
    """The checkpoints that were stamped, each with its token, in files named after the size."""

    def __init__(self, log_folder: Path) -> None:
        self.folder = log_folder / FOLDER
        self._times: dict[int, datetime] = {}

    def sizes(self) -> list[int]:
        """Give what was stamped, the largest first."""
        return sorted(
            (int(each.stem) for each in self.folder.glob(f"*.{TOKEN}") if each.stem.isdecimal()), reverse=True
        )

    def read(self, size: int, what: str) -> bytes | None:
        """Give a checkpoint or its token, as what says; None if that size was not stamped."""
        try:
            return self.path(size, what).read_bytes()
        except FileNotFoundError:
            return None

    def path(self, size: int, what: str) -> Path:
        """Give where a checkpoint or its token lies."""
        return self.folder / f"{size}.{what}"

    def time(self, size: int) -> datetime | None:
        """Give the time that a token tells, None if it can no longer be read."""
        if size not in self._times:
            try:
                self._times[size] = decode_timestamp_response(self.read(size, TOKEN) or b"").tst_info.gen_time
            except ValueError:
                return None
        return self._times[size]

    def keep(self, signed: Signed, token: bytes) -> None:
        """Keep both; only with its token does a checkpoint count as stamped."""
        files.replace(self.path(signed.size, CHECKPOINT), signed.note)
        files.replace(self.path(signed.size, TOKEN), token)

    def put_aside(self, folder: Path) -> None:
        """Leave them to a log that is frozen in that folder."""
        if self.folder.exists():
            self.folder.replace(folder / FOLDER)
        self._times.clear()


class Stamper:
    """Asks a TSA about every published checkpoint that is due."""

    def __init__(self, stamps: Stamps, published: Callable[[], Signed | None], url: str, certificate: str) -> None:
        self._stamps, self._published, self._url = stamps, published, url
        self._roots = load_pem_x509_certificates(Path(certificate).read_bytes()) if certificate else []
        self.problem: str | None = None
        self._pause = self._not_before = 0.0
        # One process asks at a time, however many serve this ledger.
        self._turn_lock = files.FileLock(stamps.folder.with_name("timestamps.lock"))
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Ask from now on."""
        self._thread = threading.Thread(target=self._run, name="timestamps", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End. An authority that is being asked is not waited for: its answer would be asked for again."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None

    def _run(self) -> None:
        with httpx2.Client(timeout=PATIENCE, follow_redirects=False) as client:
            while not self._ending.is_set():
                if self._not_before <= monotonic() and self._turn_lock.take():
                    try:
                        self._turn(client)
                    finally:
                        self._turn_lock.release()
                self._ending.wait(LOOKS)

    def _turn(self, client: httpx2.Client) -> None:
        try:
            signed = self._published()
            if signed is not None and self._is_due(signed):
                self._stamps.keep(signed, self._stamped(client, signed.note))
                self.problem, self._pause = None, 0.0
        except BaseException as problem:  # noqa: BLE001 -- the native parser may panic, which is no Exception
            said = (str(problem) or type(problem).__name__)[:300]
            if self.problem is None:
                _log.warning("a checkpoint got no timestamp", problem=said)
            self._pause = min(LONGEST_PAUSE, max(SHORTEST_PAUSE, self._pause * 2))
            self.problem, self._not_before = said, monotonic() + self._pause

    def _is_due(self, signed: Signed) -> bool:
        last = next(iter(self._stamps.sizes()), 0)
        if signed.size <= last:
            return False
        return last == 0 or abs(time.time() - self._stamps.path(last, TOKEN).stat().st_mtime) >= EVERY

    def _stamped(self, client: httpx2.Client, note: bytes) -> bytes:
        asked = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).build()
        until, body = monotonic() + PATIENCE, b""
        headers = {"Content-Type": "application/timestamp-query"}
        with client.stream("POST", self._url, content=asked.as_bytes(), headers=headers) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES or monotonic() > until:
                    raise StampError("its answer is too long or too slow")
        if answer.status_code != 200:
            raise StampError(f"it answered {answer.status_code}")
        check(body, asked, note, self._roots)
        return body

    def standing(self, now: datetime) -> dict[str, Any]:
        """Tell what was stamped last, how long ago, and what is in the way."""
        last = next(iter(self._stamps.sizes()), None)
        stamped_at = None if last is None else self._stamps.time(last)
        age = None if stamped_at is None else max(0, int((now - stamped_at).total_seconds()))
        return {"size": last, "time": instant(stamped_at), "age_seconds": age, "problem": self.problem}


def check(token: bytes, asked: TimeStampRequest, note: bytes, roots: Sequence[Certificate]) -> None:
    """Hold an answer to the question; StampError, or what the library raises, if it is not the answer to that."""
    try:
        answer: TimeStampResponse = decode_timestamp_response(token)
    except ValueError as garbage:
        raise StampError(f"its answer is no timestamp: {garbage}") from garbage
    if answer.status != PKIStatus.GRANTED:
        raise StampError(f"it refused: status {answer.status} {' '.join(answer.status_string)}".rstrip())
    stamped, imprint = answer.tst_info, answer.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != sha256(note).digest():
        raise StampError("it stamped something else")
    if stamped.nonce != asked.nonce:
        raise StampError("its answer is to another question: the nonce differs")
    if roots:
        verifier = VerifierBuilder(roots=list(roots), nonce=asked.nonce).build()
        verifier.verify(answer, sha256(note).digest())
