"""The usual way, for comparison: the same aggregate, saved by the library's own recorder behind a `def` endpoint.

`python -m tests.benchmarks.native PORT COMMITMENTS`, with the library's settings in the environment. It does what our
POST does of validation and rules, and no more: no tokens, read models, tree, texts apart, or gapless positions.
It is as durable: the library uses a WAL, too, and leaves SQLite's `synchronous` and PostgreSQL's `synchronous_commit`
as they are, FULL and on.
Aggregates stay in the library's cache, neither copied nor read again, which is right for one process only.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvicorn
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper, Transcoder, Transcoding
from fastapi import FastAPI

from application.recording import announcement, recorded_answer
from domain.commitment import Commitment
from domain.entry import Entry
from domain.recording import Act

_CACHED = {"AGGREGATE_CACHE_MAXSIZE": "0", "AGGREGATE_CACHE_FASTFORWARD": "no", "DEEPCOPY_FROM_AGGREGATE_CACHE": "no"}


class EntryTranscoding(Transcoding):
    """An entry as JSON."""

    type, name = Entry, "entry"

    def encode(self, obj: Entry) -> Any:
        return [obj.position, obj.version, obj.kind, obj.recorded_at, obj.recorded_by, obj.role, obj.facts, obj.texts]

    def decode(self, data: Any) -> Entry:
        return Entry(*data)


class Ledger(Application[UUID]):
    """Commitments in the library's own store."""

    def construct_mapper(self) -> Mapper[UUID]:
        return self.factory.mapper(transcoder=self.construct_transcoder(), mapper_class=Mapper)

    def register_transcodings(self, transcoder: Transcoder) -> None:
        super().register_transcodings(transcoder)
        assert isinstance(transcoder, JSONTranscoder)
        transcoder.register(EntryTranscoding())


def _act() -> Act:
    now = datetime.now(UTC)
    return Act(0, now, now.date(), "bench", "recorder")


def app(commitments: list[dict[str, Any]]) -> FastAPI:
    """Make the server, with commitments that have started."""
    ledger, server = Ledger(env=os.environ | _CACHED), FastAPI()
    for body in commitments:
        commitment = Commitment.announce(announcement(body), _act(), frozenset())
        began = {"occurred_on": body["occurred_on"], "statement": "It began."}
        commitment.record("started", began, _act(), frozenset())
        ledger.save(commitment)

    @server.post("/v1/commitments/{reference}/events", status_code=201)
    def record(reference: str, body: dict[str, Any]) -> dict[str, Any]:
        commitment: Commitment = ledger.repository.get(Commitment.id_of(reference))
        commitment.record(body.pop("kind"), body, _act(), frozenset())
        commitment.collect_course_changes()
        ledger.save(commitment)
        return recorded_answer(reference, commitment.history.entries[-1], status=commitment.history.state.status)

    return server


if __name__ == "__main__":
    from tests.serving import crowd

    uvicorn.run(
        app(crowd(int(sys.argv[2]))["commitments"]), port=int(sys.argv[1]), loop="uvloop", http="httptools",
        access_log=False, log_level="warning",
    )  # fmt: skip
