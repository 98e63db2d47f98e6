"""Entries held against what they say of themselves, against each other, their texts, and what was signed."""

from collections.abc import Iterable, Mapping
from typing import Any

from application.log_source import Apart, Findings, Leaf, Shown
from domain.entry_bytes import CLOSED, PLAIN_JSON, Json, misplaced, misread, salted_hash
from domain.merkle import HASH_SIZE, Frontier, leaf_hash


class Erasures:
    """Texts that are missing, and the entries that say why."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._missing: set[tuple[int, str]] = set()
        self._unseen = bytearray()
        self.count = 0

    def missing(self, position: int, member: str) -> None:
        """Take down that a text is not there."""
        self._missing.add((position, member))

    def unseen(self, position: int) -> None:
        """Take down that it cannot be seen which texts an entry has."""
        self._unseen.extend(bytes(position // 8 + 1 - len(self._unseen)))
        self._unseen[position // 8] |= 1 << position % 8

    def erased(self, by: int, facts: Mapping[str, Any]) -> None:
        """Take an erasure in: what it names is not there."""
        position = facts["erased_position"]
        cell = position // 8
        if cell < len(self._unseen) and self._unseen[cell] >> position % 8 & 1:
            return
        for member in facts["members"]:
            if (position, member) in self._missing:
                self._missing.discard((position, member))
                self.count += 1
            else:
                self._findings.found(position, f"{member} was erased by entry {by}, but is still there")

    def close(self) -> None:
        """Find texts that are missing though nothing says that they were erased."""
        for position, member in sorted(self._missing):
            self._findings.found(position, f"the text of {member} is missing, and no entry says that it was erased")


class EntryCheck:
    """Takes entries by position. *roots* are sizes, rising, with the roots that were signed for them."""

    def __init__(
        self,
        source: Shown,
        findings: Findings,
        roots: Iterable[tuple[int, bytes]],
        apart: Apart | None,
        json: Json = PLAIN_JSON,
    ) -> None:
        self._source, self._findings, self._apart, self._json = source, findings, apart, json
        self._roots = iter(roots)
        self._known = next(self._roots, None)
        self._good = 0  # the greatest size whose root is the one that was signed
        self._before = ""
        self._erasures = Erasures(findings)
        self.position = self.texts = self.closed = self.unopened = 0
        self.frontier = Frontier()
        self.whole = True  # whether the tree can be computed: no gap, no hash that does not fit
        self.readable = True  # whether every entry that was seen can be folded
        self.issued: dict[int, Mapping[str, Any]] = {}
        self._hold_against_roots(hashed_nodes=False)

    def take(self, leaf: Leaf) -> None:
        """Look at the next entry."""
        position = leaf.position
        if position != self.position + 1:
            self._wrong(self.position + 1, f"it is missing; entry {position} follows")
            self.whole = self.readable = False
        self.position = position
        hashed = leaf_hash(leaf.entry)
        if leaf.leaf_hash is not None and leaf.leaf_hash != hashed:
            self._unreadable(position, "its bytes do not have the hash that stands beside them")
            self.whole = False
            return
        read, fault = misread(leaf.entry, self._json)
        if fault is None and read["position"] != position:
            fault = f"its bytes say that it is entry {read['position']}"
        if fault is not None:
            self._unreadable(position, fault)
            self.whole = False
            return
        self._grow(leaf, hashed)
        if read["recorded_at"] <= self._before:
            self._wrong(position, "it was not recorded after the entry before it")
        self._before = read["recorded_at"]
        self._take_form(leaf, read)

    def close(self) -> None:
        """Come to the end: what was signed and is not there, what is missing without a word."""
        while self._known is not None:
            size = self._known[0]
            if size > self.position:
                self._wrong(self.position + 1, f"it is missing: {size} entries were signed, {self.position} are there")
                self.whole = False
                break
            self._known = next(self._roots, None)
        self._erasures.close()

    @property
    def erased(self) -> int:
        """How many texts were erased."""
        return self._erasures.count

    def _wrong(self, position: int, what: str) -> None:
        self._findings.found(position, what)

    def _unreadable(self, position: int, what: str) -> None:
        self._wrong(position, what)
        self.readable = False

    # --- the tree

    def _grow(self, leaf: Leaf, hashed: bytes) -> None:
        if not self.whole:
            return
        completed = self.frontier.append(hashed)
        if leaf.nodes is not None and leaf.nodes != b"".join(completed):
            self._nodes_differ(leaf.position, completed, leaf.nodes)
            self.whole = self.readable = False
            return
        self._hold_against_roots(hashed_nodes=leaf.nodes is not None)

    def _nodes_differ(self, position: int, completed: list[bytes], stated: bytes) -> None:
        if len(stated) != len(completed) * HASH_SIZE:
            self._wrong(position, "the tree hashes that stand beside it are too few or too many")
            return
        level = next((i for i, each in enumerate(completed) if stated[i * HASH_SIZE : (i + 1) * HASH_SIZE] != each), 0)
        first = max(self._good + 1, position + 1 - (2 << level))
        which = "this entry" if first == position else f"this entry, or one up to {position},"
        self._wrong(first, f"{which} does not fit the tree hashes that were made when it was recorded")

    def _hold_against_roots(self, *, hashed_nodes: bool) -> None:
        size = self.frontier.size
        while self._known is not None and self._known[0] <= size:
            if self._known[0] == size:
                if self._known[1] != self.frontier.root:
                    self._root_differs(size, hashed_nodes=hashed_nodes)
                    return
                self._good = size
            self._known = next(self._roots, None)

    def _root_differs(self, size: int, *, hashed_nodes: bool) -> None:
        self.whole = False
        first = self._good + 1
        which = "this entry" if first >= size else f"this entry, or one up to {size},"
        # Of entries whose stored tree hashes fit, only a last one without a neighbour is covered by none.
        last = first < size and hashed_nodes and size % 2
        guess = f" – {size} itself, unless the stored tree hashes were changed too" if last else ""
        self._wrong(
            max(first, 1), f"{which} is not the one that was signed: the tree of {size} has another root{guess}"
        )

    # --- the form

    def _take_form(self, leaf: Leaf, read: dict[str, Any]) -> None:
        form = leaf.entry
        closed = read.keys() == CLOSED
        if closed:
            self.closed += 1
            if leaf.opened is None or leaf.salt is None:
                self._unopened(leaf, read)
                return
            if salted_hash(leaf.salt, leaf.opened) != read["closed"]:
                self._unreadable(leaf.position, "its open form is not the one that was closed")
                return
            place, form = (read["position"], read["recorded_at"]), leaf.opened
            read, fault = misread(form, self._json)
            if fault is None and (read.keys() == CLOSED or (read["position"], read["recorded_at"]) != place):
                fault = "its open form says another place or instant"
            if fault is not None:
                self._unreadable(leaf.position, fault)
                return
        fault = misplaced(read)
        if fault is not None:
            self._unreadable(leaf.position, fault)
            return
        self._take_texts(leaf, read["prose"])
        for each in self._source.beside(leaf, read):
            self._wrong(leaf.position, each)
        self._take_kind(leaf.position, read)
        if self._apart is not None:
            self._apart.add(leaf.position, read, form)

    def _unopened(self, leaf: Leaf, read: Mapping[str, Any]) -> None:
        if self._source.shows_closed:
            self._unreadable(leaf.position, "its open form is missing")
            return
        self.unopened += 1
        self._erasures.unseen(leaf.position)
        for each in self._source.beside(leaf, read):
            self._wrong(leaf.position, each)
        if self._apart is not None:
            self._apart.add(leaf.position, read, leaf.entry)

    def _take_kind(self, position: int, read: Mapping[str, Any]) -> None:
        if read["kind"] == "erased" and "erased_position" in read["facts"] and self._source.shows_texts:
            self._erasures.erased(position, read["facts"])
        elif read["kind"] == "report_issued":
            self.issued[position] = read

    def _take_texts(self, leaf: Leaf, hashes: Mapping[str, str]) -> None:
        texts = leaf.texts
        if not texts and not self._source.shows_texts:
            return
        for member, hashed in hashes.items():
            text = texts.get(member)
            if text is None:
                if self._source.shows_texts:
                    self._erasures.missing(leaf.position, member)
                continue
            self.texts += 1
            if salted_hash(text[1], text[0]) != hashed:
                self._wrong(leaf.position, f"the text of {member}, or its salt, is not the one that was recorded")
        if len(texts) > len(hashes) or not texts.keys() <= hashes.keys():
            more = ", ".join(sorted(texts.keys() - hashes.keys()))
            self._wrong(leaf.position, f"there is a text of {more}, with which it was not recorded")
