"""The published schemas of reports, as `domain.report` and `domain.comparison` make them."""

from dataclasses import fields
from typing import Any, Final

from api.http.schemas import DAY, FLAG, INSTANT, TEXT, WHOLE, Schema, answer, many, or_null, ref, word
from domain import vocabulary as words
from domain.comparison import KINDS
from domain.filters import Filters
from domain.report_figures import NO_GRADE, NOT_REVIEWED
from domain.shapes import EVIDENCE

_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_DAYS: Final = or_null(WHOLE)
_SHARE: Final[Schema] = {"type": ["integer", "null"], "minimum": 0, "maximum": 1000}
_COUNTED: Final[Schema] = {"type": "object", "additionalProperties": _COUNT}
_TIMES: Final = {"as_of": DAY, "log_size": WHOLE, "known_at": or_null(INSTANT)}


def _described(schema: Schema, description: str) -> Schema:
    return schema | {"description": description}


def _counts(vocabulary: tuple[str, ...]) -> Schema:
    return answer(dict.fromkeys(vocabulary, _COUNT))


_BY_STATUS: Final = _counts(words.STATUSES)
_BY_TIMELINESS: Final = _counts(words.TIMELINESS)
_RATINGS: Final = _counts((*words.RATINGS, NOT_REVIEWED))
_LATE: Final = answer({"current": _DAYS, "original": _DAYS})
_DELAYS: Final = answer(
    {
        "in_time": _COUNT,
        "late": _COUNT,
        "no_date": _COUNT,
        "total_days_late": _described(_COUNT, "of the late, as are median and most"),
        "median_days_late": _described(_DAYS, "the lower one"),
        "most_days_late": _DAYS,
    }
)
_FIGURES: Final = answer(
    {
        "commitments": _COUNT,
        "open": _COUNT,
        "by_status": _BY_STATUS,
        "by_timeliness": _BY_TIMELINESS,
        "by_tier": _counts(words.TIERS),
        "by_kind": _counts(words.COMMITMENT_KINDS),
        "by_partner": _described(_COUNTED, "by code"),
        "by_theme": _COUNTED,
        "flagged": _counts(("undeclared_slip", "stale", "off_cadence", "divergence")),
        "acceptance": answer(
            {
                "by_rating": _described(_RATINGS, "the last review of each commitment"),
                "by_independence": _counts((*words.INDEPENDENCE, NOT_REVIEWED)),
                "achieved_by_rating": _RATINGS,
                "achieved_by_best_grade": _described(
                    _counts((*words.GRADES, NO_GRADE)), "the best evidence that each achievement rests on"
                ),
            }
        ),
        "achieved": _described(
            answer({"current": _DELAYS, "original": _DELAYS}), "after the target in force, and after the first one"
        ),
        "slipped": answer(
            {
                "now": _COUNT,
                "ever": _COUNT,
                "slips": _COUNT,
                "rebaselined": _COUNT,
                "moved": _described(
                    answer({"total_days": WHOLE, "median_days": _DAYS, "most_days": _DAYS}),
                    "days from the first due date to the one in force, of what was rebaselined",
                ),
            }
        ),
        "share_permille": answer(
            dict.fromkeys(
                ("achieved", "met_of_achieved_with_due_date", "overdue_of_open", "undeclared_of_overdue"), _SHARE
            )
        ),
    }
)
_TARGET: Final = answer({"version": WHOLE, "effective_on": DAY, "start_by": or_null(DAY), "due": or_null(DAY)})
_EVIDENCE: Final = answer(
    {name: or_null(WHOLE if name == "size" else TEXT) for name in EVIDENCE.members} | {"grade": word(words.GRADES)}
)
_OVERDUE: Final[dict[str, Schema]] = {
    "timeliness": word(words.TIMELINESS),
    "missed_on": DAY,
    "days_overdue": WHOLE,
    "undeclared_slip": FLAG,
    "forecast": or_null(DAY),
}
_SERIES: Final[dict[str, Schema]] = {
    "recurrence": or_null(TEXT),
    "anchor": or_null(DAY),
    "held": _COUNT,
    "missed": _COUNT,
    "last_held_on": or_null(DAY),
    "next_on": or_null(DAY),
}


def _list(**members: Schema) -> Schema:
    named = {"reference": TEXT, "title": TEXT, "tier": word(words.TIERS), "status": word(words.STATUSES)}
    return many(answer({**named, **members}))


_LISTS: Final = answer(
    {
        "achieved": _list(
            achieved_on=DAY,
            timeliness=word(words.TIMELINESS),
            days_late=_LATE,
            evidence=many(_EVIDENCE),
            best_grade=or_null(word(words.GRADES)),
            rating=or_null(word(words.RATINGS)),
        ),
        "overdue": _list(**_OVERDUE),
        "undeclared_slips": _list(**_OVERDUE),
        "slipped": _list(
            slipped=FLAG,
            slip_count=WHOLE,
            forecast=or_null(DAY),
            achieved_on=or_null(DAY),
            days_late=_LATE,
            targets=many(_TARGET),
        ),
        "due_soon": _list(due_on=DAY, days_left=WHOLE),
        "stale": _list(last_activity_on=or_null(DAY), announced_on=DAY, days_silent=WHOLE),
        "divergent": _list(
            rating=word(words.RATINGS),
            independence=word(words.INDEPENDENCE),
            reviewed_on=DAY,
            achieved_on=or_null(DAY),
        ),
        "off_cadence": _list(**_SERIES, days_overdue=WHOLE),
        "recurring": _list(**_SERIES, off_cadence=FLAG),
        "silent_partners": many(
            answer(
                {
                    "programme": TEXT,
                    "code": TEXT,
                    "name": TEXT,
                    "type": word(words.PARTNER_TYPES),
                    "commitments": _COUNT,
                }
            )
        ),
    }
)
_OVER_TIME: Final = answer(
    {
        "from": DAY,
        "to": DAY,
        "points": _described(
            many(answer({"on": DAY, "all": _BY_STATUS, "deliverable": _BY_STATUS})),
            "the last day of every month since the first adoption, and the day of the report",
        ),
    }
)
_BROKEN_DOWN: Final[dict[str, Schema]] = {
    "commitments": _COUNT,
    "by_status": _BY_STATUS,
    "by_timeliness": _BY_TIMELINESS,
}
_CORRECTION: Final = answer(
    {
        "position": WHOLE,
        "version": WHOLE,
        "reference": TEXT,
        "kind": word(words.CORRECTION_KINDS),
        "recorded_at": INSTANT,
        "recorded_by": TEXT,
        "role": word(words.ROLES),
        "reason": or_null(TEXT),
        "counts": _described(FLAG, "false if it was itself retracted"),
        "entries": many(
            answer(
                {
                    "entry": WHOLE,
                    "kind": TEXT,
                    "before": _described({"type": "object"}, "what was read before, of the members that it changed"),
                    "after": _described(or_null({"type": "object"}), "what is read now; null if it was retracted"),
                }
            )
        ),
    }
)


def _filters(**more: Schema) -> Schema:
    flags = ("stale", "undeclared_slip", "divergence")
    asked = {each.name: or_null(FLAG) if each.name in flags else many(TEXT) for each in fields(Filters)}
    return answer({**asked, "visibility": word(("public", "all")), **more})


def _event(kind: str) -> Schema:
    members: dict[str, Schema] = {"reference": TEXT, "title": TEXT, "effective_on": DAY, "version": WHOLE}
    implied = _described(FLAG, "by an achievement or an occurrence")
    return answer({**members, "implied": implied} if kind == "started" else members)


_PLACE: Final = answer({"status": word(words.STATUSES), "timeliness": word(words.TIMELINESS)})
_SINCE: Final[dict[str, Schema]] = {
    "from": DAY,
    "to": DAY,
    "counts": _counts((*KINDS, "moved")),
    "events": answer({kind: many(_event(kind)) for kind in KINDS}),
    "moved": _described(
        many(answer({"reference": TEXT, "title": TEXT, "before": _PLACE, "after": _PLACE})),
        "what stands otherwise than before, whether anything was recorded or a date has passed",
    ),
}
_OF_RECORD: Final[dict[str, Schema]] = {
    "from_log_size": WHOLE,
    "from_known_at": or_null(INSTANT),
    "to_log_size": WHOLE,
    "to_known_at": or_null(INSTANT),
    "counts": _counts(("changed", "corrections")),
    "changed": many(
        answer(
            {
                "reference": TEXT,
                "title": TEXT,
                "before": _described(or_null({"type": "object"}), "the members that differ; null if it was unknown"),
                "after": _described(or_null({"type": "object"}), "the same members; null if it is there no more"),
            }
        )
    ),
    "corrections": many(ref("Correction")),
}
_ASKED: Final[dict[str, Any]] = {**_TIMES, "filters": _filters(), "rules": WHOLE}


def _with_four_eyes(described: Schema) -> Schema:
    """Add the member that is there only if there is something to tell."""
    stretches = many(answer({"from": WHOLE, "to": or_null(WHOLE)}))
    said = "only if there are any: positions recorded while nobody else had to look at corrections"
    return described | {"properties": described["properties"] | {"four_eyes_off": _described(stretches, said)}}


REPORT_COMPONENTS: Final[dict[str, Schema]] = {
    "Figures": _FIGURES,
    "Correction": _CORRECTION,
    "ChangesOfDate": _described(answer(_SINCE), "what took effect after one date and up to another"),
    "StatusReport": _with_four_eyes(
        answer(
            {
                "programme": _described(or_null(TEXT), "the code, if exactly one was asked for"),
                "programmes": many(
                    answer(
                        {
                            "code": TEXT,
                            "title": TEXT,
                            "publisher": or_null(TEXT),
                            "adopted_on": TEXT,
                            "commitments": _COUNT,
                        }
                    )
                ),
                "filters": _filters(compare_to=or_null(DAY)),
                **_TIMES,
                "rules": WHOLE,
                "version": TEXT,
                "log": answer({"origin": TEXT, "size": WHOLE, "root": TEXT}),
                "totals": ref("Figures"),
                "headline": _described(ref("Figures"), "of the deliverable tier"),
                "lists": _LISTS,
                "status_over_time": _OVER_TIME,
                "by_partner": many(
                    answer(
                        {
                            "programme": TEXT,
                            "code": TEXT,
                            "name": TEXT,
                            "type": word(words.PARTNER_TYPES),
                            "role": word(words.PARTNER_ROLES),
                            **_BROKEN_DOWN,
                            "last_activity_on": or_null(DAY),
                        }
                    )
                ),
                "by_theme": many(answer({"theme": TEXT, **_BROKEN_DOWN})),
                "commitments": many(ref("Commitment")),
                "corrections": many(ref("Correction")),
                "changes": or_null(ref("ChangesOfDate")),
                "appendix": or_null(many(answer({"reference": TEXT, "items": many(ref("HistoryItem"))}))),
                "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            }
        ),
    ),
    "Changes": {
        "oneOf": [_with_four_eyes(answer({**_ASKED, **_SINCE})), _with_four_eyes(answer({**_ASKED, **_OF_RECORD}))]
    },
}
