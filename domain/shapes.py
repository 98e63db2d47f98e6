"""The shape of everything that can be recorded: one table of fields per kind of entry (design, 3.1 and 3.3).

Which fields are prose (salted, erasable) and which are facts is decided here too (design, 3.7).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from domain import vocabulary as words
from domain.errors import Fault
from domain.fields import (
    DAY,
    PARTIAL_DATE,
    RECURRENCE,
    Field,
    Flag,
    Many,
    Record,
    Text,
    Whole,
    Word,
    record,
)
from domain.identifiers import (
    ACTOR,
    DECIMAL,
    EXTERNAL_ID,
    LANGUAGE,
    PARTNER_CODE,
    PROGRAMME_CODE,
    REFERENCE,
    SHA256,
    THEME,
    URL,
)
from domain.keeping_shapes import FOR_EVER, KEEPING_EVENTS
from domain.right_shapes import RIGHT_EVENTS

STATEMENT: Final = Text(10_000)
VERSION: Final = Whole(1)
TITLE: Final = Text(300)
PARTNERS: Final = Many(PARTNER_CODE, 200, distinct=True)


def _start_not_after_due(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if (value.get("start_by") or "") > (value.get("due") or "9999"):
        faults.append(Fault(f"{pointer}/start_by", "start_by lies after due", f"a date up to {value['due']}"))


def _anchor_with_recurrence(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if bool(value.get("recurrence")) != bool(value.get("anchor")):
        missing = "anchor" if value.get("recurrence") else "recurrence"
        faults.append(Fault(f"{pointer}/{missing}", "recurrence and anchor come together", "both, or neither"))


def _recurrence_if_recurring(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if value["timeframe"].get("recurrence") and value["kind"] != "recurring":
        at = f"{pointer}/timeframe/recurrence"
        faults.append(Fault(at, f"a {value['kind']} commitment has no recurrence", "kind recurring, or no recurrence"))


def _not_related_to_itself(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    for index, relation in enumerate(value.get("relations") or ()):
        if relation["reference"] == value["reference"]:
            at = f"{pointer}/relations/{index}/reference"
            faults.append(Fault(at, "a commitment has no relation to itself", "another reference"))


TIMEFRAME: Final = record(
    {
        "wording": Text(),
        "start_by": DAY,
        "due": DAY,
        "alternative_due": DAY,
        "recurrence": RECURRENCE,
        "anchor": DAY,
    },
    "wording",
    _start_not_after_due,
    _anchor_with_recurrence,
)
RELATION: Final = record({"type": Word(words.RELATION_TYPES), "reference": REFERENCE}, "type reference")
SOURCE: Final = record(
    {
        "document": Text(),
        "location": Text(),
        "line": Whole(1),
        "sentence": Text(64, r"[0-9]+(\+[0-9]+)*", "ordinals such as 2 or 1+3"),
        "sha256": SHA256,
    }
)
REFERENCE_PREFIX: Final = Text(
    32, r"[A-Z0-9][A-Z0-9.-]{0,30}[.-]", "the beginning of references up to a - or a dot, such as ABC- or SC.P4-"
)
COMMITMENT: Final = record(
    {
        "reference": REFERENCE,
        "programme": PROGRAMME_CODE,
        "title": TITLE,
        "summary": Text(),
        "kind": Word(words.COMMITMENT_KINDS),
        "tier": Word(words.TIERS),
        "modality": Word(words.MODALITIES),
        "timeframe": TIMEFRAME,
        "partners": PARTNERS,
        "lead": PARTNER_CODE,
        "instruments": Many(Text(200), 200, distinct=True),
        "themes": Many(THEME, 100, distinct=True),
        "relations": Many(RELATION, 200, distinct=True),
        "source": SOURCE,
        "visibility": Word(words.VISIBILITIES),
    },
    "reference programme title kind tier timeframe",
    _recurrence_if_recurring,
    _not_related_to_itself,
    elsewhere=FOR_EVER,
)
EVIDENCE: Final = record(
    {
        "title": Text(),
        "url": URL,
        "publisher": Text(),
        "published_on": PARTIAL_DATE,
        "retrieved_on": PARTIAL_DATE,
        "archived_url": URL,
        "sha256": SHA256,
        "media_type": Text(255, r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+", "a media type such as text/html"),
        "size": Whole(0),
        "language": LANGUAGE,
        "grade": Word(words.GRADES),
    },
    "title grade",
)
COMMON: Final[Mapping[str, Field]] = {
    "occurred_on": PARTIAL_DATE,
    "statement": STATEMENT,
    "evidence": Many(EVIDENCE, 50),
    "partners": PARTNERS,
    "on_behalf_of": PARTNER_CODE,
    "language": LANGUAGE,
    "confidence": Word(words.CONFIDENCE),
    "note": Text(),
    "external_id": EXTERNAL_ID,
}

PROSE: Final = ("statement", "cause", "authority", "reason", "reviewer", "note")
EVIDENCE_PROSE: Final = ("title", "url", "archived_url", "publisher", "published_on", "retrieved_on")
ERASABLE: Final = (*PROSE, "evidence", "changes", "corrections")
"""The members of an entry that hold prose: what an erasure can name. Each is erased whole."""

_CAUSE: Final = Text()
_PERIOD: Final = Text()
_SOME_EVIDENCE: Final = Many(EVIDENCE, 50, least=1)
_AMENDABLE: Final = ("title", "summary", "partners", "instruments", "themes", "lead", "relations")


def _one_of_due_and_start(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if not (value.get("due") or value.get("start_by")):
        faults.append(Fault(f"{pointer}/due", "a rebaseline sets a new target", "due, start_by or both"))


def _some_changes(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if not value["changes"]:
        faults.append(Fault(f"{pointer}/changes", "nothing is changed", "at least one field"))


def _some_amendment(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if not (value.get("changes") or value.get("add_partners") or value.get("change_partners")):
        faults.append(Fault(pointer, "nothing is amended", "changes, add_partners or change_partners"))


def _event(members: Mapping[str, Field], required: str, *rules: Any) -> Record:
    return record({**COMMON, **members}, f"occurred_on statement {required}", *rules)


# The kinds of a commitment's stream. `announced` holds the commitment; corrections are in CORRECTIONS.
COMMITMENT_EVENTS: Final[Mapping[str, Record]] = {
    "announced": record({**COMMON, "commitment": COMMITMENT}, "occurred_on commitment"),
    "started": _event({}, ""),
    "progressed": _event({"quantity": DECIMAL, "unit": Text()}, ""),
    "reviewed": _event(
        {
            "rating": Word(words.RATINGS),
            "independence": Word(words.INDEPENDENCE),
            "reviewer": Text(),
            "period": _PERIOD,
        },
        "rating independence",
    ),
    "achieved": _event({"concludes": Flag(), "evidence": _SOME_EVIDENCE}, "evidence"),
    "slipped": _event({"forecast": DAY, "cause": _CAUSE}, ""),
    "rebaselined": _event(
        {"due": DAY, "start_by": DAY, "authority": Text()}, "authority", _one_of_due_and_start, _start_not_after_due
    ),
    "suspended": _event({"cause": _CAUSE}, ""),
    "resumed": _event({}, ""),
    "abandoned": _event({"formal": Flag(), "cause": _CAUSE}, "formal"),
    "superseded": _event({"successors": Many(REFERENCE, 50, 1, distinct=True)}, "successors"),
    "reopened": _event({"cause": _CAUSE}, ""),
    "occurrence_held": _event({"ordinal": Whole(1)}, "ordinal"),
    "occurrence_missed": _event({"ordinal": Whole(1), "cause": _CAUSE}, "ordinal"),
    "amended": _event({"changes": COMMITMENT.changes(_AMENDABLE)}, "changes", _some_changes),
    "evidence_added": _event({"entry": VERSION, "evidence": _SOME_EVIDENCE}, "entry evidence"),
}


def _codes_once(*registers: str) -> Callable[[Mapping[str, Any], str, list[Fault]], None]:
    """Make the rule that no partner stands twice in these members, which hold parts of a register."""

    def rule(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
        seen: set[str] = set()
        for name in registers:
            for index, partner in enumerate(value.get(name) or ()):
                if partner["code"] in seen:
                    at = f"{pointer}/{name}/{index}/code"
                    faults.append(Fault(at, f"partner {partner['code']} stands twice", "each code once"))
                seen.add(partner["code"])

    return rule


PARTNER: Final = record(
    {
        "code": PARTNER_CODE,
        "name": TITLE,
        "type": Word(words.PARTNER_TYPES),
        "role": Word(words.PARTNER_ROLES),
        "short_name": Text(100),
        "parent": PARTNER_CODE,
        "note": Text(),
    },
    "code name type",
)
PROGRAMME_SOURCE: Final = record({"document": Text(), "sha256": SHA256, "lines": Whole(1), "url": URL})
PROGRAMME: Final = record(
    {
        "code": PROGRAMME_CODE,
        "title": TITLE,
        "publisher": Text(),
        "adopted_on": PARTIAL_DATE,
        "source": PROGRAMME_SOURCE,
        "visibility": Word(words.VISIBILITIES),
        "reference_prefix": REFERENCE_PREFIX,
        "partners": Many(PARTNER, 1_000),
    },
    "code title adopted_on",
    _codes_once("partners"),
    elsewhere=FOR_EVER,
)
_REGISTER: Final = Many(PARTNER, 1_000)
PROGRAMME_EVENTS: Final[Mapping[str, Record]] = {
    "programme_published": record({**COMMON, "details": PROGRAMME}, "occurred_on details"),
    "programme_amended": _event(
        {
            "changes": PROGRAMME.changes(("title", "publisher", "source", "reference_prefix")),
            "add_partners": _REGISTER,
            "change_partners": _REGISTER,
        },
        "",
        _some_amendment,
        _codes_once("add_partners", "change_partners"),
    ),
    "programme_closed": _event({}, ""),
}

ERASURE: Final = record(
    {"members": Many(Word(ERASABLE), len(ERASABLE), 1, distinct=True), "legal_basis": Text()}, "members legal_basis"
)


def _texts_or_an_actor(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    if value.get("erased_actor"):
        return
    for name in ("erased_position", "members", "legal_basis"):
        if not value.get(name):
            faults.append(Fault(f"{pointer}/{name}", "it is missing", "erased_position, members and legal_basis"))


# The ledger's own stream. Facts only: who was given which right, and what was done to the ledger.
LEDGER_EVENTS: Final[Mapping[str, Record]] = {
    "erased": record(
        {**COMMON, "erased_position": Whole(1), **ERASURE.members, "erased_actor": ACTOR},
        "occurred_on",
        _texts_or_an_actor,
    ),
    **{
        kind: record({**COMMON, **members}, f"occurred_on {required}", *rules)
        for kind, (members, required, *rules) in {**RIGHT_EVENTS, **KEEPING_EVENTS}.items()
    },
}


def correctable(shape: Record) -> Record:
    """Give the shape of `changes` for an entry of this *shape*: what of it a rectification may replace."""
    members = {name: member for name, member in shape.members.items() if name != "external_id"}
    for name, fixed in (
        ("commitment", ("reference", "programme", "visibility")),
        ("details", ("code", "visibility", "reference_prefix")),
        ("changes", ("reference_prefix",)),
    ):
        inner = members.get(name)
        if isinstance(inner, Record):
            kept = inner.changes(tuple(each for each in inner.members if each not in fixed))
            if "timeframe" in kept.members:
                members_kept = {**kept.members, "timeframe": TIMEFRAME.changes()}
                kept = Record(members_kept, kept.required, partial=True, elsewhere=kept.elsewhere)
            members[name] = kept
    return Record(members, shape.required, partial=True)


class _AnyChanges:
    """The changes of a correction; checked against the kind of the entry that they change."""

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        if not isinstance(value, dict) or not value:
            faults.append(Fault(pointer, "nothing is changed", "an object with at least one field of the entry"))

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "minProperties": 1,
            "description": "fields of the corrected entry with their new values; null removes an optional one",
        }


def _one_or_many(one: tuple[str, ...], many: str) -> Any:
    def rule(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
        single = [name for name in one if value.get(name) is not None]
        if bool(single) == (value.get(many) is not None) or (single and len(single) < len(one)):
            accepted = f"{' and '.join(one)}, or {many}"
            faults.append(Fault(pointer, "it must be clear which entries are meant", accepted))

    return rule


def _each_entry_once(value: Mapping[str, Any], pointer: str, faults: list[Fault]) -> None:
    named = [correction["entry"] for correction in value.get("corrections") or ()]
    for index, entry in enumerate(named):
        if entry in named[:index]:
            at = f"{pointer}/corrections/{index}/entry"
            faults.append(Fault(at, f"entry {entry} stands twice", "each entry once, with all its changes"))


_CORRECTION: Final = record({"entry": VERSION, "changes": _AnyChanges()}, "entry changes")
CORRECTIONS: Final[Mapping[str, Record]] = {
    "rectified": record(
        {
            **COMMON,
            "entry": VERSION,
            "changes": _AnyChanges(),
            "corrections": Many(_CORRECTION, 50, 2),
            "reason": Text(),
        },
        "reason",
        _one_or_many(("entry", "changes"), "corrections"),
        _each_entry_once,
    ),
    "retracted": record(
        {**COMMON, "entry": VERSION, "entries": Many(VERSION, 50, 2, distinct=True), "reason": Text()},
        "reason",
        _one_or_many(("entry",), "entries"),
    ),
}


def shape_of(kind: str) -> Record | None:
    """Give the fields of a kind, None if there is no such kind."""
    for table in (COMMITMENT_EVENTS, PROGRAMME_EVENTS, CORRECTIONS, LEDGER_EVENTS):
        if kind in table:
            return table[kind]
    return None
