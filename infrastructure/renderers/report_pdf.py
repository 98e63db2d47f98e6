"""A report as PDF, for people with and without sight, and for archives: PDF/UA-1 and PDF/A-3b, made by Typst.

The file carries the report's JSON (`report.json`), so that whoever has the PDF has the data. The layout is
`report.typ`; it is given the document as plain values and finds nothing else: no file, no font of the system, no clock.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import orjson
import typst

from infrastructure.renderers.document import Document
from infrastructure.renderers.laid_out import laid_out
from infrastructure.renderers.printable import plainest
from infrastructure.renderers.report_document import report_document
from infrastructure.renderers.report_json import report_json

_STANDARDS: Final = ["a-3b", "ua-1"]
_NOT_DRAWN: Final = "could not be displayed"


def report_pdf(report: Mapping[str, Any], data: bytes | None = None) -> bytes:
    """Give the bytes of a report. *data* is what it carries as `report.json`: by default all that is shown."""
    return document_pdf(report_document(report), report["digest"], data or report_json(report))


def document_pdf(document: Document, digest: str, data: bytes) -> bytes:
    """Lay a document out; *data* is attached."""
    try:
        return _compiled(laid_out(document, digest), data)
    except typst.TypstError as refused:
        if _NOT_DRAWN not in str(refused):
            raise
        # Every character can be drawn, but not with every mark: the letters then stand without them.
        return _compiled(laid_out(document, digest, plainest), data)


def _compiled(values: Mapping[str, Any], data: bytes) -> bytes:
    sources = {
        "main.typ": (files("infrastructure.renderers") / "report.typ").read_bytes(),
        "document.json": orjson.dumps(values),
        "report.json": data,
    }
    made: bytes = typst.compile(  # type: ignore[call-overload]  # several sources have no type
        sources, format="pdf", ignore_system_fonts=True, pdf_standards=_STANDARDS
    )
    return made
