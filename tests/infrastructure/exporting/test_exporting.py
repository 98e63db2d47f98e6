"""An export: complete, the same bytes for the same state, verifiable without the ledger, and by programs of others."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from application.access import Caller
from application.actors import erase_actor, register_actor
from application.recording import Request
from domain.notes import Note, parse_note
from domain.policy import Party, Policy
from infrastructure.exporting.export import WrongRootError
from infrastructure.verifying.export_source import NoExportError
from tests.static_log import Signer
from tests.stores import Store, erasure
from tests.verified import SIGNER, exported, signed, told, verified_export

SIZES = [0, 1, 2, 7, 255, 256, 257]
VERIFIER = Path(__file__).parents[2] / "verifiers" / "verify_log.py"


@pytest.fixture
def ledger(store: Store) -> Store:
    return told(store, 9)


@pytest.mark.parametrize("internal", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_an_export_of_any_size_is_accepted(store: Store, tmp_path: Path, size: int, internal: bool) -> None:
    outcome = verified_export(exported(told(store, size), tmp_path / "e.zip", internal=internal))
    assert outcome.findings.faults == []
    assert outcome.size == size
    assert outcome.sealed is not None


def test_an_unpacked_export_is_accepted_as_well(ledger: Store, tmp_path: Path) -> None:
    assert verified_export(unpacked(exported(ledger, tmp_path / "e.zip"))).findings.faults == []


def test_the_same_state_gives_the_same_bytes(ledger: Store, tmp_path: Path) -> None:
    first = exported(ledger, tmp_path / "1.zip").read_bytes()
    second = exported(ledger.another(), tmp_path / "2.zip").read_bytes()
    assert first == second


def test_nothing_is_written_over_and_nothing_half_is_left(ledger: Store, tmp_path: Path) -> None:
    there = exported(ledger, tmp_path / "e.zip")
    with pytest.raises(FileExistsError):
        exported(ledger, there)
    note = signed(ledger)
    ledger.tamper("UPDATE entries SET entry = x'00' WHERE position = 4")
    with pytest.raises(WrongRootError):
        exported(ledger, tmp_path / "wrong.zip", note=note)
    assert not (tmp_path / "wrong.zip").exists()


def test_what_is_internal_is_in_it_only_when_asked_for(ledger: Store, tmp_path: Path) -> None:
    def all_of(path: Path) -> str:
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())

    public, whole = (
        all_of(exported(ledger, tmp_path / "p.zip")),
        all_of(exported(ledger, tmp_path / "i.zip", internal=True)),
    )
    for secret in ("In secret.", "Promise A-2"):
        assert secret in whole
        assert secret not in public
    assert "not in this export" in public
    assert any("closed entries say" in each for each in verified_export(tmp_path / "p.zip").findings.unseen)
    assert verified_export(tmp_path / "i.zip").checked["closed_entries"] == 2


def test_erased_texts_are_not_in_it(ledger: Store, tmp_path: Path) -> None:
    ledger.writer.record(erasure(4, "statement"))
    path = exported(ledger, tmp_path / "e.zip")
    assert b"Marguerite" not in path.read_bytes()
    outcome = verified_export(path)
    assert (outcome.findings.faults, outcome.checked["erased_texts"]) == ([], 1)


def unpacked(path: Path) -> Path:
    folder = path.with_suffix("")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def in_lines(folder: Path, name: str, change: Callable[[list[dict]], None]) -> None:
    path = folder / name
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def edited(name: str, before: bytes, after: bytes) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        assert before in content
        path.write_bytes(content.replace(before, after, 1))

    return edit


def of_line(name: str, at: int, **members: object) -> Callable[[Path], None]:
    def change(lines: list[dict]) -> None:
        next(line for line in lines if line["position"] == at).update(members)

    return lambda folder: in_lines(folder, name, change)


ENTRIES, HASHES = "log/tile/entries/000.p/9", "log/tile/0/000.p/9"
DOCTORED = {
    "an entry": (edited(ENTRIES, b'"2023-02-01"', b'"2023-02-02"'), 6, "hash that stands beside"),
    "a hash": (lambda folder: flip(folder / HASHES, 3 * 32), 4, "hash that stands beside"),
    "a text": (of_line("texts.jsonl", 4, value="Nobody came."), 4, "text of statement"),
    "a salt": (of_line("texts.jsonl", 4, salt="00" * 32), 4, "text of statement"),
    "a text that is gone": (
        lambda folder: in_lines(folder, "texts.jsonl", lambda lines: lines.pop(0)), 4, "no entry says"),
    "a text of another entry": (of_line("texts.jsonl", 4, position=40), 40, "not in its place"),
    "an open form": (of_line("open-forms.jsonl", 5, entry={"v": 1}), 5, "not the one that was closed"),
    "the salt of an open form": (of_line("open-forms.jsonl", 5, salt="00"), 5, "not the one that was closed"),
    "open forms": (lambda folder: (folder / "open-forms.jsonl").write_text(""), 3, "open form is missing"),
    "a bundle": (lambda folder: (folder / ENTRIES).unlink(), 1, "is missing"),
    "the end of a bundle": (lambda folder: cut(folder / ENTRIES), 1, "cannot be read"),
    "the size": (edited("log/checkpoint", b"\n9\n", b"\n8\n"), 1, "is missing"),
    "the signature": (lambda folder: falsify(folder / "log/checkpoint"), None, "not believed"),
    "lines that are no JSON": (edited("texts.jsonl", b'{"', b"{{"), None, "texts.jsonl cannot be read"),
    "lines without members": (lambda folder: (folder / "texts.jsonl").write_text("[]\n"), 1, "cannot be read"),
}  # fmt: skip


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def falsify(path: Path) -> None:
    signed_by_us = parse_note(path.read_bytes())
    (signature,) = signed_by_us.signatures
    false = replace(signature, content=signature.content[:-1] + bytes([signature.content[-1] ^ 1]))
    path.write_bytes(bytes(Note(signed_by_us.text, (false,))))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("what", DOCTORED)
def test_whatever_is_doctored_in_an_export_is_found_with_its_position(ledger: Store, tmp_path: Path, what: str) -> None:
    doctor, position, said = DOCTORED[what]
    folder = unpacked(exported(ledger, tmp_path / "e.zip", internal=True))
    assert verified_export(folder).findings.faults == []
    doctor(folder)
    faults = verified_export(folder).findings.faults
    assert faults
    assert any(said in fault.what and fault.position == position for fault in faults), faults


def test_an_upper_tile_that_does_not_fit_the_ones_below_is_found(store: Store, tmp_path: Path) -> None:
    folder = unpacked(exported(told(store, 600), tmp_path / "e.zip"))
    flip(folder / "log/tile/1/000.p/2", 32)
    first = verified_export(folder).first
    assert first is not None
    assert (first.position, "does not fit the tiles below" in first.what) == (257, True)


def test_bytes_changed_inside_the_zip_file_are_found(ledger: Store, tmp_path: Path) -> None:
    path = exported(ledger, tmp_path / "e.zip")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"Marguerite", b"Magdalena!", 1))
    assert "texts.jsonl cannot be read" in str(verified_export(path).first)


def test_only_the_key_that_was_given_is_believed(ledger: Store, tmp_path: Path) -> None:
    path = exported(ledger, tmp_path / "e.zip")
    given = verified_export(path, policy=Policy((Party(SIGNER.key),)))
    assert (given.findings.faults, len(given.findings.unseen)) == ([], 1)
    assert "it came with what was verified" in verified_export(path).findings.unseen[0]
    other = verified_export(path, policy=Policy((Party(Signer(seed=9).key),)))
    assert "not believed" in str(other.first)


def test_an_older_checkpoint_is_held_against_an_export(ledger: Store, tmp_path: Path) -> None:
    path = exported(ledger, tmp_path / "e.zip")
    assert verified_export(path, older=[signed(ledger, 5)]).findings.faults == []
    assert "not believed" in str(verified_export(path, older=[signed(ledger, 5, Signer(seed=9))]).first)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip"])
def test_what_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "e.zip"
    path.write_bytes(content)
    with pytest.raises(NoExportError):
        verified_export(path)
    with pytest.raises(NoExportError):
        verified_export(tmp_path)


def checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "check.py", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program asks openssl about signatures")
@pytest.mark.parametrize("size", SIZES)
def test_the_program_in_the_export_accepts_it(store: Store, tmp_path: Path, size: int) -> None:
    folder = unpacked(exported(told(store, size), tmp_path / "e.zip", internal=True))
    (tmp_path / "older").write_bytes(signed(store, size // 2))
    ended = checked(folder, "../older")
    assert ended.returncode == 0, ended.stderr
    assert f"accepted: {size} entries" in ended.stdout
    assert str(SIGNER.key) in ended.stdout
    noted = checked(folder, str(SIGNER.key), "../older")
    assert noted.returncode == 0, noted.stderr
    assert "to be compared" not in noted.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program asks openssl about signatures")
def test_the_program_in_the_export_believes_no_other_key_than_the_one_that_was_noted(
    ledger: Store, tmp_path: Path
) -> None:
    folder = unpacked(exported(ledger, tmp_path / "e.zip"))
    other = str(Signer(seed=9).key)
    (folder / "keys.txt").write_text(f"{SIGNER.key}\n{other}\n")
    for argument, said in (
        (other, "not signed by"),
        ("checkpoint-2026", "neither a file (an older checkpoint) nor a key"),
    ):
        ended = checked(folder, argument)
        assert ended.returncode == 1
        assert said in ended.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program asks openssl about signatures")
def test_the_program_in_the_export_accepts_that_the_name_of_an_actor_was_erased(ledger: Store, tmp_path: Path) -> None:
    who = Caller("adm-1", "administrator")
    ledger.writer.record(register_actor(Request(who, {"id": "clerk-7", "name": "J. Doe"})))
    ledger.writer.record(erase_actor(Request(who, {}), "clerk-7"))
    ended = checked(unpacked(exported(ledger, tmp_path / "e.zip")))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program asks openssl about signatures")
@pytest.mark.parametrize(
    "what",
    [
        "an entry",
        "a text",
        "a salt",
        "a text that is gone",
        "an open form",
        "open forms",
        "the signature",
        "a text of another entry",
    ],
)
def test_the_program_in_the_export_rejects_a_doctored_one(ledger: Store, tmp_path: Path, what: str) -> None:
    folder = unpacked(exported(ledger, tmp_path / "e.zip", internal=True))
    DOCTORED[what][0](folder)
    ended = checked(folder)
    assert ended.returncode == 1
    assert "rejected: " in ended.stderr
