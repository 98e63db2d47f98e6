"""`ledger load --from`: a whole ledger goes to another database, byte by byte, and nobody can tell the difference."""

import json
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from infrastructure.database.copying import COPIED
from infrastructure.database.tables import metadata
from infrastructure.settings import Settings
from infrastructure.wiring import CannotCopyError, build, copy_from
from tests.postgresql import new_database
from tests.sealed import tamper


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request, tmp_path) -> Iterator[str]:
    """A database without tables."""
    with new_database(request.param, request, tmp_path / "elsewhere.db") as url:
        yield url


@pytest.fixture
def full(ledger, tmp_path):
    """A ledger in which there is something of everything: internal entries, an erased text, a report, a token."""
    secret = {"code": "secret-plan", "title": "Secret plan", "adopted_on": "2024-02-01"}
    secret |= {"visibility": "internal", "reference_prefix": "S-"}
    path = tmp_path / "secret.json"
    path.write_text(json.dumps({"programme": secret, "commitments": [], "history": []}))
    ledger.done("load", str(path))
    ledger.done("token", "create", "--role", "recorder", "--actor", "somebody")
    event = ["record", "progressed", "HP-1", "--on", "2024-06", "--statement", "To be erased.", "--json"]
    position = ledger.done(*event).json["position"]
    ledger.done("erase", str(position), "--member", "statement", "--legal-basis", "Article 17")
    ledger.done("report", "issue")
    return ledger


def at_home(ledger) -> str:
    return f"sqlite:///{ledger.folder / 'ledger.db'}"


def receipts(ledger, **settings: str) -> list[bytes | None]:
    """The proofs that every entry is in the log."""
    services = build(Settings(data_dir=ledger.folder, **settings))
    try:
        return [services.log.receipt(position) for position in range(1, ledger.size + 1)]
    finally:
        services.close()


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
            if name != "checkpoints"
        }


def test_what_is_copied_is_all_that_cannot_be_made_anew():
    copied = {table.name for table in COPIED}
    assert copied >= {
        "entries",
        "open_forms",
        "prose",
        "tokens",
        "remembered_answers",
        "issued_reports",
        "fixed_settings",
    }
    assert not copied & {"head", "checkpoints", "streams", "course", "details"}


def test_there_and_back_every_row_is_the_same_and_every_proof_holds(full, elsewhere, tmp_path):
    before, kept = everything(at_home(full)), tmp_path / "checkpoint"
    kept.write_bytes((full.folder / "log" / "checkpoint").read_bytes())
    root, proofs = full.done("verify", "--json").json["root"], receipts(full)
    assert None not in proofs

    there = full.run("load", "--from", at_home(full), "--json", LEDGER_DATABASE_URL=elsewhere)
    assert there.code == 0, there.err
    assert there.json == {"entries": full.size, "root": root}
    assert "Hashing again" in there.err
    assert everything(elsewhere) == before
    verified = full.done("verify", "--old-checkpoint", str(kept), "--json", LEDGER_DATABASE_URL=elsewhere).json
    assert (verified["root"], verified["faults"]) == (root, 0)
    assert receipts(full, database_url=elsewhere) == proofs

    (full.folder / "ledger.db").rename(tmp_path / "old.db")
    full.done("load", "--from", elsewhere)
    assert everything(at_home(full)) == before
    full.done("replay", "--check")
    full.done("record", "progressed", "HP-1", "--on", "2024-07", "--statement", "It goes on.")
    assert full.done("verify", "--old-checkpoint", str(kept), "--json").json["faults"] == 0


def test_nothing_is_copied_over_a_ledger_with_entries(full, elsewhere):
    full.done("load", "--from", at_home(full), LEDGER_DATABASE_URL=elsewhere)
    before = everything(elsewhere)
    again = full.do("load", "--from", at_home(full), LEDGER_DATABASE_URL=elsewhere)
    assert again.code == 1
    assert f"{full.size} entries here already" in again.err
    assert everything(elsewhere) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), '2024', '2023') AS BLOB) WHERE position = 2",
        "UPDATE entries SET leaf_hash = zeroblob(32) WHERE position = 3",
        "UPDATE entries SET nodes = zeroblob(32) WHERE position = 4",
        "DELETE FROM entries WHERE position = 3",
        "UPDATE head SET position = 3",
    ],
)
def test_a_source_that_is_not_what_was_recorded_is_not_copied(ledger, elsewhere, statement):
    tamper(ledger.folder / "ledger.db", statement)
    ended = ledger.do("load", "--from", at_home(ledger), LEDGER_DATABASE_URL=elsewhere)
    assert ended.code == 1, ended.err
    assert "the source is not what was recorded" in ended.err
    assert everything(elsewhere)["entries"] == []


@pytest.mark.parametrize("stage", ["Copying", "Hashing again"])
def test_an_interrupted_copy_leaves_nothing_and_begins_again(ledger, elsewhere, stage):
    def interrupted(_done: int, _total: int, what: str) -> None:
        if what == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_from(at_home(ledger), Settings(data_dir=ledger.folder, database_url=elsewhere), interrupted)
    assert not any(rows for name, rows in everything(elsewhere).items() if name != "head")
    ledger.done("load", "--from", at_home(ledger), LEDGER_DATABASE_URL=elsewhere)
    assert everything(elsewhere)["entries"] == everything(at_home(ledger))["entries"]


def test_a_source_that_is_recorded_to_meanwhile_is_not_copied_half(ledger, elsewhere):
    recorded = []

    def recording(_done: int, _total: int, _what: str) -> None:
        if not recorded:
            recorded.append(True)
            ledger.run("record", "progressed", "HP-1", "--on", "2024-08", "--statement", "Meanwhile.")

    with pytest.raises(CannotCopyError, match="servers are stopped"):
        copy_from(at_home(ledger), Settings(data_dir=ledger.folder, database_url=elsewhere), recording)
    assert everything(elsewhere)["entries"] == []


def test_without_the_key_and_what_was_signed_nothing_is_copied_and_it_is_said_what_to_take_along(ledger, tmp_path):
    other = str(tmp_path / "other")
    ended = ledger.do("load", "--from", at_home(ledger), LEDGER_DATA_DIR=other)
    assert ended.code == 4
    assert "log-keys.json and its folder log" in ended.err
    shutil.copytree(ledger.folder / "log", tmp_path / "other" / "log")
    shutil.copy2(ledger.folder / "log-keys.json", other)
    ledger.done("load", "--from", at_home(ledger), LEDGER_DATA_DIR=other)
    assert ledger.done("verify", "--json", LEDGER_DATA_DIR=other).json["faults"] == 0


def test_the_origin_of_a_log_goes_with_it(ledger, elsewhere):
    ended = ledger.do(
        "load", "--from", at_home(ledger), LEDGER_DATABASE_URL=elsewhere, LEDGER_LOG_ORIGIN="other.example"
    )
    assert ended.code == 4
    assert "localhost/implementation-ledger" in ended.err


@pytest.mark.parametrize("arguments", [["load"], ["load", "--from", "sqlite:///x.db", "strategic-compass-partner"]])
def test_one_thing_is_loaded_at_a_time(ledger, arguments):
    assert ledger.do(*arguments).code == 2


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("nonsense", 2, "accepted: sqlite:///"),
        ("sqlite:////nowhere/at/all.db", 4, "no ledger of this version"),
        ("postgresql://me:s3cret@127.0.0.1:1/ledger", 4, "Connection refused"),
    ],
)
def test_a_source_that_cannot_be_used_is_told(ledger, url, code, said, tmp_path):
    ended = ledger.do("load", "--from", url, LEDGER_DATABASE_URL=f"sqlite:///{tmp_path / 'new.db'}")
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "s3cret" not in ended.err


def test_a_ledger_is_not_copied_into_itself(ledger):
    assert "into itself" in ledger.do("load", "--from", at_home(ledger)).err
