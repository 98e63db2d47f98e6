"""Checkpoints, policies and receipts: what is believed, and everything that is not."""

from base64 import b64encode
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from domain.merkle import EMPTY_ROOT, inclusion_proof
from domain.notes import Note
from domain.policy import Party, Policy, parse_policy, simple_policy
from domain.receipt import Receipt, parse_receipt, verify_receipt
from domain.unproven import Malformed, NotSigned, ProofFailed, QuorumMissing
from tests.static_log import ORIGIN, Signer, StaticLog, log_of, numbered, verify, witness

LOG = log_of(300)
ROOT = b64encode(LOG.head(300).root).decode()
W = [witness(f"witness.example/{number}", 20 + number) for number in range(6)]
POLICY = simple_policy([Party(LOG.signer.key)], {}, 0)
LOG_LINE = f"log {LOG.signer.key}\n"
WITNESSES = "".join(f"witness w{number} {each.key}\n" for number, each in enumerate(W))


def opened(content: bytes, policy: Policy = POLICY, **options):
    return open_checkpoint(content, policy, verify, **options)


def test_a_checkpoint_is_three_lines_and_reads_back():
    head = LOG.head(300)
    assert head.text == f"{ORIGIN}\n300\n{ROOT}\n"
    assert parse_checkpoint(head.text) == head
    assert opened(LOG.checkpoint(300)).checkpoint == head


def test_the_example_of_the_specification_reads():
    head = parse_checkpoint("example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n")
    assert (head.origin, head.size, head.root[:2].hex()) == ("example.com/behind-the-sofa", 20_852_163, "0ac5")


def test_an_empty_log_has_the_root_of_nothing():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert parse_checkpoint(empty.text) == empty
    with pytest.raises(Malformed, match="hash of nothing"):
        parse_checkpoint(f"{ORIGIN}\n0\n{ROOT}\n")


def test_extension_lines_are_read_and_never_written():
    head = parse_checkpoint(f"{ORIGIN}\n300\n{ROOT}\nanything\nmore = 1\n")
    assert head.extensions == ("anything", "more = 1")
    assert head.text == f"{ORIGIN}\n300\n{ROOT}\n"


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", f"{ORIGIN}\n300\n", f"{ORIGIN}\n300\n{ROOT}", f"\n300\n{ROOT}\n", f"{ORIGIN}\n\n{ROOT}\n",
        f"{ORIGIN}\n300\n{ROOT}\n\n", f"{ORIGIN}\n300\n{ROOT}\n\nmore\n", f"{ORIGIN}\n0300\n{ROOT}\n",
        f"{ORIGIN}\n+300\n{ROOT}\n", f"{ORIGIN}\n-1\n{ROOT}\n", f"{ORIGIN}\n 300\n{ROOT}\n",
        f"{ORIGIN}\n300 \n{ROOT}\n", f"{ORIGIN}\n3_00\n{ROOT}\n", f"{ORIGIN}\n0x3\n{ROOT}\n",
        f"{ORIGIN}\n3e2\n{ROOT}\n", f"{ORIGIN}\n00\n{ROOT}\n", f"{ORIGIN}\n\u0663\n{ROOT}\n",
        f"{ORIGIN}\n{2**63}\n{ROOT}\n", f"{ORIGIN}\n{'9' * 5_000}\n{ROOT}\n", f"{ORIGIN}\n300\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n300\n{ROOT}=\n", f"{ORIGIN}\n300\nAAAA\n", f"{ORIGIN}\n300\n{ROOT} \n",
        f"{ORIGIN}\n300\n{LOG.head(300).root.hex()}\n", f"{ORIGIN}\n300\n{ROOT[:-2]}B=\n",
    ],
)  # fmt: skip
def test_a_checkpoint_in_another_form_is_refused(text):
    with pytest.raises(Malformed, match="accepted"):
        parse_checkpoint(text)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak", "tab\there", "bell\x07"])
def test_an_origin_that_cannot_name_a_key_is_not_written(origin):
    with pytest.raises(Malformed, match="key name"):
        _ = Checkpoint(origin, 0, EMPTY_ROOT).text


def test_a_checkpoint_of_another_origin_or_another_key_is_not_believed():
    other_origin = StaticLog(numbered(300), Signer("example.org/other"))
    with pytest.raises(NotSigned, match=r"the origin is 'example.org/other'; accepted: .*example.org/ledger"):
        opened(other_origin.checkpoint())
    with pytest.raises(NotSigned, match="no known key has signed"):
        opened(StaticLog(numbered(300), Signer(seed=3)).checkpoint())


def test_a_log_of_the_policy_cannot_sign_for_another_origin():
    second = Signer("example.org/second", seed=3)
    policy = simple_policy([Party(LOG.signer.key), Party(second.key)], {}, 0)
    text = LOG.head(300).text
    with pytest.raises(NotSigned):
        opened(bytes(Note(text, (second.sign(text),))), policy)
    assert opened(LOG.checkpoint(300), policy).signed_by == (LOG.signer.key,)


def test_a_witness_alone_does_not_make_a_checkpoint():
    text = LOG.head(300).text
    with pytest.raises(NotSigned, match="signature by the log"):
        opened(bytes(Note(text, (W[0].sign(text),))), simple_policy([Party(LOG.signer.key)], {"w": Party(W[0].key)}, 0))


def test_either_key_is_enough_while_a_new_one_takes_over():
    new = Signer(seed=3)
    both = LOG.checkpoint(300, [new])
    for keys in ([LOG.signer.key], [new.key], [LOG.signer.key, new.key]):
        policy = simple_policy([Party(key) for key in keys], {}, 0)
        assert opened(both, policy).signed_by == tuple(keys)


@pytest.mark.parametrize("threshold", [0, 1, 2, 3])
def test_the_quorum_is_reached_by_as_many_witnesses_as_it_asks_for(threshold):
    policy = simple_policy([Party(LOG.signer.key)], {f"w{n}": Party(W[n].key) for n in range(3)}, threshold)
    for count in range(4):
        for cosigners in combinations(W[:3], count):
            content = LOG.checkpoint(300, [*cosigners, W[5]])
            if count >= threshold:
                found = opened(content, policy).cosigned_by
                assert {each.key for each in found} == {each.key for each in cosigners}
                assert all(each.time == 1_700_000_000 for each in found)
            else:
                with pytest.raises(QuorumMissing, match="cosigned by"):
                    opened(content, policy)
                assert len(opened(content, policy, without_quorum=True).cosigned_by) == count


def test_one_witness_that_cosigns_twice_counts_once():
    text = LOG.head(300).text
    policy = simple_policy([Party(LOG.signer.key)], {f"w{n}": Party(W[n].key) for n in range(2)}, 2)
    lines = (LOG.signer.sign(text), W[0].sign(text, 1), W[0].sign(text, 2))
    with pytest.raises(QuorumMissing):
        opened(bytes(Note(text, lines)), policy)


GROUPS = (
    f"{LOG_LINE}{WITNESSES}group X 2 w0 w1 w2\ngroup Y any w3 w4 w5\ngroup X-and-Y all X Y\nquorum X-and-Y\n".encode()
)


def test_groups_of_groups_count_as_the_example_of_the_specification_says():
    policy = parse_policy(GROUPS)
    for count in range(7):
        for cosigners in combinations(range(6), count):
            wanted = sum(number < 3 for number in cosigners) >= 2 and any(number >= 3 for number in cosigners)
            assert policy.reached_by({W[number].key for number in cosigners}) == wanted


def test_a_policy_reads_back_with_addresses_and_groups():
    with_urls = GROUPS.replace(LOG_LINE.encode(), LOG_LINE.strip().encode() + b" https://example.org/log\n")
    policy = parse_policy(with_urls)
    assert policy.logs[0].url == "https://example.org/log"
    assert parse_policy(bytes(policy)) == policy


def test_comments_empty_lines_tabs_and_octets_that_are_no_utf8_are_allowed():
    text = b"# \xff comment\n\n \t\n" + f"\t log\t{LOG.signer.key} \n".encode() + b"  # more\n"
    text += b"witness w\xff " + str(W[0].key).encode() + b"\nquorum w\xff\n"
    policy = parse_policy(text)
    assert opened(LOG.checkpoint(300, [W[0]]), policy).cosigned_by
    assert parse_policy(bytes(policy)) == policy


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None), (LOG_LINE, None), (f"{LOG_LINE}quorum\n", 2), ("quorum nobody\n", 1),
        ("quorum none\nquorum none\n", 2), ("Quorum none\n", 1), ("quorum none x\n", 1),
        (f"{LOG_LINE}{LOG_LINE}quorum none\n", 2), ("log x\nquorum none\n", 1), (f"log {W[0].key}\nquorum none\n", 1),
        (f"witness w {LOG.signer.key}\nquorum none\n", 1), (f"witness none {W[0].key}\nquorum none\n", 1),
        (f"witness a {W[0].key}\nwitness b {W[0].key}\nquorum none\n", 2),
        (f"witness a {W[0].key}\nwitness a {W[1].key}\nquorum none\n", 2), (f"quorum a\nwitness a {W[0].key}\n", 1),
        (f"{WITNESSES}group g 0 w0\nquorum g\n", 7), (f"{WITNESSES}group g 2 w0\nquorum g\n", 7),
        (f"{WITNESSES}group g -1 w0\nquorum g\n", 7), (f"{WITNESSES}group g 01 w0\nquorum g\n", 7),
        (f"{WITNESSES}group g some w0\nquorum g\n", 7), (f"{WITNESSES}group g all\nquorum g\n", 7),
        (f"{WITNESSES}group g all w0 w0\nquorum g\n", 7), (f"{WITNESSES}group g all g\nquorum g\n", 7),
        (f"{WITNESSES}group g all none\nquorum g\n", 7), (f"{WITNESSES}group g any h\ngroup h any w0\nquorum g\n", 7),
        (f"{WITNESSES}group g any w0\ngroup h all g w0\nquorum h\n", 8),
        (f"{WITNESSES}group w0 any w1\nquorum w0\n", 7), ("quorum none\r\n", 1), ("\0\nquorum none\n", 1),
        ("quorum none\x7f\n", 1), ("quorum\u00a0none\n", 1), (f"log {LOG.signer.key} one two\nquorum none\n", 1),
    ],
)  # fmt: skip
def test_a_policy_with_a_wrong_line_is_refused_and_the_line_named(text, line):
    with pytest.raises(Malformed, match=f"line {line} of the policy" if line else "no quorum line"):
        parse_policy(text.encode())


@pytest.mark.parametrize("threshold", [2, -1])
def test_a_threshold_that_the_witnesses_cannot_reach_is_refused(threshold):
    with pytest.raises(Malformed, match="threshold"):
        simple_policy([Party(LOG.signer.key)], {"w": Party(W[0].key)}, threshold)


def receipt(index: int, size: int = 300, **changes) -> Receipt:
    proof = tuple(inclusion_proof(index, size, LOG.node_at))
    return Receipt(**({"index": index, "proof": proof, "checkpoint": LOG.checkpoint(size)} | changes))


@given(st.integers(1, 300), st.data())
def test_a_receipt_reads_back_and_proves_its_entry_alone(size, data):
    index = data.draw(st.integers(0, size - 1))
    made = receipt(index, size, extra=data.draw(st.one_of(st.none(), st.binary(min_size=1, max_size=50))))
    assert parse_receipt(bytes(made)) == made
    assert verify_receipt(made, LOG.entries[index], POLICY, verify).checkpoint.size == size
    with pytest.raises(ProofFailed):
        verify_receipt(made, LOG.entries[index] + b" ", POLICY, verify)
    with pytest.raises(ProofFailed):
        verify_receipt(replace(made, index=index + 1), LOG.entries[index], POLICY, verify)


def test_a_receipt_looks_as_the_specification_draws_it():
    lines = bytes(receipt(2, 5)).decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert [len(line) for line in lines[2:6]] == [44, 44, 44, 0]
    assert lines[6:8] == [ORIGIN, "5"]


def test_a_receipt_needs_the_quorum_of_the_policy():
    policy = simple_policy([Party(LOG.signer.key)], {"w": Party(W[0].key)}, 1)
    with pytest.raises(QuorumMissing):
        verify_receipt(receipt(7), LOG.entries[7], policy, verify)
    cosigned = receipt(7, checkpoint=LOG.checkpoint(300, [W[0]]))
    assert verify_receipt(cosigned, LOG.entries[7], policy, verify).cosigned_by


GOOD = bytes(receipt(7, extra=b"extra")).decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "c2sp.org/tlog-proof@v1", GOOD.replace("@v1", "@v2"), GOOD.replace("@v1", "@v1 "),
        GOOD.replace("index 7", "index 07"), GOOD.replace("index 7", "index -7"), GOOD.replace("index 7", "Index 7"),
        GOOD.replace("index 7\n", ""), GOOD.replace("extra ", "extra  "), GOOD.replace("ZXh0cmE=", ""),
        GOOD.replace("ZXh0cmE=", "ZXh0cmE"), GOOD.replace("index 7\n", "index 7\nAAAA\n"),
        GOOD.replace("index 7\n", "index 7\n" + 64 * f"{ROOT}\n"), f"\n{GOOD}",
        GOOD.replace("index 7\n", "index 7\né\n"), GOOD.replace("\n\n", "\n", 1).split("\n\n", maxsplit=1)[0],
        GOOD.replace("extra ZXh0cmE=\nindex 7", "index 7\nextra ZXh0cmE="), GOOD.replace("\n", "\r\n"),
    ],
)  # fmt: skip
def test_a_receipt_in_another_form_is_refused(text):
    with pytest.raises(Malformed, match="accepted"):
        parse_receipt(text.encode())
