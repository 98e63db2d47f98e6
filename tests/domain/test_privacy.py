"""The register of personal fields covers everything into which somebody can write freely."""

from collections.abc import Iterator

from domain.entry import split
from domain.fields import Field, Many, Record, Text
from domain.privacy import ERASABLE, register
from domain.shapes import COMMITMENT_EVENTS, CORRECTIONS, LEDGER_EVENTS, PROGRAMME_EVENTS

KINDS = {**COMMITMENT_EVENTS, **PROGRAMME_EVENTS, **CORRECTIONS, **LEDGER_EVENTS}


def free_texts(at: str, field: Field) -> Iterator[str]:
    if isinstance(field, Text) and field.pattern is None:
        yield at
    elif isinstance(field, Many):
        yield from free_texts(f"{at}[]", field.item)
    elif isinstance(field, Record):
        for name, inner in field.members.items():
            yield from free_texts(f"{at}.{name}" if at else name, inner)


def test_every_free_text_of_every_kind_is_registered() -> None:
    listed = {(each.field, kind) for each in register() for kind in each.kinds}
    texts = {(at, kind) for kind, shape in KINDS.items() for at in free_texts("", shape)}
    assert texts
    assert texts <= listed


def test_what_the_register_calls_erasable_is_what_recording_keeps_apart() -> None:
    erasable = {each.field for each in register() if each.kept == ERASABLE and "." not in each.field}
    body = dict.fromkeys(("statement", "cause", "authority", "reason", "reviewer", "note", "period", "unit"), "x")
    _, prose = split("reviewed", body)
    assert set(prose) == erasable


def test_each_field_is_listed_once() -> None:
    fields = [each.field for each in register()]
    assert len(fields) == len(set(fields))
