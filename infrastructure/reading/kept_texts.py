"""Texts by their places, kept in memory once they were read: a text never changes, it can only be erased."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
import sqlalchemy as sa

from domain.answers import ERASED
from domain.entry import TextAt
from infrastructure.database.engines import among
from infrastructure.database.tables import entry_facts, prose

_WHOLE: Final = 2  # a text by position and member; what comes after leads to a part of it
_LARGEST: Final = 20_000_000
"""Bytes of JSON: how much is kept."""
_LAST_ERASURE: Final = sa.select(sa.func.max(entry_facts.c.position)).where(entry_facts.c.kind == "erased")


class _Kept(dict[TextAt, Any]):
    """Texts that were there when the entry at *erasure* was the last that erased any (None: before the first)."""

    def __init__(self, erasure: int | None) -> None:
        self.erasure, self.size = erasure, 0


class Texts:
    """Looks texts up; what is kept is forgotten as soon as anything is erased."""

    def __init__(self) -> None:
        self._kept = _Kept(None)

    def of(self, connection: sa.Connection, wanted: Collection[TextAt]) -> Mapping[TextAt, Any]:
        """Give the texts at these places. What was erased is given as `domain.answers.ERASED`."""
        kept, erasure = self._kept, connection.execute(_LAST_ERASURE).scalar()
        if kept.erasure != erasure or kept.size > _LARGEST:
            kept = self._kept = _Kept(erasure)  # other threads go on with what they have
        missing: defaultdict[str, set[int]] = defaultdict(set)
        for way in wanted:
            if way[:_WHOLE] not in kept:
                missing[str(way[1])].add(int(way[0]))
        for member, positions in missing.items():
            which = among(connection, prose.c.position, sorted(positions)), prose.c.member == member
            for position, value in connection.execute(sa.select(prose.c.position, prose.c.value).where(*which)).all():
                kept[position, member] = orjson.loads(value)
                kept.size += len(value)
        return {way: kept.get(way, ERASED) if len(way) == _WHOLE else _part(kept, way) for way in wanted}


def _part(there: Mapping[TextAt, Any], way: TextAt) -> Any:
    found = there.get(way[:_WHOLE], ERASED)
    if found is not ERASED:
        for step in way[_WHOLE:]:
            found = found[step]
    return found
