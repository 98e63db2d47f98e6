"""The rules of sections 3.2 to 3.5 of the design once more, as plainly as they can be said: a yardstick.

Nothing comes from the domain. A ledger is a list of rows {position, version, kind, recorded_on, body}, the body as it
was sent, texts included. Dates are text, and days are counted on a calendar that is walked day by day. Every answer
is worked out anew from all rows, however slowly.
"""

from functools import cache
from typing import Any

Row = dict[str, Any]
Body = dict[str, Any]

FAR = "9999-12-31"  # later than every day that can be asked for
DETAILS = ("title", "summary", "partners", "instruments", "themes", "lead", "relations")  # what `amended` may change


def _length(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


CALENDAR = [
    f"{year:04}-{month:02}-{day:02}"
    for year in range(1900, 2202)
    for month in range(1, 13)
    for day in range(1, _length(year, month) + 1)
]
NUMBER = {day: number for number, day in enumerate(CALENDAR)}


def days_from(earlier: str, later: str) -> int:
    return NUMBER[later] - NUMBER[earlier]


@cache
def period(occurred_on: str) -> list[str]:
    """The days of a stated period are those that begin with the same characters."""
    return [day for day in CALENDAR if day.startswith(occurred_on)]


def effective_on(occurred_on: str, recorded_on: str) -> str | None:
    days = period(occurred_on)
    return None if days[0] > recorded_on else min(days[-1], recorded_on)


def after(day: str, recurrence: str) -> str:
    """The next date of a recurrence."""
    amounts = {"Y": 0, "M": 0, "W": 0, "D": 0}
    digits = ""
    for character in recurrence[1:]:
        if character.isdigit():
            digits += character
        else:
            amounts[character] = int(digits)
            digits = ""
    year, month, of_month = (int(part) for part in day.split("-"))
    for _ in range(12 * amounts["Y"] + amounts["M"]):
        month += 1
        if month > 12:
            year, month = year + 1, 1
    number = NUMBER.get(f"{year:04}-{month:02}-{min(of_month, _length(year, month)):02}", len(CALENDAR))
    number += 7 * amounts["W"] + amounts["D"]
    return CALENDAR[number] if number < len(CALENDAR) else FAR


def tidy(body: Body) -> Body:
    """What is null or an empty list might as well not be there."""
    return {
        name: tidy(value)
        if name in ("commitment", "timeframe", "source") and isinstance(value, dict)
        else [tidy(item) for item in value]
        if name == "evidence"
        else value
        for name, value in body.items()
        if value is not None and value != []
    }


def is_correction(row: Row) -> bool:
    return row["kind"] in ("rectified", "retracted")


def pairs(row: Row) -> list[tuple[int, Body]]:
    """The entries that a rectification names, each with its changes."""
    body = row["body"]
    if body.get("corrections") is not None:
        return [(each["entry"], each["changes"]) for each in body["corrections"]]
    return [(body["entry"], body["changes"])]


def named(row: Row) -> list[int]:
    if row["kind"] == "rectified":
        return [version for version, _ in pairs(row)]
    return row["body"]["entries"] if row["body"].get("entries") is not None else [row["body"]["entry"]]


def counts(rows: list[Row], version: int) -> bool:
    """An entry counts unless a retraction that counts names it."""
    return not any(
        row["kind"] == "retracted" and version in named(row) and counts(rows, row["version"]) for row in rows
    )


def reading(rows: list[Row], row: Row) -> Body:
    """An entry with every rectification of it that counts; per field the latest wins."""
    body = tidy(row["body"])
    counted_from = effective_on(body["occurred_on"], row["recorded_on"])
    for correction in rows:
        if correction["kind"] != "rectified" or not counts(rows, correction["version"]):
            continue
        for version, changes in pairs(correction):
            if version == row["version"]:
                body = replaced(body, changes)
                if changes.get("occurred_on") is not None:
                    counted_from = effective_on(changes["occurred_on"], correction["recorded_on"])
    return {**body, "effective_on": counted_from, **{name: row[name] for name in ("position", "version", "kind")}}


def rectified_by(rows: list[Row], version: int) -> tuple[int, ...]:
    """The rectifications of an entry that count."""
    return tuple(
        row["version"]
        for row in rows
        if row["kind"] == "rectified" and version in named(row) and counts(rows, row["version"])
    )


def replaced(body: Body, changes: Body) -> Body:
    new = dict(body)
    for name, value in changes.items():
        if value is None or value == []:
            new.pop(name, None)
        elif name == "commitment" or (name == "timeframe" and "timeframe" in body):
            new[name] = replaced(body[name], value)
        else:
            new |= tidy({name: value})
    return tidy(new) if "commitment" in new else new


def readings(rows: list[Row]) -> list[Body]:
    """The entries that count, in the order in which they take effect."""
    found = [reading(rows, row) for row in rows if not is_correction(row) and counts(rows, row["version"])]
    return sorted(found, key=lambda each: (each["effective_on"], each["position"]))


class Broken(Exception):
    """The entry *version* may not stand as it now reads or where it now stands."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(version)


def fold(ordered: list[Body], as_of: str | None = None) -> Body | None:
    state: Body | None = None
    for entry in ordered:
        if as_of is not None and entry["effective_on"] > as_of:
            break
        if state is None:
            if entry["kind"] != "announced":
                raise Broken(entry["version"])
            state = beginning(entry)
        else:
            if not may(entry, state):
                raise Broken(entry["version"])
            take(entry, state)
    return state


def beginning(entry: Body) -> Body:
    frame = entry["commitment"]["timeframe"]
    return {
        "details": entry["commitment"],
        "stage": "announced",
        "slipped": False,
        "suspended": False,
        "outcome": None,
        "implied_start": False,
        "announced_on": entry["effective_on"],
        "achieved_on": None,
        "slip_count": 0,
        "forecast": None,
        "targets": [target(entry, frame.get("start_by"), frame.get("due"), None)],
        "held": 0,
        "missed": 0,
        "last_held_on": None,
        "assessment": None,
        "reviews": 0,
        "last_activity_on": None,
    }


def target(entry: Body, start_by: str | None, due: str | None, authority: str | None) -> Body:
    return {
        "version": entry["version"],
        "effective_on": entry["effective_on"],
        "start_by": start_by,
        "due": due,
        "authority": authority,
    }


def may(entry: Body, state: Body) -> bool:  # noqa: C901, PLR0911 -- one answer per row of the table
    """The column `needs` of the table of kinds."""
    is_open = state["outcome"] is None
    free = is_open and not state["suspended"]
    now = state["targets"][-1]
    match entry["kind"]:
        case "started":
            return free and state["stage"] == "announced"
        case "progressed":
            return free and state["stage"] != "announced"
        case "reviewed":
            return state["outcome"] in (None, "achieved")
        case "achieved":
            return free and (state["details"]["kind"] != "continuous" or entry.get("concludes") is True)
        case "slipped":
            return free and bool(now["due"] or now["start_by"])
        case "suspended":
            return free
        case "resumed":
            return is_open and state["suspended"]
        case "rebaselined" | "abandoned" | "superseded":
            return is_open
        case "reopened":
            return state["outcome"] in ("achieved", "abandoned")
        case "occurrence_held":
            return free and state["details"]["kind"] == "recurring"
        case "occurrence_missed":
            return is_open and state["details"]["kind"] == "recurring"
        case "amended" | "evidence_added":
            return True
    return False


def take(entry: Body, state: Body) -> None:  # noqa: C901, PLR0912 -- one case per row of the table
    """The column `effect`."""
    kind = entry["kind"]
    if kind in ("achieved", "occurrence_held") and state["stage"] == "announced":
        state["stage"], state["implied_start"] = "started", True
    if kind in ("started", "progressed", "reviewed", "achieved", "occurrence_held"):
        state["last_activity_on"] = entry["effective_on"]
    if kind in ("achieved", "abandoned", "superseded"):
        state["outcome"], state["slipped"], state["suspended"], state["forecast"] = kind, False, False, None
    match kind:
        case "started":
            state["stage"] = "started"
        case "achieved":
            state["achieved_on"] = entry["effective_on"]
        case "reviewed":
            state["reviews"] += 1
            state["assessment"] = {
                "rating": entry["rating"],
                "independence": entry["independence"],
                "reviewer": entry.get("reviewer"),
                "reviewed_on": entry["effective_on"],
            }
            if state["outcome"] is None and state["stage"] == "started":
                state["stage"] = "reviewed"
        case "slipped":
            state["slipped"], state["forecast"] = True, entry.get("forecast")
            state["slip_count"] += 1
        case "rebaselined":
            before = state["targets"][-1]
            start_by, due = entry.get("start_by", before["start_by"]), entry.get("due", before["due"])
            state["targets"] = [*state["targets"], target(entry, start_by, due, entry["authority"])]
            state["slipped"], state["forecast"] = False, None
        case "suspended":
            state["suspended"] = True
        case "resumed":
            state["suspended"] = False
        case "reopened":
            state["outcome"], state["slipped"], state["suspended"] = None, False, False
            state["achieved_on"] = None
        case "occurrence_held":
            state["held"] += 1
            state["last_held_on"] = entry["effective_on"]
        case "occurrence_missed":
            state["missed"] += 1
        case "amended":
            state["details"] = tidy({**state["details"], **entry["changes"]})


def status(state: Body) -> str:
    if state["outcome"]:
        return state["outcome"]
    if state["suspended"]:
        return "suspended"
    return "slipped" if state["slipped"] else state["stage"]


def timeliness(state: Body, as_of: str) -> str:
    due = state["targets"][-1]["due"]
    start_by = state["targets"][-1]["start_by"] if state["stage"] == "announced" else None
    if state["outcome"] == "achieved":
        if not due:
            return "no_target"
        return "met_late" if state["achieved_on"] > due else "met"
    if state["outcome"]:
        return "closed"
    if not due and not start_by:
        return "no_target"
    if due and due < as_of:
        return "overdue"
    if start_by and start_by < as_of:
        return "start_overdue"
    soon = CALENDAR[NUMBER[as_of] : NUMBER[as_of] + 91]
    return "due_soon" if due in soon or start_by in soon else "upcoming"


def standing(state: Body, as_of: str) -> Body:
    now, first, word = state["targets"][-1], state["targets"][0], timeliness(state, as_of)
    is_open = state["outcome"] is None
    missed = now["due"] if word == "overdue" else now["start_by"] if word == "start_overdue" else None
    rating = state["assessment"] and state["assessment"]["rating"]
    return {
        "timeliness": word,
        "days_overdue": days_from(missed, as_of) if missed else None,
        "days_late": {"current": days_late(state, now["due"]), "original": days_late(state, first["due"])},
        "undeclared_slip": bool(missed) and not state["slipped"] and not state["suspended"],
        "stale": is_open and days_from(state["last_activity_on"] or state["announced_on"], as_of) > 365,
        "off_cadence": is_open and next_occurrence(state) < as_of,
        "divergence": (
            state["outcome"] == "achieved" and rating in ("no_evidence", "not_met", "limited", "substantial")
        )
        or (is_open and rating == "full"),
    }


def days_late(state: Body, due: str | None) -> int | None:
    if state["outcome"] != "achieved" or due is None:
        return None
    return days_from(due, state["achieved_on"]) if state["achieved_on"] > due else 0


def next_occurrence(state: Body) -> str:
    frame = state["details"]["timeframe"]
    if state["details"]["kind"] != "recurring" or "recurrence" not in frame:
        return FAR
    return after(state["last_held_on"], frame["recurrence"]) if state["last_held_on"] else frame["anchor"]


def state(rows: list[Row], as_of: str, log_size: int) -> Body | None:
    """What is known at *log_size* of a commitment, as it is on the day *as_of*."""
    found = fold(readings([row for row in rows if row["position"] <= log_size]), as_of)
    if found is None:
        return None
    now = found["targets"][-1]
    answer = {
        name: value for name, value in found.items() if name not in ("held", "missed", "last_held_on", "forecast")
    }
    return {
        **answer,
        "status": status(found),
        "target": {"start_by": now["start_by"], "due": now["due"], "forecast": found["forecast"]},
        "occurrences": {name: found[name] for name in ("held", "missed", "last_held_on")},
        **standing(found, as_of),
    }


def judge(rows: list[Row], row: Row, register: frozenset[str]) -> str | int | None:
    """Say what is wrong with recording *row* after *rows*: None for nothing, the version of the entry that would break
    in the fold of all known entries, or a word for what is wrong with the row itself.
    """
    body = row["body"]
    if is_correction(row):
        if "occurred_on" in body and effective_on(body["occurred_on"], row["recorded_on"]) is None:
            return "future"
        wrong = wrong_correction(rows, row)
    else:
        wrong = None if effective_on(body["occurred_on"], row["recorded_on"]) else "future"
    if wrong:
        return wrong
    if not partner_codes(body) <= register:
        return "partner"
    identifier = body.get("external_id")
    if identifier and any(each["body"].get("external_id") == identifier for each in rows):
        return "external_id"
    everything = [*rows, row]
    reference = everything[0]["body"]["commitment"]["reference"]
    for each in everything:
        plain = not is_correction(each) and counts(everything, each["version"])
        if plain and not well_formed(reading(everything, each), reference):
            return "form"
    try:
        fold(readings(everything))
    except Broken as broken:
        return broken.version
    return None


def wrong_correction(rows: list[Row], row: Row) -> str | None:
    entries = named(row)
    if len(set(entries)) < len(entries):
        return "twice"
    for version in entries:
        if not 1 <= version <= len(rows) or not counts(rows, version):
            return "does not count"
        if row["kind"] == "rectified" and is_correction(rows[version - 1]):
            return "is a correction"
        if row["kind"] == "retracted" and rows[version - 1]["kind"] == "announced":
            return "is the announcement"
    if row["kind"] == "rectified":
        for _, changes in pairs(row):
            if "occurred_on" in changes and (
                changes["occurred_on"] is None or effective_on(changes["occurred_on"], row["recorded_on"]) is None
            ):
                return "future"
    return None


def partner_codes(members: Body) -> set[str]:
    """Every partner code in a body, at whatever depth."""
    found = set(members.get("partners") or ())
    found |= {members[name] for name in ("lead", "on_behalf_of") if members.get(name)}
    for name in ("commitment", "changes"):
        if members.get(name):
            found |= partner_codes(members[name])
    for each in members.get("corrections") or ():
        found |= partner_codes(each["changes"])
    return found


REQUIRED = {
    "reviewed": ("rating", "independence"),
    "achieved": ("evidence",),
    "rebaselined": ("authority",),
    "abandoned": ("formal",),
    "superseded": ("successors",),
    "occurrence_held": ("ordinal",),
    "occurrence_missed": ("ordinal",),
    "amended": ("changes",),
    "evidence_added": ("entry", "evidence"),
}


def well_formed(read: Body, reference: str) -> bool:
    """The column `extra fields`, and what 3.1 says of a commitment: what an entry must have, however corrected."""
    kind = read["kind"]
    if kind == "announced":
        return well_promised(read["commitment"], reference)
    if any(name not in read for name in ("statement", *REQUIRED.get(kind, ()))):
        return False
    match kind:
        case "rebaselined":
            return ("due" in read or "start_by" in read) and in_order(read)
        case "superseded":
            return reference not in read["successors"]
        case "amended":
            changes = read["changes"]
            unnamed = "title" in changes and changes["title"] is None
            return (
                bool(changes)
                and not unnamed
                and changes.keys() <= set(DETAILS)
                and related_to_others(changes, reference)
            )
        case "evidence_added":
            return read["entry"] < read["version"]
    return True


def well_promised(commitment: Body, reference: str) -> bool:
    frame = commitment.get("timeframe", {})
    return (
        all(name in commitment for name in ("title", "kind", "tier", "timeframe"))
        and "wording" in frame
        and in_order(frame)
        and ("recurrence" in frame) == ("anchor" in frame)
        and ("recurrence" not in frame or commitment["kind"] == "recurring")
        and related_to_others(commitment, reference)
    )


def in_order(frame: Body) -> bool:
    return not ("start_by" in frame and "due" in frame and frame["start_by"] > frame["due"])


def related_to_others(members: Body, reference: str) -> bool:
    return all(relation["reference"] != reference for relation in members.get("relations") or ())
