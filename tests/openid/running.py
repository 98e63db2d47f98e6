"""Runs a certified OpenID provider: a process of its own, which knows nothing of this project."""

import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import Key

from tests.node_packages import node_packages
from tests.published_provider import AUDIENCE
from tests.serving import free_port

HERE = Path(__file__).parent
SECRET = "a secret of the ledger and its provider only"
PEOPLE = {
    "rita": {"groups": ["everybody", "ledger-recorders"], "name": "Rita Recorder"},
    "rob": {"groups": ["ledger-reviewers"], "name": "Rob Reviewer"},
    "nora": {"groups": ["nobody-we-know"], "name": "Nora Nobody"},
}


class RunningProvider:
    """`oidc-provider` on a port of its own, with the ledger and a service as its clients."""

    def __init__(self, keys: Sequence[Key], ledger: str = "http://127.0.0.1:9") -> None:
        self.port, self._ledger = free_port(), ledger
        # Not the host of the ledger: to a browser it is another site, as it is in life.
        self.issuer = f"http://localhost:{self.port}"
        self._process: subprocess.Popen[str] | None = None
        self.start(keys)

    def start(self, keys: Sequence[Key]) -> None:
        """Start with these keys, on the same port as ever; nothing but them is remembered."""
        self.stop()
        program = node_packages(HERE) / "provider.mjs"  # imports are looked for from where a program lies
        shutil.copy(HERE / program.name, program)
        self._process = subprocess.Popen(
            ["node", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        json.dump(self._set_up(keys), self._process.stdin)
        self._process.stdin.close()
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line == "listening\n":
                return
        raise AssertionError("".join(said))

    def _set_up(self, keys: Sequence[Key]) -> Mapping[str, Any]:
        service = {"client_id": "harbour-office", "client_secret": SECRET, "redirect_uris": [], "response_types": []}
        ledger = {
            "client_id": "ledger", "client_secret": SECRET, "redirect_uris": [f"{self._ledger}/auth/callback"],
            "post_logout_redirect_uris": [f"{self._ledger}/auth/logout"],
        }  # fmt: skip
        signed = {"id_token_signed_response_alg": keys[0].alg}
        return {
            "issuer": self.issuer,
            "port": self.port,
            "audience": AUDIENCE,
            "people": PEOPLE,
            "keys": [key.as_dict(private=True) for key in keys],
            "clients": [ledger | signed, service | signed | {"grant_types": ["client_credentials"]}],
        }

    def access_token(self, scope: str) -> str:
        """Let the service have a token, as it would itself."""
        login = b64encode(f"harbour-office:{SECRET}".replace(" ", "+").encode()).decode()
        answer = httpx2.post(
            f"{self.issuer}/token",
            data={"grant_type": "client_credentials", "scope": scope},
            headers={"authorization": f"Basic {login}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            assert self._process.stderr is not None
            self._process.stderr.close()
            self._process = None
