"""How pictures are written: elements, texts that fit, scales, and the fill and shape of every status."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

INK: Final = "#22282e"
PAPER: Final = "#ffffff"
RULE: Final = "#b4bcc4"
ACCENT: Final = "#14507a"
WARNING: Final = "#a8391f"
FONTS: Final = "Libertinus Serif, Georgia, DejaVu Serif, serif"

STACKED: Final = (
    "achieved", "reviewed", "started", "announced", "slipped", "suspended", "abandoned", "superseded",
)  # fmt: skip
"""The statuses from the bottom of a stack to its top: what is done lies at the bottom."""

# Ground, and the lines on it: each differs from its neighbours without any colour.
_FILLS: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "achieved": ("#14507a", None, PAPER),
    "reviewed": ("#4d8fbf", "M0 8L8 0M-2 2L2 -2M6 10L10 6", "#ffffff"),
    "started": ("#a9cde6", "M2 2h1.6v1.6h-1.6zM6 6h1.6v1.6h-1.6z", "#14507a"),
    "announced": ("#e9eef2", None, PAPER),
    "slipped": ("#d9694f", "M0 8L8 0M0 0L8 8", "#ffffff"),
    "suspended": ("#d8c690", "M0 2H8M0 6H8", "#6b5a1e"),
    "abandoned": ("#6f6f6f", "M2 0V8M6 0V8", "#ffffff"),
    "superseded": ("#c9c9c9", "M0 0L8 8M-2 6L2 10M6 -2L10 2", "#6f6f6f"),
}
# What XML does not take, and what would turn the reading direction of its surroundings.
_UNFIT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")

Attribute = str | int | float
Attributes = Mapping[str, Attribute]


def escaped(text: str) -> str:
    """Write a text so that it stays one in XML and HTML."""
    clean = _UNFIT.sub("�", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def element(name: str, attributes: Attributes, *inside: str) -> str:
    """Write an element; *inside* is markup already."""
    written = "".join(f' {key}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(inside)}</{name}>" if inside else f"<{name}{written}/>"


def _value(value: Attribute) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return escaped(value) if isinstance(value, str) else f"{round(value, 1) + 0.0:g}"


def text(x: float, y: float, content: str, **attributes: Attribute) -> str:
    """Write a line of text whose base line is at *y*."""
    named = {key.replace("_", "-"): value for key, value in attributes.items()}
    return element("text", {"x": x, "y": y, **named}, escaped(content))


def line(x1: float, y1: float, x2: float, y2: float, **attributes: Attribute) -> str:
    """Draw a line."""
    named = {key.replace("_", "-"): value for key, value in attributes.items()}
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "stroke": RULE, **named})


def picture(chart_id: str, width: int, height: int, title: str, description: str, parts: Sequence[str]) -> str:
    """Put a picture together. Its *title* and *description* are what those hear who do not see it."""
    head: Attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": f"{chart_id}-name {chart_id}-words",
        "font-family": FONTS,
        "font-size": 13,
        "color": INK,
        "fill": "currentColor",
    }
    names = [
        element("title", {"id": f"{chart_id}-name"}, escaped(title)),
        element("desc", {"id": f"{chart_id}-words"}, escaped(description)),
    ]
    return element("svg", head, *names, *parts)


def fills(chart_id: str, statuses: Sequence[str]) -> str:
    """Define the lines on the grounds of these statuses for one picture."""
    patterns = []
    for status in statuses:
        _, lines, ink = _FILLS[status]
        if lines is not None:
            solid = lines.endswith("z")
            strokes: Attributes = {"fill": ink} if solid else {"stroke": ink, "stroke-width": 1.3, "fill": "none"}
            size: Attributes = {"width": 8, "height": 8, "patternUnits": "userSpaceOnUse"}
            drawn = element("path", {"d": lines, **strokes})
            patterns.append(element("pattern", {"id": f"{chart_id}-{status}", **size}, drawn))
    return element("defs", {}, *patterns)


def filled(name: str, attributes: Attributes, chart_id: str, status: str) -> str:
    """Draw a shape in the ground of a status, and once more in the lines that `fills` defined.

    A pattern with a ground of its own would show the seams between its tiles on paper.
    """
    ground, lines, _ = _FILLS[status]
    drawn = element(name, {**attributes, "fill": ground})
    return drawn if lines is None else drawn + element(name, {**attributes, "fill": f"url(#{chart_id}-{status})"})


def shape(kind: str, x: float, y: float, radius: float = 5) -> str:
    """Draw the sign of a kind of entry or of a date, centred on a point."""
    solid: Attributes = {"fill": ACCENT, "stroke": ACCENT, "stroke-width": 1.5}
    hollow: Attributes = {"fill": PAPER, "stroke": ACCENT, "stroke-width": 1.5}
    warning: Attributes = {"fill": WARNING, "stroke": WARNING, "stroke-width": 1.5}
    size = radius
    if kind in ("achieved", "occurrence_held"):
        return element("circle", {"cx": x, "cy": y, "r": size, **solid})
    if kind in ("slipped", "occurrence_missed"):
        return element("path", {"d": _path(x, y, (0, -size), (size, size), (-size, size)), **warning})
    if kind in ("rebaselined", "due"):
        style = solid if kind == "rebaselined" else hollow
        return element("path", {"d": _path(x, y, (0, -size), (size, 0), (0, size), (-size, 0)), **style})
    if kind in ("rectified", "retracted", "amended", "evidence_added"):
        return element(
            "rect", {"x": x - size + 1, "y": y - size + 1, "width": 2 * size - 2, "height": 2 * size - 2, **hollow}
        )
    if kind == "reviewed":
        dot = element("circle", {"cx": x, "cy": y, "r": size / 2.5, "fill": ACCENT})
        return element("circle", {"cx": x, "cy": y, "r": size, **hollow}) + dot
    if kind in ("abandoned", "superseded", "suspended"):
        cross = f"M{_value(x - size)} {_value(y - size)}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
        return element("path", {"d": cross, "fill": "none", "stroke": ACCENT, "stroke-width": 2})
    return element("circle", {"cx": x, "cy": y, "r": size, **hollow})


def _path(x: float, y: float, *corners: tuple[float, float]) -> str:
    return "M" + "L".join(f"{_value(x + across)} {_value(y + down)}" for across, down in corners) + "Z"


def width_of(content: str, size: float = 13) -> float:
    """Guess how wide a text is; rather too wide than too narrow, whatever the font."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in content)
    return (len(content) - wide) * size * 0.54 + wide * size


def fitted(content: str, room: float, size: float = 13) -> str:
    """Shorten a text to the room there is; the table beside the picture has it whole."""
    if width_of(content, size) <= room:
        return content
    kept = content
    while kept and width_of(kept, size) + size > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


class DayScale:
    """Places days on a line from *left* to *right*."""

    def __init__(self, first: date, last: date, left: float, right: float) -> None:
        self.first, self.last = first, max(last, first + timedelta(days=1))
        self.left, self.right = left, right

    def __call__(self, day: date) -> float:
        return self.left + (self.right - self.left) * (day - self.first).days / (self.last - self.first).days

    def ticks(self) -> list[tuple[date, str]]:
        """Give some eight round days with how they are called."""
        years = self.last.year - self.first.year + 1
        if years > 3:
            step = -(-years // 8)
            days = [date(year, 1, 1) for year in range(self.first.year, self.last.year + 1) if year % step == 0]
            return [(day, str(day.year)) for day in days if self.first <= day <= self.last]
        months = 1 if years == 1 else 3 if years == 2 else 6
        days = [
            date(year, month, 1)
            for year in range(self.first.year, self.last.year + 1)
            for month in range(1, 13, months)
        ]
        return [(day, day.isoformat()[:7]) for day in days if self.first <= day <= self.last]


def count_ticks(most: int) -> list[int]:
    """Give round numbers from 0 up to *most* or a little below."""
    step = 1
    while most / step > 5:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return list(range(0, most + 1, step))
