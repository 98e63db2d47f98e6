"""What an OpenID provider publishes, on a small HTTP server of the test that holds the keys and so can forge.

It issues what the test tells it to; tests/openid has a real provider.
"""

import json
import threading
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jws
from joserfc.jwk import Key, generate_key

AUDIENCE, CLIENT = "https://ledger.example", "ledger"
ROLES = (
    "groups ledger-admins=administrator ledger-recorders=recorder ledger-reviewers=reviewer everybody=auditor "
    "port=recorder:airport"
)
_SHAPES: Mapping[str, tuple[Any, Any]] = {
    "RS256": ("RSA", 2048), "PS256": ("RSA", 2048), "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"),
    "Ed25519": ("OKP", "Ed25519"), "EdDSA": ("OKP", "Ed25519"),
}  # fmt: skip


def new_key(algorithm: str = "ES256", kid: str = "first") -> Key:
    kind, size = _SHAPES[algorithm]
    return generate_key(kind, size, {"kid": kid, "alg": algorithm, "use": "sig"})


def signed(header: Mapping[str, Any], payload: Any, key: Key | None, algorithm: str | None = None) -> str:
    """Sign whatever it is, as an attacker would who is bound by no library."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    model = jws.JWSRegistry.algorithms[algorithm or header["alg"]]
    protected = f"{encoded(json.dumps(header).encode())}.{encoded(content)}"
    return f"{protected}.{encoded(model.sign(protected.encode(), key))}"


def encoded(content: bytes) -> str:
    """Write bytes as the parts of a JWT."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class PublishedProvider:
    """Serves a discovery document and keys; both can be changed, and it counts what it is asked."""

    def __init__(self, port: int = 0) -> None:
        self.keys = [new_key()]
        self.more_keys: list[Mapping[str, Any]] = []
        self.said: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self.is_down = False
        self.issued: dict[str, Any] = {}
        """What the next code is exchanged for."""
        self.known: dict[str, Any] = {}
        """What userinfo tells."""
        self.exchanges: list[tuple[str | None, dict[str, str]]] = []
        """The Authorization header and the form of every exchange."""
        provider = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self)

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.exchanges.append((self.headers["Authorization"], dict(parse_qsl(form))))
                provider.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked[request.path] += 1
        documents = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                **self.said,
            },
            "/token": self.issued,
            "/userinfo": self.known,
            "/keys": {"keys": [*(key.as_dict(private=False) for key in self.keys), *self.more_keys]},
        }
        found = None if self.is_down else documents.get(request.path)
        body = json.dumps(found).encode()
        request.send_response(503 if found is None else 400 if "error" in found else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def claims(self, now: datetime, **claims: Any) -> dict[str, Any]:
        """Give what a good access token claims."""
        instant = int(now.timestamp())
        good = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "ada@example.org", "client_id": "harbour-office", "jti": "j",
            "iat": instant, "exp": instant + 300, "groups": ["everybody", "ledger-recorders"],
        }  # fmt: skip
        return good | claims

    def token(self, now: datetime, key: Key | None = None, **claims: Any) -> str:
        """Give an access token; a claim that is None is left out."""
        key = key or self.keys[0]
        header = {"alg": key.alg, "kid": key.kid, "typ": "at+jwt"}
        said = {name: value for name, value in self.claims(now, **claims).items() if value is not None}
        return signed(header, said, key)

    def id_token(self, now: datetime, **claims: Any) -> str:
        """Give an ID token; a claim that is None is left out."""
        key, claims = self.keys[0], {"client_id": None, "jti": None, "aud": CLIENT} | claims
        said = {name: value for name, value in self.claims(now, **claims).items() if value is not None}
        return signed({"alg": key.alg, "kid": key.kid}, said, key)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def published_provider() -> Iterator[PublishedProvider]:
    provider = PublishedProvider()
    try:
        yield provider
    finally:
        provider.close()
