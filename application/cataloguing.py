"""Bring a catalogue in through the ordinary use cases, in one transaction: all of it, or nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from application.access import Caller
from application.errors import BadRow, BadRows, Declined
from application.ports import Command, Unit
from application.recording import Request, announce, announcement, publish_programme, record_event
from domain.entry import Entry, Facts, split
from domain.errors import Refusal

Progress = Callable[[int, int], None]


class Row(Protocol):
    """A row of a catalogue: where it stands, its body in the terms of the API, and a history row's id."""

    @property
    def place(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def id(self) -> str | None: ...


class Catalogue(Protocol):
    """A programme, its commitments and their history."""

    @property
    def programme(self) -> Row: ...
    @property
    def commitments(self) -> Sequence[Row]: ...
    @property
    def history(self) -> Sequence[Row]: ...


def load(catalogue: Catalogue, actor: str, *, four_eyes: bool, progress: Progress = lambda _, __: None) -> Command:
    """Record what is not there yet; raise BadRows with every row that cannot be, or whose facts differ."""

    def command(unit: Unit) -> Mapping[str, Any]:
        rows = [catalogue.programme, *catalogue.commitments, *catalogue.history]
        loader = _Loader(unit, actor, str(catalogue.programme.body.get("code")), four_eyes=four_eyes)
        for index, row in enumerate(rows):
            if index == 0:
                loader.take(row, loader.programme)
            else:
                loader.take(row, loader.commitment if index <= len(catalogue.commitments) else loader.event)
            progress(index + 1, len(rows))
        if loader.bad:
            raise BadRows(loader.bad)
        return {"programme": loader.code, "recorded": loader.recorded, "skipped": loader.skipped}

    return command


class _Loader:
    def __init__(self, unit: Unit, actor: str, code: str, *, four_eyes: bool) -> None:
        self.unit, self.code, self.four_eyes = unit, code, four_eyes
        self.recorder, self.reviewer = Caller(actor, "recorder"), Caller(actor, "reviewer")
        self.bad: list[BadRow] = []
        self.recorded = self.skipped = 0
        self._references: dict[str, str] = {}

    def take(self, row: Row, step: Callable[[Row], bool]) -> None:
        """Record a row unless it is there; note what is wrong with it."""
        try:
            if step(row):
                self.recorded += 1
            else:
                self.skipped += 1
        except (Declined, Refusal) as refused:
            self.bad.append(BadRow(row.place, str(refused)))

    def programme(self, row: Row) -> bool:
        """Publish the programme."""
        there = self.unit.programme(self.code)
        if there is None:
            publish_programme(Request(self.recorder, dict(row.body)))(self.unit)
            return True
        facts, _ = split(
            "programme_published",
            {"occurred_on": row.body.get("adopted_on"), "details": {"visibility": "public", **row.body}},
        )
        self._same(row, there.entries[0], facts)
        return False

    def commitment(self, row: Row) -> bool:
        """Announce a commitment."""
        reference = str(row.body.get("reference"))
        if reference in self._references:
            self.bad.append(BadRow(row.place, f"{reference} stands in {self._references[reference]} already"))
            return False
        self._references[reference] = row.place
        if row.body.get("programme", self.code) != self.code:
            self.bad.append(BadRow(row.place, f"{reference} belongs to another programme; accepted: {self.code}"))
            return False
        body = {"programme": self.code, "external_id": f"{self.code}:{reference}", **row.body}
        there = self.unit.commitment(reference)
        if there is None:
            announce(Request(self.recorder, body))(self.unit)
            return True
        facts, _ = split("announced", announcement(body))
        self._same(row, there.history.entries[0], facts)
        return False

    def event(self, row: Row) -> bool:
        """Record an event of the history."""
        body = {name: value for name, value in row.body.items() if name != "reference"}
        body["external_id"] = f"{self.code}:{row.id}"
        reference, kind = str(row.body.get("reference")), body.get("kind")
        there = self.unit.commitment(reference)
        for entry in there.history.entries if there else ():
            if entry.facts.get("external_id") == body["external_id"]:
                facts, _ = split(entry.kind, {name: value for name, value in body.items() if name != "kind"})
                self._same(row, entry, facts if kind == entry.kind else {"kind": kind})
                return False
        caller = self.reviewer if kind == "reviewed" else self.recorder
        record_event(Request(caller, body), reference, four_eyes=self.four_eyes)(self.unit)
        return True

    def _same(self, row: Row, entry: Entry, facts: Facts) -> None:
        """What was recorded must have the same facts, but for what the ledger adds itself."""
        added = {"effective_on": entry.facts["effective_on"], "language": "en"}
        wanted = {**added, **facts}
        recorded = {"external_id": wanted.get("external_id"), **entry.facts}
        if wanted != {name: value for name, value in recorded.items() if value is not None}:
            names = sorted(name for name in {*wanted, *recorded} if wanted.get(name) != recorded.get(name))
            what = f"entry {entry.version} of this row was recorded with other facts ({', '.join(names)})"
            self.bad.append(
                BadRow(row.place, f"{what}; accepted: the facts as recorded, or a correction through the API")
            )
