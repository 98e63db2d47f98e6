"""Signed notes and the keys they are checked with: the examples of C2SP signed-note, and every other form refused."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notes import (
    COSIGNATURE,
    ED25519,
    MOST_SIGNATURES,
    Note,
    Signature,
    VerifierKey,
    parse_note,
    parse_verifier_key,
    verified,
)
from domain.unproven import Malformed, NotSigned
from tests.static_log import Signer, verify, witness

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()
SEVERAL_LINES = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501
COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
LOG = Signer()
WITNESS = witness("witness.example/w1", 8)
TEXT = "one\ntwo\n"


def note(text: str = TEXT, *signers: Signer) -> bytes:
    return bytes(Note(text, tuple(signer.sign(text) for signer in signers or (LOG,))))


def test_the_example_of_the_specification_is_verified_by_its_key():
    key = parse_verifier_key(VKEY)
    found = parse_note(EXAMPLE)
    assert found.text == "This is an example message.\n"
    assert [each.key for each in verified(found, [key], verify)] == [key]
    assert bytes(found) == EXAMPLE
    assert str(key) == VKEY


def test_the_text_ends_at_the_last_empty_line():
    assert parse_note(SEVERAL_LINES.encode()).text.endswith("\n\ned è subito sera.\n")


def test_the_lines_of_a_log_and_a_witness_are_told_apart():
    log, cosigner = parse_note(COSIGNED.encode()).signatures
    assert (log.name, len(log.content)) == ("example.com/behind-the-sofa", 64)
    assert (cosigner.name, int.from_bytes(cosigner.content[:8], "big")) == ("witness.example.com/w1", 1_679_315_147)


@given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs"))), min_size=1, max_size=5))
def test_what_is_signed_is_verified_and_reads_back_as_it_is(lines):
    text = "\n".join(lines) + "\n"
    content = note(text, LOG, WITNESS)
    found = parse_note(content)
    assert (found.text, bytes(found)) == (text, content)
    times = {each.key.name: each.time for each in verified(found, [LOG.key, WITNESS.key], verify)}
    assert times == {LOG.key.name: None, WITNESS.key.name: 1_700_000_000}


@given(st.data())
def test_no_bit_of_the_text_or_the_signature_may_change(data):
    content = note()
    at = data.draw(st.integers(0, len(content) * 8 - 1))
    changed = bytes([*content[: at // 8], content[at // 8] ^ 1 << at % 8, *content[at // 8 + 1 :]])
    with pytest.raises((Malformed, NotSigned)):
        verified(parse_note(changed), [LOG.key], verify)


def test_unknown_keys_are_passed_over_wherever_they_stand():
    strangers = [Signer(f"stranger.example/{number}", seed=100 + number) for number in range(15)]
    found = parse_note(note(TEXT, *strangers[:7], LOG, *strangers[7:]))
    assert len(found.signatures) == 16
    assert [each.key for each in verified(found, [LOG.key], verify)] == [LOG.key]


def test_a_line_with_our_name_and_another_key_id_is_another_key():
    with pytest.raises(NotSigned, match="no known key has signed"):
        verified(parse_note(note(TEXT, Signer(seed=9))), [LOG.key], verify)


def test_a_false_signature_of_a_known_key_refuses_the_note_though_others_hold():
    false = Signature(LOG.key.name, LOG.key.key_id, b"\1" * 64)
    found = parse_note(bytes(Note(TEXT, (WITNESS.sign(TEXT), false, LOG.sign(TEXT)))))
    with pytest.raises(NotSigned, match=f"the signature of {LOG.key.name}"):
        verified(found, [LOG.key, WITNESS.key], verify)
    assert verified(found, [WITNESS.key], verify)


def test_the_time_of_a_cosignature_is_signed_too():
    signature = WITNESS.sign(TEXT, time=1_700_000_000)
    later = Signature(signature.name, signature.key_id, (1_700_000_001).to_bytes(8, "big") + signature.content[8:])
    with pytest.raises(NotSigned):
        verified(parse_note(bytes(Note(TEXT, (later,)))), [WITNESS.key], verify)


@pytest.mark.parametrize("content", [b"", b"\0" * 71, b"\0" * 73, b"\xff" * 8 + b"\0" * 64])
def test_a_cosignature_of_another_length_or_with_an_impossible_time_is_refused(content):
    line = Signature(WITNESS.key.name, WITNESS.key.key_id, content or b"\0")
    with pytest.raises(Malformed, match="cosignature"):
        verified(parse_note(bytes(Note(TEXT, (line,)))), [WITNESS.key], verify)


SIGNATURE = LOG.sign(TEXT).line
BASE64 = SIGNATURE.split(" ")[2].strip()


@pytest.mark.parametrize(
    "content",
    [
        "", "\n", "\n\n", TEXT, f"{TEXT}\n", f"{TEXT}{SIGNATURE}", f"{TEXT}\n{SIGNATURE}\n", f"{TEXT}\n{SIGNATURE} ",
        f"{TEXT}\n{SIGNATURE.strip()}", f"{TEXT}\n{SIGNATURE}trailing\n", f"{TEXT}\n{SIGNATURE}\0\n",
        f"{TEXT}\n{SIGNATURE}".replace("\n", "\r\n"), f"tab\there\n\n{SIGNATURE}", f"\0\n\n{SIGNATURE}",
        f"\x1b\n\n{SIGNATURE}", f"{TEXT}\n- {LOG.key.name} {BASE64}\n", f"{TEXT}\n–{SIGNATURE[1:]}",
        f"{TEXT}\n—{LOG.key.name} {BASE64}\n", f"{TEXT}\n—  {LOG.key.name} {BASE64}\n",
        f"{TEXT}\n—\u00a0{LOG.key.name} {BASE64}\n", f"{TEXT}\n— {BASE64}\n", f"{TEXT}\n— a+b {BASE64}\n",
        f"{TEXT}\n— a\u2003b {BASE64}\n", f"{TEXT}\n— a b {BASE64}\n", f"{TEXT}\n— a  {BASE64}\n",
        f"{TEXT}\n— a {BASE64} \n", f"{TEXT}\n— a {BASE64.rstrip('=')}\n", f"{TEXT}\n— a ====\n",
        f"{TEXT}\n— a {BASE64[:-2]}h=\n", f"{TEXT}\n— a {BASE64.replace('/', '_').replace('+', '-')}-\n",
        f"{TEXT}\n— a AAAAAA==\n", f"{TEXT}\n— a \n", f"{TEXT}\n— a {BASE64[:8]} {BASE64[8:]}\n",
    ],
)  # fmt: skip
def test_a_note_in_another_form_is_refused(content):
    with pytest.raises(Malformed, match="accepted"):
        parse_note(content.encode())


def test_a_note_that_is_no_utf8_is_refused():
    for wrong in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"):
        with pytest.raises(Malformed, match="UTF-8"):
            parse_note(wrong + note())


def test_too_many_signatures_and_too_many_bytes_are_refused():
    parse_note(f"{TEXT}\n{SIGNATURE * MOST_SIGNATURES}".encode())
    with pytest.raises(Malformed, match="signatures"):
        parse_note(f"{TEXT}\n{SIGNATURE * (MOST_SIGNATURES + 1)}".encode())
    with pytest.raises(Malformed, match="bytes"):
        parse_note(b"x" * 1_000_000 + note())


def test_a_text_that_does_not_end_in_a_newline_is_not_signed():
    with pytest.raises(Malformed, match="newline"):
        LOG.sign("one")


@given(st.sampled_from([ED25519, COSIGNATURE]), st.binary(min_size=32, max_size=32))
def test_a_verifier_key_reads_back(kind, public_key):
    key = VerifierKey("example.org/log", kind, public_key)
    assert parse_verifier_key(str(key)) == key


def test_one_public_key_has_another_id_for_each_type_and_name():
    public_key = LOG.key.public_key
    keys = {VerifierKey(name, kind, public_key).key_id for name in ("a", "b") for kind in (ED25519, COSIGNATURE)}
    assert len(keys) == 4


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "++", "example.com/foo", "example.com/foo+530d903a", VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", "530d903b"), VKEY.replace("530d903a", "0530d903a"), VKEY.replace("foo", "bar"),
        VKEY[:-1], f"{VKEY}=", f"{VKEY}\n", f" {VKEY}", VKEY.replace("example", "exam ple"),
        f"+530d903a+{VKEY.split('+', 2)[2]}", "a\udc80b+00000000+AQ==",
    ],
)  # fmt: skip
def test_a_verifier_key_in_another_form_is_refused(text):
    with pytest.raises(Malformed, match="accepted"):
        parse_verifier_key(text)


@pytest.mark.parametrize(
    "encoded", [b"\2" + bytes(32), b"\6" + bytes(1_312), b"\1" + bytes(31), b"\4" + bytes(33), b"\1"]
)
def test_a_key_of_a_type_that_is_not_known_here_is_refused(encoded):
    key_id = VerifierKey("example.org", encoded[0], encoded[1:]).key_id.hex()
    with pytest.raises(Malformed, match="type 0x01"):
        parse_verifier_key(f"example.org+{key_id}+{b64encode(encoded).decode()}")
