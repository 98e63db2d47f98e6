"""The published schemas: of bodies, from the domain's own shapes; of answers, as `domain.answers` makes them."""

from collections.abc import Mapping
from typing import Any, Final

from domain import shapes
from domain import vocabulary as words
from domain.fields import Record
from domain.keeping_shapes import PUBLICATION

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
DAY: Final[Schema] = {"type": "string", "format": "date"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}


def ref(name: str) -> Schema:
    """Refer to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(item: Schema) -> Schema:
    """Give a list."""
    return {"type": "array", "items": item}


def word(vocabulary: tuple[str, ...]) -> Schema:
    """Give one word of a closed vocabulary."""
    return {"type": "string", "enum": list(vocabulary)}


def or_null(schema: Schema) -> Schema:
    """Allow null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def answer(members: Mapping[str, Schema], *, more: bool = False) -> Schema:
    """Give an answer: all members are always there."""
    return {
        "type": "object",
        "properties": dict(members),
        "required": list(members),
        "additionalProperties": more,
    }


def _flat_announcement() -> Schema:
    shape = {**shapes.COMMON, **shapes.COMMITMENT.members}
    required = {*shapes.COMMITMENT.required, "occurred_on"}
    return Record(shape, frozenset(required)).schema() | {
        "description": "Titles, summaries and wordings are facts, kept for ever: they must name no private person."
    }


def _event(kind: str, shape: Record) -> Schema:
    described = shape.schema()
    return described | {
        "title": kind,
        "properties": {"kind": {"const": kind}, **described["properties"]},
        "required": ["kind", *(name for name in described.get("required", ()))],
    }


def _events(kinds: Mapping[str, Record]) -> Schema:
    all_kinds = {kind: shape for kind, shape in kinds.items() if kind not in ("announced", "programme_published")}
    return {"oneOf": [_event(kind, shape) for kind, shape in {**all_kinds, **shapes.CORRECTIONS}.items()]}


_TIMES: Final = {"as_of": DAY, "log_size": WHOLE, "known_at": or_null(INSTANT)}
_DATES: Final = {"start_by": or_null(DAY), "due": or_null(DAY)}
_RELATED: Final = answer({"type": TEXT, "reference": TEXT})

_COMMITMENT: Final = answer(
    {
        "reference": TEXT,
        "programme": TEXT,
        "title": TEXT,
        "summary": or_null(TEXT),
        "kind": word(words.COMMITMENT_KINDS),
        "tier": word(words.TIERS),
        "modality": or_null(TEXT),
        "timeframe": answer({name: or_null(TEXT) for name in shapes.TIMEFRAME.members}),
        "partners": many(TEXT),
        "lead": or_null(TEXT),
        "instruments": many(TEXT),
        "themes": many(TEXT),
        "relations": many(_RELATED),
        "source": or_null({"type": "object"}),
        "visibility": word(words.VISIBILITIES),
        "status": word(words.STATUSES),
        "stage": word(words.STAGES),
        "slipped": FLAG,
        "suspended": FLAG,
        "outcome": or_null(TEXT),
        "implied_start": FLAG,
        "announced_on": DAY,
        "achieved_on": or_null(DAY),
        "slip_count": WHOLE,
        "target": answer({**_DATES, "forecast": or_null(DAY)}),
        "original_target": answer(_DATES),
        "targets": many(answer({"version": WHOLE, "effective_on": DAY, **_DATES, "authority": or_null(TEXT)})),
        "timeliness": word(words.TIMELINESS),
        "days_overdue": or_null(WHOLE),
        "days_late": answer({"current": or_null(WHOLE), "original": or_null(WHOLE)}),
        "undeclared_slip": FLAG,
        "stale": FLAG,
        "off_cadence": FLAG,
        "occurrences": answer({"held": WHOLE, "missed": WHOLE, "last_held_on": or_null(DAY)}),
        "related": many(_RELATED),
        "assessment": or_null(
            answer({"rating": TEXT, "independence": TEXT, "reviewer": or_null(TEXT), "reviewed_on": DAY})
        ),
        "reviews": WHOLE,
        "divergence": FLAG,
        "last_activity_on": or_null(DAY),
        "version": WHOLE,
        **_TIMES,
    }
)
_ENTRY: Final[dict[str, Schema]] = {
    "position": WHOLE,
    "version": WHOLE,
    "stream": {"type": "string", "format": "uuid"},
    "programme": or_null(TEXT),
    "reference": TEXT,
    "kind": TEXT,
    "occurred_on": TEXT,
    "effective_on": DAY,
    "recorded_at": INSTANT,
    "recorded_by": TEXT,
    "role": word(words.ROLES),
    "statement": or_null(TEXT),
    "evidence": many({"type": "object"}),
    "partners": many(TEXT),
    "on_behalf_of": or_null(TEXT),
    "language": TEXT,
    "confidence": or_null(TEXT),
    "note": or_null(TEXT),
    "external_id": or_null(TEXT),
    "leaf_hash": TEXT,
    "opened": or_null(
        answer({"entry": TEXT, "salt": TEXT})
        | {
            "description": "Of a closed leaf: it holds SHA-256 of the salt's bytes and then the entry's (UTF-8). "
            "Null where the leaf is the entry itself."
        }
    ),
    "prose": {"type": "object", "additionalProperties": answer({"sha256": TEXT, "salt": or_null(TEXT)})},
    "erased": many(TEXT),
}
_READ: Final[dict[str, Schema]] = {
    "counts": FLAG,
    "retracted": FLAG,
    "corrected_by": many(WHOLE),
    "reading": or_null({"type": "object"}),
    "status_after": or_null(TEXT),
}
_PARTNER: Final = answer(
    {
        "programme": TEXT,
        "code": TEXT,
        "name": TEXT,
        "type": word(words.PARTNER_TYPES),
        "role": word(words.PARTNER_ROLES),
        "short_name": or_null(TEXT),
        "parent": or_null(TEXT),
        "note": or_null(TEXT),
        "commitments": WHOLE,
    }
)
_PROGRAMME: Final = answer(
    {
        "code": TEXT,
        "title": TEXT,
        "publisher": or_null(TEXT),
        "adopted_on": TEXT,
        "source": or_null({"type": "object"}),
        "visibility": word(words.VISIBILITIES),
        "reference_prefix": or_null(TEXT),
        "partners": many(_PARTNER),
        "published_on": DAY,
        "closed_on": or_null(DAY),
        "commitments": WHOLE,
        "version": WHOLE,
        **_TIMES,
    }
)


def page_of(item: Schema, **members: Schema) -> Schema:
    """Give one page of a list."""
    return answer({"items": many(item), "next": or_null(TEXT), **members})


RECORDED: Final = {
    "reference": TEXT,
    "version": WHOLE,
    "position": WHOLE,
    "kind": TEXT,
    "occurred_on": TEXT,
    "effective_on": DAY,
    "recorded_at": INSTANT,
    "recorded_by": TEXT,
    "receipt": TEXT,
}

COMPONENTS: Final[dict[str, Schema]] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457; `type` is an address of this server that explains it.",
        "properties": {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT},
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": True,
    },
    "NewProgramme": shapes.PROGRAMME.schema(),
    "NewCommitment": _flat_announcement(),
    "NewEvent": _events(shapes.COMMITMENT_EVENTS),
    "NewProgrammeEvent": _events(shapes.PROGRAMME_EVENTS),
    "NewErasure": shapes.ERASURE.schema()
    | {"description": "The legal basis is a fact, kept for ever and shown to everybody: it must name no person."},
    "NewPublication": PUBLICATION.schema()
    | {"description": "The reason is shown to everybody; it can be erased like every text, should it name somebody."},
    "Publication": answer(
        RECORDED
        | {
            "published_commitment": or_null(TEXT),
            "published_programme": or_null(TEXT),
            "visibility": word(("public",)),
            "opened_entries": WHOLE,
        }
    ),
    "PublishedProgramme": answer({"code": TEXT, "version": WHOLE, "position": WHOLE, "recorded_at": INSTANT}),
    "RecordedEvent": answer(RECORDED | {"status": TEXT}),
    "Erasure": answer(
        RECORDED | {"erased_position": WHOLE, "members": many(word(shapes.ERASABLE)), "legal_basis": TEXT}
    ),
    "Commitment": _COMMITMENT,
    "CommitmentPage": page_of(ref("Commitment"), total=WHOLE, **_TIMES),
    "Entry": answer(_ENTRY, more=True),
    "EntryPage": page_of(ref("Entry"), log_size=WHOLE, known_at=or_null(INSTANT)),
    "HistoryItem": answer({**_ENTRY, **_READ}, more=True),
    "History": page_of(ref("HistoryItem"), **_TIMES),
    "Programme": _PROGRAMME,
    "ProgrammePage": page_of(ref("Programme"), **_TIMES),
    "PartnerPage": page_of(_PARTNER, **_TIMES),
    "Health": answer({"status": TEXT}),
    "Inclusion": answer({"position": WHOLE, "size": WHOLE, "leaf_hash": TEXT, "root": TEXT, "hashes": many(TEXT)}),
    "Consistency": answer({"from": WHOLE, "to": WHOLE, "from_root": TEXT, "to_root": TEXT, "hashes": many(TEXT)}),
    "Timestamps": answer(
        {
            "items": many(answer({"size": WHOLE, "checkpoint": TEXT, "token": TEXT, "time": or_null(INSTANT)})),
            "next": or_null(TEXT),
        }
    ),
    "Myself": answer({"actor": TEXT, "role": TEXT, "csrf_token": or_null(TEXT), "ends_at": or_null(INSTANT)}),
    "Ready": answer(
        {
            "status": TEXT,
            "position": WHOLE,
            "version": TEXT,
            "replica": or_null(answer({"position": or_null(WHOLE)})),
            "log": answer(
                {
                    "signed": or_null(WHOLE),
                    "published": or_null(WHOLE),
                    "reread_at": or_null(INSTANT),
                    "failing": or_null(TEXT),
                    "hosts": or_null(
                        answer({"seals": FLAG, "told": or_null(WHOLE), "keys": word(("sign", "verify", "behind"))})
                    ),
                    "witnesses": or_null(
                        answer(
                            {
                                "quorum": WHOLE,
                                "cosigned": or_null(WHOLE),
                                "cosigned_by": many(TEXT),
                                "age_seconds": or_null(WHOLE),
                                "problems": {"type": "object", "additionalProperties": TEXT},
                            }
                        )
                    ),
                    "timestamps": or_null(
                        answer(
                            {
                                "size": or_null(WHOLE),
                                "time": or_null(INSTANT),
                                "age_seconds": or_null(WHOLE),
                                "problem": or_null(TEXT),
                            }
                        )
                    ),
                }
            ),
        }
    ),
}


def catalogue_schema() -> Schema:
    """Give the schema of a catalogue file, JSON Schema 2020-12."""
    event = {
        "allOf": [{"type": "object", "required": ["id", "reference", "kind"]}],
        "properties": {"id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}, "reference": TEXT, "kind": TEXT},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A catalogue: a programme, its commitments, and their history",
        "type": "object",
        "properties": {
            "programme": COMPONENTS["NewProgramme"],
            "commitments": many(COMPONENTS["NewCommitment"]),
            "history": many(event),
        },
        "required": ["programme", "commitments"],
        "additionalProperties": False,
    }
