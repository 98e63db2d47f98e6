"""Query parameters: typed, unknown ones refused. The rules of the values are the domain's own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_plain_validator_function

from domain import fields, report_shapes
from domain.chronology import parse_instant
from domain.errors import Fault
from domain.filters import SORTS, Filters
from domain.vocabulary import ROLES
from infrastructure.wiring import FORMATS

LIMIT: Final = 100
LARGEST_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Checked:
    """Makes pydantic ask one of the domain's field types, and describe it as the domain does."""

    field: fields.Field
    convert: Callable[[Any], Any] = lambda value: value

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> CoreSchema:
        return no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, _schema: object, _handler: object) -> dict[str, Any]:
        return self.field.schema()

    def _check(self, value: Any) -> Any:
        faults: list[Fault] = []
        self.field.check(value, "", faults)
        if faults:
            raise ValueError(f"{faults[0].message}; accepted: {faults[0].accepted}")
        return self.convert(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in the plain digits of an address."""

    least: int
    most: int

    def check(self, value: object, pointer: str, faults: list[Fault]) -> None:
        """Add what is wrong with *value*."""
        digits = str(value)
        plain = digits.isascii() and digits.isdecimal() and len(digits) < 17
        if not (plain and self.least <= int(digits) <= self.most):
            faults.append(Fault(pointer, f"“{digits[:60]}” is no such number", f"{self.least} to {self.most}"))

    def schema(self) -> dict[str, Any]:
        """Describe the same rule."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


Day = Annotated[date, Checked(fields.DAY, date.fromisoformat)]
Instant = Annotated[datetime, Checked(fields.INSTANT, parse_instant)]
Sort = Annotated[str, Checked(fields.Word(SORTS))]
Visibility = Annotated[str, Checked(report_shapes.REPORT_VISIBILITY)]
Format = Annotated[str, Checked(fields.Word(tuple(FORMATS)))]
_MANY: Final = Field(max_length=report_shapes.MOST_VALUES)
_VALUES: Final = report_shapes.FILTER_VALUES
Programmes = Annotated[list[Annotated[str, Checked(_VALUES["programme"])]], _MANY]
Statuses = Annotated[list[Annotated[str, Checked(_VALUES["status"])]], _MANY]
Timeliness = Annotated[list[Annotated[str, Checked(_VALUES["timeliness"])]], _MANY]
Tiers = Annotated[list[Annotated[str, Checked(_VALUES["tier"])]], _MANY]
Kinds = Annotated[list[Annotated[str, Checked(_VALUES["kind"])]], _MANY]
Partners = Annotated[list[Annotated[str, Checked(_VALUES["partner"])]], _MANY]
Themes = Annotated[list[Annotated[str, Checked(_VALUES["theme"])]], _MANY]
Searched = Annotated[list[Annotated[str, Checked(_VALUES["q"])]], _MANY]
Position = Annotated[int, Checked(Number(0, 2**53 - 1), int)]
EntryPosition = Annotated[int, Checked(Number(1, 2**53 - 1), int)]
RoleName = Annotated[str, Checked(fields.Word(ROLES))]
Limit = Annotated[int, Checked(Number(1, LARGEST_LIMIT), int)]


def _exactly_true_or_false(value: object) -> object:
    if value not in ("true", "false", True, False, None):
        raise ValueError("this is no truth value; accepted: true | false")
    return value == "true" if isinstance(value, str) else value


YesNo = Annotated[bool, BeforeValidator(_exactly_true_or_false)]


class Query(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class TwoTimes(Query):
    """As of which date, and with how much known."""

    as_of: Day | None = Field(None, description="the date V that is asked about; today by default")
    log_size: Position | None = Field(None, description="how many entries are known (N); all by default")
    known_at: Instant | None = Field(None, description="the same as an instant: what was known then")


class Paged(TwoTimes):
    """One page of a list at two times."""

    limit: Limit = LIMIT
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="`next` of the page before; it keeps both times"
    )


class Filtered(TwoTimes):
    """Which commitments: values of one filter are alternatives, different filters must all be met."""

    programme: Programmes = []
    status: Statuses = []
    timeliness: Timeliness = []
    tier: Tiers = []
    kind: Kinds = []
    partner: Partners = []
    theme: Themes = []
    q: Searched = Field([], description="text in title or summary, whatever the case")
    stale: YesNo | None = None
    undeclared_slip: YesNo | None = None
    divergence: YesNo | None = None

    def filters(self) -> Filters:
        """Give the filters in the domain's terms."""
        many = ("programme", "status", "timeliness", "tier", "kind", "partner", "theme", "q")
        return Filters(
            **{name: tuple(getattr(self, name)) for name in many},
            stale=self.stale,
            undeclared_slip=self.undeclared_slip,
            divergence=self.divergence,
        )


class CommitmentsQuery(Paged, Filtered):
    """A page of commitments."""

    sort: Sort = Field("reference", description="`-` turns the order round; ties go by reference; nulls come last")


class Inclusion(Query):
    """Which entry, in a log of which size."""

    position: EntryPosition = Field(description="the entry")
    size: Position | None = Field(None, description="the size of the log; all that is published by default")


class Consistency(Query):
    """From which size of the log to which."""

    from_: Position = Field(alias="from", description="the older size")
    to: Position | None = Field(None, description="the newer size; all that is published by default")


class Timestamped(Query):
    """Which part of the list of timestamps."""

    below: EntryPosition | None = Field(None, description="only checkpoints of fewer entries than this")


class KnownQuery(Query):
    """How much is known."""

    log_size: Position | None = Field(None, description="how many entries are known (N); all by default")
    known_at: Instant | None = Field(None, description="the same as an instant: what was known then")


class FeedQuery(KnownQuery):
    """A part of the whole ledger."""

    after: Position = Field(0, description="entries behind this position")
    limit: Limit = LIMIT
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class FormatQuery(Query):
    """In which format a report is wanted."""

    format: Format | None = Field(None, description="wins over Accept")
    appendix: YesNo | None = Field(
        None, description="with the history of every commitment, of 1,000 at most; by default in html and pdf up to 300"
    )


class StatusQuery(FormatQuery, Filtered):
    """A status report."""

    compare_to: Day | None = Field(None, description="an earlier date; the report then says what changed since")
    visibility: Visibility = Field("public", description="`all` counts internal commitments too (needs the right)")


class IssuedQuery(KnownQuery):
    """A page of issued reports, the newest first."""

    limit: Limit = LIMIT
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="`next` of the page before; it keeps how much is known"
    )


class ChangesQuery(Filtered):
    """What changed between two dates, or between two log sizes."""

    since: Annotated[Day | None, Field(alias="from", description="a date")] = None
    until: Annotated[Day | None, Field(alias="to", description="a date; today by default")] = None
    from_log_size: Position | None = None
    to_log_size: Position | None = None
    visibility: Visibility = "public"


class ListQuery(Query):
    """A page of a list that stands outside the ledger."""

    limit: Limit = LIMIT
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="`next` of the page before"
    )


class Nothing(Query):
    """No parameters."""
