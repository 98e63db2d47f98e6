"""Verify a log: everything it shows is hashed again and held against what was signed.

One verifier for a ledger's database, a server and an export. It believes nothing but keys: entries are hashed to the
root, texts to the hashes in the entries, closed entries to their leaves; histories are folded again, and whatever was
derived from them is compared.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from application.checking_entries import EntryCheck
from application.checking_publications import check_publications
from application.checking_reports import check_reports
from application.log_source import Apart, DamagedError, Fault, Findings, LogSource, Progress, Streams
from domain.checkpoint import Opened, open_checkpoint
from domain.errors import Refusal
from domain.notes import Verify
from domain.policy import Policy
from domain.programme import fold_programme
from domain.replay import known, spans
from domain.unproven import Unproven

_STEP = 1_000


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe. Without a *policy* the keys that the source names itself are believed, which is told.

    *older* are checkpoints that somebody has kept, with where they were kept: the log must still begin with them.
    """

    verify: Verify
    policy: Policy | None = None
    older: Sequence[tuple[str, bytes]] = ()


@dataclass(slots=True)
class Outcome:
    """What was looked at, what was found wrong, and what could not be looked at."""

    source: str
    size: int = 0
    root: bytes = b""
    sealed: Opened | None = None
    checked: dict[str, int] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    @property
    def first(self) -> Fault | None:
        """The fault at the lowest position."""
        return self.findings.first


def verify(source: LogSource, trust: Trust, apart: Callable[[], Apart], progress: Progress) -> Outcome:
    """Verify everything that *source* shows."""
    outcome = Outcome(source.name)
    try:
        _verify(source, trust, apart, progress, outcome)
    except DamagedError as damaged:
        outcome.findings.found(damaged.position, damaged.what)
        outcome.findings.unseen.append("whatever comes after the damage")
    return outcome


def _verify(source: LogSource, trust: Trust, apart: Callable[[], Apart], progress: Progress, outcome: Outcome) -> None:
    outcome.sealed = _sealed(source, trust, outcome)
    streams = source.streams()
    put_apart = apart() if streams is None else None
    try:
        check = EntryCheck(source, outcome.findings, _roots(source, trust, outcome), put_apart)
        _look_at_entries(source, check, progress)
        _take_in(check, outcome)
        if not (check.readable and check.whole):
            outcome.findings.unseen.append(
                "histories and what is derived from them: the entries are not what was recorded"
            )
            return
        histories = streams or put_apart
        assert histories is not None
        found = outcome.findings.count
        if put_apart is not None:
            outcome.checked["streams"] = _fold(put_apart, check, outcome.findings, progress)
        stand = outcome.findings.count == found
        if source.shows_texts:  # where there are no texts there are neither open forms nor reports
            published = check_publications(histories, outcome.size, outcome.findings)
            outcome.checked |= {"publications": published} if published else {}
        if not stand:
            outcome.findings.unseen.append("what is derived from histories: not all of these can be folded")
            return
        outcome.checked |= source.look_further(histories, outcome.findings, progress)
        if source.shows_texts:
            outcome.checked["issued_reports"] = check_reports(
                source, check.issued, histories, outcome.checked["streams"], outcome.findings, progress
            )
    finally:
        if put_apart is not None:
            put_apart.close()


def _look_at_entries(source: LogSource, check: EntryCheck, progress: Progress) -> None:
    size = source.size
    progress("entries", 0, size)
    for leaf in source.leaves():
        check.take(leaf)
        if leaf.position % _STEP == 0:
            progress("entries", leaf.position, size)
    check.close()
    progress("entries", check.position, max(size, check.position))


def _take_in(check: EntryCheck, outcome: Outcome) -> None:
    outcome.size = check.position
    outcome.root = check.frontier.root if check.whole else b""
    outcome.checked |= {
        "entries": check.position,
        "texts": check.texts,
        "erased_texts": check.erased,
        "closed_entries": check.closed - check.unopened,
    }
    if check.unopened:
        outcome.findings.unseen.append(f"what {check.unopened} closed entries say: their open forms are not here")
    sealed = 0 if outcome.sealed is None else outcome.sealed.checkpoint.size
    if check.position > sealed:
        outcome.findings.unseen.append(
            f"whether entries {sealed + 1} to {check.position} were signed: no checkpoint covers them"
        )


# --- signatures


def _sealed(source: LogSource, trust: Trust, outcome: Outcome) -> Opened | None:
    policy = trust.policy or source.policy()
    note = source.checkpoint()
    if note is None:
        outcome.findings.unseen.append("signatures: there is no checkpoint yet")
        return None
    if policy is None:
        outcome.findings.unseen.append("signatures: no key is known; accepted: --key VKEY, or --policy FILE")
        return None
    if trust.policy is None and source.brings_key:
        outcome.findings.unseen.append(
            "whose key it is: it came with what was verified; compare it with one you got otherwise"
        )
    try:
        # A policy that was given is meant; the source's own may have a quorum that was not reached yet.
        return open_checkpoint(note, policy, trust.verify, without_quorum=trust.policy is None)
    except Unproven as doubt:
        outcome.findings.found(None, f"the checkpoint is not believed: {doubt}")
        return None


def _older(trust: Trust, policy: Policy, outcome: Outcome) -> Iterator[tuple[str, Opened]]:
    for where, note in trust.older:
        try:
            yield where, open_checkpoint(note, policy, trust.verify, without_quorum=True)
        except Unproven as doubt:
            outcome.findings.found(None, f"the older checkpoint {where} is not believed: {doubt}")


def _roots(source: LogSource, trust: Trust, outcome: Outcome) -> Sequence[tuple[int, bytes]]:
    """Give every size whose root is known, rising."""
    sealed = outcome.sealed
    roots = dict(source.signed_roots())
    policy = trust.policy or source.policy()
    for where, opened in () if policy is None else _older(trust, policy, outcome):
        head = opened.checkpoint
        if sealed is not None and head.origin != sealed.checkpoint.origin:
            outcome.findings.found(None, f"the older checkpoint {where} is of another log, {head.origin}")
            continue
        if roots.get(head.size, head.root) != head.root:
            outcome.findings.found(None, f"the older checkpoint {where} has another root of {head.size} entries")
        if sealed is not None and head.size > sealed.checkpoint.size:
            what = f"{head.size} entries, the log's own only {sealed.checkpoint.size}: the log was set back"
            outcome.findings.found(None, f"the older checkpoint {where} covers {what}")
        roots[head.size] = head.root
        outcome.checked["older_checkpoints"] = outcome.checked.get("older_checkpoints", 0) + 1
    if sealed is not None:
        head = sealed.checkpoint
        if roots.get(head.size, head.root) != head.root:
            outcome.findings.found(None, f"two roots were signed for {head.size} entries: the log has forked")
        roots[head.size] = head.root
    return sorted(roots.items())


# --- histories


def _fold(streams: Streams, check: EntryCheck, findings: Findings, progress: Progress) -> int:
    """Fold every history; give how many there are."""
    size, count, done = check.position, 0, 0
    for history in streams.histories(size):
        count += 1
        done += len(history.entries)
        for position, what in faults_of(history.sort, history.entries, some_unseen=check.unopened > 0):
            findings.found(position, f"{history.reference}: {what}")
        if count % 100 == 0:
            progress("histories", done, size)
    progress("histories", size, size)
    return count


def faults_of(sort: str, entries: Sequence[Any], *, some_unseen: bool = False) -> Iterator[tuple[int, str]]:
    """Say why the entries of a stream cannot stand together, and from which position on.

    With *some_unseen* the ledger's own stream may have gaps: its entries are closed one by one.
    """
    gaps = some_unseen and sort == "ledger"
    for expected, entry in enumerate(entries, 1):
        if entry.version != expected and not (gaps and entry.version > expected):
            yield entry.position, f"it is version {entry.version}, {expected} was to come"
            return
    try:
        readings = known(entries).in_order()
        if sort == "commitment":
            spans(readings)
        elif sort == "programme":
            fold_programme(readings)
    except Refusal as refused:
        version = getattr(refused, "version", None) or len(entries)
        yield entries[min(version, len(entries)) - 1].position, f"the history breaks a rule: {refused}"
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as broken:
        yield entries[-1].position, f"the history cannot be read: {type(broken).__name__} {broken}"
