"""Our own reader of receipts beside Go's: what ours believes, theirs believes too, however the receipt was mangled."""

import random
from pathlib import Path

import pytest

from domain.merkle import inclusion_proof
from domain.policy import Party, simple_policy
from domain.receipt import Receipt, parse_receipt, verify_receipt
from domain.unproven import Unproven
from tests.static_log import Signer, log_of, verify
from tests.verifiers.running import go_receipt

LOG = log_of(300)
STRANGER = Signer("stranger.example", seed=77)
POLICY = simple_policy([Party(LOG.signer.key)], {}, 0)
PIECES = (
    b"\n",
    b"\n\n",
    b" ",
    b"0",
    b"=",
    b"\xe2\x80\x94 ",
    b"extra eA==\n",
    b"index 7\n",
    b"stranger.example ",
    b"\0",
)


def mangled(chance: random.Random, index: int) -> bytes:
    """Give a receipt that was changed in up to three places, or in none that matters."""
    good = Receipt(index, tuple(inclusion_proof(index, 300, LOG.node_at)), LOG.checkpoint(300, [STRANGER]))
    content = bytes(good)
    # Most changes fall where something may be changed: the signature of the stranger, which nobody knows.
    free = content.rindex(b"\xe2\x80\x94 ")
    for _ in range(chance.randrange(4)):
        at = chance.randrange(free if chance.random() < 0.5 else 0, len(content))
        kind = chance.randrange(4)
        if kind == 0:
            content = content[:at] + chance.choice(PIECES) + content[at:]
        elif kind == 1:
            content = content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
        elif kind == 2:
            content = content[:at] + content[at + chance.randrange(1, 60) :]
        else:
            content = content[:at] + chance.choice(b"ABab09+/=\n".decode()).encode() + content[at + 1 :]
    return content


def ours(content: bytes, entry: bytes) -> bool:
    try:
        verify_receipt(parse_receipt(content), entry, POLICY, verify)
    except Unproven:
        return False
    return True


@pytest.mark.parametrize("count", [40, pytest.param(2_000, marks=pytest.mark.soak)])
def test_what_we_believe_go_believes_too(tmp_path: Path, count: int):
    chance, believed = random.Random(count), 0
    (tmp_path / "entry").write_bytes(LOG.entries[7])
    for turn in range(count):
        content = mangled(chance, 7)
        (tmp_path / "receipt").write_bytes(content)
        theirs = go_receipt(tmp_path / "receipt", tmp_path / "entry", str(LOG.signer.key))
        if ours(content, LOG.entries[7]):
            believed += 1
            assert theirs.accepted, (turn, content, theirs)
    assert count / 5 < believed < count
