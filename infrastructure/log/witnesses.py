"""Witnesses (C2SP tlog-witness): others who remember what this log has signed, and say so under it.

They are asked in a thread of its own, after the log has signed. None of them keeps anybody from recording: one that is
down, slow or wrong is left alone for a while, and what it answers counts only if its signature holds.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from time import monotonic
from typing import Final

import httpx2
from structlog import get_logger

from domain.checkpoint import open_checkpoint
from domain.notes import Note, Signature, VerifierKey, parse_note, parse_signature_line, verified
from domain.policy import Party, Policy
from domain.strict_text import base64_text, decimal
from domain.unproven import Unproven
from infrastructure.log.sealing import NobodyAnswersError
from infrastructure.log.signatures import verify
from infrastructure.log.signed_state import Signed
from infrastructure.log.witness_list import Witness
from infrastructure.verifying.inspecting import RememberedOtherwiseError

PATIENCE: Final = 5.0
"""Seconds that a witness may take to answer."""
LONGEST_PAUSE: Final = 60.0
_MOST_BYTES: Final = 100_000
_log = get_logger()

Prove = Callable[[int, int], list[bytes]]
"""Gives the proof that the tree of the second size extends that of the first."""


@dataclass(slots=True)
class Asked:
    """What is known of a witness: what it cosigned last, what is wrong with it, when it is asked again."""

    witness: Witness
    size: int = 0
    problem: str | None = None
    pause: float = 0.0
    not_before: float = 0.0
    remembers: int | None = field(default=None)
    """The larger size that it says it has cosigned."""

    def failed(self, problem: str) -> None:
        """Leave it alone for a while, each time longer."""
        self.pause = min(LONGEST_PAUSE, max(1.0, self.pause * 2))
        self.problem, self.not_before = problem, monotonic() + self.pause

    def answered(self, size: int) -> None:
        """It has cosigned this size."""
        self.size, self.problem, self.pause, self.not_before, self.remembers = size, None, 0.0, 0.0, None


class WitnessError(Exception):
    """A witness gave no cosignature; the text says why."""


class Witnesses:
    """All witnesses of a log."""

    def __init__(self, witnesses: Sequence[Witness], prove: Prove, patience: float = PATIENCE) -> None:
        self.asked = [Asked(each) for each in witnesses]
        self._prove, self._patience = prove, patience
        self._client = httpx2.Client(timeout=patience, follow_redirects=False)
        self._threads = ThreadPoolExecutor(max(1, len(self.asked)), thread_name_prefix="witness")

    def cosign(self, signed: Signed) -> list[Signature]:
        """Ask everyone who is not left alone just now, all at once; give the cosignatures that hold."""
        now = monotonic()
        turns = [self._threads.submit(self._ask, each, signed) for each in self.asked if each.not_before <= now]
        return [signature for turn in turns for signature in turn.result()]

    def _ask(self, asked: Asked, signed: Signed) -> list[Signature]:
        try:
            cosignatures = self._cosigned(asked, signed)
        except (WitnessError, httpx2.HTTPError, Unproven) as problem:
            said = str(problem) or type(problem).__name__
            if asked.problem is None:
                _log.warning("a witness did not cosign", witness=asked.witness.key.name, problem=said)
            asked.failed(said[:300])
            return []
        except Exception:  # noqa: BLE001 -- nothing that a witness does ends the thread
            _log.error("asking a witness failed", witness=asked.witness.key.name, exc_info=True)
            asked.failed("asking it failed")
            return []
        asked.answered(signed.size)
        return cosignatures

    def _cosigned(self, asked: Asked, signed: Signed) -> list[Signature]:
        status, body = self._add(asked.witness, signed.note, asked.size, signed.size)
        if status == 409:
            asked.remembers = asked.size = remembered = decimal(body.decode("ascii", "replace").strip(), "its size")
            if remembered > signed.size:
                asked.size = 0
                raise WitnessError(f"it remembers {remembered} entries of this log, {signed.size} are signed")
            status, body = self._add(asked.witness, signed.note, remembered, signed.size)
        if status != 200:
            raise WitnessError(f"it answered {status}: {body[:100].decode('utf-8', 'replace').strip()}")
        return _holding(asked.witness.key, signed.note, body)

    def _add(self, witness: Witness, note: bytes, old: int, new: int) -> tuple[int, bytes]:
        old = min(old, new)
        proof = "".join(f"{base64_text(each)}\n" for each in self._prove(old, new))
        return self._answer("POST", f"{witness.url}/add-checkpoint", f"old {old}\n{proof}\n".encode() + note)

    def _answer(self, method: str, url: str, content: bytes | None = None) -> tuple[int, bytes]:
        """Ask once, for no longer than the patience lasts, however slowly the answer drips."""
        until, body = monotonic() + self._patience, b""
        with self._client.stream(method, url, content=content) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES or monotonic() > until:
                    raise WitnessError("its answer is too long or too slow")
        return answer.status_code, body

    # --- memory

    def remembered(self, witness: Witness, keys: Sequence[VerifierKey]) -> Signed | None:
        """Give the last checkpoint that a witness shows, if this log has signed it; None if it shows none."""
        origin = keys[0].name
        try:
            status, note = self._answer("GET", f"{witness.url}/{sha256(origin.encode()).hexdigest()}/checkpoint")
            if status != 200:
                return None
            policy = Policy(tuple(map(Party, keys)))
            return Signed(note, open_checkpoint(note, policy, verify, without_quorum=True).checkpoint)
        except (httpx2.HTTPError, WitnessError, Unproven):
            return None

    def confirm(self, note: bytes, size: int, keys: Sequence[VerifierKey], root_at: Callable[[int], bytes]) -> None:
        """Ask whether a checkpoint may be shown by a ledger that has forgotten what it signed.

        RememberedOtherwiseError if somebody remembers otherwise, NobodyAnswersError if nobody answers.
        """
        heard = False
        for asked in self.asked:
            name = asked.witness.key.name
            shown = self.remembered(asked.witness, keys)
            if shown is not None:
                _compare(name, shown.size, shown.checkpoint.root, size, root_at)
                heard = True
                continue
            try:
                heard = self._tried(asked.witness, note, size) or heard
            except (httpx2.HTTPError, WitnessError, Unproven) as silent:
                _log.warning("a witness could not be asked", witness=name, problem=str(silent))
        if not heard:
            raise NobodyAnswersError("what this log had signed is lost, and no witness answers that could know it")

    def _tried(self, witness: Witness, note: bytes, size: int) -> bool:
        """Submit the checkpoint itself, where a witness shows nothing; True if the witness has an opinion."""
        status, body = self._add(witness, note, 0, size)
        if status == 409:
            remembered = decimal(body.decode("ascii", "replace").strip(), "its size")
            if remembered > size:
                raise _forgotten(witness.key.name, remembered, size)
            status, _ = self._add(witness, note, remembered, size)
            if status in {409, 422}:
                raise RememberedOtherwiseError(
                    None, f"it does not extend the {remembered} entries that {witness.key.name} cosigned"
                )
        return status in {200, 404}

    def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown()
        self._client.close()


def _forgotten(name: str, remembered: int, size: int) -> RememberedOtherwiseError:
    return RememberedOtherwiseError(
        size + 1, f"it is missing: the witness {name} remembers {remembered} entries, {size} are there"
    )


def _compare(name: str, remembered: int, root: bytes, size: int, root_at: Callable[[int], bytes]) -> None:
    if remembered > size:
        raise _forgotten(name, remembered, size)
    if root_at(remembered) != root:
        raise RememberedOtherwiseError(
            None, f"among the first {remembered} entries is one that is not what the witness {name} cosigned"
        )


def _holding(key: VerifierKey, note: bytes, body: bytes) -> list[Signature]:
    """Give the cosignatures of the key that hold; whatever else was answered is dropped."""
    text, found = parse_note(note).text, []
    for line in body.decode("utf-8", "replace").splitlines():
        try:
            signature = parse_signature_line(line)
            verified(Note(text, (signature,)), [key], verify)
        except Unproven:
            continue
        found.append(signature)
    if not found:
        raise WitnessError("none of its signatures holds")
    return found[:1]


def with_signatures(note: bytes, more: Sequence[Signature]) -> bytes:
    """Put cosignatures under a signed note."""
    signed = parse_note(note)
    return bytes(Note(signed.text, (*signed.signatures, *more)))
