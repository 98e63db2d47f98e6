"""The composition root: everything is joined here, and the ways in use nothing else of this package."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from structlog import get_logger

from application.access import Caller, Sight
from application.cataloguing import load
from application.log_source import Progress as Told
from application.ports import Command, Once, Token
from application.recording import Request
from application.reporting import Press
from application.settings_history import NOTED, note_settings
from application.tokens import Minted, create_token, revoke_token
from application.verifying import Outcome
from domain.answers import instant
from domain.ledger_stream import STREAM
from domain.notes import VerifierKey
from domain.policy import Policy
from infrastructure import clock, telemetry
from infrastructure.callers.access_log import AccessLog, Asked, NotWrittenDownError
from infrastructure.callers.identity import Identities, mint
from infrastructure.callers.known_tokens import KnownTokens
from infrastructure.callers.remembered_callers import RememberedCallers
from infrastructure.callers.sessions import Sessions, form_token, is_form_token
from infrastructure.callers.token_uses import TokenUses
from infrastructure.catalogues import reading as catalogues
from infrastructure.database.copying import CannotCopyError
from infrastructure.database.engines import Database, NotSqliteError
from infrastructure.database.failures import Failure, failure_of, why
from infrastructure.database.granting import APPLICATION, READERS, CannotGrantError, grant_to_roles, not_granted
from infrastructure.database.moving import copy_from
from infrastructure.database.readiness import (
    NotGrantedError,
    NotReadyError,
    UnreachableError,
    check_ready,
    check_there,
    make_ready,
)
from infrastructure.database.urls import GOOD_DATABASE_URLS, BadDatabaseUrlError
from infrastructure.exporting.export import WrongRootError
from infrastructure.log.key_file import BadKeyFileError
from infrastructure.log.log_keeping import CannotRecoverError, Recovery, recover, rotate
from infrastructure.log.public_log import PublicLog
from infrastructure.log.read_only import ReadOnlyError
from infrastructure.memory import keep_memory
from infrastructure.noted_settings import noted
from infrastructure.openid.asking import ProviderSilentError
from infrastructure.openid.jwt import InvalidTokenError
from infrastructure.openid.sign_in import SECONDS as SIGN_IN_SECONDS
from infrastructure.openid.sign_in import Attempt, SignIn, SignInError, StaleSignInError, let_in
from infrastructure.reading.feed_lines import FeedLines
from infrastructure.reading.readings import Readings, SqlView
from infrastructure.reading.replica import Answered, PrimaryUnreachableError, Replica
from infrastructure.recording.codec import canonical
from infrastructure.recording.tail import ClockBehindError
from infrastructure.recording.writer import RightsChangedError, TooBusyError, Writer
from infrastructure.renderers import FORMATS, Format, carried
from infrastructure.renderers.rendering import RenderingBusyError, RenderingFailedError, Renderings
from infrastructure.renderers.report_json import WRITING
from infrastructure.replaying.replay import Differences, replay
from infrastructure.replaying.replay_process import ReplayingFailedError
from infrastructure.settings import Settings
from infrastructure.verifying.asking import ServerUnreachableError
from infrastructure.verifying.export_source import NoExportError
from infrastructure.verifying.log_sources import NotSealedError, export_ledger, verify_ledger
from infrastructure.verifying.offline import Kept, verify_export
from infrastructure.verifying.server_source import verify_server

__all__ = [
    "FORMATS",
    "GOOD_DATABASE_URLS",
    "SIGN_IN_SECONDS",
    "WRITING",
    "Asked",
    "Attempt",
    "BadCatalogue",
    "BadDatabaseUrl",
    "CannotCopyError",
    "CannotGrantError",
    "CannotRecoverError",
    "ClockBehindError",
    "DatabaseFailed",
    "Differences",
    "Failure",
    "Format",
    "InvalidTokenError",
    "NoExportError",
    "NotGrantedError",
    "NotReadyError",
    "NotSealedError",
    "NotSqliteError",
    "NotWrittenDownError",
    "Once",
    "Outcome",
    "PrimaryUnreachableError",
    "ProviderSilentError",
    "ReadOnlyError",
    "Recovery",
    "RenderingBusyError",
    "RenderingFailedError",
    "RightsChangedError",
    "ServerUnreachableError",
    "Services",
    "Settings",
    "SignIn",
    "SignInError",
    "StaleSignInError",
    "TooBusyError",
    "UnreachableError",
    "WrongRootError",
    "build",
    "canonical",
    "carried",
    "check_catalogue",
    "configure_logging",
    "copy_from",
    "failure_of",
    "form_token",
    "is_form_token",
    "report_bytes",
    "verify_export",
    "verify_server",
    "why",
]

_log = get_logger()
VERSION: Final = version("implementation-ledger")
_APART: Final = tuple(each.name for each in FORMATS.values() if each.apart)
BadCatalogue = catalogues.BadCatalogue
BadDatabaseUrl = BadDatabaseUrlError
DatabaseFailed = sa.exc.SQLAlchemyError
configure_logging = telemetry.configure


class Services:
    """All that the API and the command line do with a ledger."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = clock.now) -> None:
        self.settings, self.now, self.version = settings, now, VERSION
        self.time_zone = ZoneInfo(settings.time_zone)
        self._database = Database(settings.database())
        self._readings = Readings(self._database)
        self.replica = (
            Replica(settings.read_database_url, self._readings, self._database, settings.replica_wait_seconds)
            if settings.read_database_url
            else None
        )
        self.identities = Identities(self._database)
        self._uses = TokenUses(self._database, now)
        openid = settings.openid()
        self.sessions = Sessions(self._database, settings.lifetime(), now, openid.client_secret if openid else "")
        self.people, self.sign_in = let_in(openid, self._database, self.sessions, now)
        self.access_log = AccessLog(settings.data_dir / "access-log", now)
        self.known_tokens = KnownTokens(self._database)
        self.writer = Writer(self._database, self.time_zone, now)
        self.callers = RememberedCallers(self.identities, self._uses, lambda: self.writer.rights, now)
        self.renderings = Renderings(_APART, settings.rendering_seconds, settings.rendering_megabytes)
        self.log = PublicLog(self._database, settings, now)
        self.writer.permit, self.writer.permit_after = self.log.sealer.permit, self.log.sealer.permit_after
        self.writer.after_commit = self.log.sealer.notify

    # --- reading

    def view(self) -> AbstractContextManager[SqlView]:
        """Open a consistent snapshot of all that is recorded."""
        return self._readings.view()

    def feed(self, sight: Sight, log_size: int) -> Callable[[int, int], bytes]:
        """Give what makes lines of JSON of the entries behind one position, up to another, as seen at *log_size*."""
        feed = FeedLines(sight, log_size)

        def lines(after: int, last: int) -> bytes:
            # What is published up to *log_size* is seen from the first line on, so all of it has to be known.
            replica = None if self.replica is None else self.replica.database_with(log_size)
            with (replica or self._database).reading() as connection:
                return feed.between(connection, after, last)

        return lines

    def answer(self, work: Callable[[SqlView], Answered], at_least: int = 0) -> Answered:
        """Let *work* read a snapshot with *at_least* so many entries, of the replica if there is one."""
        if self.replica is None:
            with self.view() as view:
                return work(view)
        return self.replica.answer(work, at_least, self.view)

    def today(self) -> date:
        """Give the day in the ledger's time zone."""
        return self.now().astimezone(self.time_zone).date()

    def caller(self, secret: str) -> Caller | None:
        """Give who a token belongs to, None if it is not valid."""
        return self.callers.look_up(secret)

    def tokens(self) -> list[Token]:
        """Give every token there ever was."""
        self._uses.write()
        return self.identities.tokens()

    def mint(self) -> tuple[str, Minted]:
        """Make a secret for a token, and what is kept of it."""
        return mint(self.now())

    def press(self) -> Press:
        """Give what reports are made with."""
        return Press(origin=self.settings.log_origin, version=VERSION, canonical=canonical)

    # --- recording

    async def submit(self, command: Command, rights: int | None = None) -> Mapping[str, Any]:
        """Record with the next batch; RightsChangedError if *rights* are given and no longer in force."""
        return await self.writer.submit(command, rights)

    def record(self, command: Command) -> Mapping[str, Any]:
        """Record now."""
        return self.writer.record(command)

    def create_token(self, actor: str, role: str, by: str) -> str:
        """Make a token for all programmes that is good until it is revoked; give its secret."""
        secret, made = self.mint()
        request = Request(Caller(by, "administrator"), {"actor": actor, "role": role})
        self.record(create_token(request, made, self.time_zone))
        return secret

    def revoke_token(self, token_id: str, by: str) -> Mapping[str, Any]:
        """Revoke a token."""
        return self.record(revoke_token(Request(Caller(by, "administrator"), {}), token_id))

    def note_settings(self, names: Sequence[str] = NOTED) -> None:
        """Record the settings that are not what was recorded last; while nothing can be recorded, at the next start."""
        values, usual = noted(self.settings, names)
        try:
            self.record(note_settings(Caller(self.settings.actor, "administrator"), values, usual))
        except (ReadOnlyError, ClockBehindError) as refused:
            _log.warning("changed settings are not recorded", why=str(refused))

    def load(self, name_or_path: str, actor: str, progress: Callable[[int, int], None]) -> Mapping[str, Any]:
        """Load a catalogue: a file, a folder, or the name of one that ships with the project."""
        path = catalogues.find(name_or_path)
        catalogues.refuse_too_large(path, self.settings.max_catalogue_megabytes)
        catalogue = catalogues.read(path)
        return self.record(load(catalogue, actor, four_eyes=self.settings.four_eyes, progress=progress))

    # --- the log

    def start_sealing(self) -> None:
        """Seal from now on whatever is recorded."""
        self._check_keys()
        if risks := self.risks():
            _log.error("a crash of the database server may lose entries that were acknowledged", settings=risks)
        self.log.keys.change(lambda keys: keys.without_spent_secrets(self.now()))
        self.log.start()

    def _check_keys(self) -> None:
        try:
            self.log.check_keys()
        except BadKeyFileError as bad:
            raise NotReadyError(str(bad)) from bad

    def verifier_keys(self) -> Sequence[VerifierKey]:
        """Give the keys that verify the log: the one that signs, then the former ones."""
        self._check_keys()
        return self.log.verifiers()

    def export_keys(self, target: Path) -> None:
        """Write the key file without its secrets; FileExistsError if there is such a file."""
        self._check_keys()
        self.log.keys.copy_public(target)

    def rotate_key(self, by: str, overlap: timedelta) -> Mapping[str, Any]:
        """Let a new key sign from now on, and the old one with it for a while."""
        self._check_keys()
        with self.view() as view:
            recorded = view.recorded(stream=STREAM, up_to=view.head.log_size)
            announced = [each for each in recorded if each.entry.kind == "key_rotated"]
        caller, until = Caller(by, "administrator"), self.now() + overlap
        old, new, both_until = rotate(self.log, self.record, announced, caller, until)
        return {"old": str(old), "new": str(new), "both_until": instant(both_until)}

    def recover(self, by: str, reason: str, new_origin: str | None) -> Recovery:
        """Go on after the ledger turned read-only, or after what it had signed was lost."""
        settings = self.settings.model_copy(update={"log_origin": new_origin})
        renewed = None if new_origin is None else PublicLog(self._database, settings, self.now)
        past_the_switch = Writer(self._database, self.time_zone, self.now)
        caller = Caller(by, "administrator")
        try:
            return recover(self._database, self.log, renewed, past_the_switch.record, caller, reason)
        finally:
            past_the_switch.close()

    def verify(self, policy: Policy | None, older: Kept, progress: Told) -> Outcome:
        """Verify everything that this ledger holds against what was signed outside its database."""
        check_there(self._database)
        if not self._database.is_current():
            raise NotReadyError("the database has other tables than this version needs; run `ledger migrate`")
        return verify_ledger(self._database, self.log, policy, older, progress)

    def export(self, target: Path, *, internal: bool, progress: Told) -> int:
        """Write the whole ledger into a file that can be verified without it; give the number of entries."""
        self._check_keys()
        if internal:
            who = Caller(self.settings.actor, "auditor")
            self.access_log.write(who, Asked("ledger export", {"output": target.name}), ["the ledger"])
        return export_ledger(self._database, self.log, target, internal=internal, progress=progress)

    # --- keeping

    def migrate(self, progress: Callable[[int, int], None] = lambda _done, _all: None) -> bool:
        """Bring the tables to this version and fix the log's origin; True if the tables changed.

        *progress* is told how far read models are that have to be made anew.
        """
        self.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _told_as_not_ready():
            changed = make_ready(self._database, self.settings.log_origin, progress)
        self.ready()
        try:
            self.log.prepare()
        except BadKeyFileError as bad:
            raise NotReadyError(str(bad)) from bad
        return changed

    def ready(self) -> None:
        """Raise NotReadyError unless the tables are of this version and the origin is the ledger's own."""
        check_ready(self._database, self.settings.log_origin)
        if self.replica is not None:
            self.replica.look()
            if self.replica.wrong is not None:
                raise NotReadyError(self.replica.wrong)

    def grant(self, *, application: str | None, readers: str | None) -> None:
        """Give roles of PostgreSQL what they need and no more."""
        grant_to_roles(self._database, {application: APPLICATION, readers: READERS})

    def not_granted(self) -> list[tuple[str, str]]:
        """Give the roles of PostgreSQL that cannot serve though they are meant to, each with what it lacks."""
        return not_granted(self._database)

    def replay(self, *, check: bool, until: int | None, progress: Callable[[int, int], None]) -> Differences:
        """Make the read models anew and compare them with the live ones."""
        with _told_as_not_ready():
            return replay(self._database, check=check, until=until, progress=progress)

    def risks(self) -> list[str]:
        """Name the settings of the database with which it does not keep what it has acknowledged."""
        return self._database.risks()

    def back_up(self, target: Path) -> None:
        """Copy the ledger as it is at one moment."""
        self._database.back_up(target)

    def close(self) -> None:
        """Seal what is recorded; let go of threads and connections."""
        self.renderings.close()
        self._uses.write()
        self.sessions.close()
        self.writer.close()
        self.log.stop()
        if self.replica is not None:
            self.replica.close()
        self._database.close()


def build(settings: Settings | None = None, now: Callable[[], datetime] = clock.now) -> Services:
    """Join everything. Reads the environment if no settings are given."""
    keep_memory()
    settings = settings or Settings()
    configure_logging(settings.log_level)
    return Services(settings, now)


@contextmanager
def _told_as_not_ready() -> Iterator[None]:
    try:
        yield
    except ReplayingFailedError as failed:
        raise NotReadyError(f"{failed}; nothing was changed") from failed


def report_bytes(report: Mapping[str, Any], form: str) -> bytes:
    """Write a report in a format, here and now."""
    return b"".join(FORMATS[form].render(report))


def check_catalogue(name_or_path: str, source: Path) -> Iterator[tuple[str, str]]:
    """Hold a catalogue's locations and hashes against a copy of its source; give every fault with its place."""
    for fault in catalogues.check_source(catalogues.read(catalogues.find(name_or_path)), source):
        yield fault.place, fault.message
