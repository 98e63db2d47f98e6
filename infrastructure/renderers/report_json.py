"""A report as JSON: UTF-8, indented, members in the order in which the domain gives them."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

MEDIA_TYPE: Final = "application/json"


def report_json(report: Mapping[str, Any]) -> bytes:
    """Give the bytes of a report."""
    return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
