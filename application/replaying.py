"""What was known and in effect at two times: commitments and programmes, and their histories entry by entry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from application.access import Sight
from application.errors import BadQuestion, Unknown
from application.ports import View
from application.seeing import refuse_unknown_words, texts, values
from domain.answers import (
    Answer,
    CommitmentAt,
    Moment,
    RecordedEntry,
    entry_answer,
    inverses,
)
from domain.commitment import Commitment
from domain.commitment_answers import commitment_answer
from domain.filters import SORTS, Filters, Row, SortKey, ordered, select, sort_key
from domain.programme import Programme, ProgrammeState
from domain.programme_answers import partner_answers, programme_answer, tally
from domain.replay import Known, known, steps
from domain.timeliness import standing
from domain.wording import ValueOf, reading_answer


@dataclass(frozen=True, slots=True)
class Listing:
    """Commitments in the order asked for. Their answers are made page by page, so that a page costs what it shows."""

    view: View
    rows: Sequence[Row]
    sort: str
    related: Mapping[str, list[Answer]]
    as_of: date
    moment: Moment

    def __len__(self) -> int:
        return len(self.rows)

    def keys(self) -> list[SortKey]:
        """Give the place of every row, in order."""
        return [sort_key(row, self.sort) for row in self.rows]

    def after(self, key: SortKey) -> int:
        """Give the index of the row behind the one at *key*; at one (V, N) a row keeps its place for ever."""
        return self.keys().index(key) + 1

    def page(self, first: int, count: int) -> list[Answer]:
        """Give the answers about *count* rows from index *first*."""
        rows = self.rows[first : first + count]
        text_of = texts(self.view, [row.found for row in rows])
        return [
            commitment_answer(
                row.found, row.standing, self.as_of, self.moment, self.related.get(row.found.reference, []), text_of
            )
            for row in rows
        ]


def commitment(view: View, reference: str, as_of: date, moment: Moment, *, sight: Sight) -> Answer:
    """Give one commitment at two times."""
    found = _existing(view, reference, as_of, moment, sight=sight)
    relating = view.relating_to(reference, as_of, moment.log_size)
    related = inverses(each for each in relating if sight.sees(each.programme, internal=each.internal))
    return commitment_answer(
        found, standing(found.state, as_of), as_of, moment, related.get(reference, []), texts(view, [found])
    )


def commitments(view: View, filters: Filters, sort: str, as_of: date, moment: Moment, *, sight: Sight) -> Listing:
    """Give the commitments at two times that are asked for."""
    refuse_unknown_words(filters)
    if sort not in SORTS:
        raise BadQuestion("sort", f"“{sort[:60]}” is no order", " | ".join(SORTS))
    seen = _seen(view, as_of, moment, sight)
    return Listing(view, ordered(select(seen, filters, as_of), sort), sort, inverses(seen), as_of, moment)


def history(
    view: View,
    reference: str,
    as_of: date,
    moment: Moment,
    *,
    sight: Sight,
    after: int = 0,
    limit: int | None = None,
) -> list[Answer]:
    """Give every entry of a commitment known at N, with what became of it and the status right after it at (V, N).

    Only those behind version *after*, and no more than *limit*: answers cost more than the fold that they all need.
    """
    _existing(view, reference, as_of, moment, sight=sight)
    stream = Commitment.id_of(reference)
    entries = view.entries(stream, moment.log_size)
    if after >= len(entries):
        return []
    read = known(entries)
    begin = entries[after - 1].position if after else 0
    shown = view.recorded(stream=stream, after=begin, up_to=moment.log_size, limit=limit)
    return _items(shown, read, steps(read.in_order(), as_of), as_of, _texts_of_readings(view, [read]))


def histories(view: View, references: Iterable[str], as_of: date, moment: Moment) -> list[list[Answer]]:
    """Give the histories of commitments that are there at (V, N), in the order asked for."""
    found = [list(view.recorded(stream=Commitment.id_of(each), up_to=moment.log_size)) for each in references]
    read = [known([each.entry for each in recorded]) for recorded in found]
    value_of = _texts_of_readings(view, read)
    return [
        _items(recorded, each, steps(each.in_order(), as_of), as_of, value_of)
        for recorded, each in zip(found, read, strict=True)
    ]


def programmes(view: View, as_of: date, moment: Moment, *, sight: Sight) -> list[Answer]:
    """Give every programme at two times, with its register and the numbers of its commitments."""
    counted = tally(_seen(view, as_of, moment, sight))
    return [
        programme_answer(state, version, internal=internal, counted=counted.get(state.code), as_of=as_of, moment=moment)
        for state, version, internal in _programmes(view, as_of, moment, sight=sight)
    ]


def programme(view: View, code: str, as_of: date, moment: Moment, *, sight: Sight) -> Answer:
    """Give one programme at two times."""
    for answer in programmes(view, as_of, moment, sight=sight):
        if answer["code"] == code:
            return answer
    raise Unknown("programme", code, _when(as_of, moment))


def programme_history(view: View, code: str, as_of: date, moment: Moment, *, sight: Sight) -> list[Answer]:
    """Give every entry of a programme known at N; a programme has no status, so none stands after an entry."""
    there = _programmes(view, as_of, moment, sight=sight)
    if code not in {state.code for state, _, _ in there}:
        raise Unknown("programme", code, _when(as_of, moment))
    recorded = list(view.recorded(stream=Programme.id_of(code), up_to=moment.log_size))
    read = known([each.entry for each in recorded])
    return _items(recorded, read, {}, as_of, _texts_of_readings(view, [read]))


def partners(view: View, as_of: date, moment: Moment, *, sight: Sight) -> list[Answer]:
    """Give the partners of every register, whatever their role, by programme in the order of registration."""
    counted = tally(_seen(view, as_of, moment, sight))
    there = _programmes(view, as_of, moment, sight=sight)
    return [answer for state, _, _ in there for answer in partner_answers(state, counted.get(state.code))]


def _when(as_of: date, moment: Moment) -> str:
    return f"as of {as_of}, knowing {moment.log_size} entries"


def _existing(view: View, reference: str, as_of: date, moment: Moment, *, sight: Sight) -> CommitmentAt:
    found = view.commitment(reference, as_of, moment.log_size)
    if found is None or not sight.sees(found.programme, internal=found.internal):
        raise Unknown("commitment", reference, _when(as_of, moment))
    return found


def _programmes(view: View, as_of: date, moment: Moment, *, sight: Sight) -> list[tuple[ProgrammeState, int, bool]]:
    there = view.programmes(as_of, moment.log_size)
    return [each for each in there if sight.sees(each[0].code, internal=each[2])]


def _seen(view: View, as_of: date, moment: Moment, sight: Sight) -> list[CommitmentAt]:
    there = view.commitments(as_of, moment.log_size)
    return [each for each in there if sight.sees(each.programme, internal=each.internal)]


def _texts_of_readings(view: View, read: Iterable[Known]) -> ValueOf:
    """Look up, all at once, the texts of what reads otherwise than recorded."""
    corrected = (reading for each in read for reading in each.readings.values() if reading.corrected_by)
    return values(view, (at for reading in corrected for at in reading.texts.values()))


def _items(
    recorded: Iterable[RecordedEntry], read: Known, statuses: Mapping[int, str], as_of: date, value_of: ValueOf
) -> list[Answer]:
    items = []
    for each in recorded:
        version = each.entry.version
        reading = read.readings.get(version)
        items.append(
            entry_answer(each)
            | {
                "counts": reading is not None and reading.effective_on <= as_of,
                "retracted": version in read.retracted,
                "corrected_by": list(reading.corrected_by) if reading else [],
                "reading": reading_answer(reading, value_of) if reading and reading.corrected_by else None,
                "status_after": statuses.get(version),
            }
        )
    return items
