"""An entry as recorded, and the line between its facts and its prose (design, 3.7)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.shapes import EVIDENCE_PROSE, PROSE

Facts = Mapping[str, Any]
TextAt = tuple[int | str, ...]
"""Where a text stands: the position of the entry that carries it, then the way down to it in that entry's prose."""


class Entry(NamedTuple):
    """One recorded event. *texts* names the prose members that it was recorded with, erased or not."""

    position: int
    version: int
    kind: str
    recorded_at: datetime
    recorded_by: str
    role: str
    facts: Facts
    texts: tuple[str, ...] = ()

    @property
    def effective_on(self) -> date:
        """The day it counts from, as recorded."""
        return date.fromisoformat(self.facts["effective_on"])

    @property
    def is_correction(self) -> bool:
        """Whether it changes how earlier entries read."""
        return self.kind in ("rectified", "retracted")

    def targets(self) -> tuple[int, ...]:
        """The versions that a correction names."""
        facts = self.facts
        if "corrections" in facts:
            return tuple(correction["entry"] for correction in facts["corrections"])
        return tuple(facts["entries"]) if "entries" in facts else (facts["entry"],)

    def rectifications(self) -> tuple[tuple[int, Facts, TextAt], ...]:
        """For a `rectified` entry: each target with the changed facts and where the changed texts stand.

        Among the changed facts, `reworded` names the texts that were replaced.
        """
        facts = self.facts
        if "corrections" in facts:
            return tuple(
                (each["entry"], each["changes"] | {"reworded": each.get("reworded", ())}, self._at("corrections", i))
                for i, each in enumerate(facts["corrections"])
            )
        changed = facts["changes"] | {"reworded": facts.get("reworded", ())}
        return ((facts["entry"], changed, self._at("changes")),)

    def _at(self, *way: int | str) -> TextAt:
        return (self.position, *way)


def changed_members(old: Facts, changes: Facts) -> dict[str, Any]:
    """Replace members whole; null removes one, and so does an empty list."""
    merged = {**old, **changes}
    return {name: value for name, value in merged.items() if value is not None and value != []}


def split(kind: str, body: Facts) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a body into facts and prose. What is null or an empty list is left out: absence says the same."""
    facts: dict[str, Any] = {}
    prose: dict[str, Any] = {}
    for name, value in body.items():
        if value is None or value == []:
            continue
        if name in PROSE:
            prose[name] = value
        elif name == "evidence":
            facts[name], prose[name] = _split_evidence(value)
        elif kind == "rectified" and name == "changes":
            facts |= _split_changes(value, prose)
        elif kind == "rectified" and name == "corrections":
            texts: list[dict[str, Any]] = [{} for _ in value]
            facts[name] = [
                {"entry": each["entry"], **_split_changes(each["changes"], texts[i])} for i, each in enumerate(value)
            ]
            if any(texts):
                prose[name] = [text.get("changes", {}) for text in texts]
        else:
            facts[name] = _without_absent(value) if name in ("commitment", "details") else value
    return facts, prose


def _split_evidence(items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    given = [{name: value for name, value in item.items() if value is not None} for item in items]
    return (
        [{name: value for name, value in item.items() if name not in EVIDENCE_PROSE} for item in given],
        [{name: value for name, value in item.items() if name in EVIDENCE_PROSE} for item in given],
    )


def _split_changes(changes: Facts, prose: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for name, value in changes.items():
        if name in PROSE and value is not None:
            texts[name] = value
        elif name == "evidence" and value:
            facts[name], texts[name] = _split_evidence(value)
        else:
            facts[name] = value
    if texts:
        prose["changes"] = texts
    reworded = sorted(name for name in texts if name != "evidence")
    return {"changes": facts} | ({"reworded": reworded} if reworded else {})


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_absent(item) for name, item in value.items() if item is not None and item != []}
    return [_without_absent(item) for item in value] if isinstance(value, list) else value


def merge(kind: str, facts: Facts, prose: Facts) -> dict[str, Any]:
    """Put facts and the prose that is still there together again; what was erased is missing."""
    body = {name: value for name, value in facts.items() if name != "reworded"}
    for name, value in prose.items():
        if name == "evidence":
            body[name] = merge_evidence(facts[name], value)
        elif kind == "rectified" and name == "changes":
            body[name] = _merge_changes(facts[name], value)
        elif kind != "rectified" or name != "corrections":
            body[name] = value
    if kind == "rectified" and "corrections" in facts:
        texts = prose.get("corrections") or [{}] * len(facts["corrections"])
        body["corrections"] = [
            {"entry": each["entry"], "changes": _merge_changes(each["changes"], text)}
            for each, text in zip(facts["corrections"], texts, strict=True)
        ]
    return body


def _merge_changes(facts: Facts, texts: Facts) -> dict[str, Any]:
    changed = {**facts, **{name: value for name, value in texts.items() if name != "evidence"}}
    if "evidence" in texts:
        changed["evidence"] = merge_evidence(facts["evidence"], texts["evidence"])
    return changed


def merge_evidence(facts: list[dict[str, Any]], texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the facts and texts of evidence items together again."""
    return [{**text, **fact} for fact, text in zip(facts, texts, strict=True)]
