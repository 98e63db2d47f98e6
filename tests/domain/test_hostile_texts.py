"""Whatever bytes arrive, each reader of the log either takes them or says what is wrong; what it takes has one form."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checkpoint import parse_checkpoint
from domain.merkle import inclusion_proof
from domain.notes import parse_note, parse_verifier_key
from domain.policy import Party, parse_policy, simple_policy
from domain.receipt import Receipt, parse_receipt, verify_receipt
from domain.tiles import entry_bundle, parse_entry_bundle, parse_path
from domain.unproven import Unproven
from tests.static_log import log_of, verify, witness

LOG = log_of(300)
W = witness("witness.example/1", 9)
POLICY = simple_policy([Party(LOG.signer.key)], {"w": Party(W.key, "https://witness.example")}, 1)
NOTE = LOG.checkpoint(300, [W])
RECEIPT = bytes(Receipt(7, tuple(inclusion_proof(7, 300, LOG.node_at)), NOTE, b"extra"))
BUNDLE = entry_bundle(LOG.entries[:3])


def text_of(content: bytes) -> str:
    return content.decode("utf-8", "replace")


# What is good, how it is read, and how it is written again.
READERS: dict[str, tuple[bytes, Callable[[bytes], object], Callable[[object], object]]] = {
    "note": (NOTE, parse_note, bytes),
    "receipt": (RECEIPT, parse_receipt, bytes),
    "policy": (bytes(POLICY), parse_policy, lambda policy: parse_policy(bytes(policy)) == policy),
    "checkpoint": (LOG.head(300).text.encode(), lambda content: parse_checkpoint(text_of(content)), lambda head: head),
    "key": (str(W.key).encode(), lambda content: parse_verifier_key(text_of(content)), lambda key: str(key).encode()),
    "path": (
        b"tile/3/x001/x234/067.p/8",
        lambda content: parse_path(text_of(content)),
        lambda tile: tile.path.encode(),
    ),
    "bundle": (BUNDLE, lambda content: parse_entry_bundle(content, 3), entry_bundle),
}
PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"\n", b"\n\n", b" ", b"\t", b"0", b"=", b"+", b"\xe2\x80\x94 ", b"\0", b"\xff", b"x", b"-1", b"\r"]
    ),
)


@st.composite
def mangled(draw: st.DrawFn, good: bytes) -> bytes:
    content = good
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 8)))
        again = content[start:end] if draw(st.booleans()) else b""
        content = content[:start] + draw(PIECES) + again + content[end:]
    return content


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_anything_is_taken_or_refused_and_what_is_taken_is_written_the_same(name, data):
    good, read, write = READERS[name]
    content = data.draw(st.one_of(mangled(good), st.binary(max_size=200)))
    try:
        found = read(content)
    except Unproven:
        assert content != good
    else:
        written = write(found)
        assert written is True if name == "policy" else name == "checkpoint" or written == content


@given(mangled(RECEIPT))
def test_no_doctored_receipt_proves_an_entry_unless_what_is_proven_is_untouched(content):
    try:
        found = verify_receipt(parse_receipt(content), LOG.entries[7], POLICY, verify)
    except Unproven:
        return
    # Extra data and signatures of strangers are not covered, and bring nothing.
    assert (found.checkpoint, parse_receipt(content).index) == (LOG.head(300), 7)
