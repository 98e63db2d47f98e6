"""The texts that an export carries for whoever has to judge it: what it is, how to check it, what it cannot show."""

from importlib.resources import files
from string import Template
from typing import Final

from domain.checkpoint import Checkpoint
from domain.notes import VerifierKey

_TEXTS: Final = files("infrastructure.exporting") / "exported"
_OPEN: Final = (
    "open-forms.jsonl       what closed entries say: position, entry, salt. Keep it from those who may not read it"
)
_CLOSED: Final = (
    "open-forms.jsonl       what closed entries say that were published later: position, entry, salt. Other entries\n"
    "                       of internal commitments are closed: their content is not in this export"
)
_SEEN: Final = "Who has read the open forms of internal entries: whoever has this file can."
_UNSEEN: Final = "What closed entries say (internal commitments). That none of them was changed is shown all the same."


def check_program() -> bytes:
    """Give the program that checks an export with nothing but Python and openssl."""
    return (_TEXTS / "check.py.txt").read_bytes()


def readme(checkpoint: Checkpoint, key: VerifierKey, *, internal: bool) -> bytes:
    """Write the text for the auditor."""
    return (
        Template((_TEXTS / "README.txt").read_text("utf-8"))
        .substitute(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            key=key,
            open_forms=_OPEN if internal else _CLOSED,
            unseen=_SEEN if internal else _UNSEEN,
        )
        .encode()
    )
