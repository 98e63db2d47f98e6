"""Small files that survive a crash: either the old content is there, or the new one, and what was written stays."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

PRIVATE: Final = 0o600


def replace(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put *content* in the file's place, at once and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two processes never write into one file, and what a crash leaves behind is in nobody's way.
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        handle = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        try:
            _write_all(handle, content)
            os.fsync(handle)
        finally:
            os.close(handle)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def append(path: Path, line: bytes, *, mode: int = 0o644) -> None:
    """Add a line to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, mode)
    try:
        _write_all(handle, line)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; where folders cannot be opened, the system does it by itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


class FileLock:
    """A lock that one process on this machine holds, and that ends with the process however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def take(self, *, wait: bool = False) -> bool:
        """Take the lock; False if another holds it and it is not waited for."""
        if self._handle is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        if sys.platform != "win32":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                os.close(handle)
                return False
            except BaseException:
                os.close(handle)
                raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Let others have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Hold the lock for a while, once it is free."""
        self.take(wait=True)
        try:
            yield
        finally:
            self.release()
