"""A status report broken down: by programme, by partner of the registers, by theme."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from domain.answers import Answer, day
from domain.filters import Row
from domain.programme import ProgrammeState
from domain.vocabulary import STATUSES, TIMELINESS


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
    of_partner: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    of_theme: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        details, programme = row.found.state.details, row.found.programme
        for code in details.get("partners", ()):
            of_partner[programme, code].append(row)
        for theme in details.get("themes", ()):
            of_theme[theme].append(row)
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


def _counted(rows: Sequence[Row]) -> Answer:
    statuses = Counter([row.status for row in rows])
    timeliness = Counter([row.standing.timeliness for row in rows])
    return {
        "commitments": len(rows),
        "by_status": {word: statuses[word] for word in STATUSES},
        "by_timeliness": {word: timeliness[word] for word in TIMELINESS},
    }


def _latest(rows: Iterable[Row]) -> str | None:
    active = [row.found.state.last_activity_on for row in rows]
    return day(max([last for last in active if last is not None], default=None))
