"""How issued reports, and what became of them, look on a terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from api.cli.console import table

Answer = Mapping[str, Any]


def show_list(screen: Console, issued: Sequence[Answer]) -> None:
    """Lay out a list of issued reports."""
    rows = table(">id", "!as of", ">knowing", "!issued", "by", "filters", "!digest")
    for each in issued:
        said = each["filters"].items()
        asked = "; ".join(f"{name} {_value(value)}" for name, value in said if value not in (None, [], "public"))
        issued_on, digest = each["recorded_at"][:16].replace("T", " "), each["digest"][:16]
        known = str(each["log_size"])
        rows.add_row(str(each["id"]), each["as_of"], known, issued_on, each["recorded_by"], asked or "–", digest)
    screen.print(rows if issued else "No report was issued; `ledger report issue` issues one.")


def show_checks(screen: Console, checks: Sequence[Answer]) -> None:
    """Lay out what became of every issued report."""
    rows = table(">id", "!as of", ">knowing", "today", "where")
    for each in checks:
        rows.add_row(str(each["id"]), each["as_of"], str(each["log_size"]), _outcome(each), _where(each))
    screen.print(rows if checks else "No report was issued; `ledger report issue` issues one.")
    if any(each["reads_differently"] for each in checks):
        screen.print("`ledger report check ID` says before, after and why.")


def show_check(screen: Console, check: Answer) -> None:
    """Lay out what became of one report, and what made it so."""
    screen.print(Text(f"Report {check['id']}: as of {check['as_of']}, knowing {check['log_size']} entries", "bold"))
    screen.print(Text(f"digest {check['digest']}", "dim"), soft_wrap=True)
    now = check["now"]
    screen.print(Text("Knowing ").append(f"{now['log_size']} entries: ").append_text(_outcome(check)))
    _corrections(screen, check["corrections"])
    _entries(screen, check["entries"])
    members = [
        {"at": f"{row['reference']}/{name}", "before": (row["before"] or {}).get(name), "after": after}
        for row in check["commitments"]
        if row["before"] is not None and row["after"] is not None
        for name, after in row["after"].items()
    ]
    _differences(screen, "Commitments", members)
    for row in check["commitments"]:
        if row["before"] is None or row["after"] is None:
            said = "is in the report now" if row["before"] is None else "is in the report no more"
            screen.print(f"{row['reference']} {row['title']}: {said}")
    _differences(screen, "Lists", check["lists"])
    _differences(screen, "Figures", check["figures"])


def _outcome(check: Answer) -> Text:
    if not check["reproducible"]:
        return Text("cannot be made again as issued", "bold red")
    if check["reads_differently"]:
        return Text("would read differently", "yellow")
    return Text("reads as issued", "green")


def _where(check: Answer) -> str:
    counts = [_count(count, name) for name, count in check["counts"].items() if count]
    references = check["references"]
    more = ", …" if len(references) > 5 else ""
    return "; ".join([*counts, ", ".join(references[:5]) + more] if references else counts) or "–"


def _count(count: int, name: str) -> str:
    return f"{count} {name.removesuffix('s') if count == 1 else name}"


def _differences(screen: Console, title: str, found: Sequence[Answer]) -> None:
    rows = table("where", "before", "after", title=f"{title} ({len(found)})")
    for each in found:
        rows.add_row(each["at"], _value(each["before"]), _value(each["after"]))
    if found:
        screen.print(rows)


def _corrections(screen: Console, corrections: Sequence[Answer]) -> None:
    rows = table(">position", "!reference", "!kind", "!recorded", "by", "reason", title="Corrections that made it so")
    for each in corrections:
        recorded = each["recorded_at"][:10]
        said = each["reason"] or ""
        rows.add_row(str(each["position"]), each["reference"], each["kind"], recorded, each["recorded_by"], said)
    if corrections:
        screen.print(rows)


def _entries(screen: Console, entries: Sequence[Answer]) -> None:
    title = "Entries recorded since, of before the report's day"
    rows = table(">position", "!reference", "!kind", "!effective", "!recorded", "by", "statement", title=title)
    for each in entries:
        days = each["effective_on"], each["recorded_at"][:10]
        who, said = each["recorded_by"], each["statement"] or ""
        rows.add_row(str(each["position"]), each["reference"], each["kind"], *days, who, said)
    if entries:
        screen.print(rows)


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, dict) and "title" in value:
        return str(value["title"])
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
