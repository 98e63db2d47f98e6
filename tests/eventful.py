"""Stories in which much happens that reports are about: achievements with evidence, slips, new targets, corrections.

Drawn from a seeded source, so that a ledger of them is the same in every run.
"""

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from tests.scenario import REGISTER, Story, announcement

FIRST: Final = date(2021, 3, 1)
_GRADES: Final = ("A", "B", "C", "D", "E")
_RATINGS: Final = ("unrated", "no_evidence", "not_met", "limited", "substantial", "full")
_KINDS: Final = (
    "started", "started", "progressed", "reviewed", "achieved", "achieved", "slipped", "slipped", "rebaselined",
    "rebaselined", "suspended", "resumed", "abandoned", "superseded", "reopened", "occurrence_held",
    "occurrence_missed", "amended", "evidence_added", "evidence_added", "evidence_added", "evidence_added",
    "rectified", "rectified", "rectified", "retracted",
)  # fmt: skip


def eventful(chance: Random, entries: int = 14) -> Story:
    """Tell one story; what the ledger refuses leaves no trace in it."""
    kind = chance.choice(("one_off", "one_off", "recurring", "continuous"))
    today = FIRST + timedelta(days=chance.randrange(300))
    members: dict[str, Any] = {
        "kind": kind,
        "tier": chance.choice(("deliverable", "deliverable", "action", "narrative")),
        "partners": chance.sample(sorted(REGISTER), chance.randrange(3)),
        "themes": chance.sample(["cyber", "space", "sea"], chance.randrange(3)),
        "visibility": chance.choice(("public", "public", "public", "internal")),
    }
    if chance.random() < 0.8:
        members["due"] = _day(chance, 2021, 2025)
    if chance.random() < 0.3:
        members["start_by"] = min(_day(chance, 2021, 2024), members.get("due", "9"))
    if kind == "recurring":
        members |= {"recurrence": chance.choice(("P1Y", "P6M")), "anchor": _day(chance, 2021, 2023)}
    story = Story(announcement(_stated(chance, today), **members), today)
    for _ in range(entries):
        story.today += timedelta(days=chance.choice((0, 0, 5, 30, 120)))
        said = chance.choice(_KINDS)
        story.answer(said, story.body(said, _stated(chance, story.today), **_fields(chance, said, story)))
    return story


def _day(chance: Random, first: int, last: int) -> str:
    return date(chance.randint(first, last), chance.randint(1, 12), chance.randint(1, 28)).isoformat()


def _stated(chance: Random, today: date) -> str:
    """A day not long before *today*, sometimes only its month or year."""
    day = today - timedelta(days=chance.choice((0, 0, 10, 40, 200)))
    return day.isoformat()[: chance.choice((10, 10, 10, 7, 4))]


def _evidence(chance: Random) -> list[dict[str, Any]]:
    count = chance.randint(1, 2)
    return [{"title": f"Document {chance.randrange(100)}", "grade": chance.choice(_GRADES)} for _ in range(count)]


def _fields(chance: Random, kind: str, story: Story) -> dict[str, Any]:
    match kind:
        case "achieved":
            return {"evidence": _evidence(chance), "concludes": True}
        case "evidence_added":
            achieved = [row["version"] for row in story.rows if row["kind"] == "achieved"]
            return {"entry": chance.choice(achieved or [1]), "evidence": _evidence(chance)}
        case "reviewed":
            independence = chance.choice(("self", "parent_body", "peer", "independent"))
            return {"rating": chance.choice(_RATINGS), "independence": independence}
        case "rebaselined":
            return {chance.choice(("due", "due", "due", "start_by")): _day(chance, 2022, 2027)}
        case "slipped":
            return {"forecast": _day(chance, 2022, 2026)}
        case "amended":
            return {"changes": {"title": f"Title {chance.randrange(100)}", "themes": ["cyber"]}}
        case "rectified":
            return _rectification(chance, story)
        case "retracted":
            return {"entry": chance.randint(min(2, story.latest), story.latest)}
    return {}


def _rectification(chance: Random, story: Story) -> dict[str, Any]:
    row = chance.choice(story.rows)
    own: dict[str, Any] = {
        "achieved": {"evidence": _evidence(chance)},
        "reviewed": {"rating": chance.choice(_RATINGS)},
        "rebaselined": {"due": _day(chance, 2022, 2027)},
        "announced": {"commitment": {"timeframe": {"due": _day(chance, 2021, 2025)}}},
        "evidence_added": {"evidence": _evidence(chance)},
    }
    moved = {"occurred_on": _stated(chance, story.today)}
    return {"entry": row["version"], "changes": chance.choice((own.get(row["kind"], moved), moved))}
