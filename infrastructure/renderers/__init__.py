"""The formats of a report. A renderer takes the report's JSON values and gives bytes: equal reports, equal bytes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infrastructure.renderers import report_csv, report_html, report_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A form in which a report is given: how it is called, asked for, sent and made."""

    name: str
    media_type: str
    render: Callable[[Mapping[str, Any]], Iterable[bytes]]
    attached: bool
    """Whether a browser keeps it as a file instead of showing it."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def offered(self) -> str:
        """The media type without parameters, as an Accept header names it."""
        return self.media_type.partition(";")[0]

    def filename(self, as_of: str) -> str:
        """Give the name of the file that holds the report of a day."""
        return f"status-report-{as_of}.{self.name}"

    def headers_for(self, as_of: str) -> dict[str, str]:
        """Give the headers with which the report of a day is sent."""
        shown = "attachment" if self.attached else "inline"
        named = f'{shown}; filename="{self.filename(as_of)}"'
        return {"Content-Type": self.media_type, "Content-Disposition": named, **self.headers}


_FORMATS: Final = (
    Format(
        name="json",
        media_type=report_json.MEDIA_TYPE,
        render=lambda report: [report_json.report_json(report)],
        attached=False,
    ),
    Format(name="csv", media_type=report_csv.MEDIA_TYPE, render=report_csv.report_csv, attached=True),
    Format(
        name="html",
        media_type=report_html.MEDIA_TYPE,
        render=report_html.report_html,
        attached=False,
        headers={"Content-Security-Policy": report_html.POLICY, "X-Content-Type-Options": "nosniff"},
    ),
)
FORMATS: Final[Mapping[str, Format]] = {each.name: each for each in _FORMATS}
"""Every format by its name, which is what `format` asks for and how the file ends; the first is the default."""
