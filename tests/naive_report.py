"""The figures of a status report once more, each as its definition says it: a yardstick, on top of `tests.naive`.

Nothing comes from the domain. A ledger is {programmes: {code: rows}, commitments: {reference: rows}, internal:
references that are not public}. A report is asked for by *as_of*, *log_size*, and *asked*: filter → words.
"""

import statistics
from collections import Counter
from fractions import Fraction
from typing import Any

from tests import naive
from tests.naive import CALENDAR, NUMBER, Body, Row, days_from

Ledger = dict[str, Any]
Asked = dict[str, list[str]]

STATUSES = ["announced", "started", "reviewed", "achieved", "slipped", "suspended", "abandoned", "superseded"]
TIMELINESS = ["met", "met_late", "overdue", "start_overdue", "due_soon", "upcoming", "no_target", "closed"]
TIERS = ["deliverable", "action", "narrative"]
KINDS = ["one_off", "recurring", "continuous"]
RATINGS = ["unrated", "no_evidence", "not_met", "limited", "substantial", "full"]
INDEPENDENCE = ["self", "parent_body", "peer", "independent"]
GRADES = ["A", "B", "C", "D", "E"]
OF_EVIDENCE = (
    "grade", "title", "url", "publisher", "published_on", "retrieved_on", "archived_url", "sha256", "media_type",
    "size", "language",
)  # fmt: skip
EVENTS = [
    "announced", "started", "progressed", "reviewed", "achieved", "slipped", "rebaselined", "suspended", "resumed",
    "abandoned", "superseded", "reopened", "occurrence_held", "occurrence_missed",
]  # fmt: skip


def known_at(rows: list[Row], log_size: int) -> list[Row]:
    return [row for row in rows if row["position"] <= log_size]


def commitments(ledger: Ledger, as_of: str, log_size: int, *, internal: bool) -> dict[str, Body]:
    """Every commitment that may be seen at (V, N), in the order of references."""
    found = {
        reference: naive.state(rows, as_of, log_size)
        for reference, rows in sorted(ledger["commitments"].items())
        if internal or reference not in ledger["internal"]
    }
    return {reference: state for reference, state in found.items() if state is not None}


def asked_for(state: Body, asked: Asked) -> bool:
    has = {
        "programme": [state["details"]["programme"]],
        "status": [state["status"]],
        "timeliness": [state["timeliness"]],
        "tier": [state["details"]["tier"]],
        "kind": [state["details"]["kind"]],
        "partner": state["details"].get("partners", []),
        "theme": state["details"].get("themes", []),
    }
    return all(any(word in has[name] for word in words) for name, words in asked.items())


def programmes(ledger: Ledger, as_of: str, log_size: int) -> dict[str, Body]:
    """Every programme at (V, N): what it says of itself, and its register in the order of registration."""
    found = {}
    for code, rows in sorted(ledger["programmes"].items()):
        state: Body | None = None
        for entry in naive.readings(known_at(rows, log_size)):
            if entry["effective_on"] > as_of:
                continue
            if entry["kind"] == "programme_published":
                state = {**entry["details"], "register": {each["code"]: each for each in entry["details"]["partners"]}}
            elif state is not None:
                changed = [*entry.get("add_partners", []), *entry.get("change_partners", [])]
                state = {**state, **entry.get("changes", {})}
                state["register"] = {**state["register"], **{each["code"]: each for each in changed}}
        if state is not None:
            found[code] = state
    return found


def evidence(rows: list[Row], as_of: str, log_size: int) -> list[Body]:
    """What an achievement rests on: the items of its entry, then those that were added to it."""
    there = [each for each in naive.readings(known_at(rows, log_size)) if each["effective_on"] <= as_of]
    entry = [each for each in there if each["kind"] == "achieved"][-1]
    added = [each for each in there if each["kind"] == "evidence_added" and each["entry"] == entry["version"]]
    items = [item for each in (entry, *added) for item in each["evidence"]]
    return [item for grade in GRADES for item in items if item["grade"] == grade]


def report(ledger: Ledger, as_of: str, log_size: int, asked: Asked, *, internal: bool = False) -> Body:
    seen = commitments(ledger, as_of, log_size, internal=internal)
    rows = {reference: state for reference, state in seen.items() if asked_for(state, asked)}
    for reference, state in rows.items():
        state["reference"] = reference
        if state["status"] == "achieved":
            state["evidence"] = evidence(ledger["commitments"][reference], as_of, log_size)
    covered = {
        code: programme
        for code, programme in programmes(ledger, as_of, log_size).items()
        if code in asked.get("programme", [code])
    }
    codes = {code for programme in covered.values() for code in programme["register"]}
    states = list(rows.values())
    return {
        "programmes": [
            {
                "code": code,
                "title": programme["title"],
                "publisher": programme.get("publisher"),
                "adopted_on": programme["adopted_on"],
                "commitments": sum(state["details"]["programme"] == code for state in states),
            }
            for code, programme in covered.items()
        ],
        "totals": figures(states, codes),
        "headline": figures([state for state in states if state["details"]["tier"] == "deliverable"], codes),
        "lists": {**lists(states, as_of), "silent_partners": silent_partners(covered, list(seen.values()), asked)},
        "status_over_time": over_time(ledger, covered, rows, as_of, log_size),
        "by_partner": by_partner(covered, states),
        "by_theme": by_theme(states),
    }


def count(words: list[str], values: list[str]) -> dict[str, int]:
    return {word: values.count(word) for word in words}


def share(part: int, whole: int) -> int | None:
    return round(Fraction(1000 * part, whole)) if whole else None


def figures(states: list[Body], register: set[str]) -> Body:
    achieved = [state for state in states if state["status"] == "achieved"]
    is_open = [state for state in states if state["outcome"] is None]
    late = [state for state in states if state["timeliness"] in ("overdue", "start_overdue")]
    dated = [state for state in achieved if state["timeliness"] in ("met", "met_late")]
    partners = [code for state in states for code in state["details"].get("partners", [])]
    themes = [theme for state in states for theme in state["details"].get("themes", [])]
    flags = ("undeclared_slip", "stale", "off_cadence", "divergence")
    return {
        "commitments": len(states),
        "open": len(is_open),
        "by_status": count(STATUSES, [state["status"] for state in states]),
        "by_timeliness": count(TIMELINESS, [state["timeliness"] for state in states]),
        "by_tier": count(TIERS, [state["details"]["tier"] for state in states]),
        "by_kind": count(KINDS, [state["details"]["kind"] for state in states]),
        "by_partner": count(sorted({*register, *partners}), partners),
        "by_theme": count(sorted(set(themes)), themes),
        "flagged": {flag: len([state for state in states if state[flag]]) for flag in flags},
        "acceptance": acceptance(states, achieved),
        "achieved": {name: delays(achieved, name) for name in ("current", "original")},
        "slipped": slipped(states),
        "share_permille": {
            "achieved": share(len(achieved), len(states)),
            "met_of_achieved_with_due_date": share(len([s for s in dated if s["timeliness"] == "met"]), len(dated)),
            "overdue_of_open": share(len(late), len(is_open)),
            "undeclared_of_overdue": share(len([s for s in late if s["undeclared_slip"]]), len(late)),
        },
    }


def acceptance(states: list[Body], achieved: list[Body]) -> Body:
    def said(states: list[Body], member: str) -> list[str]:
        return [state["assessment"][member] if state["reviews"] else "not_reviewed" for state in states]

    best = [state["evidence"][0]["grade"] if state["evidence"] else "none" for state in achieved]
    return {
        "by_rating": count([*RATINGS, "not_reviewed"], said(states, "rating")),
        "by_independence": count([*INDEPENDENCE, "not_reviewed"], said(states, "independence")),
        "achieved_by_rating": count([*RATINGS, "not_reviewed"], said(achieved, "rating")),
        "achieved_by_best_grade": count([*GRADES, "none"], best),
    }


def delays(achieved: list[Body], which: str) -> Body:
    place = -1 if which == "current" else 0
    dates = [(state["targets"][place]["due"], state["achieved_on"]) for state in achieved]
    late = [days_from(due, done) for due, done in dates if due and done > due]
    return {
        "in_time": len([due for due, done in dates if due and done <= due]),
        "late": len(late),
        "no_date": len([due for due, _ in dates if not due]),
        "total_days_late": sum(late),
        "median_days_late": statistics.median_low(late) if late else None,
        "most_days_late": max(late, default=None),
    }


def slipped(states: list[Body]) -> Body:
    again = [state for state in states if len(state["targets"]) > 1]
    ends = [(state["targets"][0]["due"], state["targets"][-1]["due"]) for state in again]
    moved = [days_from(first, now) for first, now in ends if first and now]
    return {
        "now": len([state for state in states if state["slipped"]]),
        "ever": len([state for state in states if state["slip_count"]]),
        "slips": sum(state["slip_count"] for state in states),
        "rebaselined": len(again),
        "moved": {
            "total_days": sum(moved),
            "median_days": statistics.median_low(moved) if moved else None,
            "most_days": max(moved, default=None),
        },
    }


def named(state: Body) -> Body:
    return {
        "reference": state["reference"],
        "title": state["details"]["title"],
        "tier": state["details"]["tier"],
        "status": state["status"],
    }


def lists(states: list[Body], as_of: str) -> Body:
    def ordered(items: list[Body], *urgency: str) -> list[Body]:
        return sorted(items, key=lambda item: [item[name] for name in urgency])

    late = [overdue(state, as_of) for state in states if state["days_overdue"] is not None]
    late.sort(key=lambda item: -item["days_overdue"])
    silent = [stale(state, as_of) for state in states if state["stale"]]
    series = [recurring(state) for state in states if state["details"]["kind"] == "recurring"]
    missed = [item for item in series if item["off_cadence"]]
    odd = [divergent(state) for state in states if state["divergence"]]
    slips = [chain(state) for state in states if state["slip_count"] > 0]
    soon = [due_soon(state, as_of) for state in states if state["timeliness"] == "due_soon"]
    return {
        "achieved": ordered([done(state) for state in states if state["status"] == "achieved"], "achieved_on"),
        "overdue": late,
        "undeclared_slips": [item for item in late if item["undeclared_slip"]],
        "slipped": sorted(slips, key=lambda item: (item["slipped"] is False, -item["slip_count"])),
        "due_soon": ordered(soon, "due_on"),
        "stale": sorted(silent, key=lambda item: -item["days_silent"]),
        "divergent": sorted(odd, key=lambda item: RATINGS.index(item["rating"])),
        "off_cadence": [
            {name: value for name, value in item.items() if name != "off_cadence"}
            | {"days_overdue": days_from(item["next_on"], as_of)}
            for item in ordered(missed, "next_on")
        ],
        "recurring": series,
    }


def done(state: Body) -> Body:
    return {
        **named(state),
        "achieved_on": state["achieved_on"],
        "timeliness": state["timeliness"],
        "days_late": state["days_late"],
        "evidence": [{name: item.get(name) for name in OF_EVIDENCE} for item in state["evidence"]],
        "best_grade": min(item["grade"] for item in state["evidence"]),
        "rating": state["assessment"]["rating"] if state["reviews"] else None,
    }


def overdue(state: Body, as_of: str) -> Body:
    missed = CALENDAR[NUMBER[as_of] - state["days_overdue"]]
    return {
        **named(state),
        "timeliness": state["timeliness"],
        "missed_on": missed,
        "days_overdue": state["days_overdue"],
        "undeclared_slip": state["undeclared_slip"],
        "forecast": state["target"]["forecast"],
    }


def chain(state: Body) -> Body:
    members = ("version", "effective_on", "start_by", "due")
    return {
        **named(state),
        "slipped": state["slipped"],
        "slip_count": state["slip_count"],
        "forecast": state["target"]["forecast"],
        "achieved_on": state["achieved_on"],
        "days_late": state["days_late"],
        "targets": [{name: each[name] for name in members} for each in state["targets"]],
    }


def due_soon(state: Body, as_of: str) -> Body:
    awaited = [state["target"]["due"], state["target"]["start_by"] if state["stage"] == "announced" else None]
    due_on = min(day for day in awaited if day)
    return {**named(state), "due_on": due_on, "days_left": days_from(as_of, due_on)}


def stale(state: Body, as_of: str) -> Body:
    return {
        **named(state),
        "last_activity_on": state["last_activity_on"],
        "announced_on": state["announced_on"],
        "days_silent": days_from(state["last_activity_on"] or state["announced_on"], as_of),
    }


def divergent(state: Body) -> Body:
    said = {name: state["assessment"][name] for name in ("rating", "independence", "reviewed_on")}
    return {**named(state), **said, "achieved_on": state["achieved_on"]}


def recurring(state: Body) -> Body:
    frame = state["details"]["timeframe"]
    held = state["occurrences"]
    following = naive.next_occurrence({"details": state["details"], "last_held_on": held["last_held_on"]})
    return {
        **named(state),
        "recurrence": frame.get("recurrence"),
        "anchor": frame.get("anchor"),
        **held,
        "next_on": None if "recurrence" not in frame else following,
        "off_cadence": state["off_cadence"],
    }


def silent_partners(covered: dict[str, Body], everybody: list[Body], asked: Asked) -> list[Body]:
    found = []
    for programme, details in covered.items():
        for code, partner in details["register"].items():
            theirs = [
                state
                for state in everybody
                if state["details"]["programme"] == programme and code in state["details"].get("partners", [])
            ]
            if (
                partner.get("role", "partner") == "partner"
                and all(state["last_activity_on"] is None for state in theirs)
                and code in asked.get("partner", [code])
            ):
                item = {"programme": programme, "code": code, "name": partner["name"], "type": partner["type"]}
                found.append({**item, "commitments": len(theirs)})
    return sorted(found, key=lambda item: (-item["commitments"], item["code"], item["programme"]))


def over_time(ledger: Ledger, covered: dict[str, Body], rows: dict[str, Body], as_of: str, log_size: int) -> Body:
    first = min([as_of, *(naive.period(programme["adopted_on"])[0] for programme in covered.values())])
    days = [
        day
        for day, following in zip(CALENDAR[NUMBER[first] :], CALENDAR[NUMBER[first] + 1 :], strict=False)
        if day < as_of and day[:7] != following[:7]
    ]
    read = {reference: naive.readings(known_at(ledger["commitments"][reference], log_size)) for reference in rows}
    points = []
    for day in [*days, as_of]:
        then = {reference: naive.fold(each, day) for reference, each in read.items()}
        words = {reference: naive.status(state) for reference, state in then.items() if state is not None}
        deliverables = [word for name, word in words.items() if rows[name]["details"]["tier"] == "deliverable"]
        points.append(
            {"on": day, "all": count(STATUSES, [*words.values()]), "deliverable": count(STATUSES, deliverables)}
        )
    return {"from": first, "to": as_of, "points": points}


def broken_down(states: list[Body]) -> Body:
    return {
        "commitments": len(states),
        "by_status": count(STATUSES, [state["status"] for state in states]),
        "by_timeliness": count(TIMELINESS, [state["timeliness"] for state in states]),
    }


def by_partner(covered: dict[str, Body], states: list[Body]) -> list[Body]:
    found = []
    for programme, details in covered.items():
        for code, partner in details["register"].items():
            theirs = [
                state
                for state in states
                if state["details"]["programme"] == programme and code in state["details"].get("partners", [])
            ]
            active = [state["last_activity_on"] for state in theirs if state["last_activity_on"]]
            item = {name: partner[name] for name in ("code", "name", "type")}
            item |= {"programme": programme, "role": partner.get("role", "partner")}
            found.append({**item, **broken_down(theirs), "last_activity_on": max(active, default=None)})
    return found


def by_theme(states: list[Body]) -> list[Body]:
    themes = Counter(theme for state in states for theme in state["details"].get("themes", []))
    return [
        {"theme": theme, **broken_down([state for state in states if theme in state["details"].get("themes", [])])}
        for theme in sorted(themes)
    ]


def events(rows: list[Row], since: str, until: str, log_size: int) -> list[Body]:
    """What took effect after one day and up to another; a start that something else implies is one too."""
    found, before = [], None
    read = naive.readings(known_at(rows, log_size))
    for number, entry in enumerate(read):
        after = naive.fold(read[: number + 1])
        assert after is not None
        starts = before is not None and before["stage"] == "announced" and after["stage"] != "announced"
        before = after
        if since < entry["effective_on"] <= until:
            event = {"effective_on": entry["effective_on"], "version": entry["version"]}
            if starts:
                found.append({"kind": "started", **event, "implied": entry["kind"] != "started"})
            if entry["kind"] in EVENTS and entry["kind"] != "started":
                found.append({"kind": entry["kind"], **event})
    return found


def changes(ledger: Ledger, since: str, as_of: str, log_size: int, asked: Asked, *, internal: bool = False) -> Body:
    now = commitments(ledger, as_of, log_size, internal=internal)
    before = commitments(ledger, since, log_size, internal=internal)
    rows = {reference: state for reference, state in now.items() if asked_for(state, asked)}
    listed: dict[str, list[Body]] = {kind: [] for kind in EVENTS}
    for reference, state in rows.items():
        for event in events(ledger["commitments"][reference], since, as_of, log_size):
            listed[event.pop("kind")].append({"reference": reference, "title": state["details"]["title"], **event})
    ordered = {kind: sorted(items, key=lambda item: item["effective_on"]) for kind, items in listed.items()}
    places = ("status", "timeliness")
    moved = [
        {
            "reference": reference,
            "title": state["details"]["title"],
            "before": {name: before[reference][name] for name in places},
            "after": {name: state[name] for name in places},
        }
        for reference, state in rows.items()
        if reference in before and any(before[reference][name] != state[name] for name in places)
    ]
    counts = {kind: len(items) for kind, items in ordered.items()} | {"moved": len(moved)}
    return {"from": since, "to": as_of, "counts": counts, "events": ordered, "moved": moved}
