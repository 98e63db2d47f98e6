"""A server as something to be verified: its log in tiles, and everything that its API shows beside it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from application.entries_view import Asked, EntriesView, fold_all
from application.log_source import DamagedError, Findings, Leaf, Progress, Streams
from application.reporting import Press, Reader, StatusQuery, status_report
from application.verifying import Outcome, Trust, verify
from domain.answers import Kept, RecordedEntry, entry_answer
from domain.differences import Difference, first_difference
from domain.entry import split
from domain.entry_bytes import entry_of, plainly
from domain.issued import KeptReport
from domain.policy import Policy, parse_policy
from domain.report import facts_of
from domain.shapes import COMMON, shape_of
from domain.unproven import Unproven
from infrastructure.log.signatures import verify as verify_signature
from infrastructure.verifying.asking import ServerUnreachableError, Web
from infrastructure.verifying.streams_apart import StreamsApart
from infrastructure.verifying.tiled_log import TiledLog

_NOT_FOUND, _REFUSED = 404, 422
_FIRST_KINDS: Final = ("announced", "programme_published")


class ServerSource:
    """Implements `application.log_source.LogSource`. Without an API beside the log, the log alone is looked at."""

    shows_closed = False
    brings_key = True

    def __init__(self, url: str, token: str | None) -> None:
        self._web = Web(url, token)
        self.name, self._shown = self._web.url, 0
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._log = TiledLog(lambda path: self._content(f"log/{quote(path)}"))
        if self._log.checkpoint is None:
            raise ServerUnreachableError(f"{self.name} shows no log: there is no {self.name}/log/checkpoint")
        self.shows_texts = self._web.get("v1/events", limit=1) is not None

    def _content(self, path: str) -> bytes | None:
        answer = self._web.get(path)
        return None if answer is None else answer.content

    @property
    def size(self) -> int:
        """How many entries are published."""
        return self._log.size

    def checkpoint(self) -> bytes | None:
        """Give what is published."""
        return self._log.checkpoint

    def policy(self) -> Policy | None:
        """Give the keys that the server names."""
        content = self._content("log/policy") or self._content("policy.txt")
        try:
            return None if content is None else parse_policy(content)
        except Unproven as doubt:
            raise DamagedError(None, f"the policy cannot be read: {doubt}") from doubt

    def signed_roots(self) -> Iterable[tuple[int, bytes]]:
        """Give none: a server shows one checkpoint."""
        return ()

    def streams(self) -> Streams | None:
        """Give none: they are put apart."""
        return None

    def leaves(self) -> Iterator[Leaf]:
        """Give the entries by position; beside each what the API shows of it."""
        if not self.shows_texts:
            for position, entry, hashed in self._log.entries():
                yield Leaf(position, entry, leaf_hash=hashed)
            return
        with self._web.lines("v1/events", log_size=self.size) as lines:
            following = _shown_in(next(lines, None))
            for position, entry, hashed in self._log.entries():
                shown = None
                if following is not None and following["position"] == position:
                    shown, following = following, _shown_in(next(lines, None))
                    self._shown += 1
                yield Leaf(position, entry, *_opened(shown), texts=_texts(shown), leaf_hash=hashed, row=shown)
            if following is not None:
                raise DamagedError(
                    following["position"], "the server shows an entry that is not in its log, or not in its place"
                )

    def beside(self, leaf: Leaf, read: Mapping[str, Any]) -> Iterator[str]:
        """Say where an entry is shown otherwise than its bytes say."""
        shown = leaf.row
        if not self.shows_texts or "closed" in read:
            return  # what a closed entry says cannot be held against anything here
        if shown is None:
            yield "the server does not show it"
            return
        moved = first_difference(_without_proof(shown), _without_proof(_expected(leaf, read, shown)))
        if moved is not None:
            yield f"it is shown otherwise than recorded: {_told(moved)}"

    def kept_reports(self) -> Iterator[tuple[int, KeptReport]]:
        """Give the issued reports as the server shows them now."""
        if not self.shows_texts:
            return
        found: list[int] = []
        cursor: dict[str, str | int] = {}
        while answer := self._web.get("v1/reports", limit=500, **cursor):
            page = answer.json()
            # What counts internal commitments has a closed entry, which cannot be looked into here.
            found += [each["id"] for each in page["items"] if each["filters"]["visibility"] != "all"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        for position in sorted(each for each in found if each <= self.size):
            answer = self._web.get(f"v1/reports/{position}", format="json")
            if answer is None:
                raise DamagedError(position, "the server lists a report that it does not show")
            yield position, KeptReport.of(answer.json(), plainly)

    def look_further(self, streams: Streams, findings: Findings, progress: Progress) -> Mapping[str, Any]:
        """Compare the tiles with each other, and the states that the server reports with those that entries give."""
        looked = {"tiles": self._log.look_at_upper_tiles(findings)}
        if not self.shows_texts:
            findings.unseen.append("texts, states and reports: the server shows a log alone")
            return looked
        progress("states", 0, 1)
        asked: dict[str, str | int] = {"log_size": self.size, "format": "json"}
        answer = self._web.get_unless((_NOT_FOUND, _REFUSED), "v1/reports/status", asked)
        if answer is None:
            findings.unseen.append("the status report of now: the server shows none about so many commitments")
        else:
            self._hold_states(answer.json(), streams, findings)
        progress("states", 1, 1)
        return looked | {"shown_entries": self._shown}

    def _hold_states(self, shown: Mapping[str, Any], streams: Streams, findings: Findings) -> None:
        asked = Asked(date.fromisoformat(shown["as_of"]), self.size)
        view = EntriesView(streams, asked, fold_all(streams, [asked])[asked])
        reader = Reader(may_read_internal=True, today=asked.as_of, now=datetime.now(UTC))
        query = StatusQuery(as_of=asked.as_of, log_size=asked.log_size)
        made = status_report(view, query, reader, Press(origin="", version="", canonical=plainly))
        facts = facts_of(dict(shown))
        if sha256(plainly(facts)).hexdigest() != shown["digest"] or shown["digest"] != made["digest"]:
            moved = first_difference(facts, facts_of(made))
            where = "digest" if moved is None else _told(moved)
            findings.found(None, f"the status report of {asked.as_of} says otherwise than the entries: {where}")

    def close(self) -> None:
        """Let go of the connections."""
        self._web.close()


def _shown_in(line: str | None) -> dict[str, Any] | None:
    if not line:
        return None
    try:
        shown = dict(json.loads(line))
    except (ValueError, TypeError) as bad:
        raise DamagedError(None, f"/v1/events has a line that is no entry: {line[:80]}") from bad
    if not isinstance(shown.get("position"), int):
        raise DamagedError(None, f"/v1/events has a line that is no entry: {line[:80]}")
    return shown


def _opened(shown: Mapping[str, Any] | None) -> tuple[bytes | None, bytes | None]:
    """Take the open form out of an entry as it is shown, with its salt, if its leaf is closed."""
    opened = None if shown is None else shown.get("opened")
    if shown is None or opened is None:
        return None, None
    try:
        return opened["entry"].encode(), bytes.fromhex(opened["salt"])
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise DamagedError(shown["position"], f"its open form is shown in another form: {bad}") from bad


def _without_proof(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was held against the leaf itself, and what servers of before publishing do not show."""
    return {name: value for name, value in shown.items() if name != "opened"}


def _texts(shown: Mapping[str, Any] | None) -> Mapping[str, tuple[bytes, bytes]]:
    """Take the texts out of an entry as it is shown, each with its salt; none for what is shown as erased."""
    if shown is None:
        return {}
    kind = str(shown.get("kind"))
    shape = shape_of(kind)
    body = {name: shown.get(name) for name in (shape.members if shape else COMMON)}
    found: dict[str, tuple[bytes, bytes]] = {}
    try:
        for name, value in split(kind, body)[1].items():
            salt = shown["prose"].get(name, {}).get("salt")
            if salt is not None or _says_something(value):
                found[name] = plainly(value), bytes.fromhex(salt or "")
    except (KeyError, TypeError, ValueError, AttributeError) as bad:
        raise DamagedError(shown["position"], f"it is shown in another form than entries have: {bad}") from bad
    return found


def _says_something(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_says_something, value.values() if isinstance(value, dict) else value))
    return value is not None


def _expected(leaf: Leaf, read: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """Give an entry as it must be shown: from its bytes, with the texts that were held against their hashes."""
    kept = {
        name: Kept(hashed, leaf.texts[name][1].hex(), json.loads(leaf.texts[name][0]))
        if name in leaf.texts
        else Kept(hashed, None, None)
        for name, hashed in read["prose"].items()
    }
    first = read["facts"].get("commitment") or read["facts"].get("details") or {}
    named = first.get("programme") or first.get("code") if read["kind"] in _FIRST_KINDS else shown.get("programme")
    assert leaf.leaf_hash is not None
    stream = UUID(read["stream"])
    recorded = RecordedEntry(entry_of(read), stream, named, read["reference"], 0, leaf.leaf_hash, kept)
    return entry_answer(recorded)


def _told(moved: Difference) -> str:
    return f"{moved.path} is {_short(moved.before)}, not {_short(moved.after)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"


def verify_server(
    url: str, token: str | None, policy: Policy | None, older: Sequence[tuple[str, bytes]], progress: Progress
) -> Outcome:
    """Verify what a server shows; ServerUnreachableError if it cannot be asked."""
    try:
        source = ServerSource(url, token)
    except DamagedError as damaged:
        outcome = Outcome(url)
        outcome.findings.found(damaged.position, damaged.what)
        return outcome
    try:
        return verify(source, Trust(verify_signature, policy, older), StreamsApart, progress)
    finally:
        source.close()
