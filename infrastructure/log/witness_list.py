"""Who is asked to cosign the log, as a setting says it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.notes import COSIGNATURE, VerifierKey, parse_verifier_key
from domain.unproven import Unproven


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness is asked, and the key of its cosignatures."""

    key: VerifierKey
    url: str


def parse_witnesses(text: str) -> tuple[Witness, ...]:
    """Read verifier keys and addresses in turn, white space between; ValueError says what is wrong."""
    words = text.split()
    accepted = "accepted: a verifier key (type 0x04) and an address for each witness, white space between"
    if len(words) % 2:
        raise ValueError(f"the list of witnesses has {len(words)} words; {accepted}")
    found = []
    for vkey, url in zip(words[::2], words[1::2], strict=True):
        try:
            key = parse_verifier_key(vkey)
        except Unproven as wrong:
            raise ValueError(str(wrong)) from wrong
        if "@" in urlsplit(url).netloc:  # such a setting is shown; the error does not repeat a password either
            raise ValueError(f"the address of {key.name} has a user name; accepted: one without user name and password")
        if key.kind != COSIGNATURE or not url.startswith(("https://", "http://")):
            raise ValueError(f"{vkey[:60]} {url[:60]} names no witness; {accepted}")
        found.append(Witness(key, url.rstrip("/")))
    if len({each.key.name for each in found}) < len(found):
        raise ValueError("a witness stands twice; accepted: each name once")
    return tuple(found)
