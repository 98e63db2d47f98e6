"""Every setting, typed, from LEDGER_* environment variables."""

import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from cryptography.x509 import load_pem_x509_certificates
from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from application.sessions import Lifetime
from infrastructure.database.urls import GOOD_DATABASE_URLS, BadDatabaseUrlError, database_url
from infrastructure.log.witness_list import parse_witnesses
from infrastructure.openid.configuration import OpenId, check_address, parse_algorithms, parse_roles

_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        message = f"{name} is no time zone; accepted: a name of the IANA database such as UTC or Europe/Brussels"
        raise ValueError(message) from unknown
    return name


def _database(text: str) -> str:
    try:
        return text and database_url(text).render_as_string(hide_password=False)
    except BadDatabaseUrlError as wrong:
        raise ValueError(f"{wrong}; accepted: {GOOD_DATABASE_URLS}") from None


def _witnesses(text: str) -> str:
    parse_witnesses(text)
    return text


def _authority(url: str) -> str:
    if url and (not url.startswith(("https://", "http://")) or "@" in url):
        raise ValueError("this is no address of a TSA; accepted: http:// or https://, without user name and password")
    return url


def _certificates(path: str) -> str:
    if path:
        try:
            load_pem_x509_certificates(Path(path).read_bytes())
        except (OSError, ValueError) as wrong:
            raise ValueError(f"{path} cannot be used: {wrong}; accepted: a PEM file of certificates") from wrong
    return path


def _address(url: str) -> str:
    return check_address(url) if url else url


def _own_address(url: str) -> str:
    if url and urlsplit(check_address(url)).path not in ("", "/"):
        raise ValueError(f"{url[:200]} has a path; accepted: scheme, host and port")
    return url.rstrip("/")


def _secret_file(path: str) -> str:
    if path:
        try:
            Path(path).read_text(encoding="utf-8")
        except (OSError, ValueError) as wrong:
            raise ValueError(f"{path} cannot be read: {type(wrong).__name__}; accepted: a file of one line") from wrong
    return path


def _roles(text: str) -> str:
    parse_roles(text)
    return text


def _algorithms(text: str) -> str:
    parse_algorithms(text)
    return text


def _networks(text: str) -> str:
    for each in text.split():
        try:
            ip_network(each, strict=False)
        except ValueError:
            message = (
                f"{each} is no address; accepted: addresses and networks such as 10.0.0.7 or 2001:db8::/32, spaced"
            )
            raise ValueError(message) from None
    return text


def _origins(text: str) -> str:
    for each in text.split():
        if not _ORIGIN.fullmatch(each):
            raise ValueError(f"{each} is no origin; accepted: origins such as https://example.org, spaced; no *")
    return text


def written(value: object) -> str:
    """Write a value as the environment has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _masked(database: str) -> str:
    url = sa.make_url(database)
    # Drivers take a password among the parameters, too.
    url = url.update_query_dict({name: "masked" for name in url.query if "pass" in name.lower()})
    return url.render_as_string(hide_password=True)


class Settings(BaseSettings):
    """What can be set. Read once, in `infrastructure.wiring`."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Field(Path("ledger-data"), description="where the ledger's files lie; created when missing")
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "", description="URL of the database: sqlite: or postgresql:; the default is SQLite in the data directory"
    )
    read_database_url: Annotated[str, AfterValidator(_database)] = Field(
        "", description="URL of a replica of the database that answers questions (docs/postgresql.md); none by default"
    )
    replica_wait_seconds: int = Field(
        2,
        ge=0,
        le=60,
        description="how long a question waits for the replica to come as far as the caller has seen, in seconds",
    )
    log_origin: str = Field(
        "localhost/implementation-ledger",
        pattern=r"^[!-*,-~]{1,200}$",
        description="the name of the log, in every proof; fixed for ever when the tables are made",
    )
    key_dir: str = Field(
        "", description="where the log's key file lies, if not in the data directory; readable for its owner only"
    )
    witnesses: Annotated[str, AfterValidator(_witnesses)] = Field(
        "", description="who cosigns the log: verifier key and address of each witness in turn, white space between"
    )
    witness_quorum: int = Field(
        0, ge=0, le=64, description="how many witnesses a checkpoint should have before it is published"
    )
    tsa_url: Annotated[str, AfterValidator(_authority)] = Field(
        "", description="address of the authority (RFC 3161) that stamps checkpoints with the time; none by default"
    )
    tsa_certificate: Annotated[str, AfterValidator(_certificates)] = Field(
        "", description="PEM file of the roots that its certificate must lead to; unchecked by default"
    )
    public_read: bool = Field(default=False, description="whether public programmes are read without a token")
    four_eyes: bool = Field(default=True, description="whether nobody may correct an entry that they recorded")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="where the day of recording is taken"
    )
    actor: str = Field("local", pattern=r"^[a-z0-9][a-z0-9-]{1,63}$", description="who records with the local commands")
    max_body_bytes: int = Field(262_144, ge=1_024, le=262_144, description="the longest request body, in bytes")
    oidc_issuer: Annotated[str, AfterValidator(_address)] = Field(
        "", description="address of the OpenID provider whose accounts are let in (docs/signing-in.md); none by default"
    )
    oidc_audience: str = Field(
        "", description="what the provider calls this ledger as an API (`aud`); without it no access tokens are taken"
    )
    oidc_client_id: str = Field(
        "", description="what the provider calls this ledger as a client; without it nobody signs in with a browser"
    )
    oidc_client_secret: str = Field(
        "", repr=False, description="the secret that it shares with the provider, if it has one"
    )
    oidc_client_secret_file: Annotated[str, AfterValidator(_secret_file)] = Field(
        "", description="file that holds this secret, instead"
    )
    oidc_scope: str = Field(
        "openid", pattern=r"^(\S+ )*openid( \S+)*$", description="what is asked for when somebody signs in"
    )
    oidc_roles: Annotated[str, AfterValidator(_roles)] = Field(
        "", description="a claim and pairs VALUE=ROLE, the first that fits counts, white space between"
    )
    oidc_algorithms: Annotated[str, AfterValidator(_algorithms)] = Field(
        "RS256 PS256 ES256 ES384 Ed25519 EdDSA", description="how the provider may sign"
    )
    oidc_leeway_seconds: int = Field(
        60, ge=0, le=300, description="how far the provider's clock and this one may differ, in seconds"
    )
    public_url: Annotated[str, AfterValidator(_own_address)] = Field(
        "", description="the address at which browsers reach this ledger, such as https://ledger.example.org"
    )
    session_idle_minutes: int = Field(
        30, ge=1, le=1_440, description="after how many minutes without a request somebody is signed out"
    )
    session_hours: int = Field(
        8, ge=1, le=720, description="after how many hours somebody has to sign in again, whatever happens"
    )
    max_head_bytes: int = Field(
        32_768, ge=8_192, le=1_048_576, description="the longest head of a request (address and headers), in bytes"
    )
    max_catalogue_megabytes: int = Field(
        256, ge=1, le=65_536, description="the largest file that `ledger load` takes, in MB"
    )
    max_streams: int = Field(32, ge=1, le=10_000, description="how many streams of entries a process gives at once")
    max_streams_each: int = Field(4, ge=1, le=10_000, description="how many of them one caller may have")
    max_connections: int = Field(
        12_000, ge=16, le=1_000_000, description="how many connections a process holds, if the system lets it"
    )
    request_seconds: int = Field(
        20, ge=1, le=3_600, description="how long a request may take to arrive, head and body, in seconds"
    )
    keep_alive_seconds: int = Field(
        15, ge=1, le=3_600, description="how long a connection may wait for its next request, in seconds"
    )
    taking_seconds: int = Field(
        60, ge=1, le=3_600, description="how long a client may take nothing of an answer, in seconds"
    )
    rate_limit: int = Field(0, ge=0, description="requests a minute with one valid token; 0 is no limit")
    rate_limit_anonymous: int = Field(
        1_200, ge=0, description="requests a minute without a token, for one client's address; 0 is no limit"
    )
    rate_limit_failures: int = Field(
        30, ge=0, description="refused tokens a minute, for one client's address; 0 is no limit"
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="addresses or networks whose X-Forwarded-For is believed, spaced; none by default"
    )
    cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="origins whose pages may read what is public, spaced; none by default"
    )
    hsts_seconds: int = Field(
        0, ge=0, le=63_072_000, description="for how long browsers come by TLS only; 0 says nothing of it"
    )
    max_report_commitments: int = Field(
        20_000, ge=1, le=1_000_000, description="of how many commitments a report given or issued by the API may tell"
    )
    rendering_seconds: int = Field(
        120, ge=1, le=3_600, description="how long a PDF or XLSX may take, in seconds, before it is given up"
    )
    rendering_megabytes: int = Field(
        6_144, ge=256, le=1_048_576, description="how much memory the process that makes PDF or XLSX may take"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="the least level that is logged")

    @model_validator(mode="after")
    def _whole_provider(self) -> "Settings":
        if self.oidc_issuer and not (self.oidc_roles and (self.oidc_audience or self.oidc_client_id)):
            raise ValueError("LEDGER_OIDC_ISSUER needs LEDGER_OIDC_ROLES, and LEDGER_OIDC_AUDIENCE or _CLIENT_ID")
        if self.oidc_client_id and not self.public_url:
            raise ValueError("LEDGER_OIDC_CLIENT_ID needs LEDGER_PUBLIC_URL, to which the provider sends browsers back")
        if self.oidc_audience and self.oidc_audience == self.oidc_client_id:
            raise ValueError(
                "LEDGER_OIDC_AUDIENCE is LEDGER_OIDC_CLIENT_ID, so ID tokens could pass for access tokens; "
                "accepted: a name of its own for the ledger as an API"
            )
        if self.oidc_client_secret and self.oidc_client_secret_file:
            raise ValueError("LEDGER_OIDC_CLIENT_SECRET and its _FILE are both set; accepted: one of them")
        return self

    @model_validator(mode="after")
    def _enough_witnesses(self) -> "Settings":
        listed = len(parse_witnesses(self.witnesses))
        if self.witness_quorum > listed:
            raise ValueError(
                f"witness_quorum is {self.witness_quorum}; accepted: 0 to {listed}, the number of witnesses"
            )
        return self

    def database(self) -> str:
        """Give the URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ledger.db'}"

    def key_folder(self) -> Path:
        """Give the folder of the log's key file."""
        return Path(self.key_dir) if self.key_dir else self.data_dir

    def log_folder(self) -> Path:
        """Give the folder of what the log has signed."""
        return self.data_dir / "log"

    def openid(self) -> OpenId | None:
        """Give how the OpenID provider is dealt with, None without one."""
        roles = parse_roles(self.oidc_roles)
        if not self.oidc_issuer or roles is None:
            return None
        return OpenId(
            issuer=self.oidc_issuer,
            audience=self.oidc_audience,
            client_id=self.oidc_client_id,
            client_secret=self._client_secret(),
            scope=self.oidc_scope,
            public_url=self.public_url,
            roles=roles,
            algorithms=parse_algorithms(self.oidc_algorithms),
            leeway=self.oidc_leeway_seconds,
        )

    def _client_secret(self) -> str:
        path = self.oidc_client_secret_file
        return Path(path).read_text(encoding="utf-8").strip() if path else self.oidc_client_secret

    def lifetime(self) -> Lifetime:
        """Give how long sessions last."""
        return Lifetime(timedelta(minutes=self.session_idle_minutes), timedelta(hours=self.session_hours))

    def shown(self) -> dict[str, str]:
        """Give every setting by the name of its variable, secrets masked."""
        shown = {f"LEDGER_{name.upper()}": written(value) for name, value in self}
        shown["LEDGER_OIDC_CLIENT_SECRET"] = self.oidc_client_secret and "masked"
        shown["LEDGER_DATABASE_URL"] = _masked(self.database())
        shown["LEDGER_READ_DATABASE_URL"] = _masked(self.read_database_url) if self.read_database_url else ""
        return shown
