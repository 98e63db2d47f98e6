"""Checks over HTTP what a ledger has published of closed entries, with nothing but Python.

python verify_published.py URL

Each leaf of the log that hides its entry holds a hash. Here every open form that the ledger shows is hashed, with its
salt, and held against its leaf; texts against the hashes in it; and of what was published all has to be there. That the
leaves are those that were signed is for verify_log.py or verify_log.go to find out.
"""

import json
import sys
from hashlib import sha256
from urllib.request import Request, urlopen
from uuid import UUID, uuid5

TILE = 256
LEDGER = UUID("c92d4218-f8f0-510c-a126-ecd720b63dbf")


class Rejected(Exception):
    """What is wrong with what is shown."""


def check(holds: object, wrong: str) -> None:
    if not holds:
        raise Rejected(wrong)


def fetch(url: str, accept: str = "*/*") -> bytes:
    asked = Request(url, headers={"Accept": accept})  # noqa: S310 -- the caller's URL
    with urlopen(asked, timeout=30) as answer:  # noqa: S310 -- the same
        return bytes(answer.read())


def leaves(url: str, size: int) -> list[bytes]:
    found = []
    for start in range(0, size, TILE):
        width, number = min(TILE, size - start), start // TILE
        groups = [f"{number % 1_000:03}"]
        while number := number // 1_000:
            groups.insert(0, f"x{number % 1_000:03}")
        bundle = fetch(f"{url}/log/tile/entries/{'/'.join(groups)}" + ("" if width == TILE else f".p/{width}"))
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            found.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
    return found


def stream(name: str) -> str:
    return str(uuid5(LEDGER, name))


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def hides(leaf: bytes, shown: dict) -> dict:
    """Give what a closed leaf hides, once it is sure that it does."""
    at, opened, closed = shown["position"], shown["opened"], json.loads(leaf)
    form = opened["entry"].encode()
    check(
        sha256(bytes.fromhex(opened["salt"]) + form).hexdigest() == closed["closed"], f"entry {at}: not its open form"
    )
    said = json.loads(form)
    check((said["position"], said["recorded_at"]) == (at, closed["recorded_at"]), f"entry {at}: another place")
    for name, hashed in said["prose"].items():
        salt = shown["prose"][name]["salt"]
        # Texts beside the facts of a list stand within it; each of the others is a member of its own.
        if salt is not None and name not in ("evidence", "changes", "corrections"):
            told = sha256(bytes.fromhex(salt) + canonical(shown[name])).hexdigest()
            check(told == hashed, f"entry {at}: another {name}")
    return dict(said)


def main(url: str) -> str:
    size = int(fetch(f"{url}/log/checkpoint").decode().split("\n")[1])
    log = leaves(url, size)
    opened, published, programmes = [], [], {}
    for line in fetch(f"{url}/v1/events?log_size={size}", "application/x-ndjson").splitlines():
        shown = json.loads(line)
        leaf = log[shown["position"] - 1]
        check(sha256(b"\0" + leaf).hexdigest() == shown["leaf_hash"], f"entry {shown['position']}: another leaf")
        check(("closed" in json.loads(leaf)) == bool(shown["opened"]), f"entry {shown['position']}: kept back")
        if shown["opened"]:
            opened.append(hides(leaf, shown))
        first = shown.get("commitment")
        if first and first["visibility"] != "internal":
            programmes[shown["stream"]] = stream(f"programme:{first['programme']}")
        if shown["kind"] == "visibility_changed":
            published.append(shown)
    for each in published:
        name, code = each["published_commitment"], each["published_programme"]
        whole = stream(f"commitment:{name}" if name else f"programme:{code}")
        there = sum(
            whole in (said["stream"], programmes.get(said["stream"]))
            for said in opened
            if said["position"] < each["position"]
        )
        check(
            there == each["opened_entries"], f"entry {each['position']}: {there} of {each['opened_entries']} are shown"
        )
    return (
        f"accepted: {len(opened)} closed entries are shown as they were recorded, {len(published)} publications whole"
    )


if __name__ == "__main__":
    try:
        print(main(sys.argv[1].rstrip("/")))
    except Exception as wrong:  # noqa: BLE001 -- whatever cannot be read is rejected, too
        print(f"rejected: {type(wrong).__name__}: {wrong}")
        sys.exit(1)
