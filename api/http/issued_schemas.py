"""The published schemas of issued reports, as `domain.issued` and `application.checking` make them."""

from typing import Final

from api.http.schemas import DAY, FLAG, INSTANT, TEXT, WHOLE, Schema, answer, many, or_null, page_of, word
from domain import report_shapes
from domain import vocabulary as words

_KNOWN: Final = {"log_size": WHOLE, "known_at": or_null(INSTANT)}
_ISSUED: Final[dict[str, Schema]] = {
    "id": WHOLE,
    "address": TEXT,
    "filters": {"type": "object"},
    "as_of": DAY,
    **_KNOWN,
    "rules": WHOLE,
    "digest": TEXT,
    "software": TEXT,
    "recorded_at": INSTANT,
    "recorded_by": TEXT,
    "role": word(words.ROLES),
}
_CHECKED: Final[dict[str, Schema]] = {
    **_ISSUED,
    "reproducible": FLAG,
    "fault": or_null(answer({"what": TEXT, "at": TEXT, "kept": {}, "now": {}})),
    "now": answer({**_KNOWN, "digest": or_null(TEXT)}),
    "reads_differently": or_null(FLAG),
}
_DIFFERENCE: Final = answer({"at": TEXT, "before": {}, "after": {}})
_ROW: Final = or_null({"type": "object"})

ISSUED_COMPONENTS: Final[dict[str, Schema]] = {
    "NewReport": report_shapes.REPORT_PARAMETERS.schema(),
    "IssuedReport": answer(_ISSUED),
    "IssuedReportPage": page_of(answer(_ISSUED), **_KNOWN),
    "ReportCheck": answer(
        {
            **_CHECKED,
            "counts": answer(dict.fromkeys(("figures", "lists", "commitments", "corrections", "entries"), WHOLE)),
            "figures": many(_DIFFERENCE),
            "lists": many(_DIFFERENCE),
            "commitments": many(answer({"reference": TEXT, "title": TEXT, "before": _ROW, "after": _ROW})),
            "corrections": many({"type": "object"}),
            "entries": many({"type": "object"}),
        }
    ),
    "ReportCheckPage": page_of(
        answer(
            {
                **_CHECKED,
                "counts": answer(dict.fromkeys(("figures", "lists", "commitments"), WHOLE)),
                "references": many(TEXT),
            }
        ),
        **_KNOWN,
    ),
}
