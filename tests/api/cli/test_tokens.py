"""Tokens on the command line."""

import pytest

from tests.stores import BACKENDS


@pytest.fixture(params=BACKENDS)
def backend(request) -> str:
    return request.param


def test_a_token_can_be_for_one_programme_and_for_a_time(ledger):
    arguments = ("--role", "recorder", "--actor", "clerk", "--programme", "harbour-plan", "--expires", "90d", "--json")
    made = ledger.done("token", "create", *arguments).json
    assert made["secret"].startswith("ldg_")
    (listed,) = ledger.done("token", "list", "--json").json
    assert (listed["programmes"], listed["expires_at"]) == (["harbour-plan"], made["expires_at"])
    assert "secret" not in listed
    assert "harbour-plan" in ledger.done("token", "list").out


def test_rotating_prints_the_new_token_alone_and_ends_the_old_one(ledger):
    old = ledger.done("token", "create", "--role", "recorder", "--actor", "clerk", "--json").json
    ran = ledger.done("token", "rotate", old["id"])
    assert ran.out.startswith("ldg_")
    assert ran.out.strip() != old["secret"]
    first, second = ledger.done("token", "list", "--json").json
    assert first["revoked_at"]
    assert (second["actor"], second["role"], second["revoked_at"]) == ("clerk", "recorder", None)
    both = ledger.done("token", "rotate", second["id"], "--overlap", "7d", "--json").json
    assert both["replaces"] == second["id"]
    assert ledger.done("token", "list", "--json").json[1]["expires_at"] == both["replaced_until"]


def test_what_cannot_be_done_with_a_token_is_told_with_what_could(ledger):
    for arguments, code, said in (
        (("revoke", "nothing"), 1, "no token nothing"),
        (("rotate", "nothing"), 1, "no token nothing"),
        (("create", "--role", "recorder", "--actor", "clerk", "--expires", "soon"), 1, "90d"),
        (("create", "--role", "recorder", "--actor", "clerk", "--programme", "no-such"), 1, "published programme"),
    ):
        ended = ledger.do("token", *arguments)
        assert (ended.code, ended.out) == (code, "")
        assert said in ended.err


def test_a_list_of_tokens_fits_on_a_terminal(ledger):
    ledger.done("token", "create", "--role", "administrator", "--actor", "keeper-of-rights")
    listed = ledger.done("token", "list", COLUMNS="80").out
    assert "keeper-of-rights" in listed
    assert "administrator for all" in listed
    assert "created" in listed
