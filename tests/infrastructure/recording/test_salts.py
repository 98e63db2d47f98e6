"""Salts: each is given once, in whatever thread and process."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from infrastructure.recording.salts import SIZE, new_salt


def test_no_salt_is_given_twice() -> None:
    with ThreadPoolExecutor(4) as threads:
        given = [salt for part in threads.map(lambda _: [new_salt() for _ in range(500)], range(4)) for salt in part]
    assert {len(salt) for salt in given} == {SIZE}
    assert len(set(given)) == 2_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process is forked here")
def test_a_forked_process_gives_salts_of_its_own() -> None:
    new_salt()
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, new_salt())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        others = pipe.read()
    os.wait()
    assert len(others) == SIZE
    assert others not in {new_salt() for _ in range(300)}
