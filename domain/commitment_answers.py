"""The answer about one commitment, member by member as the contract names them (design, section 7)."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from domain.answers import Answer, CommitmentAt, Moment, TextOf, all_details, columns, day, instant
from domain.entry import Facts
from domain.lifecycle import Assessment, State, Target
from domain.timeliness import Standing


class Said(NamedTuple):
    """What is said of a commitment at two times beside its details: JSON values, or columns of those of many."""

    visibility: Any
    status: Any
    stage: Any
    slipped: Any
    suspended: Any
    outcome: Any
    implied_start: Any
    announced_on: Any
    achieved_on: Any
    slip_count: Any
    start_by: Any
    due: Any
    forecast: Any
    original_start_by: Any
    original_due: Any
    targets: Any
    timeliness: Any
    days_overdue: Any
    days_late_current: Any
    days_late_original: Any
    undeclared_slip: Any
    stale: Any
    off_cadence: Any
    held: Any
    missed: Any
    last_held_on: Any
    related: Any
    assessment: Any
    reviews: Any
    divergence: Any
    last_activity_on: Any
    version: Any
    as_of: Any
    log_size: Any
    known_at: Any


def laid_out(details: Facts, said: Said) -> Answer:
    """Give the members of the answer about a commitment, in their order."""
    return {
        **_details(details),  # the visibility among them is that with which it was recorded
        "visibility": said.visibility,
        "status": said.status,
        "stage": said.stage,
        "slipped": said.slipped,
        "suspended": said.suspended,
        "outcome": said.outcome,
        "implied_start": said.implied_start,
        "announced_on": said.announced_on,
        "achieved_on": said.achieved_on,
        "slip_count": said.slip_count,
        "target": {"start_by": said.start_by, "due": said.due, "forecast": said.forecast},
        "original_target": {"start_by": said.original_start_by, "due": said.original_due},
        "targets": said.targets,
        "timeliness": said.timeliness,
        "days_overdue": said.days_overdue,
        "days_late": {"current": said.days_late_current, "original": said.days_late_original},
        "undeclared_slip": said.undeclared_slip,
        "stale": said.stale,
        "off_cadence": said.off_cadence,
        "occurrences": {"held": said.held, "missed": said.missed, "last_held_on": said.last_held_on},
        "related": said.related,
        "assessment": said.assessment,
        "reviews": said.reviews,
        "divergence": said.divergence,
        "last_activity_on": said.last_activity_on,
        "version": said.version,
        "as_of": said.as_of,
        "log_size": said.log_size,
        "known_at": said.known_at,
    }


def columns_said(
    commitments: Sequence[CommitmentAt], standings: Sequence[Standing], as_of: date, moment: Moment
) -> Said:
    """Give what is said of some commitments, one column for each member.

    Targets and assessments are those of the states, and nothing is related: how they read depends on texts and others.
    """

    def days(column: Iterable[date | None]) -> list[str | None]:
        return list(map(day, column))

    count = len(commitments)
    state, standing = columns(State, [each.state for each in commitments]), columns(Standing, standings)
    first = columns(Target, [targets[0] for targets in state.targets])
    last = columns(Target, [targets[-1] for targets in state.targets])
    return Said(
        visibility=list(map(_visibility, commitments)),
        status=[each.state.status for each in commitments],
        stage=state.stage,
        slipped=state.slipped,
        suspended=state.suspended,
        outcome=state.outcome,
        implied_start=state.implied_start,
        announced_on=days(state.announced_on),
        achieved_on=days(state.achieved_on),
        slip_count=state.slip_count,
        start_by=days(last.start_by),
        due=days(last.due),
        forecast=days(state.forecast),
        original_start_by=days(first.start_by),
        original_due=days(first.due),
        targets=state.targets,
        timeliness=standing.timeliness,
        days_overdue=standing.days_overdue,
        days_late_current=standing.days_late_current,
        days_late_original=standing.days_late_original,
        undeclared_slip=standing.undeclared_slip,
        stale=standing.stale,
        off_cadence=standing.off_cadence,
        held=state.held,
        missed=state.missed,
        last_held_on=days(state.last_held_on),
        related=[()] * count,
        assessment=state.assessment,
        reviews=state.reviews,
        divergence=standing.divergence,
        last_activity_on=days(state.last_activity_on),
        version=[each.version for each in commitments],
        as_of=[as_of.isoformat()] * count,
        log_size=[moment.log_size] * count,
        known_at=[instant(moment.recorded_at)] * count,
    )


def _visibility(found: CommitmentAt) -> str:
    """Give its own visibility, not that of its programme: internal until it is published."""
    return "internal" if found.internal and found.state.details.get("visibility") == "internal" else "public"


def commitment_answer(
    found: CommitmentAt, standing: Standing, as_of: date, moment: Moment, related: list[Answer], text_of: TextOf
) -> Answer:
    """Give a commitment at two times."""
    (said,) = map(Said._make, zip(*columns_said([found], [standing], as_of, moment), strict=True))
    return laid_out(
        found.state.details,
        said._replace(
            targets=[target_answer(target, text_of) for target in said.targets],
            related=related,
            assessment=said.assessment and assessment_answer(said.assessment, text_of),
        ),
    )


_details_shown: dict[int, tuple[Facts, Answer]] = {}
_MOST_DETAILS_SHOWN: Final = 20_000


def _details(details: Facts) -> Answer:
    """Give all members of design 3.1; for details met again, those made before: reports show the same ones often."""
    shown = _details_shown.get(id(details))
    if shown is None or shown[0] is not details:
        if len(_details_shown) >= _MOST_DETAILS_SHOWN:
            _details_shown.clear()
        shown = _details_shown[id(details)] = details, all_details(details)
    return shown[1]


def target_answer(target: Target, text_of: TextOf) -> Answer:
    """Give a target of the chain."""
    return {
        "version": target.version,
        "effective_on": day(target.effective_on),
        "start_by": day(target.start_by),
        "due": day(target.due),
        "authority": text_of(target.authority),
    }


def assessment_answer(said: Assessment, text_of: TextOf) -> Answer:
    """Give what the last review said."""
    return {
        "rating": said.rating,
        "independence": said.independence,
        "reviewer": text_of(said.reviewer),
        "reviewed_on": day(said.reviewed_on),
    }
