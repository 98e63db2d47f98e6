"""The answers about a programme and about the partners of its register."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.answers import Answer, CommitmentAt, Moment, day, instant
from domain.programme import ProgrammeState


@dataclass(frozen=True, slots=True)
class Tally:
    """How many commitments a programme has, in all and with each partner."""

    commitments: int
    by_partner: Counter[str]


def tally(commitments: Iterable[CommitmentAt]) -> dict[str, Tally]:
    """Count commitments by programme code."""
    found: dict[str, list[CommitmentAt]] = {}
    for each in commitments:
        found.setdefault(each.programme, []).append(each)
    return {
        code: Tally(len(own), Counter(partner for each in own for partner in each.state.details.get("partners", ())))
        for code, own in found.items()
    }


def programme_answer(
    programme: ProgrammeState, version: int, *, internal: bool, counted: Tally | None, as_of: date, moment: Moment
) -> Answer:
    """Give a programme at two times; *version* is its last known at N."""
    details = programme.details
    return {
        "code": programme.code,
        "title": details["title"],
        "publisher": details.get("publisher"),
        "adopted_on": details["adopted_on"],
        "source": _source(programme),
        "visibility": "internal" if internal else "public",
        "reference_prefix": details.get("reference_prefix"),
        "partners": partner_answers(programme, counted),
        "published_on": day(programme.published_on),
        "closed_on": day(programme.closed_on),
        "commitments": counted.commitments if counted else 0,
        "version": version,
        "as_of": day(as_of),
        "log_size": moment.log_size,
        "known_at": instant(moment.recorded_at),
    }


def partner_answers(programme: ProgrammeState, counted: Tally | None) -> list[Answer]:
    """Give the register, in the order of registration, with the number of commitments that name each partner."""
    return [
        {
            "programme": programme.code,
            "code": code,
            "name": partner["name"],
            "type": partner["type"],
            "role": partner.get("role", "partner"),
            "short_name": partner.get("short_name"),
            "parent": partner.get("parent"),
            "note": partner.get("note"),
            "commitments": counted.by_partner[code] if counted else 0,
        }
        for code, partner in programme.partners.items()
    ]


def _source(programme: ProgrammeState) -> Answer | None:
    given = programme.details.get("source")
    return None if given is None else {name: given.get(name) for name in ("document", "sha256", "lines", "url")}
