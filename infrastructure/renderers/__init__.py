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
    apart: bool = False
    """Whether it takes long, or much memory, or native code: servers make it in a process of its own."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def offered(self) -> str:
        """The media type without parameters, as an Accept header names it."""
        return self.media_type.partition(";")[0]

    def filename(self, report: Mapping[str, Any]) -> str:
        """Name a file after what determines the report in it: programme, day, and how much is known."""
        programmes = [each["code"] for each in report["programmes"]]
        covered = programmes[0] if len(programmes) == 1 else "all"
        return f"status-report-{covered}-{report['as_of']}-n{report['log_size']}.{self.name}"

    def headers_for(self, report: Mapping[str, Any]) -> dict[str, str]:
        """Give the headers with which a report is sent."""
        shown = "attachment" if self.attached else "inline"
        named = f'{shown}; filename="{self.filename(report)}"'
        return {"Content-Type": self.media_type, "Content-Disposition": named, **self.headers}


def carried(report: Mapping[str, Any], *, appendix_asked: bool) -> bytes | None:
    """Give the JSON that a PDF carries, if it is less than the PDF shows.

    It is what `format=json` gives for the same question, and that has an appendix only if one was asked for.
    """
    whole = appendix_asked or report["appendix"] is None
    return None if whole else report_json.report_json({**report, "appendix": None})


def _xlsx(report: Mapping[str, Any]) -> bytes:
    from infrastructure.renderers.report_xlsx import report_xlsx  # noqa: PLC0415 -- most processes never need it

    return report_xlsx(report)


def _pdf(report: Mapping[str, Any]) -> bytes:
    from infrastructure.renderers.report_pdf import report_pdf  # noqa: PLC0415 -- the same

    return report_pdf(report)


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
        headers={"Content-Security-Policy": f"{report_html.POLICY}; frame-ancestors 'none'"},
    ),
    Format(
        name="xlsx",
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        render=lambda report: [_xlsx(report)],
        attached=True,
        apart=True,
    ),
    Format(
        name="pdf",
        media_type="application/pdf",
        render=lambda report: [_pdf(report)],
        attached=False,
        apart=True,
    ),
)
FORMATS: Final[Mapping[str, Format]] = {each.name: each for each in _FORMATS}
"""Every format by its name, which is what `format` asks for and how the file ends; the first is the default."""
