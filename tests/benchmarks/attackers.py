"""Attackers, as a program of their own: `attackers.py guess|dribble|idle PORT COUNT`. Ends, and tells, on SIGTERM."""

import asyncio
import json
import random
import resource
import signal
import sys
from collections import Counter
from contextlib import suppress

import uvloop

_HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
done: Counter[str] = Counter()


async def guess(port: int) -> None:
    """Guess at tokens as fast as answers come, on a connection that is kept."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while True:
                token = f"ldg_{random.getrandbits(256):064x}"
                writer.write(
                    f"GET /v1/commitments/C-0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
                )
                head = await reader.readuntil(b"\r\n\r\n")
                done[head[9:12].decode()] += 1
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
                await reader.readexactly(int(length.split(b":")[1]))


async def dribble(port: int) -> None:
    """Send a head, or a body, ten bytes a second."""
    head = b"POST /v1/commitments/C-0/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 1000\r\n"
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            done["opened"] += 1
            if random.random() < 0.5:
                writer.write(head + b"\r\n")
            while not writer.is_closing():
                writer.write(random.choice((b"x-a: b\r\n", b"x", b"y-")))
                await asyncio.sleep(random.uniform(0.1, 0.4))


async def idle(port: int) -> None:
    """Open a connection and say nothing; open another when it is closed."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            done["opened"] += 1
            await reader.read()
            writer.close()
        except OSError:
            done["refused"] += 1
            await asyncio.sleep(1)


async def attack(name: str, port: int, count: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    work = {"guess": guess, "dribble": dribble, "idle": idle}[name]
    tasks = set()
    for number in range(count):
        tasks.add(asyncio.create_task(work(port)))
        if number % 100 == 99:
            await asyncio.sleep(0.05)
    print("begun", flush=True)
    await ended.wait()
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (_HARD, _HARD))
    with suppress(asyncio.CancelledError):
        uvloop.run(attack(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
