"""Whom to believe: the keys of logs and witnesses, and how many witnesses it takes (C2SP tlog-policy)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.notes import COSIGNATURE, ED25519, VerifierKey, parse_verifier_key
from domain.strict_text import decimal
from domain.unproven import Malformed

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness: its key, and where it can be reached."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses or groups of which *threshold* must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checkpoint counts if one of *logs* signed it and the *quorum* (a witness, a group, or none) cosigned it."""

    logs: tuple[Party, ...]
    witnesses: Mapping[str, Party] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    def reached_by(self, cosigners: Collection[VerifierKey]) -> bool:
        """Tell whether the quorum is among the witnesses with these keys (C2SP tlog-policy, “Defining the quorum”)."""
        return self.quorum == NONE or self._witnessed(self.quorum, cosigners)

    def _witnessed(self, name: str, cosigners: Collection[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name].key in cosigners
        group = self.groups[name]
        return sum(self._witnessed(member, cosigners) for member in group.members) >= group.threshold

    def __bytes__(self) -> bytes:
        """The policy file (C2SP tlog-policy, “Policy file syntax and structure”)."""
        lines = [_line("log", party.key, party.url) for party in self.logs]
        lines += [_line("witness", name, party.key, party.url) for name, party in self.witnesses.items()]
        lines += [_line("group", name, group.threshold, *group.members) for name, group in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}", ""]).encode("utf-8", "surrogateescape")


def simple_policy(logs: Sequence[Party], witnesses: Mapping[str, Party], threshold: int) -> Policy:
    """Give the policy that asks for *threshold* of all witnesses; 0 asks for none."""
    groups = {"quorum": Group(threshold, tuple(witnesses))} if threshold else {}
    # Read back, so that what could not stand in the file is refused.
    return parse_policy(bytes(Policy(tuple(logs), witnesses, groups, "quorum" if threshold else NONE)))


def _line(*items: object) -> str:
    return " ".join(str(item) for item in items if item is not None)


def parse_policy(content: bytes) -> Policy:
    """Read a policy file. Octets above 0x7E are taken as they are; each wrong line is named by its number."""
    # Every octet string has one reading in this encoding, so that names are compared as octets.
    text = content.decode("utf-8", "surrogateescape")
    reading = _Reading()
    for number, line in enumerate(text.split("\n"), 1):
        if any((each < " " and each != "\t") or each == "\x7f" for each in line):
            raise Malformed(f"line {number} of the policy has a control character", "tab and newline alone")
        items = line.replace("\t", " ").split(" ")
        items = [item for item in items if item]
        if items and not items[0].startswith("#"):
            try:
                reading.take(items[0], items[1:])
            except Malformed as wrong:
                raise Malformed(f"line {number} of the policy: {wrong.message}", wrong.accepted) from None
    return reading.policy()


class _Reading:
    """A policy as far as its lines have been read; names count from their line on."""

    def __init__(self) -> None:
        self._logs: list[Party] = []
        self._witnesses: dict[str, Party] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._quorum: str | None = None

    def take(self, word: str, items: list[str]) -> None:
        match word, items:
            case "log", [key, *url] if len(url) <= 1:
                self._logs.append(_party(key, url, ED25519, self._logs))
            case "witness", [name, key, *url] if len(url) <= 1:
                self._new(name)
                self._witnesses[name] = _party(key, url, COSIGNATURE, self._witnesses.values())
            case "group", [name, threshold, _, *_]:
                self._new(name)
                self._groups[name] = self._group(threshold, items[2:])
            case "quorum", [name] if self._quorum is None:
                if name != NONE:
                    self._known(name)
                self._quorum = name
            case _:
                found = " ".join([word, *items])[:80]
                raise Malformed(
                    f"it reads {found!r}",
                    "log <vkey> [<url>], witness <name> <vkey> [<url>], group <name> <all, any or k> <name>…,"
                    " or one quorum <name>",
                )

    def _new(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise Malformed(f"the name {name!r} is taken", "another name")

    def _known(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise Malformed(f"no line before names a witness or group {name!r}", "a name of a line before")

    def _group(self, threshold: str, members: list[str]) -> Group:
        for member in members:
            self._known(member)
            if member in self._members:
                raise Malformed(f"{member!r} is a member twice", "each name in one group, once")
            self._members.add(member)
        least = {"any": 1, "all": len(members)}.get(threshold)
        least = decimal(threshold, "the threshold") if least is None else least
        if not 1 <= least <= len(members):
            raise Malformed(f"the threshold is {least}", f"1 to {len(members)}")
        return Group(least, tuple(members))

    def policy(self) -> Policy:
        if self._quorum is None:
            raise Malformed("the policy has no quorum line", "one line quorum <name>, or quorum none")
        return Policy(tuple(self._logs), self._witnesses, self._groups, self._quorum)


def _party(text: str, url: list[str], kind: int, others: Collection[Party]) -> Party:
    key = parse_verifier_key(text)
    if key.kind != kind:
        raise Malformed(f"the key of {key.name} has type 0x{key.kind:02x}", f"type 0x{kind:02x} here")
    if any(other.key.public_key == key.public_key for other in others):
        raise Malformed(f"the key of {key.name} stands twice", "each key once")
    return Party(key, url[0] if url else None)
