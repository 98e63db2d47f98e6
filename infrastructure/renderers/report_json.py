"""A report as JSON: UTF-8, indented, members in the order in which the domain gives them."""

from typing import Final

import orjson

from domain.report import Writing
from infrastructure.recording.codec import canonical

MEDIA_TYPE: Final = "application/json"


def report_json(report: object) -> bytes:
    """Give the bytes of a report."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


WRITING: Final = Writing(report_json, canonical)
"""Writes reports in this form without making the values of their rows."""
