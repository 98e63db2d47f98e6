"""How a status report looks on a terminal. Every figure is taken from the report; nothing is computed here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from api.cli.console import table
from api.cli.pages import two_times, word

Answer = Mapping[str, Any]
Cells = Callable[[Answer], Sequence[str | Text]]

_SHARES: Final = {
    "achieved": "achieved, of all",
    "met_of_achieved_with_due_date": "in time, of those achieved that had a date",
    "overdue_of_open": "overdue, of the open",
    "undeclared_of_overdue": "without a declared slip, of the overdue",
}
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
    if asked:
        screen.print("Filters: " + "; ".join(f"{name} {_value(value)}" for name, value in asked.items()))
    screen.print()
    _figures(screen, report["headline"], report["totals"])
    _lists(screen, report["lists"])
    _commitments(screen, report["commitments"])
    if report["changes"]:
        _changes(screen, report["changes"])
    _corrections(screen, report["corrections"])
    _imprint(screen, report)


def _figures(screen: Console, headline: Answer, totals: Answer) -> None:
    rows = table("", ">deliverables", ">all")
    rows.add_row(Text("commitments", "bold"), str(headline["commitments"]), str(totals["commitments"]))
    rows.add_row("of them open", str(headline["open"]), str(totals["open"]), end_section=True)
    for group in ("by_status", "by_timeliness"):
        rows.add_row(Text(group.replace("_", " "), "bold"))
        for name, count in totals[group].items():
            rows.add_row(Text("  ").append_text(word(name)), str(headline[group][name]), str(count))
    rows.add_row(Text("flags", "bold"))
    for name, said in _FLAGS.items():
        rows.add_row(f"  {said}", str(headline["flagged"][name]), str(totals["flagged"][name]))
    rows.add_row(Text("shares", "bold"))
    for name, said in _SHARES.items():
        rows.add_row(f"  {said}", _share(headline["share_permille"][name]), _share(totals["share_permille"][name]))
    screen.print(rows)


def _share(permille: int | None) -> str:
    return "–" if permille is None else f"{permille // 10}.{permille % 10} %"


def _lists(screen: Console, lists: Answer) -> None:
    named = ("!reference", "title")
    for name, title, columns, cells in (
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
