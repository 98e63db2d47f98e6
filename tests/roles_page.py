"""Writes docs/roles.md from the tables of rights: `python -m tests.roles_page`. A test holds the file against them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from application.access import ROLES, Right
from application.doors import COMMANDS, ROUTES, SIGNING_IN, Door

PATH: Final = Path(__file__).parents[1] / "docs" / "roles.md"
_HEAD: Final = """\
# Who may do what

Written from `application/access.py` and `application/doors.py` by `python -m tests.roles_page`; tests hold every
cell against a running server, both ways.

An actor is a pseudonym. An actor holds roles, each for all programmes or for named ones, and acts by a token in one
of them: as far as the token goes, but no further than the role. A right for named programmes is none for the ledger
as a whole: it publishes no programmes, gives no rights, erases nothing, and issues reports about those only.

What is internal is shown to whoever holds a role for its programme (any role), and to nobody else: it is answered
like what does not exist. Where reading is public (`LEDGER_PUBLIC_READ`) everybody reads what is public without a
token. Names of actors are shown where the register is, and nowhere else; no export holds them. An issued report that
counts what is internal (`visibility=all`) is listed for, given to and checked for whoever holds a role for all the
programmes that it was asked for, or for all if it names none; its entry is for those who see the whole ledger.

A programme may own a `reference_prefix` such as `ABC-`: its commitments begin so, and no other programme announces
under it or owns one that begins alike. The refusal is the same whether a reference is taken or free, internal or
public, so that nobody can find out or take what is internal. What is internal needs a prefix. It is given once, for
ever, by whoever may publish programmes, and can be told from refusals: let it say nothing. An entry of the ledger's
own stream that would tell of something internal (an erasure there, a right for it) has the closed form, too.
Not hidden is how many entries there are: positions, log sizes and the public log count closed entries.

What is internal can be published, for ever: an administrator publishes a commitment that is internal itself, or a
programme with those of its commitments that are internal only because of it. A commitment of an internal programme
waits for it. Everybody sees it at log sizes from the entry `visibility_changed` on, and at smaller ones as before.
What the ledger's own stream had closed because of it stays closed, but erasures in it.

## Rights of roles
"""
_WRITTEN: Final = """
## What is written down of reading

A read appends no entry. Whoever is shown something that is not public – what is internal, `visibility=all`, the lists
of tokens, roles and actors, an export with what is internal – is written down in `access-log/access.jsonl` in the data
directory: time, actor, role, token id, route, parameters (no header, no body), and what was restricted: programmes,
`the ledger` (all of it), `rights`. If the line cannot be written, nothing is shown (503). The file is put aside at
16 MiB, and of those put aside the last 32 are kept: collect them elsewhere if they are needed for longer. Every host
writes its own. Local commands but `ledger export --internal` are not written down: they need the files themselves.

Changes of settings that matter are entries (`setting_changed`) of the ledger's own stream, like every change of a
right: four-eyes, public reading, the time zone, keys and quorum of the witnesses; of signing in the provider, what it
calls the ledger, scope, algorithms, clock skew and who gets which role; the ledger's own address, how long sessions
last, and the origins whose pages may read. A server records at its start what is not as it was recorded last, and so
does `ledger record` without four-eyes. Secrets and addresses of witnesses are never recorded; roles for a programme
that is internal, or not published yet, have the closed form.
"""
_DUTIES: Final = """
## Duties kept apart

- Who recorded an entry does not correct it (four-eyes, `LEDGER_FOUR_EYES`); actors are compared, not tokens or roles.
- Who belongs to the organisation that leads a commitment does not review it, unless the review says `independence`
  `self`, and does not correct reviews of it that say otherwise. The organisation is the partner's code in the
  register of actors; whoever is not registered with one belongs to none.
- Who recorded in a commitment, or began a programme, does not make it public, neither by itself nor with its programme
  (four-eyes). Whoever amended a programme may publish it. What is published stays so: nothing takes it back.
- An administrator gives rights and records no commitment entries.
- A role that is revoked takes all its tokens with it, at once and for good.
"""


def page() -> str:
    """Give the whole page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield from _HEAD.splitlines()
    yield ""
    yield f"| right | {' | '.join(ROLES)} |"
    yield "|---|" + ":-:|" * len(ROLES)
    for right in Right:
        yield f"| {right.value} | {' | '.join('yes' if right in held else '–' for held in ROLES.values())} |"
    yield from _DUTIES.splitlines()
    yield from _WRITTEN.splitlines()
    yield from _table("Routes of the API", "route", ROUTES | SIGNING_IN, "everybody")
    yield ""
    yield "What begins with `/auth` is there if people can sign in with a browser ([signing-in.md](signing-in.md))."
    yield "A route that records asks for the right that its body is about: a review for that to review, and so on."
    yield from _table("Commands on the ledger's own machine", "command", COMMANDS, "none")
    yield ""
    yield "Local commands act in the role that has the right: whoever can start them has the ledger's files anyway."


def _table(title: str, what: str, doors: Mapping[str, Door], nothing: str) -> Iterator[str]:
    yield from ("", f"## {title}", "", f"| {what} | one of these rights | {' | '.join(ROLES)} |")
    yield "|---|---|" + ":-:|" * len(ROLES)
    for name, door in doors.items():
        needed = "; ".join(right.value for right in door.rights) or nothing
        may = ("yes" if not door.rights or not held.isdisjoint(door.rights) else "–" for held in ROLES.values())
        yield f"| `{name}` | {needed} | {' | '.join(may)} |"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
