"""Partners against statuses: each number stands on a ground that is the darker, the more there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from infrastructure.renderers.charts.svg import element, fitted, line, picture, text

MOST_ROWS: Final = 25
_ROW, _HEAD, _NAME, _WIDTH = 24, 34, 250, 760
# Five steps that stay apart in grey; the ink on each has a contrast of at least 4.5 to 1.
_STEPS: Final = (
    ("#eef3f7", "#22282e"), ("#cfe0ec", "#22282e"), ("#a9cde6", "#22282e"), ("#3a76a3", "#ffffff"),
    ("#14507a", "#ffffff"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MatrixRow:
    name: str
    counts: Mapping[str, int]


def matrix(
    chart_id: str, title: str, description: str, rows: Sequence[MatrixRow], columns: Sequence[tuple[str, str]]
) -> str:
    """Draw the matrix; *columns* are words with their labels. Rows beyond the first 25 stand in the table only."""
    shown = rows[:MOST_ROWS]
    most = max((row.counts[word] for row in shown for word, _ in columns), default=0)
    wide = (_WIDTH - _NAME) / max(1, len(columns))
    parts = []
    for index, (_, name) in enumerate(columns):
        parts.append(text(_NAME + (index + 0.5) * wide, 20, fitted(name, wide, 12), text_anchor="middle", font_size=12))
    for index, row in enumerate(shown):
        y = _HEAD + index * _ROW
        parts.append(text(_NAME - 10, y + 16.5, fitted(row.name, _NAME - 12), text_anchor="end"))
        for place, (word, _) in enumerate(columns):
            parts += _cell(row.counts[word], most, _NAME + place * wide, y, wide)
    height = _HEAD + _ROW * len(shown) + 6
    return picture(chart_id, _WIDTH, height, title, description, [line(0, _HEAD - 6, _WIDTH, _HEAD - 6), *parts])


def _cell(count: int, most: int, x: float, y: float, wide: float) -> list[str]:
    middle = x + wide / 2
    if not count:
        return [text(middle, y + 16, "·", text_anchor="middle")]
    ground, ink = _STEPS[min(len(_STEPS) - 1, (count * len(_STEPS) - 1) // most)]
    box = {"x": x + 1, "y": y + 1, "width": wide - 2, "height": _ROW - 2, "rx": 2}
    return [
        element("rect", {**box, "fill": ground}),
        text(middle, y + 16.5, f"{count:,}", text_anchor="middle", fill=ink),
    ]
