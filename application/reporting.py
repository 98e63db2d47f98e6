"""The status report, and what changed between two dates or two moments, from a consistent view of the ledger."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from application.errors import BadQuestion, NotPermitted
from application.ports import View
from application.replaying import histories
from application.seeing import refuse_unknown_words, values, visible
from application.two_times import moment_of, resolve, valid_day
from domain.answers import Answer, CommitmentAt, Moment, day, instant, inverses
from domain.commitment import Commitment
from domain.comparison import between_dates, between_moments
from domain.correction_register import Registered, correction_answer
from domain.filters import Filters, Row, select
from domain.four_eyes import off_stretches
from domain.replay import known
from domain.report import RULES, Canonical, Imprint, Scope, Writing
from domain.report import status_report as report_of
from domain.report_material import Material
from domain.wording import texts_of_report

_CORRECTIONS_EACH: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who asks and when: *today* is the day of *now* in the ledger's time zone.

    *most_commitments* bounds what is given to one question: that many commitments, and some corrections for each.
    """

    may_read_internal: bool
    today: date
    now: datetime
    most_commitments: int | None = None

    def refuse_more(self, commitments: int, corrections: int = 0) -> None:
        """Raise BadQuestion if a report about so much would be larger than is given."""
        most = self.most_commitments
        if most is None or (commitments <= most and corrections <= most * _CORRECTIONS_EACH):
            return
        what = f"{commitments:,} commitments" if commitments > most else f"{corrections:,} corrections"
        bound = f"{most:,}" if commitments > most else f"{most * _CORRECTIONS_EACH:,}"
        accepted = (
            "programme, theme, partner, tier or other filters that leave fewer; or `ledger report`, without a bound"
        )
        raise BadQuestion("programme", f"the report would tell of {what}, more than {bound}", accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Where reports are made: the log's origin, the software's version, and who writes RFC 8785 bytes."""

    origin: str
    version: str
    canonical: Canonical


FORMATS_WITH_APPENDIX: Final = ("html", "pdf")
APPENDIX_BY_DEFAULT: Final = 300
LARGEST_APPENDIX: Final = 1_000
"""Commitments: up to how many an appendix is made unasked in the formats to be read, and up to how many at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQuery:
    """What a status report is asked for; with an *appendix* or not, or (None) as is usual for its *format*."""

    scope: Scope = field(default_factory=Scope)
    appendix: bool | None = None
    format: str = "json"
    as_of: date | None = None
    log_size: int | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesQuery:
    """Two dates, as known at one moment; or two log sizes, about one date. `since` and `until` are from and to."""

    filters: Filters = field(default_factory=Filters)
    visibility_all: bool = False
    since: date | None = None
    until: date | None = None
    from_log_size: int | None = None
    to_log_size: int | None = None
    as_of: date | None = None
    log_size: int | None = None
    known_at: datetime | None = None


def status_report(view: View, query: StatusQuery, reader: Reader, press: Press) -> Answer:
    """Give the status report: for one scope and (V, N) the same figures and the same digest, whoever asks and when."""
    return report_of(query.scope, *_material(view, query, reader, press), press.canonical)


def written_report(
    view: View, query: StatusQuery, reader: Reader, press: Press, writing: Writing
) -> tuple[Answer, bytes]:
    """Give the bytes of the status report, and what it says beside its rows; large ones are made much sooner so."""
    return writing.report(query.scope, *_material(view, query, reader, press))


def _material(view: View, query: StatusQuery, reader: Reader, press: Press) -> tuple[Material, Imprint]:
    scope = query.scope
    _refuse(scope.filters, visibility_all=scope.visibility_all, reader=reader)
    as_of, moment = resolve(
        view, as_of=query.as_of, log_size=query.log_size, known_at=query.known_at, today=reader.today, now=reader.now
    )
    _refuse_backwards("compare_to", scope.compare_to, as_of)
    seen = visible(view, as_of, moment.log_size, scope)
    rows = select(seen, scope.filters, as_of)
    reader.refuse_more(len(rows))
    references = [row.found.reference for row in rows]
    appendix = _histories(view, references, as_of, moment) if _wants_appendix(query, len(rows)) else None
    programmes = view.programmes(as_of, moment.log_size)
    material = Material(
        as_of=as_of,
        moment=moment,
        commitments=seen,
        rows=rows,
        programmes=[state for state, _, internal in programmes if scope.shows(state.code, internal=internal)],
        related=inverses(seen),
        courses=view.status_courses(moment.log_size),
        value_of=values(view, texts_of_report([row.found.state for row in rows])),
        corrections=_corrections(view, scope, set(references), 0, moment.log_size, reader),
        changes=None if scope.compare_to is None else _since(view, scope, scope.compare_to, as_of, rows, moment),
        appendix=appendix,
    )
    root = b64encode(view.root(moment.log_size)).decode()
    return material, Imprint(press.origin, root, press.version, _off(view, moment))


def _off(view: View, moment: Moment) -> list[Answer]:
    return off_stretches(view.settings_changed(moment.log_size))


def _wants_appendix(query: StatusQuery, commitments: int) -> bool:
    if query.appendix is None:
        return query.format in FORMATS_WITH_APPENDIX and commitments <= APPENDIX_BY_DEFAULT
    if query.appendix and commitments > LARGEST_APPENDIX:
        raise BadQuestion(
            "appendix",
            f"the report is about {commitments} commitments",
            f"appendix=true for up to {LARGEST_APPENDIX}; filters, or /v1/commitments/{{reference}}/history",
        )
    return query.appendix


def _histories(view: View, references: Sequence[str], as_of: date, moment: Moment) -> list[Answer]:
    made = zip(references, histories(view, references, as_of, moment), strict=True)
    return [{"reference": reference, "items": items} for reference, items in made]


def changes(view: View, query: ChangesQuery, reader: Reader) -> Answer:
    """Give what changed between two dates, or what later entries and corrections changed about one date."""
    _refuse(query.filters, visibility_all=query.visibility_all, reader=reader)
    dates = query.since is not None or query.until is not None
    sizes = query.from_log_size is not None or query.to_log_size is not None
    if dates and sizes:
        raise BadQuestion(
            "from_log_size", "dates are compared already", "from and to, or from_log_size and to_log_size"
        )
    return _changes_of_record(view, query, reader) if sizes else _changes_of_date(view, query, reader)


def _changes_of_date(view: View, query: ChangesQuery, reader: Reader) -> Answer:
    if query.since is None:
        raise BadQuestion("from", "it is missing", "from (a date), or from_log_size")
    if query.as_of is not None:
        raise BadQuestion("as_of", "the dates are from and to", "to, or from_log_size and to_log_size with as_of")
    valid_day("to", query.until)
    until, moment = resolve(
        view, as_of=query.until, log_size=query.log_size, known_at=query.known_at, today=reader.today, now=reader.now
    )
    _refuse_backwards("from", query.since, until)
    scope = Scope(filters=query.filters, visibility_all=query.visibility_all)
    seen = visible(view, until, moment.log_size, scope)
    rows = select(seen, scope.filters, until)
    reader.refuse_more(len(rows))
    compared = _since(view, scope, query.since, until, rows, moment)
    return {**_times(until, moment), **_asked(scope), **_without_four_eyes(view, moment), **compared}


def _changes_of_record(view: View, query: ChangesQuery, reader: Reader) -> Answer:
    if query.log_size is not None or query.known_at is not None:
        parameter = "known_at" if query.log_size is None else "log_size"
        raise BadQuestion(parameter, "two moments are compared", "from_log_size and to_log_size")
    if query.from_log_size is None:
        raise BadQuestion("from_log_size", "it is missing", "from_log_size, or from (a date)")
    valid_day("as_of", query.as_of)
    as_of = query.as_of or reader.today
    before = moment_of(view, "from_log_size", query.from_log_size)
    after = view.head if query.to_log_size is None else moment_of(view, "to_log_size", query.to_log_size)
    if before.log_size > after.log_size:
        raise BadQuestion("from_log_size", "it lies after to_log_size", f"0 to {after.log_size}")
    scope = Scope(filters=query.filters, visibility_all=query.visibility_all)
    old, new = (visible(view, as_of, each.log_size, scope) for each in (before, after))
    asked = {row.found.reference for found in (old, new) for row in select(found, scope.filters, as_of)}
    reader.refuse_more(len(asked))
    changed = between_moments(old, new, scope.filters, as_of)
    corrections = _corrections(view, scope, asked, before.log_size, after.log_size, reader)
    return {
        **_times(as_of, after),
        **_asked(scope),
        **_without_four_eyes(view, after),
        "from_log_size": before.log_size,
        "from_known_at": instant(before.recorded_at),
        "to_log_size": after.log_size,
        "to_known_at": instant(after.recorded_at),
        "counts": {"changed": len(changed), "corrections": len(corrections)},
        "changed": changed,
        "corrections": corrections,
    }


def _times(as_of: date, moment: Moment) -> Answer:
    return {"as_of": day(as_of), "log_size": moment.log_size, "known_at": instant(moment.recorded_at)}


def _asked(scope: Scope) -> Answer:
    filters = {name: value for name, value in scope.answer().items() if name != "compare_to"}
    return {"filters": filters, "rules": RULES}


def _without_four_eyes(view: View, moment: Moment) -> Answer:
    off = _off(view, moment)
    return {"four_eyes_off": off} if off else {}


def _refuse(filters: Filters, *, visibility_all: bool, reader: Reader) -> None:
    refuse_unknown_words(filters)
    if visibility_all and not reader.may_read_internal:
        raise NotPermitted("internal commitments are not shown to this caller", "visibility=public")


def _refuse_backwards(parameter: str, since: date | None, until: date) -> None:
    valid_day(parameter, since)
    if since is not None and since > until:
        raise BadQuestion(parameter, f"{since} lies after {until}", f"a date up to {until}")


def _since(view: View, scope: Scope, since: date, until: date, rows: list[Row], moment: Moment) -> Answer:
    """Compare the commitments of *rows* with how they stood on *since*."""
    earlier = visible(view, since, moment.log_size, scope)
    before = {row.found.reference: row for row in select(earlier, Filters(), since)}
    touched = set(view.touched(since, until, moment.log_size))
    readings = {
        reference: known(view.entries(stream, moment.log_size)).in_order()
        for reference, stream in _streams(row.found for row in rows)
        if stream in touched
    }
    return between_dates(since, until, before, rows, readings)


def _streams(commitments: Iterable[CommitmentAt]) -> Iterable[tuple[str, UUID]]:
    return ((found.reference, Commitment.id_of(found.reference)) for found in commitments)


def _corrections(
    view: View, scope: Scope, references: set[str], after: int, log_size: int, reader: Reader
) -> list[Answer]:
    """Give the corrections recorded after *after* and known at N that concern what is asked for, by position.

    Without other filters than the programme these are all of its corrections, those of its register included, even
    where a corrected date has moved a commitment behind V.
    """
    registered = view.corrections(after, log_size)
    narrowed = scope.filters.asks_beyond_programme()
    concerned = (each for each in registered if _concerned(each, scope, references if narrowed else None))
    found = [each.correction for each in concerned]
    reader.refuse_more(0, len(found))
    value_of = values(view, (at for correction in found for at in correction.texts()))
    return [correction_answer(correction, value_of) for correction in found]


def _concerned(registered: Registered, scope: Scope, references: set[str] | None) -> bool:
    """Whether the scope shows a correction; of commitments with these *references* only, if not None."""
    if not scope.shows(registered.programme, internal=registered.internal):
        return False
    if references is not None:
        return registered.correction.reference in references
    return not scope.filters.programme or registered.programme in scope.filters.programme
