"""Every field refuses what it should, and the published schemas say the same as the checks."""

import copy
import json
import math
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from domain import identifiers, shapes
from domain.errors import Fault, Invalid
from domain.fields import DAY, PARTIAL_DATE, RECURRENCE, Field, Flag, Many, Record, Text, Whole, Word, checked, record
from tests import strategies
from tests.scenario import announcement

EXAMPLES = settings.default.max_examples if settings.default else 40
TODAY = date(2024, 6, 1)
OF_OTHER_TYPES = (True, False, 0, 1, 1.5, math.nan, math.inf, "", "x", [], ["x"], {}, {"x": 1}, None)


def faults(field: Field, value: object) -> list[Fault]:
    found: list[Fault] = []
    field.check(value, "", found)
    return found


def accepts(field: Field, value: object) -> bool:
    return not faults(field, value)


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        (Text(), str),
        (Word(("x", "y")), str),
        (Whole(0), int),
        (Flag(), bool),
        (Many(Text(), 5), list),
        (record({"x": Whole()}), dict),
        (DAY, ()),
        (PARTIAL_DATE, ()),
        (RECURRENCE, ()),
        (identifiers.REFERENCE, ()),
        (identifiers.DECIMAL, ()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_field_accepts_values_of_its_own_type_only(field, accepted):
    for value in OF_OTHER_TYPES:
        own = type(value) in ((accepted,) if isinstance(accepted, type) else accepted)
        assert accepts(field, value) == (own and value != "")


@pytest.mark.parametrize("value", [True, 1.0, math.nan, math.inf, -math.inf, "1", 0, -1, 2**53, None])
def test_a_number_is_an_integer_that_every_reader_of_json_keeps(value):
    (fault,) = faults(Whole(1), value)
    assert fault.accepted == "1 to 9007199254740991"


@pytest.mark.parametrize("value", [1, 2**53 - 1])
def test_the_least_and_the_largest_number_are_accepted(value):
    assert accepts(Whole(1), value)


@pytest.mark.parametrize("value", [0, 1, "true", None, [], 1.0])
def test_a_truth_value_is_true_or_false(value):
    assert accepts(Flag(), True)
    assert accepts(Flag(), False)
    (fault,) = faults(Flag(), value)
    assert fault.accepted == "true | false"


@pytest.mark.parametrize("value", ["", " ", "\t\n", "\u2003", "x" * 11])
def test_a_text_is_neither_empty_nor_too_long(value):
    assert not accepts(Text(10), value)
    assert accepts(Text(10), "x" * 10)


def test_a_text_counts_characters_and_not_bytes():
    assert accepts(Text(3), "𐍈𐍈𐍈")
    assert not accepts(Text(3), "𐍈𐍈𐍈𐍈")


@pytest.mark.parametrize("code", [*range(9), 11, 12, *range(14, 32), 127])
def test_control_characters_are_refused(code):
    (fault,) = faults(Text(), f"before{chr(code)}after")
    assert fault.message == "the text contains control characters"


@pytest.mark.parametrize("character", ["\t", "\n", "\r", "\u00a0", "\u2028", "é", "—", "𐍈", "<", '"', "\\"])
def test_every_other_character_stands_in_a_text(character):
    assert accepts(Text(), f"before{character}after")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            identifiers.REFERENCE,
            ("A1", "9-.", "SC-P4-D03", "A" * 64),
            ("A", "a1", "-A", ".A", "A" * 65, "A_1", "Ä1", "A1 "),
        ),
        (identifiers.PROGRAMME_CODE, ("pp", "a-1", "9" * 64), ("p", "Pp", "-p", "p.p", "p" * 65)),
        (identifiers.PARTNER_CODE, ("E", "EU", "EU-27", "9" * 32), ("", "eu", "-E", "E.U", "E" * 33)),
        (identifiers.ACTOR, ("a1", "a-b"), ("a", "A1", "-a", "a.b", "a" * 65)),
        (identifiers.THEME, ("a", "cyber-2"), ("", "Cyber", "-a", "a" * 65)),
        (identifiers.EXTERNAL_ID, ("cat:1", "a/b._-", "x" * 128), ("", "a b", "ä", "x" * 129)),
        (identifiers.SHA256, ("0" * 64, "abcdef0123456789" * 4), ("0" * 63, "0" * 65, "A" * 64, "g" * 64)),
        (identifiers.LANGUAGE, ("en", "pt-BR", "zh-Hant-TW"), ("e", "en-", "en_GB", "-en", "englishes")),
        (
            identifiers.URL,
            ("https://a", "http://example.org/é?q=1#x"),
            ("ftp://a", "https://", "javascript:alert(1)", "https://a b", "HTTPS://a", "https://a\u0080"),
        ),
        (
            identifiers.DECIMAL,
            ("0", "-0.5", "12.50", "9" * 18, "0." + "1" * 18),
            ("", "NaN", "Infinity", "-inf", "1e5", "+1", ".5", "1.", "01", "1,5", "--1", "9" * 19, "0." + "1" * 19),
        ),
        (
            DAY,
            ("1900-01-01", "2199-12-31", "2024-02-29"),
            ("2023-02-29", "1899-12-31", "2200-01-01", "2023-03", "2023"),
        ),
        (PARTIAL_DATE, ("2023", "2023-03", "2023-03-21"), ("23", "2023-13", "2023-02-30", "1899", "2200", "2023-3")),
        (RECURRENCE, ("P1Y", "P2W", "P1Y2M3W4D"), ("P", "P0D", "1Y", "P1H", "PT1H", "P1.5Y", "p1y", "P1000Y")),
        (shapes.SOURCE.members["sentence"], ("2", "1+3"), ("", "+", "1+", "1-3", "the text")),
        (shapes.EVIDENCE.members["media_type"], ("text/html", "application/ld+json"), ("html", "text/", "a/b/c")),
    ],
    ids=range(15),
)
def test_a_code_has_its_form_wholly(field, good, bad):
    for value in good:
        assert accepts(field, value), value
        assert Draft202012Validator(field.schema()).is_valid(value), value
    for value in bad:
        (fault,) = faults(field, value)
        assert fault.accepted
    for value in good:
        for spoilt in (f"{value}\n", f" {value}", f"{value}\x00"):
            assert not accepts(field, spoilt), spoilt


@pytest.mark.parametrize(
    "field", [identifiers.REFERENCE, identifiers.DECIMAL, identifiers.EXTERNAL_ID, DAY, PARTIAL_DATE, RECURRENCE]
)
@pytest.mark.parametrize("digit", ["\u0661", "\uff11", "\u0967"])
def test_digits_of_other_scripts_are_no_digits(field, digit):
    for value in ("1", "11", "P1Y", "2021", "2021-01-01"):
        assert not accepts(field, value.replace("1", digit))


def test_a_word_is_one_of_the_vocabulary_to_the_letter():
    field = Word(("one_off", "recurring"))
    assert accepts(field, "one_off")
    for value in ("One_off", "one_off ", "one", "", "ONE_OFF", ["one_off"]):
        (fault,) = faults(field, value)
        assert fault.accepted == "one_off | recurring"


def test_a_list_has_its_size_and_names_every_bad_item():
    field = Many(Whole(1), 3, least=2)
    assert accepts(field, [1, 1])
    assert not accepts(field, [1])
    assert not accepts(field, [1, 2, 3, 4])
    assert [fault.pointer for fault in faults(field, [True, 2, "3"])] == ["/0", "/2"]


def test_a_distinct_list_refuses_repetitions_and_points_at_the_second():
    assert [fault.pointer for fault in faults(Many(Text(), 5, distinct=True), ["a", "b", "a"])] == ["/2"]
    relation = {"type": "overlaps", "reference": "SC-2"}
    assert [fault.pointer for fault in faults(shapes.COMMITMENT.members["relations"], [relation, dict(relation)])] == [
        "/1"
    ]


def test_an_object_names_every_unknown_missing_null_and_bad_member_at_once():
    shape = record({"a": Whole(), "b": Text(), "c": Flag(), "d": Text()}, "a b d")
    found = faults(shape, {"a": None, "b": 1, "c": None, "e/f~": 1})
    assert [(fault.pointer, fault.message) for fault in found] == [
        ("/a", "the field cannot be null"),
        ("/b", "a number is no text"),
        ("/e~1f~0", "the field is unknown"),
        ("/d", "the field is missing"),
    ]


def test_of_a_missing_member_it_is_said_what_would_be_accepted():
    shape = record({"day": DAY, "words": Many(Word(("a", "b")), 3, least=1), "text": Text(most=20)}, "day words text")
    for found in (faults(shape, {}), faults(shape, {"day": None, "words": None, "text": None})):
        assert ["YYYY-MM-DD" in found[0].accepted, "1 to 3" in found[1].accepted, "20" in found[2].accepted] == [
            True
        ] * 3


def test_an_optional_member_is_left_out_or_null():
    shape = record({"a": Whole(), "b": Text()}, "a")
    assert accepts(shape, {"a": 1})
    assert accepts(shape, {"a": 1, "b": None})


def test_changes_need_nothing_and_remove_only_what_was_optional():
    shape = record({"a": Whole(), "b": Text(), "c": Flag()}, "a").changes(("a", "b"))
    assert accepts(shape, {})
    assert accepts(shape, {"b": None})
    assert [fault.accepted for fault in faults(shape, {"a": None})] == ["a new value"]
    assert [fault.accepted for fault in faults(shape, {"c": True})] == ["a | b"]


def test_rules_between_members_are_asked_once_the_members_are_right():
    def never_equal(value: Any, pointer: str, found: list[Fault]) -> None:
        if value["a"] == value["b"]:
            found.append(Fault(f"{pointer}/b", "a and b are equal", "another b"))

    shape = record({"a": Whole(), "b": Whole()}, "a b", never_equal)
    assert [fault.message for fault in faults(shape, {"a": 1, "b": 1})] == ["a and b are equal"]
    assert [fault.pointer for fault in faults(shape, {"a": 1})] == ["/b"]


def test_checking_raises_every_fault_and_changes_nothing():
    body = {"occurred_on": "2022", "statement": "", "surprise": None}
    sent = copy.deepcopy(body)
    with pytest.raises(Invalid) as invalid:
        checked(shapes.COMMITMENT_EVENTS["reviewed"], body, "/body")
    assert {fault.pointer for fault in invalid.value.faults} == {
        "/body/statement",
        "/body/surprise",
        "/body/rating",
        "/body/independence",
    }
    assert body == sent
    assert all(str(fault) in str(invalid.value) for fault in invalid.value.faults)


def test_a_fault_of_the_whole_body_says_so():
    with pytest.raises(Invalid, match="the body: a list is no object; accepted: an object"):
        checked(shapes.COMMITMENT_EVENTS["started"], [])


def test_long_values_and_names_are_not_repeated_in_full():
    (fault,) = faults(Word(("x",)), "y" * 10_000)
    assert len(fault.message) < 100
    (fault,) = faults(record({}), {"y" * 10_000: 1})
    assert len(fault.pointer) <= 101


def commitment(**members: Any) -> dict[str, Any]:
    return announcement(**members)["commitment"]


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"reference": "sc-1"}, "/reference"),
        ({"reference": None}, "/reference"),
        ({"title": "t" * 301}, "/title"),
        ({"summary": "s" * 2_001}, "/summary"),
        ({"kind": "oneoff"}, "/kind"),
        ({"tier": "headline"}, "/tier"),
        ({"modality": "must"}, "/modality"),
        ({"wording": None}, "/timeframe/wording"),
        ({"due": "2022"}, "/timeframe/due"),
        ({"due": "2022-12-31", "start_by": "2023-01-01"}, "/timeframe/start_by"),
        ({"kind": "recurring", "recurrence": "P1Y"}, "/timeframe/anchor"),
        ({"kind": "recurring", "anchor": "2022-01-01"}, "/timeframe/recurrence"),
        ({"recurrence": "P1Y", "anchor": "2022-01-01"}, "/timeframe/recurrence"),
        ({"kind": "recurring", "recurrence": "P0Y", "anchor": "2022-01-01"}, "/timeframe/recurrence"),
        ({"partners": ["EU", "EU"]}, "/partners/1"),
        ({"partners": "EU"}, "/partners"),
        ({"instruments": ["i" * 201]}, "/instruments/0"),
        ({"themes": ["Cyber"]}, "/themes/0"),
        ({"relations": [{"type": "follows", "reference": "SC-2"}]}, "/relations/0/type"),
        ({"relations": [{"type": "overlaps", "reference": "SC-1"}]}, "/relations/0/reference"),
        ({"source": {"sentence": "We will"}}, "/source/sentence"),
        ({"source": {"sha256": "0"}}, "/source/sha256"),
        ({"source": {"line": 0}}, "/source/line"),
        ({"visibility": "secret"}, "/visibility"),
        ({"status": "achieved"}, "/status"),
    ],
)
def test_a_commitment_refuses_what_it_must_not_say(members, pointer):
    assert accepts(shapes.COMMITMENT, commitment())
    assert [fault.pointer for fault in faults(shapes.COMMITMENT, commitment(**members))] == [pointer]


def test_a_start_on_the_due_date_is_in_order():
    assert accepts(shapes.COMMITMENT, commitment(start_by="2022-12-31", due="2022-12-31"))


@pytest.mark.parametrize(
    ("item", "pointer"),
    [
        ({"grade": "F"}, "/grade"),
        ({"grade": None}, "/grade"),
        ({"title": " "}, "/title"),
        ({"url": "example.org"}, "/url"),
        ({"published_on": "yesterday"}, "/published_on"),
        ({"size": -1}, "/size"),
        ({"size": 1.5}, "/size"),
        ({"sha256": "F" * 64}, "/sha256"),
        ({"content": "base64"}, "/content"),
    ],
)
def test_evidence_refuses_what_it_must_not_say(item, pointer):
    good = {"title": "Declaration", "grade": "A"}
    assert accepts(shapes.EVIDENCE, good)
    assert [fault.pointer for fault in faults(shapes.EVIDENCE, good | item)] == [pointer]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"statement": "s" * 10_001}, "/statement"),
        ({"statement": None}, "/statement"),
        ({"occurred_on": "soon"}, "/occurred_on"),
        ({"evidence": [{"title": "t", "grade": "A"}] * 51}, "/evidence"),
        ({"confidence": "certain"}, "/confidence"),
        ({"language": "english language"}, "/language"),
        ({"note": "n" * 2_001}, "/note"),
        ({"external_id": "a b"}, "/external_id"),
        ({"quantity": 12.5}, "/quantity"),
        ({"quantity": "1e3"}, "/quantity"),
        ({"recorded_at": "2022-01-01T00:00:00Z"}, "/recorded_at"),
        ({"effective_on": "2022-01-01"}, "/effective_on"),
    ],
)
def test_an_entry_refuses_what_it_must_not_say(fields, pointer):
    good = {"occurred_on": "2022", "statement": "s" * 10_000, "evidence": [{"title": "t", "grade": "A"}] * 50}
    assert accepts(shapes.COMMITMENT_EVENTS["progressed"], good)
    found = faults(shapes.COMMITMENT_EVENTS["progressed"], good | fields)
    assert [fault.pointer for fault in found] == [pointer]


EVERY_SHAPE: dict[str, Record] = {
    **shapes.COMMITMENT_EVENTS,
    **shapes.PROGRAMME_EVENTS,
    **shapes.CORRECTIONS,
    **shapes.LEDGER_EVENTS,
    "commitment": shapes.COMMITMENT,
    "programme": shapes.PROGRAMME,
    **{f"changes of {kind}": shapes.correctable(shape) for kind, shape in shapes.COMMITMENT_EVENTS.items()},
    **{f"changes of {kind}": shapes.correctable(shape) for kind, shape in shapes.PROGRAMME_EVENTS.items()},
}


@pytest.mark.parametrize("name", EVERY_SHAPE)
def test_every_shape_describes_itself_as_json_schema(name):
    schema = EVERY_SHAPE[name].schema()
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_every_kind_has_its_shape():
    for table in (shapes.COMMITMENT_EVENTS, shapes.PROGRAMME_EVENTS, shapes.CORRECTIONS, shapes.LEDGER_EVENTS):
        for kind, shape in table.items():
            assert shapes.shape_of(kind) is shape
    assert shapes.shape_of("finished") is None


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(EVERY_SHAPE[name].schema())


# What JSON Schema cannot say, by the beginning of the message: the rules between members, the calendar and the limits
# of dates, control characters, and what a correction changes (that depends on the entry it names).
BEYOND_SCHEMA = (
    "start_by lies after due",
    "recurrence and anchor come together",
    "a one_off commitment has no recurrence",
    "a continuous commitment has no recurrence",
    "a commitment has no relation to itself",
    "a rebaseline sets a new target",
    "nothing is changed",
    "nothing is amended",
    "this kind needs evidence",
    "it must be clear which entries are meant",
    "entry ",
    "partner ",
    "the text contains control characters",
)


def beyond_schema(fault: Fault) -> bool:
    of_date = fault.message.endswith("cannot be read") and any(character.isdigit() for character in fault.message)
    return of_date or fault.message.startswith(BEYOND_SCHEMA)


def in_full(name: str) -> st.SearchStrategy[Any]:
    """Values of a shape that are mostly right."""
    kinds = ["announced", "achieved", "rebaselined", "slipped"]
    if name == "announced":
        return strategies.announcements(TODAY, rich=True)
    if name == "commitment":
        return strategies.commitments()
    if name == "rectified":
        return strategies.rectifications(kinds, TODAY) | strategies.rectifications(kinds, TODAY, every=True)
    if name == "retracted":
        return strategies.retractions(5)
    if name.startswith("changes of "):
        return strategies.changes(name.removeprefix("changes of "), TODAY)
    return strategies.bodies(name, TODAY, 5, rich=True)


JUNK = st.sampled_from(
    (
        None,
        True,
        0,
        -1,
        2**53,
        1.5,
        "",
        " ",
        "x",
        "X" * 70,
        "x" * 10_001,
        "2022-13",
        "1066",
        "P0Y",
        "a\x00b",
        [],
        [[]],
        ["EU", "EU"],
        [None],
        {},
        {"x": 1},
    )
)


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The value with one place of it changed: a member replaced, taken away, or added."""
    places = list(_places(value))
    holder, key = draw(st.sampled_from(places)) if places else (value, None)
    act = draw(st.sampled_from(("replace", "replace", "remove", "add")))
    if act == "add" or key is None:
        target = holder[key] if key is not None and isinstance(holder[key], dict) else value
        target["surprise"] = draw(JUNK)
    elif act == "replace":
        holder[key] = draw(JUNK)
    else:
        del holder[key]
    return value


def _places(value: Any) -> Any:
    """Every (holder, key) in a value, at whatever depth."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


DRAWN = ["commitment", "announced", *strategies.PLAIN_KINDS, "rectified", "retracted"]
DRAWN += [f"changes of {kind}" for kind in ("announced", "achieved", "rebaselined", "amended")]


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=max(20, EXAMPLES // 2))
@given(data=st.data())
def test_the_schema_accepts_what_the_check_accepts_and_refuses_all_it_can_express(name, data):
    value = copy.deepcopy(data.draw(in_full(name)))
    if data.draw(st.integers(0, 3)):
        value = data.draw(spoilt(value))
    found, valid = faults(EVERY_SHAPE[name], value), validator(name).is_valid(value)
    event(f"check {'accepts' if not found else 'refuses'}, schema {'accepts' if valid else 'refuses'}")
    if not found:
        assert valid, next(validator(name).iter_errors(value))
    elif valid:
        assert all(map(beyond_schema, found)), found
