"""From options to the body of a request. What a body may hold is for the domain to say; here it only gets its form."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from application.strict_json import NotJsonError, parse
from domain.fields import Field, Many, Parsed, Record, Text, Word
from domain.shapes import COMMITMENT, PROGRAMME, shape_of


def read_body(path: Path | None) -> dict[str, Any]:
    """Read the body that a file holds, `-` for stdin."""
    if path is None:
        return {}
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as unreadable:
        raise typer.BadParameter(f"--body {path}: {unreadable.strerror}") from None
    return read_object(content, "--body")


def read_object(content: bytes, option: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = parse(content)
    except NotJsonError as wrong:
        raise typer.BadParameter(f"{option}: {wrong}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{option} is no JSON object")
    return value


def read_fields(kind: str, given: Sequence[str]) -> dict[str, Any]:
    """Read `name=value`, or `name.member=value`: texts as they are, lists also with commas, the rest as JSON."""
    body: dict[str, Any] = {}
    for each in given:
        path, equals, text = each.partition("=")
        *outer, name = path.strip().split(".")
        if not equals or not name:
            raise typer.BadParameter(f"--field {each}: accepted: name=value")
        inside = body
        for step in outer:
            inside = inside.setdefault(step, {})
            if not isinstance(inside, dict):
                raise typer.BadParameter(f"--field {each}: {step} has a value already")
        inside[name] = _value(_member(kind, [*outer, name]), text)
    return body


def _member(kind: str, path: Sequence[str]) -> Field | None:
    shape: Field | None = shape_of(kind)
    if kind in ("announced", "programme_published") and isinstance(shape, Record):
        # Requests are flat: the members of what is announced stand beside the common ones.
        inner = COMMITMENT if kind == "announced" else PROGRAMME
        shape = Record({**shape.members, **inner.members})
    for name in path:
        shape = shape.members.get(name) if isinstance(shape, Record) else None
    return shape


def _value(field: Field | None, text: str) -> Any:
    if isinstance(field, Text | Word | Parsed):
        return text
    if isinstance(field, Many) and isinstance(field.item, Text | Word) and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    try:
        return parse(text.encode())
    except NotJsonError:
        return text


def read_evidence(
    title: str | None, url: str | None, grade: str | None, items: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Read evidence: one item from its own options, others as JSON objects."""
    said = {"title": title, "url": url, "grade": grade}
    first = {name: value for name, value in said.items() if value is not None}
    return ([first] if first else []) + [read_object(item.encode(), "--evidence") for item in items]


def written(body: Mapping[str, Any]) -> bytes:
    """Write a body for sending."""
    return json.dumps(body, ensure_ascii=False).encode()
