"""How many commitments had which status, month by month, as a stack of columns."""

from collections.abc import Mapping, Sequence
from typing import Final

from infrastructure.renderers.charts.svg import (
    PAPER,
    STACKED,
    Attribute,
    count_ticks,
    element,
    filled,
    fills,
    line,
    picture,
    text,
)

MOST_COLUMNS: Final = 60
_WIDTH, _HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 600, 14, 284
_LABEL_APART: Final = 22

Points = Sequence[tuple[str, Mapping[str, int]]]


def thinned(points: Points) -> Points:
    """Leave so many out that at most 60 columns remain; the last is the day of the report and stays."""
    step = -(-len(points) // MOST_COLUMNS)
    return points[(len(points) - 1) % step :: step] if step > 1 else points


def status_over_time(chart_id: str, title: str, description: str, points: Points, labels: Mapping[str, str]) -> str:
    """Draw the stack. *points* are days with the count of each status; the names stand at the right, each once."""
    shown = thinned(points)
    there = [status for status in STACKED if any(counts[status] for _, counts in shown)]
    most = max((sum(counts.values()) for _, counts in shown), default=0) or 1
    height = (_BOTTOM - _TOP) / most
    parts = [fills(chart_id, there), *_axis(most, height), *_columns(chart_id, shown, there, height)]
    if shown:
        parts += [*_months(shown), *_names(chart_id, shown[-1][1], there, height, labels)]
    return picture(chart_id, _WIDTH, _HEIGHT, title, description, parts)


def _axis(most: int, height: float) -> list[str]:
    parts = []
    for count in count_ticks(most):
        y = _BOTTOM - count * height
        parts += [
            line(_LEFT, y, _RIGHT, y, stroke_width=1),
            text(_LEFT - 8, y + 4.5, f"{count:,}", text_anchor="end"),
        ]
    return parts


def _columns(chart_id: str, points: Points, statuses: Sequence[str], height: float) -> list[str]:
    """Draw each status as one shape with steps, so that its pattern runs through."""
    floors = [float(_BOTTOM)] * len(points)
    wide = (_RIGHT - _LEFT) / max(1, len(points))
    parts = []
    for status in statuses:
        ceilings = [floor - counts[status] * height for floor, (_, counts) in zip(floors, points, strict=True)]
        upper = [f"L{_LEFT + (i + end) * wide:.1f} {y:.1f}" for i, y in enumerate(ceilings) for end in (0, 1)]
        lower = [f"L{_LEFT + (i + end) * wide:.1f} {y:.1f}" for i, y in enumerate(floors) for end in (0, 1)]
        path = "M" + "".join(upper + lower[::-1])[1:] + "Z"
        outlined: dict[str, Attribute] = {"d": path, "stroke": PAPER, "stroke-width": 1}
        parts.append(filled("path", outlined, chart_id, status))
        floors = ceilings
    return parts


def _months(points: Points) -> list[str]:
    """Name the years below the axis, where their first column stands; and the first and the last day."""
    wide = (_RIGHT - _LEFT) / len(points)
    parts = [line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, stroke="currentColor", stroke_width=1)]
    year, free = "", float(_LEFT)
    for index, (on, _) in enumerate(points):
        x = _LEFT + index * wide
        if on[:4] == year:
            continue
        year = on[:4]
        parts.append(line(x, _BOTTOM, x, _BOTTOM + 6, stroke="currentColor", stroke_width=1))
        if x >= free:
            parts.append(text(x + 3, _BOTTOM + 18, year))
            free = x + 40
    return parts


def _names(
    chart_id: str, last: Mapping[str, int], statuses: Sequence[str], height: float, labels: Mapping[str, str]
) -> list[str]:
    """Name each band at its right end; names that would overlap are moved apart and led to their band."""
    floor, wanted = float(_BOTTOM), []
    for status in statuses:
        ceiling = floor - last[status] * height
        wanted.append((floor + ceiling) / 2)
        floor = ceiling
    parts = []
    for status, middle, y in zip(statuses, wanted, _apart(wanted), strict=True):
        if last[status]:
            bent = f"M{_RIGHT + 2} {middle:.1f}L{_RIGHT + 14} {y:.1f}"
            parts.append(element("path", {"d": bent, "fill": "none", "stroke": "currentColor", "stroke-width": 1}))
        box: dict[str, Attribute] = {"x": _RIGHT + 18, "y": y - 7, "width": 14, "height": 14}
        parts += [
            filled("rect", {**box, "stroke": "currentColor", "stroke-width": 1}, chart_id, status),
            text(_RIGHT + 39, y + 4.5, f"{labels[status]} {last[status]:,}"),
        ]
    return parts


def _apart(wanted: Sequence[float]) -> list[float]:
    """Keep heights, given from the bottom up, a line apart and within the picture."""
    placed: list[float] = []
    for y in wanted:
        placed.append(min(y, placed[-1] - _LABEL_APART) if placed else min(y, _BOTTOM - 8))
    ceiling = _TOP + 4.0
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = max(placed[index], ceiling)
        ceiling = placed[index] + _LABEL_APART
    return placed
