"""The course of one commitment in both times: above when things happened, below when the ledger learnt of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from infrastructure.renderers.charts.svg import PAPER, DayScale, line, picture, shape, text

MOST_MARKS: Final = 150
_WIDTH, _HEIGHT = 760, 150
_LEFT, _RIGHT, _ABOVE, _BELOW = 92, 744, 62, 116
_NUMBER_APART: Final = 15


@dataclass(frozen=True, slots=True)
class Step:
    """An entry: *number* is its version; a *silent* one does not count on the day of the report."""

    number: int
    kind: str
    happened_on: date
    recorded_on: date
    silent: bool


def timeline(
    chart_id: str, title: str, description: str, steps: Sequence[Step], due: Sequence[date], as_of: date
) -> str:
    """Draw the entries, each as a line from the day it counts from to the day of its recording."""
    shown = steps[-MOST_MARKS:]
    days = [day for step in shown for day in (step.happened_on, step.recorded_on)]
    scale = DayScale(min([*days, as_of, *due]), max([*days, as_of, *due]), _LEFT + 8, _RIGHT - 8)
    parts = [*_lanes(dated=bool(due)), *_days(scale), *_as_of(scale, as_of)]
    parts += [shape("due", scale(day), _ABOVE - 34, 4) for day in due]
    parts += [line(scale(day), _ABOVE - 30, scale(day), _ABOVE, stroke="currentColor") for day in due]
    parts += [
        line(scale(step.happened_on), _ABOVE, scale(step.recorded_on), _BELOW, stroke_width=1, **_dashed(step))
        for step in shown
    ]
    parts += [shape("progressed", scale(day), _BELOW, 2.5) for day in sorted({step.recorded_on for step in shown})]
    parts += [shape(step.kind, scale(step.happened_on), _ABOVE) for step in shown]
    return picture(chart_id, _WIDTH, _HEIGHT, title, description, [*parts, *_numbers(shown, scale)])


def _dashed(step: Step) -> dict[str, str]:
    return {"stroke_dasharray": "2 3"} if step.silent else {}


def _lanes(*, dated: bool) -> list[str]:
    names = [(_ABOVE, "happened"), (_BELOW, "recorded"), *([(_ABOVE - 34, "due")] if dated else [])]
    parts = [text(_LEFT - 12, y + 4.5, name, text_anchor="end", font_size=12) for y, name in names]
    return [*parts, *(line(_LEFT, y, _RIGHT, y, stroke="currentColor", stroke_width=1) for y, _ in names[:2])]


def _days(scale: DayScale) -> list[str]:
    parts = []
    for day, name in scale.ticks():
        x = scale(day)
        parts += [
            line(x, _ABOVE, x, _ABOVE + 5, stroke="currentColor"),
            line(x, _BELOW, x, _BELOW + 5, stroke="currentColor"),
            text(x + 2, _BELOW + 20, name, font_size=12),
        ]
    return parts


def _as_of(scale: DayScale, as_of: date) -> list[str]:
    x = scale(as_of)
    named = {"x": x - 4, "text_anchor": "end"} if x > _RIGHT - 100 else {"x": x + 4}
    return [
        line(x, 4, x, _BELOW + 6, stroke="currentColor", stroke_width=1.5, stroke_dasharray="4 3"),
        text(y=14, content=f"as of {as_of.isoformat()}", font_size=12, **named),
    ]


def _numbers(steps: Sequence[Step], scale: DayScale) -> list[str]:
    """Number the entries above the line, as far as the numbers fit."""
    parts = []
    free = 0.0
    for step in sorted(steps, key=lambda step: (step.happened_on, step.number)):
        x = scale(step.happened_on)
        if x >= free:
            halo: dict[str, str | int] = {"stroke": PAPER, "stroke_width": 3, "paint_order": "stroke"}
            parts.append(text(x, _ABOVE - 10, str(step.number), text_anchor="middle", font_size=11, **halo))
            free = x + _NUMBER_APART
    return parts
