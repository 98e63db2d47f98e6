"""What was promised by when, how it moved, and when it was done: one line for each commitment that slipped."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from infrastructure.renderers.charts.svg import (
    ACCENT,
    PAPER,
    WARNING,
    DayScale,
    element,
    fitted,
    line,
    picture,
    shape,
    text,
)

MOST_LINES: Final = 30
_WIDTH, _ROW, _HEAD, _FOOT = 760, 46, 62, 12
_LEFT, _RIGHT = 24, 640


@dataclass(frozen=True, slots=True)
class Chain:
    """The due dates of one commitment in order; *forecast* while it is open, *achieved_on* once it is done."""

    reference: str
    title: str
    due: tuple[date, ...]
    forecast: date | None
    achieved_on: date | None


def deadline_chain(chart_id: str, title: str, description: str, chains: Sequence[Chain], as_of: date) -> str:
    """Draw the chains, the dates of all on one scale; those that are open run up to the day of the report."""
    shown = chains[:MOST_LINES]
    days = [day for chain in shown for day in (*chain.due, chain.forecast, chain.achieved_on or as_of) if day]
    scale = DayScale(min(days) - timedelta(days=20), max(days) + timedelta(days=20), _LEFT, _RIGHT)
    bottom = _HEAD + _ROW * len(shown)
    parts = [*_legend(), *_days(scale, bottom)]
    if as_of <= max(days):
        parts += _today(scale, as_of, bottom)
    for index, chain in enumerate(shown):
        parts += _chain(chain, scale, _HEAD + _ROW * index, as_of)
    return picture(chart_id, _WIDTH, bottom + _FOOT, title, description, parts)


def _legend() -> list[str]:
    parts = []
    x = float(_LEFT + 6)
    for kind, name in (("due", "first target"), ("rebaselined", "later target"), ("achieved", "achieved"),
                       ("forecast", "forecast")):  # fmt: skip
        parts += [_forecast(x, 12) if kind == "forecast" else shape(kind, x, 12), text(x + 11, 16.5, name)]
        x += 30 + 7.5 * len(name)
    return parts


def _forecast(x: float, y: float) -> str:
    return element("circle", {"cx": x, "cy": y, "r": 5, "fill": PAPER, "stroke": ACCENT, "stroke-dasharray": "2 2"})


def _days(scale: DayScale, bottom: float) -> list[str]:
    parts = []
    for day, name in scale.ticks():
        x = scale(day)
        parts += [line(x, 44, x, bottom, stroke_width=1), text(x + 3, 42, name, font_size=12)]
    return parts


def _today(scale: DayScale, as_of: date, bottom: float) -> list[str]:
    x = scale(as_of)
    dashes = line(x, 34, x, bottom, stroke="currentColor", stroke_width=1.5, stroke_dasharray="4 3")
    return [dashes, text(x + 4, 30, f"as of {as_of.isoformat()}", font_size=12)]


def _chain(chain: Chain, scale: DayScale, top: float, as_of: date) -> list[str]:
    y = top + 32
    end = chain.achieved_on or as_of
    first, last = chain.due[0], chain.due[-1]
    named = fitted(f"{chain.reference}  {chain.title}", _WIDTH - _LEFT, 12)
    halo: dict[str, str | int] = {"stroke": PAPER, "stroke_width": 4, "paint_order": "stroke"}
    parts = [text(_LEFT, top + 15, named, font_size=12, **halo)]
    if last > first:
        parts.append(line(scale(first), y, scale(last), y, stroke=ACCENT, stroke_width=2))
    if end > last:
        dashes = {} if chain.achieved_on else {"stroke_dasharray": "5 4"}
        parts.append(line(scale(last), y, scale(end), y, stroke=WARNING, stroke_width=3, **dashes))
    parts += [shape("rebaselined", scale(day), y, 6) for day in chain.due[1:]]
    parts.append(shape("due", scale(first), y, 6))
    if chain.achieved_on:
        parts.append(shape("achieved", scale(chain.achieved_on), y))
    elif chain.forecast:
        parts.append(_forecast(scale(chain.forecast), y))
    said, more = _outcome(chain, as_of)
    parts.append(text(_RIGHT + 14, y + (-1 if more else 4.5), said))
    return [*parts, text(_RIGHT + 14, y + 13, more, font_size=11)] if more else parts


def _outcome(chain: Chain, as_of: date) -> tuple[str, str]:
    """Tell how late it is or was after the last target, and, if there were several, after the first."""
    end = chain.achieved_on or as_of
    late, since_first = ((end - due).days for due in (chain.due[-1], chain.due[0]))
    if late <= 0:
        said = "in time" if chain.achieved_on else "open"
    else:
        said = f"{late:,} {'day' if late == 1 else 'days'} {'late' if chain.achieved_on else 'overdue'}"
    return said, f"{since_first:,} after the first" if len(chain.due) > 1 and since_first > 0 else ""
