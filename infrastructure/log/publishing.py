"""Publishing what was signed: at once, or, where a quorum of witnesses is asked for, with their cosignatures.

Witnesses are waited for as long as one of them may take to answer; then the checkpoint is published without them, and
the age of the last one that met the quorum tells of it.
"""

import threading
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from structlog import get_logger

from domain.checkpoint import open_checkpoint
from domain.policy import Policy
from domain.unproven import Unproven
from infrastructure import files
from infrastructure.database.hosts import PUBLISHED, Hosts
from infrastructure.log.signatures import verify
from infrastructure.log.signed_state import Signed, SignedState
from infrastructure.log.witnesses import Witnesses, with_signatures

COSIGNED: Final = "cosigned"
"""The last checkpoint that met the quorum (any cosignature, if no quorum is asked for)."""
FRESH: Final = 600.0
"""Seconds after which witnesses are asked again about a log that has not grown: their word carries the time."""
_log = get_logger()


class Publisher:
    """Publishes what it is given; with witnesses, in a thread of its own."""

    def __init__(
        self,
        state: SignedState,
        hosts: Hosts,
        witnesses: Witnesses | None,
        policy: Callable[[], Policy],
        on_evidence: Callable[[Signed], None],
    ) -> None:
        self._state, self._hosts, self._witnesses = state, hosts, witnesses
        self._policy, self._on_evidence = policy, on_evidence
        self._latest: Signed | None = None
        self._done: tuple[bytes, float, bool] = b"", 0.0, False
        self._wake, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def publish(self, signed: Signed) -> None:
        """Take a signed checkpoint."""
        if self._witnesses is None or self._policy().quorum == "none":
            published = self._state.published()
            if published is None or published.size < signed.size:
                self._tell_and_publish(signed.note)
        if self._latest is None or self._latest.note != signed.note:
            self._latest = signed
            self._wake.set()

    def start(self) -> None:
        """Ask the witnesses from now on."""
        if self._witnesses is not None:
            self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End; what was not cosigned yet is published as it is."""
        self._ending.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            if self._latest is not None and self._hosts.seals:
                self._show(self._latest.note)
        if self._witnesses is not None:
            self._witnesses.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            try:
                self._turn()
            except Exception:  # noqa: BLE001 -- the next turn begins anew
                _log.error("publishing failed", exc_info=True)
            self._wake.wait(1.0)

    def _turn(self) -> None:
        signed, witnesses = self._latest, self._witnesses
        assert witnesses is not None
        if signed is None or not self._hosts.seals:
            return
        note, at, whole = self._done
        if note == signed.note and monotonic() - at < FRESH and (whole or not self._somebody_is_due()):
            return
        cosignatures = witnesses.cosign(signed)
        self._look_for_evidence(signed)
        shown = with_signatures(signed.note, cosignatures)
        missing = {each.witness.key.name for each in witnesses.asked} - {each.name for each in cosignatures}
        self._done = signed.note, monotonic(), not missing
        if cosignatures and self._reached(shown):
            files.replace(self._state.folder / COSIGNED, shown)
        self._show(shown)

    def _somebody_is_due(self) -> bool:
        assert self._witnesses is not None
        return any(each.problem and each.not_before <= monotonic() for each in self._witnesses.asked)

    def _show(self, note: bytes) -> None:
        """Publish, unless the same is published with more cosignatures."""
        published = self._state.published()
        if published is not None and note.count(b"\n") < published.note.count(b"\n"):
            same = published.note.partition(b"\n\n")[0] == note.partition(b"\n\n")[0]
            if same:
                return
        self._tell_and_publish(note)

    def _tell_and_publish(self, note: bytes) -> None:
        """The other hosts first: who may no longer tell them may not publish either."""
        self._hosts.tell(PUBLISHED, self._state.believed(note))
        self._state.publish(note)

    def _reached(self, note: bytes) -> bool:
        try:
            return bool(open_checkpoint(note, self._policy(), verify).cosigned_by)
        except Unproven:
            return False

    def _look_for_evidence(self, signed: Signed) -> None:
        """A witness that remembers more than was signed may lie; a checkpoint with this log's own signature cannot."""
        assert self._witnesses is not None
        for asked in self._witnesses.asked:
            if asked.remembers is not None and asked.remembers > signed.size:
                shown = self._witnesses.remembered(asked.witness, self._policy_keys())
                if shown is not None and shown.size > signed.size:
                    self._on_evidence(shown)

    def _policy_keys(self) -> list[Any]:
        return [party.key for party in self._policy().logs]

    def cosigned(self) -> tuple[int, datetime, Collection[str]] | None:
        """Give size, time and cosigners of the last checkpoint that met the quorum."""
        try:
            note = (self._state.folder / COSIGNED).read_bytes()
            opened = open_checkpoint(note, self._policy(), verify)
        except (FileNotFoundError, Unproven):
            return None
        times = [each.time for each in opened.cosigned_by if each.time is not None]
        if not times:
            return None
        names = sorted({each.key.name for each in opened.cosigned_by})
        return opened.checkpoint.size, datetime.fromtimestamp(min(times), UTC), names
