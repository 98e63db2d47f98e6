"""The log's keys, in one file that only its owner may read. Never in the database.

The file is replaced as a whole, so that a rotation is done or not done. A new key is written down before it is
announced in the ledger, and signs only after: the ledger never names a key that was lost, and none signs unannounced.
"""

import json
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from domain.notes import Signature, VerifierKey, parse_verifier_key
from domain.unproven import Malformed
from infrastructure import files
from infrastructure.log.signatures import SECRET, SigningKey, parse_secret_text

NAME: Final = "log-keys.json"


class BadKeyFileError(Exception):
    """The key file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Former:
    """A key that was rotated out: signs beside its successor until an instant, and verifies the past for ever."""

    verifier: VerifierKey
    until: datetime
    secret: SigningKey | None


@dataclass(frozen=True, slots=True)
class Keys:
    """The key that signs, the one that is to follow it (not announced yet), and the former ones."""

    current: SigningKey | VerifierKey
    following: SigningKey | None = None
    former: tuple[Former, ...] = ()

    @property
    def signs(self) -> bool:
        """Whether the secret is there; without it a host follows the log and never seals."""
        return isinstance(self.current, SigningKey)

    @property
    def verifier(self) -> VerifierKey:
        """The public half of the current key."""
        return self.current.verifier if isinstance(self.current, SigningKey) else self.current

    def public(self) -> "Keys":
        """Leave the secrets out."""
        return Keys(self.verifier, None, tuple(Former(each.verifier, each.until, None) for each in self.former))

    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Give every key whose signatures count: the current one first, then the former, the latest first."""
        return (self.verifier, *(each.verifier for each in reversed(self.former)))

    def signatures(self, text: str, now: datetime) -> tuple[Signature, ...]:
        """Sign with the current key, and with a former one while both are to sign."""
        if not isinstance(self.current, SigningKey):
            raise BadKeyFileError("the key file holds no secret; accepted: this on the host that holds it")
        both = [each.secret for each in self.former if each.secret is not None and now < each.until]
        return tuple(key.signature_of(text) for key in (self.current, *both))

    def rotated(self, until: datetime) -> "Keys":
        """Let the following key be the current one; the current one signs with it until then."""
        assert self.following is not None
        assert isinstance(self.current, SigningKey)
        retired = Former(self.current.verifier, until, self.current)
        return Keys(self.following, None, (*self.former, retired))

    def without_spent_secrets(self, now: datetime) -> "Keys":
        """Forget the secrets whose time is over: nobody can sign with them any more."""
        former = tuple(Former(each.verifier, each.until, each.secret if now < each.until else None)
                       for each in self.former)  # fmt: skip
        return Keys(self.current, self.following, former)


class KeyFile:
    """The file. What it holds is read again only when it has changed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._seen: tuple[tuple[int, int], Keys] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.exists()

    def read(self) -> Keys:
        """Give the keys; BadKeyFileError if the file is missing, broken, or others may read it."""
        try:
            found = self.path.stat()
            if sys.platform != "win32" and stat.S_IMODE(found.st_mode) & 0o077:
                mode = stat.S_IMODE(found.st_mode)
                raise BadKeyFileError(
                    f"others may read the key file {self.path} (mode {mode:04o}); accepted: mode 0600, "
                    "and a rotated key if somebody may have read it"
                )
            mark = found.st_mtime_ns, found.st_ino
            if self._seen is None or self._seen[0] != mark:
                self._seen = mark, _keys(json.loads(self.path.read_bytes()))
        except OSError as missing:
            why = missing.strerror or type(missing).__name__
            raise BadKeyFileError(f"the key file {self.path} cannot be read: {why}") from missing
        except (ValueError, KeyError, TypeError, Malformed) as broken:
            raise BadKeyFileError(f"the key file {self.path} is broken; put its backup in its place") from broken
        return self._seen[1]

    def make(self, keys: Keys) -> bool:
        """Write the first keys, unless there are any; tell whether it did."""
        with files.FileLock(self.path.with_suffix(".lock")).waiting():
            if self.exists:
                return False
            self.write(keys)
        return True

    def write(self, keys: Keys) -> None:
        """Replace the file."""
        files.replace(self.path, _written(keys), mode=files.PRIVATE)
        self._seen = None

    def copy_public(self, target: Path) -> None:
        """Write what it holds but the secrets into another file; FileExistsError if there is one."""
        content = _written(self.read().public())
        with target.open("xb") as file:
            target.chmod(files.PRIVATE)
            file.write(content)

    def change(self, change: Callable[[Keys], Keys]) -> Keys:
        """Replace the file by what *change* makes of it, one process at a time."""
        with files.FileLock(self.path.with_suffix(".lock")).waiting():
            before = self.read()
            after = change(before)
            if after != before:
                self.write(after)
        return after


def _written(keys: Keys) -> bytes:
    return json.dumps(_json(keys), indent=1).encode() + b"\n"


def _json(keys: Keys) -> dict[str, Any]:
    return {
        "current": keys.current.secret_text() if isinstance(keys.current, SigningKey) else str(keys.current),
        "following": None if keys.following is None else keys.following.secret_text(),
        "former": [
            {
                "key": str(each.verifier),
                "until": each.until.isoformat(),
                "secret": None if each.secret is None else each.secret.secret_text(),
            }
            for each in keys.former
        ],
    }


def _keys(read: dict[str, Any]) -> Keys:
    former = tuple(
        Former(
            parse_verifier_key(each["key"]),
            datetime.fromisoformat(each["until"]),
            None if each["secret"] is None else parse_secret_text(each["secret"]),
        )
        for each in read["former"]
    )
    following = None if read["following"] is None else parse_secret_text(read["following"])
    current = read["current"]
    secret = current.startswith(SECRET)
    return Keys(parse_secret_text(current) if secret else parse_verifier_key(current), following, former)
