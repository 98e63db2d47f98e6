"""Somebody outside: records through the API, remembers what was acknowledged, and keeps every checkpoint ever shown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from domain.checkpoint import Checkpoint, open_checkpoint
from domain.merkle import verify_consistency
from domain.notes import parse_verifier_key
from domain.policy import Party, Policy
from infrastructure.log.signatures import verify
from tests.serving import Server

COMMITMENTS = 10


@dataclass
class Outsider:
    """What is known outside of one ledger, however often its server ends."""

    token: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    shown: dict[bytes, Checkpoint] = field(default_factory=dict)
    keys: dict[str, Party] = field(default_factory=dict)
    number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, server: Server) -> httpx2.Client:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx2.Client(base_url=server.address, headers=headers, timeout=60)

    def post(self, client: httpx2.Client) -> httpx2.Response | None:
        """Record one more step; None if nobody answered."""
        with self._lock:
            self.number += 1
            number = self.number
        step = f"n:{number}"
        event = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": f"Step {number}.", "external_id": step}
        try:
            answer = client.post(f"/v1/commitments/C-{number % COMMITMENTS}/events", json=event)
        except httpx2.TransportError:
            return None
        if answer.status_code == 201:
            self.acknowledged[step] = answer.json()["position"]
        else:
            self.refused[answer.status_code] = self.refused.get(answer.status_code, 0) + 1
        return answer

    def look(self, client: httpx2.Client) -> Checkpoint | None:
        """Keep the checkpoint that is shown now, and check who signed it."""
        try:
            keys, note = client.get("/log/key"), client.get("/log/checkpoint")
        except httpx2.TransportError:
            return None
        if (keys.status_code, note.status_code) != (200, 200):
            return None
        for line in keys.text.splitlines():
            self.keys.setdefault(line, Party(parse_verifier_key(line)))
        if note.content not in self.shown:
            policy = Policy(tuple(self.keys.values()))
            self.shown[note.content] = open_checkpoint(note.content, policy, verify, without_quorum=True).checkpoint
        return self.shown[note.content]

    @contextmanager
    def busy(self, *servers: Server, threads: int = 4) -> Iterator[None]:
        """Record and look all the time, in threads."""
        stop = threading.Event()

        def work(server: Server, task: str) -> None:
            with self.client(server) as client:
                while not stop.is_set():
                    answered = self.post(client) if task == "post" else self.look(client)
                    # Mostly they wait for an answer; without any pause servers would hardly get to start beside them.
                    time.sleep(0.01 if answered is None else 0.005)

        running = [
            threading.Thread(target=work, args=(server, task))
            for server in servers
            for task in (*["post"] * threads, "look")
        ]
        for each in running:
            each.start()
        try:
            yield
        finally:
            stop.set()
            for each in running:
                each.join()

    def wait_for_more(self, count: int) -> None:
        """Wait until so many more steps are acknowledged."""
        wanted, until = len(self.acknowledged) + count, time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < until, self.refused
            time.sleep(0.01)

    def wait_until_sealed(self, client: httpx2.Client) -> Checkpoint:
        """Wait until everything recorded is published."""
        until = time.monotonic() + 60
        while True:
            head, position = self.look(client), client.get("/health/ready").json().get("position", -1)
            if head is not None and head.size == position:
                return head
            assert time.monotonic() < until, (head, position)
            time.sleep(0.02)

    def judge(self, server: Server) -> Checkpoint:
        """Nothing acknowledged is lost or moved, nothing is there twice, no two checkpoints contradict each other."""
        with self.client(server) as client:
            last = self.wait_until_sealed(client)
            answer = client.get("/v1/events", headers={"accept": "application/x-ndjson"})
            found = [httpx2.Response(200, content=line).json() for line in answer.iter_lines()]
            assert [entry["position"] for entry in found] == list(range(1, last.size + 1))
            steps = [entry["external_id"] for entry in found if str(entry["external_id"]).startswith("n:")]
            assert len(steps) == len(set(steps))
            there = {entry["external_id"]: entry["position"] for entry in found}
            assert self.acknowledged.items() <= there.items()
            instants = [entry["recorded_at"] for entry in found]
            assert instants == sorted(set(instants))
            for each in set(self.shown.values()):
                proof = client.get(f"/log/proof/consistency?from={each.size}&to={last.size}").json()["hashes"]
                hashes = [bytes.fromhex(one) for one in proof]
                verify_consistency(each.size, each.root, last.size, last.root, hashes)
            return last

    def oldest(self, folder: Path) -> Path:
        """Put the first checkpoint that was ever shown, and has entries, into a file."""
        notes = {head.size: note for note, head in self.shown.items() if head.size}
        path = folder / "oldest.checkpoint"
        path.write_bytes(notes[min(notes)])
        return path
