"""What may be said of a commitment, drawn at random: announcements, entries of every kind, corrections, histories.

Days fall into a few years and often on the same landmarks, so that entries collide, overtake each other and lie
before the announcement. `histories` keeps what the ledger accepts; what it refuses must leave no trace.
"""

from datetime import date, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.scenario import REFERENCE, REGISTER, Story

Body = dict[str, Any]

_FIRST: Final = date(2021, 1, 1)
_SPAN: Final = 1_500
_LANDMARKS: Final = (0, 58, 59, 89, 90, 364, 365, 444, 729, 730, 1_094, 1_154)
_PARTNERS: Final = sorted(REGISTER)

days = st.one_of(st.sampled_from(_LANDMARKS), st.integers(0, _SPAN)).map(lambda count: _FIRST + timedelta(days=count))
texts = st.sampled_from(["As agreed.", "Zugesagt – später.", "x", "line\nline", "“quoted”, with\ttab", "𐍈 +=@"])
partners = st.lists(st.sampled_from(_PARTNERS), max_size=3, unique=True)
references = st.sampled_from(["SC-2", "SC-3", "A.1-B"])
seldom = st.integers(0, 9).map(lambda count: count == 9)
partial = st.sampled_from((4, 7, 10, 10))


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


iso_days = days.map(date.isoformat)


@st.composite
def occurred_on(draw: st.DrawFn, today: date) -> str:
    """A partial date; mostly not in the future, often long before the day of recording."""
    day = draw(days)
    if day > today and not draw(seldom):
        day = today - (day - today) % timedelta(days=400)
    return day.isoformat()[: draw(partial)]


@st.composite
def timeframes(draw: st.DrawFn, kind: str) -> Body:
    frame: Body = {"wording": draw(texts)}
    promised = sorted(draw(st.lists(iso_days, min_size=2, max_size=2)))
    shape = draw(st.sampled_from(("due", "due", "start_by", "both", "none", "nulls")))
    if shape in ("due", "both"):
        frame["due"] = promised[1]
    if shape in ("start_by", "both"):
        frame["start_by"] = promised[0]
    if shape == "nulls":
        frame |= {"due": None, "start_by": None, "alternative_due": promised[1], "recurrence": None, "anchor": None}
    if kind == "recurring" and draw(st.booleans()):
        frame |= draw(recurrences())
    return frame


@st.composite
def recurrences(draw: st.DrawFn) -> Body:
    every = st.sampled_from(["P1Y", "P2Y", "P6M", "P1M", "P2W", "P1Y6M", "P90D", "P1M3D"])
    return {"recurrence": draw(every), "anchor": draw(iso_days)}


relations = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["restates", "overlaps", "part_of"]), "reference": references}),
    max_size=2,
    unique_by=lambda relation: (relation["type"], relation["reference"]),
)
_DETAILS: Final = {
    "summary": _or_none(texts),
    "partners": partners,
    "lead": _or_none(st.sampled_from(_PARTNERS)),
    "instruments": st.lists(st.sampled_from(["EPF", "CSDP mission", "Dialogue"]), max_size=2, unique=True),
    "themes": st.lists(st.sampled_from(["cyber", "space", "training"]), max_size=2, unique=True),
    "relations": relations,
}


@st.composite
def commitments(draw: st.DrawFn) -> Body:
    kind = draw(st.sampled_from(["one_off", "recurring", "continuous"]))
    required = {
        "reference": REFERENCE,
        "programme": "strategic-compass",
        "title": draw(texts),
        "kind": kind,
        "tier": draw(st.sampled_from(["deliverable", "action", "narrative"])),
        "timeframe": draw(timeframes(kind)),
    }
    optional = {
        **_DETAILS,
        "modality": _or_none(st.sampled_from(["will", "explore"])),
        "source": st.fixed_dictionaries({"document": texts, "line": _or_none(st.integers(1, 900)), "location": texts}),
        "visibility": st.sampled_from(["public", "internal"]),
    }
    return required | draw(st.fixed_dictionaries({}, optional=optional))


_TEXTS_OF_EVIDENCE: Final = {
    "url": _or_none(st.sampled_from(["https://example.org/a", "http://example.org/é?q=1"])),
    "publisher": _or_none(texts),
    "published_on": _or_none(st.sampled_from(["2022", "2022-03", "2022-03-21"])),
    "retrieved_on": st.just("2024-01-31"),
    "archived_url": st.just("https://example.org/archive"),
}
_FACTS_OF_EVIDENCE: Final = {
    "sha256": st.just("0" * 64),
    "media_type": _or_none(st.just("text/html")),
    "size": st.integers(0, 2**40),
    "language": st.sampled_from(["en", "pt-BR"]),
}
grades = st.sampled_from(["A", "B", "C", "D", "E"])
evidence_items = st.fixed_dictionaries(
    {"title": texts, "grade": grades}, optional={**_TEXTS_OF_EVIDENCE, **_FACTS_OF_EVIDENCE}
)
_plain_evidence = st.fixed_dictionaries({"title": texts, "grade": grades})
_external_ids = st.sampled_from(["cat:1", "cat:2", "cat:3"])


@st.composite
def common(draw: st.DrawFn, *, rich: bool) -> Body:
    """The members that every entry may have."""
    if not rich:
        return {"external_id": draw(_external_ids)} if draw(seldom) else {}
    optional = {
        "evidence": st.lists(evidence_items, max_size=3),
        "partners": partners,
        "on_behalf_of": _or_none(st.sampled_from(_PARTNERS)),
        "language": st.sampled_from(["en", "fr", "zh-Hant-TW"]),
        "confidence": _or_none(st.sampled_from(["high", "medium", "low"])),
        "note": _or_none(texts),
        "external_id": _or_none(_external_ids),
    }
    return draw(st.fixed_dictionaries({}, optional=optional))


_cause: Final = {"cause": _or_none(texts)}
ratings = st.sampled_from(["unrated", "no_evidence", "not_met", "limited", "substantial", "full"])
independence = st.sampled_from(["self", "parent_body", "peer", "independent"])
ordinals = st.integers(1, 5)
targets = st.sampled_from(["due", "start_by"]).flatmap(
    lambda name: st.fixed_dictionaries({name: iso_days, "authority": texts})
)
details_changes = st.fixed_dictionaries({}, optional={"title": texts, **_DETAILS}).filter(bool)
# The members of each kind beside the common ones: required, optional.
OWN: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "started": ({}, {}),
    "progressed": ({}, {"quantity": st.sampled_from(["3", "-0.50", "12.50"]), "unit": _or_none(texts)}),
    "reviewed": (
        {"rating": ratings, "independence": independence},
        {"reviewer": _or_none(texts), "period": st.just("2022 to 2023")},
    ),
    "achieved": (
        {"evidence": st.lists(_plain_evidence, min_size=1, max_size=2)},
        {"concludes": _or_none(st.booleans())},
    ),
    "slipped": ({}, {"forecast": _or_none(iso_days), **_cause}),
    "rebaselined": ({}, {}),
    "suspended": ({}, _cause),
    "resumed": ({}, {}),
    "abandoned": ({"formal": st.booleans()}, _cause),
    "superseded": ({"successors": st.lists(references, min_size=1, max_size=2, unique=True)}, {}),
    "reopened": ({}, _cause),
    "occurrence_held": ({"ordinal": ordinals}, {}),
    "occurrence_missed": ({"ordinal": ordinals}, _cause),
    "amended": ({"changes": details_changes}, {}),
    "evidence_added": ({"evidence": st.lists(_plain_evidence, min_size=1, max_size=2)}, {}),
}
PLAIN_KINDS: Final = tuple(OWN)


@st.composite
def bodies(draw: st.DrawFn, kind: str, today: date, latest: int, *, rich: bool = False) -> Body:
    """The body of an entry that is no correction; *latest* is the last version there is."""
    required, optional = OWN[kind]
    body = {"occurred_on": draw(occurred_on(today)), "statement": draw(texts), **draw(common(rich=rich))}
    body |= draw(st.fixed_dictionaries(required, optional=optional))
    if kind == "rebaselined":
        body |= draw(targets)
    if kind == "evidence_added":
        body["entry"] = latest + 1 if draw(seldom) else draw(st.integers(1, latest))
    return body


@st.composite
def announcements(draw: st.DrawFn, today: date, *, rich: bool = False) -> Body:
    day = min(draw(days), today).isoformat()
    body = {"occurred_on": day[: draw(partial)], **draw(common(rich=rich)), "commitment": draw(commitments())}
    return body | ({"statement": draw(texts)} if draw(st.booleans()) else {})


_MEMBERS_OF_TIMEFRAME: Final = {
    "wording": texts,
    "start_by": _or_none(iso_days),
    "due": _or_none(iso_days),
    "alternative_due": _or_none(iso_days),
    "recurrence": _or_none(st.sampled_from(["P1Y", "P3M"])),
    "anchor": _or_none(iso_days),
}
_frame_changes: Final = st.one_of(
    st.fixed_dictionaries({}, optional=_MEMBERS_OF_TIMEFRAME).filter(bool),
    recurrences(),
    st.just({"recurrence": None, "anchor": None}),
)
_commitment_changes: Final = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["one_off", "recurring", "continuous"]),
        "timeframe": _frame_changes,
        "title": texts,
        **_DETAILS,
    },
).filter(bool)
# What a rectification may change of each kind, beside what it may change of all.
_CHANGES: Final[dict[str, dict[str, Any]]] = {
    "announced": {"commitment": _commitment_changes, "statement": _or_none(texts)},
    "progressed": {"quantity": _or_none(st.just("4"))},
    "reviewed": {"rating": ratings, "reviewer": _or_none(texts), "independence": _or_none(independence)},
    "achieved": {
        "concludes": _or_none(st.booleans()),
        "evidence": _or_none(st.lists(_plain_evidence, min_size=1, max_size=1)),
    },
    "slipped": {"forecast": _or_none(iso_days), "cause": _or_none(texts)},
    "rebaselined": {"due": _or_none(iso_days), "start_by": _or_none(iso_days), "authority": _or_none(texts)},
    "abandoned": {"formal": st.booleans()},
    "superseded": {"successors": st.just([REFERENCE]) | st.lists(references, min_size=1, max_size=1)},
    "occurrence_held": {"ordinal": ordinals},
    "amended": {"changes": details_changes},
    "evidence_added": {
        "entry": st.integers(1, 9),
        "evidence": st.lists(evidence_items, min_size=1, max_size=2),
    },
}


@st.composite
def changes(draw: st.DrawFn, kind: str, today: date) -> Body:
    """The changes of a rectification of an entry of this kind: often the day, which moves it."""
    own = _CHANGES.get(kind, {})
    drawn = draw(st.fixed_dictionaries({}, optional=own)) if own else {}
    if draw(st.booleans()) or not drawn:
        drawn["occurred_on"] = draw(occurred_on(today))
    if draw(seldom):
        drawn |= {"statement": draw(texts), "note": draw(_or_none(texts)), "partners": draw(partners)}
    return drawn


@st.composite
def rectifications(draw: st.DrawFn, kinds: list[str], today: date, *, every: bool = False) -> Body:
    """A correction of one entry or of several; *kinds* are those of all entries so far, *every* one of them named."""
    versions = list(range(1, len(kinds) + 1))
    body: Body = {"reason": draw(texts), **draw(common(rich=every))}
    if every or (len(kinds) > 1 and draw(seldom)):
        chosen = versions if every else draw(st.lists(st.sampled_from(versions), min_size=2, max_size=3, unique=True))
        return body | {
            "corrections": [{"entry": each, "changes": draw(changes(kinds[each - 1], today))} for each in chosen]
        }
    entry = len(kinds) + 1 if draw(seldom) else draw(st.sampled_from(versions))
    kind = kinds[min(entry, len(kinds)) - 1]
    return body | {"entry": entry, "changes": draw(changes(kind, today))}


@st.composite
def retractions(draw: st.DrawFn, latest: int) -> Body:
    """A retraction, often of one of the last entries: of a correction, of a retraction."""
    versions = st.one_of(st.integers(max(1, latest - 2), latest), st.integers(1, latest))
    body: Body = {"reason": draw(texts), **draw(common(rich=False))}
    if latest > 1 and draw(seldom):
        return body | {"entries": draw(st.lists(st.integers(1, latest), min_size=2, max_size=3, unique=True))}
    return body | {"entry": draw(versions)}


_ANY: Final = st.sampled_from((*PLAIN_KINDS, "rectified", "rectified", "retracted", "retracted"))
_OPEN: Final = ("started", "progressed", "reviewed", "slipped", "rebaselined", "occurrence_held", "occurrence_missed")
_MOVES_ON: Final = {
    "suspended": ("resumed", "resumed", "reviewed", "rebaselined", "abandoned"),
    "achieved": ("reopened", "reviewed", "amended"),
    "abandoned": ("reopened", "reopened", "evidence_added"),
    "superseded": ("retracted", "amended", "evidence_added"),
}


def fitting_kinds(status: str) -> st.SearchStrategy[str]:
    """Kinds of entry, those more often that may follow; some that may not."""
    return st.one_of(
        st.sampled_from(_MOVES_ON.get(status, (*_OPEN, "achieved", "suspended"))),
        st.sampled_from(("rectified", "rectified", "retracted")),
        _ANY,
    )


waits = st.sampled_from((0, 0, 0, 1, 40, 400)).map(lambda count: timedelta(days=count))


def sendable(kind: str, story: Story) -> st.SearchStrategy[Body]:
    """The bodies of a kind that may make sense at this point of a story."""
    if kind == "rectified":
        return rectifications([row["kind"] for row in story.rows], story.today)
    if kind == "retracted":
        return retractions(story.latest)
    return bodies(kind, story.today, story.latest)


recording_days = st.integers(60, 900).map(lambda count: _FIRST + timedelta(days=count))


@st.composite
def beginnings(draw: st.DrawFn) -> Story:
    today = draw(recording_days)
    return Story(draw(announcements(today)), today)


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> Story:
    """A story as the ledger accepted it; its recording days only move forward."""
    story = draw(beginnings())
    for _ in range(draw(st.integers(most // 2, most))):
        story.today += draw(waits)
        kind = draw(fitting_kinds(story.status))
        story.answer(kind, draw(sendable(kind, story)))
    return story
