"""What a question may see, and the texts that its answer shows: shared by replaying and reporting."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from application.errors import BadQuestion
from application.ports import View
from domain.answers import CommitmentAt, TextOf
from domain.entry import TextAt
from domain.filters import CLOSED, Filters
from domain.report import Scope
from domain.wording import ValueOf, texts_of_state


def visible(view: View, as_of: date, log_size: int, scope: Scope) -> list[CommitmentAt]:
    """Give the commitments at (V, N) that a report of this scope may tell of, whatever else it is narrowed to."""
    return [each for each in view.commitments(as_of, log_size) if scope.shows(each.programme, internal=each.internal)]


def refuse_unknown_words(filters: Filters) -> None:
    """Refuse a word that no commitment can ever have; codes, which may come later, are only not found."""
    for name, words in CLOSED.items():
        for asked in getattr(filters, name):
            if asked not in words:
                raise BadQuestion(name, f"“{asked[:60]}” is none of the words", " | ".join(words))


def values(view: View, wanted: Iterable[TextAt]) -> ValueOf:
    """Look texts up, all at once, and give the function that then finds each."""
    found: Mapping[TextAt, Any] = view.texts(wanted)
    return found.get


def texts(view: View, shown: Sequence[CommitmentAt]) -> TextOf:
    """Look up the texts that the answers about these commitments show."""
    found = values(view, (at for each in shown for at in texts_of_state(each.state)))
    return lambda at: None if at is None else found(at)
