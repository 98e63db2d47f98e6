"""A status report broken down: by programme, by partner of the registers, by theme."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from domain.answers import Answer, day
from domain.filters import Row
from domain.programme import ProgrammeState
from domain.vocabulary import STATUSES, TIMELINESS


class _Standing(NamedTuple):
    """What of a row is counted; made once, however many partners and themes the commitment names."""

    status: str
    timeliness: str
    last_activity_on: date | None


def programmes_covered(programmes: Iterable[ProgrammeState], rows: Iterable[Row]) -> list[Answer]:
    """Name the programmes that a report covers, with the number of its commitments from each."""
    counts = Counter(row.found.programme for row in rows)
    return [
        {
            "code": each.code,
            "title": each.details["title"],
            "publisher": each.details.get("publisher"),
            "adopted_on": each.details["adopted_on"],
            "commitments": counts[each.code],
        }
        for each in programmes
    ]


def broken_down(rows: Iterable[Row], programmes: Iterable[ProgrammeState]) -> Answer:
    """Count *rows* for every entry of the registers, in their order, and for every theme that occurs."""
    of_partner: defaultdict[tuple[str, str], list[_Standing]] = defaultdict(list)
    of_theme: defaultdict[str, list[_Standing]] = defaultdict(list)
    for row in rows:
        state, programme = row.found.state, row.found.programme
        standing = _Standing(state.status, row.standing.timeliness, state.last_activity_on)
        for code in state.details.get("partners", ()):
            of_partner[programme, code].append(standing)
        for theme in state.details.get("themes", ()):
            of_theme[theme].append(standing)
    return {
        "by_partner": [
            {
                "programme": programme.code,
                "code": code,
                "name": partner["name"],
                "type": partner["type"],
                "role": partner.get("role", "partner"),
                **_counted(of_partner.get((programme.code, code), ())),
                "last_activity_on": _latest(of_partner.get((programme.code, code), ())),
            }
            for programme in programmes
            for code, partner in programme.partners.items()
        ],
        "by_theme": [{"theme": theme, **_counted(of_theme[theme])} for theme in sorted(of_theme)],
    }


def _counted(standings: Sequence[_Standing]) -> Answer:
    statuses = Counter(each.status for each in standings)
    timeliness = Counter(each.timeliness for each in standings)
    return {
        "commitments": len(standings),
        "by_status": {word: statuses[word] for word in STATUSES},
        "by_timeliness": {word: timeliness[word] for word in TIMELINESS},
    }


def _latest(standings: Iterable[_Standing]) -> str | None:
    return day(max((each.last_activity_on for each in standings if each.last_activity_on), default=None))
