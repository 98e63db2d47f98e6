"""Clients that send slowly, nothing, too much or no HTTP, or take nothing, are cut off; others are answered."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from tests.serving import Server, made_ledger

pytestmark = pytest.mark.slow
HEAD = b"POST /v1/commitments/C-0/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    folder: Path = tmp_path_factory.mktemp("slow")
    token = made_ledger(folder, 1)
    server = Server(
        folder, LEDGER_REQUEST_SECONDS="3", LEDGER_KEEP_ALIVE_SECONDS="1", LEDGER_TAKING_SECONDS="1",
        LEDGER_PUBLIC_READ="true",
    )  # fmt: skip
    yield server, token
    assert server.stop() == 0


def connected(server: Server, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(sent)
    return connection


def rest(connection: socket.socket) -> bytes:
    """Give all that comes until the server closes."""
    with connection:
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def problem(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    found: dict[str, object] = json.loads(body)
    assert head.split(b" ")[1] == str(found["status"]).encode()
    return found


def works(server: Server, token: str) -> None:
    """Whoever does as everybody does can read and record."""
    given = {"authorization": f"Bearer {token}"}
    event = {"kind": "progressed", "occurred_on": "2024-03-01", "statement": "On it goes."}
    assert httpx2.post(f"{server.address}/v1/commitments/C-0/events", json=event, headers=given).status_code == 201
    assert httpx2.get(f"{server.address}/v1/commitments/C-0", headers=given).status_code == 200


def test_a_request_that_does_not_arrive_in_time_is_told_so_and_others_are_answered_meanwhile(
    served: tuple[Server, str],
) -> None:
    server, token = served
    authorised = HEAD + f"Authorization: Bearer {token}\r\n".encode()
    slow = [
        connected(server, b"GET /v1/commitments HTTP/1.1\r\nHost: x\r\nX-Slow: "),
        connected(server, authorised + b'Content-Length: 100\r\n\r\n{"kind'),
        connected(server, authorised + b'Transfer-Encoding: chunked\r\n\r\n6\r\n{"kind\r\n'),
        connected(server, authorised + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n"),
    ]
    for _ in range(3):  # dribbling does not help
        time.sleep(0.1)
        slow[0].sendall(b"x")
    works(server, token)
    assert slow[3].recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    for connection in slow:
        found = problem(rest(connection))
        assert (found["status"], found["detail"]) == (408, "the request did not arrive within 3 seconds")
    works(server, token)


def test_connections_that_say_nothing_are_closed_before_a_first_request_and_after_one(
    served: tuple[Server, str],
) -> None:
    server, _ = served
    silent = connected(server)
    asked = connected(server, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert rest(silent) == b""
    answer = rest(asked)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1


def test_whoever_is_refused_early_and_goes_on_sending_is_cut_off(served: tuple[Server, str]) -> None:
    server, _ = served
    connection = connected(server, HEAD + b"Content-Length: 100000\r\n\r\n{")
    answer = rest(connection)
    assert answer.startswith(b"HTTP/1.1 401")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_head_without_end_is_refused_while_it_comes(served: tuple[Server, str]) -> None:
    server, _ = served
    for endless in (b"GET / HTTP/1.1\r\nX: " + b"x" * 300_000, b"GET /" + b"x" * 300_000, b"\r\n" * 150_000):
        with connected(server) as connection:
            try:
                connection.sendall(endless)
                assert problem(rest(connection))["status"] in (400, 431)
            except ConnectionError:  # it was closed while it still came
                pass


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_too(served: tuple[Server, str], sent: bytes) -> None:
    server, _ = served
    assert problem(rest(connected(server, sent)))["status"] == 400


def test_two_requests_in_one_piece_get_two_answers(served: tuple[Server, str]) -> None:
    server, _ = served
    one = b"GET /v1/commitments/C-0 HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert rest(connected(server, one + one + last)).count(b"HTTP/1.1 200") == 3


def taken(connection: socket.socket) -> int:
    """Take all that comes, and count it; a reset is an end, too."""
    count = 0
    with suppress(ConnectionError):
        while piece := connection.recv(1_000_000):
            count += len(piece)
    return count


def test_who_takes_nothing_of_an_answer_is_cut_off(served: tuple[Server, str]) -> None:
    server, token = served
    asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    # So many answers do not fit into what the system keeps for a connection.
    many = 20_000_000 // len(httpx2.get(f"{server.address}/openapi.json").content)
    with connected(server, asked * many) as one_that_takes:
        assert taken(one_that_takes) > 19_000_000
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(asked * many)
        time.sleep(3)
        works(server, token)
        connection.settimeout(10)
        assert taken(connection) < 19_000_000


def test_more_connections_than_allowed_make_room_by_the_one_that_waited_longest(tmp_path: Path) -> None:
    token = made_ledger(tmp_path, 1)
    server = Server(tmp_path, LEDGER_MAX_CONNECTIONS="64", LEDGER_REQUEST_SECONDS="600")
    try:
        with ExitStack() as held:
            idle = [held.enter_context(connected(server, b"GET /health/live HTTP/1.1\r\n")) for _ in range(100)]
            works(server, token)
            assert taken(idle[0]) == 0
            idle[-1].sendall(b"Host: x\r\nConnection: close\r\n\r\n")
            assert rest(idle[-1]).startswith(b"HTTP/1.1 200")
    finally:
        assert server.stop() == 0
