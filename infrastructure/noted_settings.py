"""Settings as entries tell of them: `application.settings_history` says which, and records what has changed."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from infrastructure.log.witness_list import parse_witnesses
from infrastructure.settings import Settings, written

_LONGEST: Final = 5_000
"""Characters: a value and the one before it have to fit into one entry."""


def noted(settings: Settings, names: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Give the values of these settings, as they are written, and the usual ones."""
    fields = {name: Settings.model_fields[name] for name in names}
    return (
        {name: _recordable(_value(settings, name)) for name in fields},
        {name: written(field.default) for name, field in fields.items()},
    )


def _value(settings: Settings, name: str) -> str:
    if name != "witnesses":
        return written(getattr(settings, name))
    # The keys alone: addresses are nobody's business, and may hold a secret.
    return " ".join(str(each.key) for each in parse_witnesses(settings.witnesses))


def _recordable(value: str) -> str:
    """Give a value as an entry can hold it: no control characters, and of a very long one the beginning and a hash."""
    plain = "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in value)
    if len(plain) <= _LONGEST:
        return plain
    whole = sha256(value.encode(errors="surrogateescape")).hexdigest()
    return f"{plain[:_LONGEST]} … SHA-256 of all of it: {whole}"
