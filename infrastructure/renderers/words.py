"""How things are called and written in a report: labels of the vocabularies, counts, shares, dates.

Everything a reader sees is worded here or in the building modules, once, in English and independent of any locale.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from infrastructure.renderers.document import Link, Mark, Said

LABELS: Final[Mapping[str, str]] = {
    # status
    "announced": "Announced",
    "started": "Started",
    "reviewed": "Reviewed",
    "achieved": "Achieved",
    "slipped": "Slipped",
    "suspended": "Suspended",
    "abandoned": "Abandoned",
    "superseded": "Superseded",
    # timeliness
    "met": "Met in time",
    "met_late": "Met late",
    "overdue": "Overdue",
    "start_overdue": "Start overdue",
    "due_soon": "Due soon",
    "upcoming": "Upcoming",
    "no_target": "No date set",
    "closed": "Closed",
    # tier
    "deliverable": "Deliverable",
    "action": "Action",
    "narrative": "Narrative",
    # kind
    "one_off": "One-off",
    "recurring": "Recurring",
    "continuous": "Continuous",
    # rating and independence of a review
    "full": "Full",
    "substantial": "Substantial",
    "limited": "Limited",
    "not_met": "Not met",
    "no_evidence": "No evidence",
    "unrated": "Not rated",
    "not_reviewed": "Not reviewed",
    "self": "by those responsible",
    "parent_body": "by a parent body",
    "peer": "by peers",
    "independent": "independent",
    # grades of evidence
    "A": "A – primary official act",
    "B": "B – official statement",
    "C": "C – independent report",
    "D": "D – press",
    "E": "E – assertion",
    "none": "None",
    # kinds of entries
    "progressed": "Progress",
    "rebaselined": "New target",
    "resumed": "Resumed",
    "reopened": "Reopened",
    "occurrence_held": "Occurrence held",
    "occurrence_missed": "Occurrence missed",
    "amended": "Amended",
    "evidence_added": "Evidence added",
    "rectified": "Corrected",
    "retracted": "Retracted",
    "programme_published": "Programme published",
    "programme_amended": "Programme amended",
    "programme_closed": "Programme closed",
    # flags
    "undeclared_slip": "Undeclared slip",
    "stale": "Stale",
    "off_cadence": "Off cadence",
    "divergence": "Divergent",
    "erased": "Text erased",
    # types and roles of partners
    "country": "Country",
    "organisation": "Organisation",
    "body": "Body",
    "group": "Group",
    "region": "Region",
    "partner": "Partner",
    "implementer": "Implementer",
    "forum": "Forum",
    "location": "Location",
    "interlocutor": "Interlocutor",
    "reference": "Reference",
    "not_a_partner": "Not a partner",
    # confidence, visibility
    "high": "high",
    "medium": "medium",
    "low": "low",
    "public": "public commitments",
    "all": "public and internal commitments",
}

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_ERASED: Final = "[erased]"


def label(word: str) -> str:
    """Give what a word of a vocabulary is called; a word without a label is written as words are."""
    return LABELS.get(word) or word.replace("_", " ").capitalize()


def mark(word: str | None) -> Mark | None:
    """Give a word with its symbol."""
    return None if word is None else Mark(word, label(word))


def day(iso: str | None) -> date | None:
    """Give the date of a table cell."""
    return None if iso is None else date.fromisoformat(iso)


def day_in_words(iso: str) -> str:
    """Write `2023-06-30` as 30 June 2023; the parts of a shorter date likewise."""
    year, *rest = iso.split("-")
    month = [_MONTHS[int(rest[0]) - 1]] if rest else []
    return " ".join([*(str(int(each)) for each in rest[1:]), *month, year])


def instant_in_words(iso: str) -> str:
    """Write an instant to the second."""
    return f"{iso[:10]} {iso[11:19]} UTC"


def number(value: int) -> str:
    """Write a number with thousands apart."""
    return f"{value:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Give `1 deliverable`, `17 deliverables`."""
    return f"{number(count)} {one if count == 1 else many or f'{one}s'}"


def verb(count: int, one: str, many: str) -> str:
    """Give the form of a verb that goes with *count*."""
    return one if count == 1 else many


def share(permille: int | None) -> str | None:
    """Write thousandths as a percentage; nothing of nothing."""
    return None if permille is None else f"{permille // 10}.{permille % 10} %"


def listed(items: list[str]) -> str:
    """Join with commas and a last `and`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def said(text: str | None, language: str | None = None) -> Said | Mark | None:
    """Give a text that somebody wrote, or the mark of an erased one."""
    if text == _ERASED:
        return erased()
    return None if text is None else Said(text, language or "en")


def erased() -> Mark:
    """Give what stands in the place of a text that was erased."""
    return Mark("erased", label("erased"))


def web_link(text: str, url: str | None, language: str | None = None) -> Link | Said:
    """Give a link, if the address is one of the web; else the text alone."""
    if url is None or not url.lower().startswith(("http://", "https://")):
        return Said(text, language or "en")
    return Link(text, url, language or "en")


def evidence_cell(item: Mapping[str, Any]) -> Link | Said | Mark:
    """Give an item of evidence as one line: its grade, what it is, who published it, when; the title leads to it."""
    shown = {name: item.get(name) for name in ("title", "url", "publisher", "published_on")}
    title, url, *about = (None if value == _ERASED else value for value in shown.values())
    if not (title or url):
        return erased()
    behind = f" ({', '.join(part for part in about if part)})" if any(about) else ""
    return web_link(f"{item['grade']} · {title or url}{behind}", url, item.get("language"))
