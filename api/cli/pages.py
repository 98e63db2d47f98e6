"""How one commitment and its history look on a terminal. It lays out answers; what they say is decided elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.console import table
from domain.answers import ERASED

Answer = Mapping[str, Any]
STATUS_STYLES = {
    "achieved": "green", "slipped": "yellow", "suspended": "yellow", "abandoned": "red", "superseded": "dim",
    "overdue": "red", "start_overdue": "red", "met_late": "yellow", "met": "green", "due_soon": "yellow",
}  # fmt: skip
_CORRECTIONS = ("rectified", "retracted")
_SHOWN_APART = frozenset(
    {
        "position", "version", "stream", "programme", "reference", "kind", "occurred_on", "effective_on",
        "recorded_at", "recorded_by", "role", "statement", "evidence", "leaf_hash", "prose", "erased", "counts",
        "retracted", "corrected_by", "reading", "status_after", "language", "external_id", "commitment",
        "changes", "corrections", "entry", "entries",
    }
)  # fmt: skip


def word(value: str | None) -> Text:
    """Show a status or timeliness as people say it."""
    return Text((value or "–").replace("_", " "), STATUS_STYLES.get(value or "", ""))


def two_times(times: Answer) -> str:
    """Say which two times an answer is for."""
    known = f" (recorded up to {times['known_at']})" if times["known_at"] else ""
    return f"As of {times['as_of']}, knowing {times['log_size']} entries of the ledger{known}"


def show_commitment(screen: Console, found: Answer) -> None:
    """Lay out a commitment."""
    screen.print(Text.assemble((found["reference"], "bold"), "  ", (found["title"], "bold")))
    nature = (found["programme"], found["tier"], found["kind"], found["modality"])
    internal = "internal" if found["visibility"] == "internal" else None
    screen.print(Text(" · ".join(str(each).replace("_", " ") for each in (*nature, internal) if each), "dim"))
    if found["summary"]:
        screen.print(found["summary"])
    screen.print()
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _rows(found):
        if value:
            rows.add_row(name, value)
    screen.print(rows)
    screen.print()
    screen.print(Text(two_times(found), "dim"))


def _rows(found: Answer) -> Iterable[tuple[str, Text | str | None]]:
    yield "Status", _status(found)
    yield "Timeliness", _timeliness(found)
    yield "Assessment", _assessment(found)
    frame = found["timeframe"]
    yield "Promised", frame["wording"] + (f" (every {frame['recurrence']})" if frame["recurrence"] else "")
    yield "Target", _dates(found["target"])
    if len(found["targets"]) > 1:
        yield "Targets so far", "\n".join(_target(each) for each in found["targets"])
    held = found["occurrences"]
    if found["kind"] == "recurring":
        last = f", the last on {held['last_held_on']}" if held["last_held_on"] else ""
        yield "Occurrences", f"{held['held']} held, {held['missed']} missed{last}"
    yield "Announced", found["announced_on"]
    yield "Last activity", (found["last_activity_on"] or "none") + (" – stale" if found["stale"] else "")
    yield "Partners", ", ".join(found["partners"])
    yield "Lead", found["lead"]
    yield "Instruments", "\n".join(found["instruments"])
    yield "Themes", ", ".join(found["themes"])
    related = [*found["relations"], *found["related"]]
    yield "Relations", "\n".join(f"{each['type'].replace('_', ' ')} {each['reference']}" for each in related)
    source = found["source"] or {}
    where = (source.get("document"), source.get("location"), source.get("line") and f"line {source['line']}")
    yield "Source", ", ".join(each for each in where if each)
    yield "Entries", str(found["version"])


def _status(found: Answer) -> Text:
    said = word(found["status"])
    if found["achieved_on"]:
        said.append(f" on {found['achieved_on']}", "")
    if found["status"] != found["stage"]:
        said.append(f" (stage {found['stage']}{', a start is implied' if found['implied_start'] else ''})", "dim")
    if found["slip_count"]:
        said.append(f", slipped {_times(found['slip_count'])}", "")
    return said


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _timeliness(found: Answer) -> Text:
    said = word(found["timeliness"])
    if found["days_overdue"] is not None:
        said.append(f" by {found['days_overdue']} days", "")
    late = found["days_late"]
    if late["current"] is not None:
        said.append(f", {late['current']} days after the current and {late['original']} after the original date", "")
    if found["undeclared_slip"]:
        said.append(" – and no slip was declared", "bold red")
    if found["off_cadence"]:
        said.append(" – the next occurrence is overdue", "bold red")
    return said


def _assessment(found: Answer) -> Text | None:
    said = found["assessment"]
    if said is None:
        return None
    by = f" by {said['reviewer']}" if said["reviewer"] else ""
    independence = said["independence"].replace("_", " ")
    text = Text(f"{said['rating'].replace('_', ' ')} ({independence} review of {said['reviewed_on']}{by})")
    if found["divergence"]:
        text.append(" – at odds with the status", "bold red")
    return text


def _dates(target: Answer) -> str:
    names = (("start_by", "start by"), ("due", "due"), ("forecast", "now forecast for"))
    return ", ".join(f"{said} {target[name]}" for name, said in names if target.get(name)) or "none"


def _target(target: Answer) -> str:
    by = f" ({target['authority']})" if target["authority"] else ""
    return f"from {target['effective_on']}: {_dates(target)}{by}"


def show_history(screen: Console, reference: str, items: Sequence[Answer], times: Answer) -> None:
    """Lay out a history, one entry a row."""
    rows = table(">#", "!entry", "what")
    for item in items:
        counts = item["counts"] or item["kind"] in _CORRECTIONS
        what = _what(item, items, times["as_of"])
        rows.add_row(str(item["version"]), _when(item), what, style="" if counts else "dim", end_section=True)
    screen.print(Text(f"History of {reference}", "bold"))
    screen.print(rows)
    screen.print(Text(two_times(times), "dim"))


def _when(item: Answer) -> Text:
    lines = [Text(item["kind"].replace("_", " "), "bold")]
    lines.append(Text(f"occurred  {item['occurred_on']}"))
    lines.append(Text(f"effective {item['effective_on']}"))
    lines.append(Text(f"recorded  {item['recorded_at'][:16].replace('T', ' ')}"))
    if item["status_after"]:
        lines.append(Text("then      ").append_text(word(item["status_after"])))
    return Text("\n").join(lines)


def _what(item: Answer, items: Sequence[Answer], as_of: str) -> Text:
    lines = [Text(line) for line in _said(item)]
    lines += [Text(_evidence(each), "dim") for each in item["evidence"]]
    lines.append(Text(f"position {item['position']}, by {item['recorded_by']} as {item['role']}", "dim"))
    if item["retracted"]:
        by = [each["version"] for each in items if each["kind"] == "retracted" and item["version"] in _named(each)]
        lines.append(Text(f"✗ retracted by entry {_list(by)}", "bold red"))
    elif item["corrected_by"]:
        lines.append(Text(f"✎ corrected by entry {_list(item['corrected_by'])}; now reads:", "bold yellow"))
        lines += [Text(f"  {line}") for line in _differing(item)]
    if not item["counts"] and not item["retracted"] and item["kind"] not in _CORRECTIONS:
        lines.append(Text(f"not yet in effect on {as_of}", "bold"))
    return Text("\n").join(lines)


def _said(item: Answer) -> Iterable[str]:
    if item["kind"] in _CORRECTIONS:
        yield f"corrects entry {_list(_named(item))}"
    if item["statement"]:
        yield item["statement"]
    elif "statement" in item["erased"]:
        yield ERASED
    if item.get("commitment"):
        yield item["commitment"]["title"]
    if item["kind"] == "evidence_added":
        yield f"evidence for entry {item['entry']}"
    for name, value in item.items():
        if name not in _SHOWN_APART and value not in (None, []):
            yield f"{name.replace('_', ' ')}: {_value(value)}"
    yield from (f"{name}: {ERASED}" for name in item["erased"] if name not in ("statement", "evidence"))
    if item.get("changes"):
        yield from (f"{name} → {_value(value)}" for name, value in item["changes"].items())
    for each in item.get("corrections") or ():
        yield from (f"entry {each['entry']}: {name} → {_value(value)}" for name, value in each["changes"].items())


def _named(item: Answer) -> list[int]:
    several = item.get("entries") or [each["entry"] for each in item.get("corrections") or ()]
    return several or [item["entry"]]


def _differing(item: Answer) -> Iterable[str]:
    for name, value in item["reading"].items():
        if value != item.get(name):
            yield f"{name.replace('_', ' ')}: {_value(value)}"


def _evidence(item: Answer) -> str:
    at = f" <{item['url']}>" if item["url"] else ""
    return f"[{item['grade']}] {item['title'] or ERASED}{at}"


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_value(each)}" for name, each in value.items() if each is not None)
    if value is None:
        return "none"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
