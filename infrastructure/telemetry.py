"""Logs: one JSON line per event on standard error, readable on a terminal. Never what an entry says."""

import json
import logging
import os
import sys
from typing import Any

import orjson
import structlog


def configure(level: str) -> None:
    """Set logging up for the process: for people on a terminal, else one JSON object a line."""
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if people else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
            if people
            else structlog.processors.JSONRenderer(_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
        if people
        else structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )


def _line(event: dict[str, Any], **written: Any) -> bytes:
    try:
        return orjson.dumps(event, default=written["default"])
    except TypeError:  # the name of a file that is no UTF-8
        return json.dumps(event, **written).encode()
