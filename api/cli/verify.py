"""`ledger verify` and `ledger export`: what an auditor needs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import console
from api.cli.failures import REFUSED, USAGE, VERIFICATION_FAILED, Ended
from api.cli.opening import opened, quiet
from api.cli.options import AsJson

if TYPE_CHECKING:
    from domain.policy import Policy
    from infrastructure.wiring import Outcome

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="[EXPORT|URL]", help="An export (file or folder), or a server. Default: the ledger on this machine."
    ),
]
Older = Annotated[
    list[Path] | None,
    typer.Option(
        "--old-checkpoint", metavar="FILE", exists=True, dir_okay=False,
        help="A checkpoint that you have kept: the log must still begin with it. Repeat for more.",
    ),
]  # fmt: skip
Key = Annotated[
    str | None, typer.Option(metavar="VKEY", help="The log's verifier key, got otherwise than with what is verified.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="FILE", exists=True, dir_okay=False, help="Keys and witnesses to believe."),
]


_TOKEN = "An auditor's, for a server that is not public. Better kept in LEDGER_TOKEN."  # noqa: S105 -- the help text of an option
Token = Annotated[str | None, typer.Option(metavar="TOKEN", envvar="LEDGER_TOKEN", show_envvar=False, help=_TOKEN)]


def verify(
    source: Source = None,
    *,
    old_checkpoint: Older = None,
    key: Key = None,
    policy: PolicyFile = None,
    token: Token = None,
    json: AsJson = False,
) -> None:
    """Verify the ledger here, an export, or what a server shows: all of it is hashed again up to the signed root.

    Histories are folded again, read models and issued reports made anew and compared.
    Ends with 3 and names the first bad position if anything is not what was recorded.
    """
    believed = _believed(key, policy)
    older = [(str(path), path.read_bytes()) for path in old_checkpoint or ()]
    with console.stages() as come:
        if source is None:
            with opened(ready=False) as services:
                outcome = services.verify(believed, older, come)
        else:
            from infrastructure.wiring import verify_export, verify_server

            quiet()
            if source.startswith(("http://", "https://")):
                outcome = verify_server(source, token, believed, older, come)
            elif not Path(source).exists():
                raise Ended(USAGE, f"{source} is not there", "accepted: an export, as a file or a folder, or a URL")
            else:
                outcome = verify_export(Path(source), believed, older, come)
    if json:
        console.say(console.as_json(answer(outcome)))
    if outcome.findings.count:
        raise Ended(VERIFICATION_FAILED, *_faults(outcome))
    if not json:
        _show(outcome)


def _believed(key: str | None, policy: Path | None) -> "Policy | None":
    from domain.notes import parse_verifier_key
    from domain.policy import Party, Policy, parse_policy
    from domain.unproven import Unproven

    if key is not None and policy is not None:
        raise Ended(USAGE, "--key and --policy both say whom to believe", "accepted: one of them")
    try:
        if key is not None:
            return Policy((Party(parse_verifier_key(key.strip())),))
        return None if policy is None else parse_policy(policy.read_bytes())
    except Unproven as doubt:
        option = "--key" if key is not None else "--policy"
        raise Ended(USAGE, f"{option}: {doubt.message}", f"accepted: {doubt.accepted}") from None


def answer(outcome: "Outcome") -> dict[str, Any]:
    """Give what was found as JSON."""
    sealed = outcome.sealed
    return {
        "source": outcome.source,
        "size": outcome.size,
        "root": outcome.root.hex() or None,
        "checkpoint": None
        if sealed is None
        else {
            "origin": sealed.checkpoint.origin,
            "size": sealed.checkpoint.size,
            "root": sealed.checkpoint.root.hex(),
            "signed_by": [str(each) for each in sealed.signed_by],
            "cosigned_by": [{"key": str(each.key), "time": each.time} for each in sealed.cosigned_by],
        },
        "checked": outcome.checked,
        "not_checked": outcome.findings.unseen,
        "faults": outcome.findings.count,
        "first": None if outcome.first is None else _fault(outcome.first),
        "lowest": [_fault(each) for each in outcome.findings.faults],
    }


def _fault(fault: Any) -> dict[str, Any]:
    return {"position": fault.position, "what": fault.what}


def _faults(outcome: "Outcome") -> list[str]:
    findings = outcome.findings
    number = "1 fault" if findings.count == 1 else f"{findings.count} faults"
    lines = [f"{outcome.source} is not what was recorded: {number}", f"first: {findings.first}"]
    more = findings.faults[1:4]
    lines += [f"also: {each}" for each in more]
    left = findings.count - 1 - len(more)
    lines += [f"and {left} more"] if left else []
    return lines + [f"not looked at: {each}" for each in findings.unseen]


_WORDS = {
    "entries": "entries hashed to the root",
    "texts": "texts hashed to their entries",
    "erased_texts": "texts erased, as entries say",
    "closed_entries": "closed entries opened",
    "streams": "histories folded again",
    "tiles": "tiles compared",
    "older_checkpoints": "older checkpoints extended",
    "rights": "rows of tokens, roles and actors held against entries",
    "issued_reports": "issued reports made anew",
    "shown_entries": "entries as they are shown",
}


def _show(outcome: "Outcome") -> None:
    console.say(f"{outcome.source} is what was recorded: {outcome.size} entries, root {outcome.root.hex()}")
    if outcome.sealed is not None:
        head, signers = outcome.sealed.checkpoint, ", ".join(map(str, outcome.sealed.signed_by))
        console.say(f"  checkpoint of {head.size} entries, signed by {signers}")
        for witness in outcome.sealed.cosigned_by:
            console.say(f"  cosigned by {witness.key}")
    for name, count in outcome.checked.items():
        if count and name != "entries":
            console.say(f"  {count} {_WORDS.get(name, name)}")
    for each in outcome.findings.unseen:
        console.note(f"Not looked at: {each}.")


def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; must not exist yet.")],
    *,
    internal: Annotated[
        bool, typer.Option("--internal", help="With what internal entries say; for those who may read them only.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Write the whole ledger into a zip file that anybody can verify without it, with free tools.

    It holds the log in tiles, its keys, the texts that were not erased, issued reports, and a README for the auditor.
    """
    with opened() as services, console.stages() as come:
        try:
            size = services.export(output, internal=internal, progress=come)
        except FileExistsError:
            raise Ended(REFUSED, f"{output} exists; an export is never written over", "accepted: a new name") from None
    length = output.stat().st_size
    if json:
        console.say(console.as_json({"file": str(output), "size": size, "bytes": length, "internal": internal}))
        return
    console.say(f"Wrote {output}: {size} entries, {length:,} bytes. `ledger verify {output}` verifies it.")
    if not internal:
        console.note("What internal entries say is left out; --internal puts it in.")
