"""A small witness (C2SP tlog-witness) that shares no code with the ledger: notes, signatures and proofs are its own."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def grows(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2, step by step as it is written there."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    if old > new or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(b"\x01" + c + fr).digest()
            sr = hashlib.sha256(b"\x01" + c + sr).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0


class Witness:
    """Remembers the last checkpoint of each log it knows, in a file; *mood* makes it misbehave."""

    def __init__(self, folder: Path, name: str = "witness.example/w1") -> None:
        self.name, self._path = name, folder / f"{name.replace('/', '-')}.json"
        self._key = Ed25519PrivateKey.generate()
        self._logs: dict[str, tuple[str, bytes]] = {}
        self._lock = threading.Lock()
        self.mood = "good"
        self.monitored = True
        self.asked = 0
        self.server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def vkey(self) -> str:
        public = self._key.public_key().public_bytes_raw()
        encoded = base64.b64encode(b"\x04" + public).decode()
        return f"{self.name}+{key_id(self.name, 4, public).hex()}+{encoded}"

    @property
    def setting(self) -> str:
        return f"{self.vkey} http://127.0.0.1:{self.port}"

    def trust(self, vkey: str) -> None:
        """Know a log by its verifier key."""
        origin, _, encoded = vkey.split("+", 2)
        self._logs[origin] = vkey, base64.b64decode(encoded)[1:]

    def remembered(self) -> dict[str, Any]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def __enter__(self) -> Self:
        witness = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self._answer(*witness.add(body))

            def do_GET(self) -> None:
                self._answer(*witness.show(self.path))

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()

    def show(self, path: str) -> tuple[int, bytes]:
        for origin, kept in self.remembered().items():
            if self.monitored and path == f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint":
                return 200, kept["note"].encode()
        return 404, b""

    def add(self, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.mood == "slow":
            time.sleep(1.5)
        if self.mood == "garbage":
            return 200, b"\xff\xfe<html>\n"
        if self.mood == "remembers more":
            return 409, b"1000000\n"
        with self._lock:
            return self._add(body.decode())

    def _add(self, body: str) -> tuple[int, bytes]:
        head, _, note = body.partition("\n\n")
        old_line, *proof_lines = head.split("\n")
        text, signatures = note.rsplit("\n\n", 1)
        text += "\n"
        origin, size_line, root_line = text.split("\n")[:3]
        if origin not in self._logs:
            return 404, b""
        if not self._signed(origin, text, signatures):
            return 403, b""
        old, size, root = int(old_line.removeprefix("old ")), int(size_line), base64.b64decode(root_line)
        if old > size:
            return 400, b""
        memory = self.remembered()
        known = memory.get(origin, {"size": 0, "root": ""})
        if old != known["size"] or (old == size and old and root != base64.b64decode(known["root"])):
            return 409, f"{known['size']}\n".encode()
        proof = [base64.b64decode(line) for line in proof_lines if line]
        if not grows(old, base64.b64decode(known["root"]), size, root, proof):
            return 422, b""
        memory[origin] = {"size": size, "root": root_line, "note": note}
        self._path.write_text(json.dumps(memory))
        return 200, self._cosignature(text)

    def _signed(self, origin: str, text: str, signatures: str) -> bool:
        _, public = self._logs[origin]
        for line in signatures.splitlines():
            _, name, encoded = line.split(" ")
            content = base64.b64decode(encoded)
            if name == origin and content[:4] == key_id(origin, 1, public):
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(content[4:], text.encode())
                except InvalidSignature:
                    return False
                return True
        return False

    def _cosignature(self, text: str) -> bytes:
        now = int(time.time())
        key = Ed25519PrivateKey.generate() if self.mood == "another key" else self._key
        signed = text.replace("\n", "\n\n", 1) if self.mood == "another text" else text
        signature = key.sign(f"cosignature/v1\ntime {now}\n{signed}".encode())
        public = self._key.public_key().public_bytes_raw()
        content = key_id(self.name, 4, public) + now.to_bytes(8, "big") + signature
        return f"\u2014 {self.name} {base64.b64encode(content).decode()}\n".encode()
