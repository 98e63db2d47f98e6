"""Several hosts on one PostgreSQL: one seals, the others follow, remember and take over."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from infrastructure.log.key_file import KeyFile, Keys
from infrastructure.log.read_only import ReadOnlyError
from infrastructure.log.signatures import SigningKey
from infrastructure.wiring import CannotRecoverError, Services
from tests.hosts import KEYS, Hosts, Snapshot, copy_keys, several_hosts
from tests.sealed import SealedLedger


@pytest.fixture
def hosts(postgresql, tmp_path: Path) -> Iterator[Hosts]:
    with postgresql.migrated() as url, several_hosts(url, tmp_path) as hosts:
        yield hosts


@pytest.fixture
def a(hosts: Hosts) -> SealedLedger:
    """The host that was there first, and seals."""
    ledger = hosts.add("a").begin()
    ledger.seal()
    return ledger


@pytest.fixture
def b(hosts: Hosts, a: SealedLedger) -> SealedLedger:
    """A second host, with a copy of the key file."""
    return hosts.add("b", a)


def keys(host: SealedLedger) -> str:
    return str(host.services.log.standing()["hosts"]["keys"])


def seals(host: SealedLedger) -> bool:
    return bool(host.services.log.standing()["hosts"]["seals"])


def signed(host: SealedLedger) -> int:
    """How far this host remembers, by its own file."""
    state = host.services.log.state.signed()
    assert state is not None
    return state.size


def cut_session(host: SealedLedger) -> None:
    """End the session that elects a host, from the server's side."""
    session = host.services.log._hosts._session
    assert session is not None
    pid = session.connection.driver_connection.info.backend_pid
    with host.services._database.writing() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_one_host_seals_and_the_other_comes_after_it(a: SealedLedger, b: SealedLedger) -> None:
    for step in range(1, 4):
        (a if step % 2 else b).grow()
        assert a.seal().size == 2 + step
        assert b.seal().size == 2 + step
        assert signed(b) == 2 + step
        assert (seals(a), seals(b)) == (True, False)


def test_a_host_that_only_follows_signs_nothing_however_much_is_recorded(a: SealedLedger, b: SealedLedger) -> None:
    b.grow(5)
    assert b.seal().size == 2
    assert signed(b) == 2


def test_a_new_host_remembers_what_was_signed_before_it_came(a: SealedLedger, hosts: Hosts) -> None:
    a.grow(7)
    a.seal()
    assert signed(hosts.add("c", a)) == 9


def test_when_the_sealing_host_ends_another_goes_on_from_what_it_had_signed(a: SealedLedger, b: SealedLedger) -> None:
    a.grow(3)
    a.seal()
    a.close()  # b has not looked since
    b.grow()
    assert b.seal().size == 6
    assert seals(b)
    a.open()
    assert a.seal().size == 6
    assert (seals(a), seals(b)) == (False, True)
    b.assert_consistent()


def test_a_host_that_loses_its_session_stops_sealing_at_once_and_another_takes_over(
    a: SealedLedger, b: SealedLedger
) -> None:
    cut_session(a)
    b.grow(2)
    b.seal()
    assert (b.seal().size, seals(b)) == (4, True)
    a.services.log.sealer.seal()
    assert not seals(a)
    assert a.seal().size == 4
    a.assert_consistent()


def test_what_a_host_signed_when_it_had_lost_its_session_is_shown_to_nobody(
    a: SealedLedger, b: SealedLedger, monkeypatch
) -> None:
    b.grow()
    swap = a.services.log.state.swap

    def swap_and_lose(*arguments):
        swapped = swap(*arguments)
        cut_session(a)
        return swapped

    monkeypatch.setattr(a.services.log.state, "swap", swap_and_lose)
    a.services.log.sealer.seal()
    assert (signed(a), a.look().size) == (3, 2)
    assert b.seal().size == 3
    monkeypatch.undo()
    assert a.seal().size == 3


@pytest.mark.parametrize("followed", [True, False], ids=["both remember", "only the sealing host remembers"])
def test_every_host_refuses_a_database_that_was_put_back(a: SealedLedger, b: SealedLedger, followed: bool) -> None:
    older = Snapshot(str(a._settings["database_url"]))
    a.grow(3)
    a.seal()
    if followed:
        b.seal()
    older.restore()
    for host in (a, b, a, b):
        host.services.log.sealer.seal()
    for host in (a, b):
        with pytest.raises(ReadOnlyError) as refused:
            host.grow()
        assert refused.value.standstill.position == 3
        assert refused.value.standstill.lasting


def test_a_host_notices_what_was_put_back_before_it_records_anything(a: SealedLedger, b: SealedLedger) -> None:
    older = Snapshot(str(a._settings["database_url"]))
    a.grow(3)
    a.seal()
    b.seal()
    a.close()
    older.restore()
    b.reopen()
    with pytest.raises(ReadOnlyError) as refused:
        b.grow()
    assert refused.value.standstill.position == 3
    a.open()


def test_a_host_refuses_another_past_that_has_the_log_s_own_signature(a: SealedLedger, b: SealedLedger) -> None:
    older = Snapshot(str(a._settings["database_url"]))
    a.grow(2)
    a.seal()
    b.seal()
    a.close()
    (a.folder / "log" / "signed-state").unlink()  # a forgets, and nobody asks b
    older.restore()
    a.open()
    with a.services._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoints")
    a.services.log._hosts.resign()
    b.services.log._hosts.resign()
    a.services.log.sealer.seal()
    a.grow(4)
    a.services.log.sealer.seal()
    b.services.log.sealer.seal()
    with pytest.raises(ReadOnlyError):
        b.grow()


def recovered(host: SealedLedger) -> int:
    return host.services.recover("local", "a good backup is back", None).position


def test_every_host_recovers_once_what_was_signed_is_there_again(a: SealedLedger, b: SealedLedger) -> None:
    older = Snapshot(str(a._settings["database_url"]))
    a.grow(3)
    a.seal()
    newer = Snapshot(str(a._settings["database_url"]))
    older.restore()
    for host in (a, b, a, b):
        host.services.log.sealer.seal()
    newer.restore()
    with pytest.raises(CannotRecoverError, match="another host"):
        recovered(b)
    assert recovered(a) == 6
    a.close()
    assert recovered(b) == 7
    assert b.grow() == 8
    assert b.seal().size == 8
    a.open()
    assert a.seal().size == 8


def test_a_host_without_the_secret_follows_and_never_seals(a: SealedLedger, hosts: Hosts) -> None:
    c = hosts.add("c", a, secret=False)
    assert "PRIVATE" not in (c.folder / KEYS).read_text()
    c.grow()
    assert a.seal().size == 3
    assert c.seal().size == 3
    a.close()
    c.grow()
    assert c.seal().size == 3
    assert (keys(c), seals(c)) == ("verify", False)
    a.open()
    a.seal()
    assert c.seal().size == 4
    assert c.services.log.receipt(4) is not None


def rotate(services: Services, days: int = 30) -> None:
    services.rotate_key("local", timedelta(days=days))


def test_a_host_with_the_key_file_of_before_a_rotation_says_so_follows_and_does_not_seal(
    a: SealedLedger, b: SealedLedger
) -> None:
    rotate(a.services)
    assert a.seal().size == 3
    assert b.seal().size == 3
    assert keys(b) == "behind"
    a.close()
    b.grow()
    assert b.seal().size == 3, "a key that was rotated out begins nothing"
    copy_keys(a.folder, b.folder)
    assert b.seal().size == 4
    assert (keys(b), seals(b)) == ("sign", True)
    a.open()


def test_a_key_that_is_rotated_on_a_host_that_follows_makes_it_the_one_that_seals(
    a: SealedLedger, b: SealedLedger
) -> None:
    rotate(b.services)
    a.services.log.sealer.seal()
    assert b.seal().size == 3
    assert (seals(a), keys(a), seals(b)) == (False, "behind", True)
    assert a.seal().size == 3


def test_a_host_that_cannot_verify_any_more_stands_where_it_was_and_says_why(a: SealedLedger, b: SealedLedger) -> None:
    rotate(a.services, days=0)
    a.seal()
    b.services.log.sealer.seal()
    assert signed(b) == 2
    assert b.services.log.standing()["failing"] == "CannotFollowError"
    assert b.grow() == 4, "that it cannot follow keeps nobody from recording"
    copy_keys(a.folder, b.folder)
    a.seal()
    assert b.seal().size == 4


def test_what_is_told_counts_for_nothing_without_the_log_s_signature(a: SealedLedger, b: SealedLedger) -> None:
    a.grow(2)
    a.seal()
    with a.services._database.writing() as connection:
        connection.exec_driver_sql("UPDATE checkpoints SET note = convert_to(replace(convert_from(note, 'UTF8'), "
                                   "E'\\n4\\n', E'\\n3\\n'), 'UTF8')")  # fmt: skip
    b.services.log.sealer.seal()
    assert signed(b) == 2
    assert not b.services.log.read_only.why()


def test_two_hosts_that_are_set_up_at_once_do_not_sign_with_two_keys(postgresql, tmp_path: Path) -> None:
    with postgresql.empty() as url, several_hosts(url, tmp_path) as hosts:
        a = hosts.add("a").begin()
        assert a.seal().size == 2
        own = KeyFile(tmp_path / "b")
        own.make(Keys(SigningKey.new(a.services.log.origin)))
        stranger = hosts.add("b")
        stranger.services.log.sealer.seal()
        assert not seals(stranger)
        assert stranger.services.log.checkpoint() is None
        assert keys(stranger) == "behind"
