"""A time-stamping authority: `openssl ts` behind a small HTTP server, with a CA of its own."""

import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

_CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
[stamping]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


def openssl(*arguments: object) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


class Authority:
    """Stamps what it is asked for; *mood* makes it misbehave."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.mood, self.asked = folder, "good", 0
        self.root = folder / "root.pem"
        self._config = folder / "openssl.cnf"
        self._config.write_text(_CONFIG.format(folder=folder, digests="sha256, sha512"))
        (folder / "refusing.cnf").write_text(_CONFIG.format(folder=folder, digests="sha512"))
        (folder / "serial").write_text("01\n")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *key, "-subj", "/CN=Test root", "-days", 2, "-keyout", folder / "root.key",
                "-out", self.root)  # fmt: skip
        openssl("req", "-new", *key, "-subj", "/CN=Test TSA", "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr")
        openssl("x509", "-req", "-in", folder / "tsa.csr", "-CA", self.root, "-CAkey", folder / "root.key",
                "-set_serial", 2, "-days", 2, "-extfile", self._config, "-extensions", "stamping",
                "-out", folder / "tsa.pem")  # fmt: skip
        self._lock = threading.Lock()
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/tsr"

    def __enter__(self) -> Self:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["content-length"]))
                right = self.headers["content-type"] == "application/timestamp-query"
                authority.asked += 1
                status, body = authority.answer(query) if right else (415, b"")
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):  # who asked has lost patience
                    self._send(body)

            def _send(self, body: bytes) -> None:
                for at in range(len(body) if authority.mood == "dripping" else 0):
                    self.wfile.write(body[at : at + 1])
                    time.sleep(0.02)
                if authority.mood != "dripping":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, query: bytes) -> tuple[int, bytes]:
        with self._lock:
            match self.mood:
                case "silent":
                    self.let_go.wait(30)
                    return 503, b""
                case "out of order":
                    return 500, b"<html>"
                case "garbage":
                    return 200, b"\x30\x03\xff\xff<html>\n"
                case "cut off":
                    return 200, self._stamp(query)[:-40]
                case "endless":
                    return 200, b"\x00" * 10_000_000
                case "another text":
                    return 200, self._stamp(self._question("-sha256", "-digest", "ab" * 32))
                case "another nonce":
                    return 200, self._stamp(self._question("-sha256", "-digest", self._digest(query)))
                case "no nonce":
                    return 200, self._stamp(self._question("-sha256", "-no_nonce", "-digest", self._digest(query)))
                case "refusing":
                    return 200, self._stamp(query, "refusing.cnf")
            return 200, self._stamp(query)

    def _stamp(self, query: bytes, config: str = "openssl.cnf") -> bytes:
        asked, reply = self.folder / "asked.tsq", self.folder / "reply.tsr"
        asked.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", self.folder / config, "-queryfile", asked, "-out", reply]
        subprocess.run(command, check=config == "openssl.cnf", capture_output=True)
        return reply.read_bytes()

    def _question(self, *arguments: str) -> bytes:
        return openssl("ts", "-query", "-cert", *arguments)

    def _digest(self, query: bytes) -> str:
        """The digest stands after the identifier of SHA-256, its NULL, and the head of a string of 32 bytes."""
        at = query.index(b"\x04\x20") + 2
        return query[at : at + 32].hex()
