"""What reports are asked for: the query of an address, the body of a request and the entry in the log follow it."""

from collections.abc import Mapping
from typing import Final

from domain import vocabulary as words
from domain.fields import DAY, INSTANT, Field, Flag, Many, OneOrMany, Text, Whole, Word, record
from domain.identifiers import PARTNER_CODE, PROGRAMME_CODE, THEME

FILTER_VALUES: Final[Mapping[str, Field]] = {
    "programme": PROGRAMME_CODE,
    "status": Word(words.STATUSES),
    "timeliness": Word(words.TIMELINESS),
    "tier": Word(words.TIERS),
    "kind": Word(words.COMMITMENT_KINDS),
    "partner": PARTNER_CODE,
    "theme": THEME,
    "q": Text(200),
}
FILTER_FLAGS: Final = ("stale", "undeclared_slip", "divergence")
MOST_VALUES: Final = 100
REPORT_VISIBILITY: Final = Word(("public", "all"))
_SCOPE: Final[Mapping[str, Field]] = {
    **dict.fromkeys(FILTER_FLAGS, Flag()),
    "visibility": REPORT_VISIBILITY,
    "compare_to": DAY,
}
REPORT_PARAMETERS: Final = record(
    {
        **{name: OneOrMany(value, MOST_VALUES) for name, value in FILTER_VALUES.items()},
        **_SCOPE,
        "as_of": DAY,
        "log_size": Whole(0),
        "known_at": INSTANT,
    }
)
# A search is kept without case, which may make a character three.
KEPT_FILTERS: Final = record(
    {**{name: Many(value, MOST_VALUES) for name, value in FILTER_VALUES.items()}, "q": Many(Text(600), 100), **_SCOPE}
)
