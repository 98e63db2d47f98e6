"""How a status report looks on a terminal. Every figure is taken from the report; nothing is computed here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from api.cli.console import table
from api.cli.pages import two_times, word

Answer = Mapping[str, Any]
_MONTHS: Final = 12
Cells = Callable[[Answer], Sequence[str | Text]]

_SHARES: Final = {
    "achieved": "achieved, of all",
    "met_of_achieved_with_due_date": "in time, of those achieved that had a date",
    "overdue_of_open": "overdue, of the open",
    "undeclared_of_overdue": "without a declared slip, of the overdue",
}
_FIGURES: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "achieved, by the target in force": {
        "in time": ("achieved", "current", "in_time"),
        "late": ("achieved", "current", "late"),
        "median days late": ("achieved", "current", "median_days_late"),
        "without a date": ("achieved", "current", "no_date"),
    },
    "achieved, by the first target": {
        "in time": ("achieved", "original", "in_time"),
        "late": ("achieved", "original", "late"),
        "median days late": ("achieved", "original", "median_days_late"),
    },
    "slips": {
        "slipped now": ("slipped", "now"),
        "slipped ever": ("slipped", "ever"),
        "given a new target": ("slipped", "rebaselined"),
        "median days moved": ("slipped", "moved", "median_days"),
    },
}
"""Where the figures stand that are neither counted by a vocabulary nor shares."""
_FLAGS: Final = {
    "undeclared_slip": "undeclared slips",
    "stale": "stale",
    "off_cadence": "off cadence",
    "divergence": "status and review at odds",
}


def show_report(screen: Console, report: Answer) -> None:
    """Lay out a report."""
    screen.print(Text(f"Status report: {report['programme'] or 'all programmes'}", "bold"))
    screen.print(two_times(report))
    said = report["filters"].items()
    asked = {name: value for name, value in said if name != "compare_to" and value not in (None, [], "public")}
    for each in report.get("four_eyes_off", ()):
        until = "on" if each["to"] is None else f"to {each['to']}"
        screen.print(f"Four-eyes was off from entry {each['from']} {until}.")
    if asked:
        screen.print("Filters: " + "; ".join(f"{name} {_value(value)}" for name, value in asked.items()))
    screen.print()
    _figures(screen, report["headline"], report["totals"])
    _over_time(screen, report["status_over_time"]["points"])
    _lists(screen, report["lists"])
    _partners(screen, report["by_partner"])
    _commitments(screen, report["commitments"])
    if report["changes"]:
        _changes(screen, report["changes"])
    _corrections(screen, report["corrections"])
    for each in report["appendix"] or ():
        _history(screen, each)
    _imprint(screen, report)


def _figures(screen: Console, headline: Answer, totals: Answer) -> None:
    rows = table("", ">deliverables", ">all")
    rows.add_row(Text("commitments", "bold"), str(headline["commitments"]), str(totals["commitments"]))
    rows.add_row("of them open", str(headline["open"]), str(totals["open"]), end_section=True)
    for group in ("by_status", "by_timeliness"):
        rows.add_row(Text(group.replace("_", " "), "bold"))
        for name, count in totals[group].items():
            rows.add_row(Text("  ").append_text(word(name)), str(headline[group][name]), str(count))
    for group, ways in _FIGURES.items():
        rows.add_row(Text(group, "bold"))
        for name, way in ways.items():
            rows.add_row(f"  {name}", _figure(headline, way), _figure(totals, way))
    for group, title in (("by_rating", "last review"), ("achieved_by_best_grade", "achieved, by the best evidence")):
        rows.add_row(Text(title, "bold"))
        for name, count in totals["acceptance"][group].items():
            rows.add_row(f"  {name.replace('_', ' ')}", str(headline["acceptance"][group][name]), str(count))
    rows.add_row(Text("flags", "bold"))
    for name, said in _FLAGS.items():
        rows.add_row(f"  {said}", str(headline["flagged"][name]), str(totals["flagged"][name]))
    rows.add_row(Text("shares", "bold"))
    for name, said in _SHARES.items():
        rows.add_row(f"  {said}", _share(headline["share_permille"][name]), _share(totals["share_permille"][name]))
    screen.print(rows)


def _figure(figures: Answer, way: Sequence[str]) -> str:
    found: Any = figures
    for name in way:
        found = found[name]
    return "–" if found is None else str(found)


def _share(permille: int | None) -> str:
    return "–" if permille is None else f"{permille // 10}.{permille % 10} %"


def _over_time(screen: Console, points: Sequence[Answer]) -> None:
    words = list(points[-1]["deliverable"])
    title = f"Deliverables by status, the last {_MONTHS} months" if len(points) > _MONTHS else "Deliverables by status"
    rows = table("!on", *(f">{name}" for name in words), title=title)
    for each in points[-_MONTHS:]:
        rows.add_row(each["on"], *(str(each["deliverable"][name]) for name in words))
    screen.print(rows)


def _partners(screen: Console, partners: Sequence[Answer]) -> None:
    named = [each for each in partners if each["commitments"]]
    columns = ("!code", "name", ">commitments", ">achieved", ">overdue", "!last activity")
    rows = table(*columns, title=f"Partners with commitments ({len(named)} of {len(partners)})")
    for each in named:
        late = each["by_timeliness"]["overdue"] + each["by_timeliness"]["start_overdue"]
        counts = each["commitments"], each["by_status"]["achieved"], late
        rows.add_row(each["code"], each["name"], *map(str, counts), each["last_activity_on"] or "none")
    if named:
        screen.print(rows)


def _lists(screen: Console, lists: Answer) -> None:
    named = ("!reference", "title")
    for name, title, columns, cells in (
        ("achieved", "Achieved", ("!on", ">days late", "!evidence", "!rating"), _achieved),
        ("overdue", "Overdue", ("!missed on", ">days", "!forecast", "!slip"), _overdue),
        ("slipped", "Slipped", (">slips", "!status", "!targets"), _slipped),
        ("due_soon", "Due soon", ("!on", ">days left"), lambda each: (each["due_on"], str(each["days_left"]))),
        ("stale", "Stale", ("!last activity", ">days"), _stale),
        ("divergent", "Status and review at odds", ("!status", "!rating", "!reviewed on"), _divergent),
        ("off_cadence", "Off cadence", ("!promised by", ">days"), _off_cadence),
        ("recurring", "Recurring", ("!every", ">held", ">missed", "!last", "!next"), _recurring),
    ):  # fmt: skip
        _list(screen, f"{title} ({len(lists[name])})", (*named, *columns), lists[name], cells)
    silent = lists["silent_partners"]
    rows = table("!code", "name", "!type", ">commitments", title=f"Partners without activity ({len(silent)})")
    for each in silent:
        rows.add_row(each["code"], each["name"], each["type"], str(each["commitments"]))
    if silent:
        screen.print(rows)


def _list(screen: Console, title: str, columns: Sequence[str], items: Sequence[Answer], cells: Cells) -> None:
    if not items:
        return
    rows = table(*columns, title=title)
    for each in items:
        rows.add_row(each["reference"], each["title"], *cells(each))
    screen.print(rows)


def _achieved(item: Answer) -> Sequence[str | Text]:
    late, grades = item["days_late"]["current"], " ".join(each["grade"] for each in item["evidence"])
    rating = word(item["rating"]) if item["rating"] else "not reviewed"
    return item["achieved_on"], "–" if late is None else str(late), grades, rating


def _overdue(item: Answer) -> Sequence[str | Text]:
    slip = Text("not declared", "red") if item["undeclared_slip"] else Text("declared")
    return item["missed_on"], str(item["days_overdue"]), _or_dash(item["forecast"]), slip


def _slipped(item: Answer) -> Sequence[str | Text]:
    dates = (each["due"] or each["start_by"] or "–" for each in item["targets"])
    return str(item["slip_count"]), word(item["status"]), " → ".join(dates)


def _stale(item: Answer) -> Sequence[str | Text]:
    return item["last_activity_on"] or "none", str(item["days_silent"])


def _off_cadence(item: Answer) -> Sequence[str | Text]:
    return _or_dash(item["next_on"]), str(item["days_overdue"])


def _divergent(item: Answer) -> Sequence[str | Text]:
    return word(item["status"]), word(item["rating"]), item["reviewed_on"]


def _recurring(item: Answer) -> Sequence[str | Text]:
    late = "red" if item["off_cadence"] else ""
    last, following = _or_dash(item["last_held_on"]), Text(_or_dash(item["next_on"]), late)
    return _or_dash(item["recurrence"]), str(item["held"]), str(item["missed"]), last, following


def _commitments(screen: Console, commitments: Sequence[Answer]) -> None:
    columns = ("!reference", "title", "!status", "!timeliness", "!due")
    rows = table(*columns, title=f"Commitments ({len(commitments)})")
    for each in commitments:
        due = each["target"]["due"] or each["target"]["start_by"]
        standing = word(each["status"]), word(each["timeliness"]), _or_dash(due)
        rows.add_row(each["reference"], each["title"], *standing)
    screen.print(rows)


def _changes(screen: Console, changes: Answer) -> None:
    events = [(kind, event) for kind, listed in changes["events"].items() for event in listed]
    title = f"Changes after {changes['from']}, up to {changes['to']} ({len(events)})"
    rows = table("!effective", "!kind", "!reference", "title", title=title)
    for kind, event in sorted(events, key=lambda pair: str(pair[1]["effective_on"])):
        rows.add_row(event["effective_on"], kind, event["reference"], event["title"])
    screen.print(rows)
    moved = changes["moved"]
    rows = table("!reference", "title", "!before", "!after", title=f"Standing otherwise than before ({len(moved)})")
    for each in moved:
        before, after = (Text(", ").join(map(word, each[name].values())) for name in ("before", "after"))
        rows.add_row(each["reference"], each["title"], before, after)
    if moved:
        screen.print(rows)


def _corrections(screen: Console, corrections: Sequence[Answer]) -> None:
    rows = table(">position", "!reference", "!kind", "!entry", "!recorded", "reason", title="Corrections")
    for each in corrections:
        entries = ", ".join(str(one["entry"]) for one in each["entries"])
        kind = each["kind"] if each["counts"] else f"{each['kind']} (undone)"
        recorded, reason = each["recorded_at"][:10], each["reason"] or ""
        rows.add_row(str(each["position"]), each["reference"], kind, entries, recorded, reason)
    if corrections:
        screen.print(rows)


def _history(screen: Console, commitment: Answer) -> None:
    rows = table(">version", "!effective", "!kind", "!status after", "statement", title=commitment["reference"])
    for each in commitment["items"]:
        after = word(each["status_after"]) if each["status_after"] else "–"
        rows.add_row(str(each["version"]), each["effective_on"], each["kind"], after, each["statement"] or "")
    screen.print(rows)


def _imprint(screen: Console, report: Answer) -> None:
    log = report["log"]
    for name, value in (
        ("digest", report["digest"]),
        ("log", f"{log['origin']}, size {log['size']}, root {log['root']}"),
        ("made by", f"rules {report['rules']}, version {report['version']}"),
    ):
        screen.print(Text(f"{name:<8} {value}", "dim"), soft_wrap=True)


def _or_dash(value: str | None) -> str:
    return value or "–"


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
