"""Who holds which right, told from the entries of the ledger's own stream alone."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from domain.ledger_stream import LedgerStream
from domain.recording import Act

START = datetime(2024, 1, 15, tzinfo=UTC)


def stream(*entries: tuple[str, dict[str, Any]]) -> LedgerStream:
    made: LedgerStream | None = None
    for position, (kind, facts) in zip(count(1), entries, strict=False):
        act = Act(position, START + timedelta(seconds=position), START.date(), "adm-1", "administrator")
        if made is None:
            made = LedgerStream.open(kind, facts, act)
        else:
            made.record(kind, facts, act)
    assert made is not None
    return made


TOKEN = {"token": "t-1", "actor": "clerk-7", "granted_role": "recorder"}


def test_before_there_were_grants_a_token_gave_its_role_for_all_programmes() -> None:
    rights = stream(("token_created", TOKEN)).rights
    assert rights.roles == {("clerk-7", "recorder"): None}
    assert rights.tokens_of("clerk-7", "recorder") == ["t-1"]


def test_a_later_grant_takes_the_place_of_the_one_before() -> None:
    grant = {"actor": "clerk-7", "granted_role": "recorder"}
    rights = stream(("role_granted", {**grant, "programmes": ["harbour"]}), ("role_granted", grant)).rights
    assert rights.roles == {("clerk-7", "recorder"): None}


def test_revoking_a_role_ends_its_tokens() -> None:
    revoked = {"actor": "clerk-7", "revoked_role": "recorder", "tokens": ["t-1"]}
    rights = stream(("token_created", TOKEN), ("role_revoked", revoked)).rights
    assert rights.roles == {}
    assert rights.tokens["t-1"].revoked


def test_a_replaced_token_is_good_until_the_day_named_but_no_longer_than_before() -> None:
    ends = {"token": "t-1", "actor": "clerk-7", "valid_until": "2024-02-01T00:00:00.000000Z"}
    rights = stream(("token_created", TOKEN), ("token_revoked", ends)).rights
    assert rights.tokens["t-1"].is_valid(datetime(2024, 1, 31, tzinfo=UTC))
    assert not rights.tokens["t-1"].is_valid(datetime(2024, 2, 1, tzinfo=UTC))
    sooner = TOKEN | {"expires_at": "2024-01-20T00:00:00.000000Z"}
    rights = stream(("token_created", sooner), ("token_revoked", ends)).rights
    assert not rights.tokens["t-1"].is_valid(datetime(2024, 1, 31, tzinfo=UTC))
