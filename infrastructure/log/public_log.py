"""The log of one ledger: its keys, what it has signed, the sealer, and what it shows the world (design, section 5)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from domain.answers import instant
from domain.notes import VerifierKey
from domain.policy import Party, Policy, simple_policy
from domain.receipt import Receipt
from domain.tiles import Tile
from infrastructure.database.engines import Database
from infrastructure.database.hosts import Hosts
from infrastructure.database.listening import Listener
from infrastructure.database.tables import entries, fixed
from infrastructure.log import log_reading
from infrastructure.log.key_file import BadKeyFileError, KeyFile, Keys
from infrastructure.log.log_reading import FIRST_KEY
from infrastructure.log.publishing import Publisher
from infrastructure.log.read_only import ReadOnly
from infrastructure.log.sealing import Sealer
from infrastructure.log.signatures import SigningKey
from infrastructure.log.signed_state import BrokenStateError, Signed, SignedState
from infrastructure.log.timestamping import CHECKPOINT, TOKEN, Stamper, Stamps
from infrastructure.log.witness_list import parse_witnesses
from infrastructure.log.witnesses import Witnesses
from infrastructure.settings import Settings

_STAMPS: Final = 500


class PublicLog:
    """Everything of a log, joined. What it shows covers what is published, and nothing beyond."""

    def __init__(self, database: Database, settings: Settings, now: Callable[[], datetime]) -> None:
        self._database, self.origin, self._now = database, settings.log_origin, now
        self.keys = KeyFile(settings.key_folder())
        self.state = SignedState(settings.log_folder(), self.verifiers)
        self.read_only = ReadOnly(settings.log_folder())
        listed = parse_witnesses(settings.witnesses)
        self._quorum = settings.witness_quorum
        self._witnesses = Witnesses(listed, self._proof_of_growth) if listed else None
        self._hosts = Hosts(database)
        self.publisher = Publisher(self.state, self._hosts, self._witnesses, self.policy, self._found_forgotten)
        self.stamps = Stamps(settings.log_folder())
        self._stamper = (
            Stamper(self.stamps, self.state.published, settings.tsa_url, settings.tsa_certificate)
            if settings.tsa_url
            else None
        )
        self.sealer = Sealer(
            database,
            self.state,
            self.keys,
            self.read_only,
            self.origin,
            now,
            self._hosts,
            self.publisher.publish,
            self._memory(),
        )

        self._listener = Listener(database, self.sealer.notify)

    # --- others who remember

    def _proof_of_growth(self, old: int, new: int) -> list[bytes]:
        with self._database.reading() as connection:
            return log_reading.consistency(connection, old, new)

    def _memory(self) -> Callable[[bytes, int], None] | None:
        witnesses = self._witnesses
        if witnesses is None:
            return None

        def root_at(size: int) -> bytes:
            with self._database.reading() as connection:
                return log_reading.root(connection, size)

        return lambda note, size: witnesses.confirm(note, size, self.verifiers(), root_at)

    def _found_forgotten(self, shown: Signed) -> None:
        """Somebody shows a larger checkpoint that this log has signed: ledger and signed state were both put back."""
        with self._database.reading() as connection:
            last = connection.execute(sa.select(sa.func.max(entries.c.position))).scalar() or 0
        what = f"a witness shows that {shown.size} entries were signed, {last} are there"
        self.sealer.halt(f"entry {last + 1}: {what}" if last < shown.size else what, last + 1)

    def start(self) -> None:
        """Seal and publish from now on, in threads of their own."""
        self.sealer.start()
        self._listener.start()
        self.publisher.start()
        if self._stamper is not None:
            self._stamper.start()

    def stop(self) -> None:
        """Seal and publish what is left; let go of threads and locks."""
        self._listener.stop()
        self.sealer.finish()
        self.publisher.stop()
        self.sealer.release()
        if self._stamper is not None:
            self._stamper.stop()

    # --- keeping

    def prepare(self) -> None:
        """Make the first key, and sign what is there with it; BadKeyFileError if there was a key and it is gone."""
        with self._database.reading() as connection:
            first = connection.execute(sa.select(fixed.c.value).where(fixed.c.name == FIRST_KEY)).scalar()
        made = False
        if first is None:
            made = self.keys.make(Keys(SigningKey.new(self.origin)))
            with self._database.writing() as connection:
                there = connection.execute(sa.select(fixed.c.value).where(fixed.c.name == FIRST_KEY)).scalar()
                if there is None:
                    key = str(self.keys.read().verifier)
                    connection.execute(sa.insert(fixed).values(name=FIRST_KEY, value=key))
        self.check_keys()
        self.keys.change(lambda keys: keys.without_spent_secrets(self._now()))
        if made:
            self.sealer.begin()
        else:
            self.sealer.seal()

    def check_keys(self) -> None:
        """Raise BadKeyFileError unless the key file can be used for this log."""
        keys = self.keys.read()
        if keys.verifier.name != self.origin:
            whose = f"the key file {self.keys.path} belongs to the log {keys.verifier.name}"
            raise BadKeyFileError(f"{whose}; accepted: the keys of {self.origin}")

    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Give the keys whose signatures count: the current one, then the former, the latest first."""
        return self.keys.read().verifiers()

    def standing(self) -> dict[str, Any]:
        """Tell how the log stands: what is signed and published, and what is in its way."""
        try:
            signed, published = self.state.signed(), self.state.published()
        except BrokenStateError:
            signed = published = None
        return {
            "signed": None if signed is None else signed.size,
            "published": None if published is None else published.size,
            "reread_at": instant(self.sealer.reread_at),
            "failing": self.sealer.failing,
            "hosts": self._standing_among_hosts(),
            "witnesses": self._standing_of_witnesses(),
            "timestamps": None if self._stamper is None else self._stamper.standing(self._now()),
        }

    def _standing_among_hosts(self) -> dict[str, Any] | None:
        if self._hosts.alone:
            return None
        keys = self.keys.read()
        with self._database.reading() as connection:
            told, fit = self._hosts.told_size(connection), self.sealer.keys_fit(connection)
        able = "behind" if not fit else "sign" if keys.signs else "verify"
        return {"seals": self._hosts.seals, "told": told, "keys": able}

    def _standing_of_witnesses(self) -> dict[str, Any] | None:
        if self._witnesses is None:
            return None
        cosigned = self.publisher.cosigned()
        age = None if cosigned is None else max(0, int((self._now() - cosigned[1]).total_seconds()))
        return {
            "quorum": self._quorum,
            "cosigned": None if cosigned is None else cosigned[0],
            "cosigned_by": [] if cosigned is None else list(cosigned[2]),
            "age_seconds": age,
            "problems": {each.witness.key.name: each.problem for each in self._witnesses.asked if each.problem},
        }

    # --- showing

    def checkpoint(self) -> Signed | None:
        """Give the published checkpoint, None before the first."""
        return self.state.published()

    @property
    def size(self) -> int:
        """How many entries are published."""
        published = self.state.published()
        return 0 if published is None else published.size

    def tile(self, tile: Tile) -> bytes | None:
        """Give a hash tile or an entry bundle; None unless all of it is published."""
        if not tile.lies_in(self.size):
            return None
        with self._database.reading() as connection:
            return log_reading.tile_bytes(connection, tile)

    def timestamped(self, below: int | None) -> Mapping[str, Any]:
        """List the stamped checkpoints, the largest first, so many at a time."""
        sizes = [size for size in self.stamps.sizes() if below is None or size < below]
        items = [
            {
                "size": size,
                "checkpoint": f"/log/timestamps/{size}.{CHECKPOINT}",
                "token": f"/log/timestamps/{size}.{TOKEN}",
                "time": instant(self.stamps.time(size)),
            }
            for size in sizes[:_STAMPS]
        ]
        more = f"/log/timestamps?below={items[-1]['size']}" if len(sizes) > _STAMPS else None
        return {"items": items, "next": more}

    def receipt(self, position: int) -> bytes | None:
        """Prove that an entry is in the published log; None while it is not."""
        published = self.state.published()
        if published is None or position > published.size:
            return None
        with self._database.reading() as connection:
            proof = log_reading.inclusion(connection, position - 1, published.size)
        return bytes(Receipt(position - 1, tuple(proof), published.note))

    def inclusion(self, position: int, size: int) -> Mapping[str, Any]:
        """Prove that an entry is in the tree of *size* entries."""
        with self._database.reading() as connection:
            proof = log_reading.inclusion(connection, position - 1, size)
            root = log_reading.root(connection, size)
            leaf = log_reading.nodes(connection, [(0, position - 1)])(0, position - 1)
        hashes = {"leaf_hash": leaf.hex(), "root": root.hex(), "hashes": [each.hex() for each in proof]}
        return {"position": position, "size": size, **hashes}

    def consistency(self, old: int, new: int) -> Mapping[str, Any]:
        """Prove that the tree of *new* entries extends that of *old*."""
        with self._database.reading() as connection:
            proof = log_reading.consistency(connection, old, new)
            roots = [log_reading.root(connection, size).hex() for size in (old, new)]
        hashes = {"from_root": roots[0], "to_root": roots[1], "hashes": [each.hex() for each in proof]}
        return {"from": old, "to": new, **hashes}

    def policy(self) -> Policy:
        """Say whom to believe: the log's keys, the current one first, and how many of which witnesses."""
        asked = self._witnesses.asked if self._witnesses else ()
        parties = {each.witness.key.name: Party(each.witness.key, each.witness.url) for each in asked}
        return simple_policy([Party(key) for key in self.verifiers()], parties, self._quorum)
