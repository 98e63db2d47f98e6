"""Texts and what they belong to: where the texts of a state or a reading stand, and readings with their texts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from domain.answers import ERASED, Answer, body_answer
from domain.entry import TextAt
from domain.lifecycle import Reading, State
from domain.shapes import EVIDENCE

ValueOf = Callable[[TextAt], Any]
"""Looks a prose member up: a text, or the texts of evidence items or of changes; ERASED if it was erased."""

_NOTHING_SHOWN: Final[Answer] = dict.fromkeys(("grade", *(name for name in EVIDENCE.members if name != "grade")))
_COMPOSITE: Final = ("evidence", "changes", "corrections")


def texts_of_state(state: State) -> Iterator[TextAt]:
    """Give the places of the texts that an answer about this state shows."""
    for target in state.targets:
        if target.authority is not None:
            yield target.authority
    if state.assessment is not None and state.assessment.reviewer is not None:
        yield state.assessment.reviewer


def texts_of_report(states: Sequence[State]) -> list[TextAt]:
    """Give the places of the texts that a report shows of these states: those of what achievements rest on, too."""
    ways = [target.authority for state in states for target in state.targets]
    ways += [state.assessment.reviewer for state in states if state.assessment is not None]
    ways += [proof.texts for state in states for proof in state.proofs]
    return [way for way in ways if way is not None]


def evidence_of(state: State, value_of: ValueOf) -> list[Answer]:
    """Give the evidence that an achievement rests on, the best grade first; an erased title reads so."""
    items: list[Answer] = []
    for proof in state.proofs:
        said = None if proof.texts is None else value_of(proof.texts)
        for place, facts in enumerate(proof.items):
            texts = {"title": ERASED} if said in (None, ERASED) else said[place]
            items.append({**_NOTHING_SHOWN, **texts, **facts})
    return sorted(items, key=lambda item: str(item["grade"]))


def reading_answer(reading: Reading, value_of: ValueOf) -> Answer:
    """Give the members of an entry as it now reads, with the day it now counts from."""
    found = {name: value_of(at) for name, at in reading.texts.items()}
    texts = {name: value for name, value in found.items() if not (name in _COMPOSITE and value in (None, ERASED))}
    return {
        "effective_on": reading.effective_on.isoformat(),
        **body_answer(reading.kind, reading.facts, texts),
    }
