"""Every setting of Wardroom: read once, validated whole, or refused with each path and its mend.

The only reader of the environment. `wardroom.example.yaml` documents what stands here, and a test
holds the two together.
"""

from __future__ import annotations

import enum
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, SettingsError

from bot import documents
from bot.audit_settings import Audit
from bot.documents import Block
from bot.engine_settings import Engine
from bot.errors import ConfigurationError
from bot.estate_checks import Duration
from bot.login_settings import Account
from bot.model import Place
from bot.oidc_settings import Oidc
from bot.probe_settings import Probes
from bot.provider_settings import Provider, engine_names, provider_names
from bot.runbook_settings import RunbooksExport
from bot.secret_files import SUFFIX, fill_secrets, open_to_all
from bot.setting_values import (
    AppToken,
    BaseUrl,
    BotToken,
    Channel,
    ExistingPath,
    Guid,
    MetadataUrl,
    Password,
    Reading,
    SigningSecret,
    SlashCommand,
    Url,
    is_loopback,
    reading_of,
)
from bot.ticket_settings import Tickets

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "WARDROOM_"
NAME = "wardroom.yaml"


class Mode(enum.StrEnum):
    """How careful to be: production, or a sandbox on this machine with personas and no tokens."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


class Level(enum.StrEnum):
    """What is logged at least."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


# --- the settings ------------------------------------------------------------------------------


class Server(Block):
    """Where Wardroom listens, and the address that people and platforms reach it by."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: BaseUrl | None = Field(default=None, validate_default=True)

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None, info: ValidationInfo) -> str | None:
        if reading_of(info).production and (value is None or not value.startswith("https://")):
            raise ValueError("must be the https:// address that people open, in production")
        return value

    @field_validator("host")
    @classmethod
    def _sandbox_stays_home(cls, value: str, info: ValidationInfo) -> str:
        if not reading_of(info).production and not is_loopback(value):
            raise ValueError(
                "sandbox mode has personas instead of logins, so it listens on 127.0.0.1 only; "
                "use 127.0.0.1, or mode: production"
            )
        return value

    @property
    def address(self) -> str:
        """Return the base address to open, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


class Slack(Block):
    """A Slack app; `app_token` chooses Socket Mode, otherwise Slack posts to /slack/events."""

    signing_secret: SigningSecret
    signing_secret_file: Path | None = None
    bot_token: BotToken
    bot_token_file: Path | None = None
    app_token: AppToken | None = None
    app_token_file: Path | None = None
    api_url: BaseUrl = "https://slack.com/api/"
    command: SlashCommand = "/ops"
    names: dict[str, SlashCommand] = Field(default_factory=dict)
    client_id: str = ""
    client_secret: Password | None = None
    client_secret_file: Path | None = None
    refresh_token: Password | None = None
    refresh_token_file: Path | None = None
    whole_organisation: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Slack:
        parts = (
            bool(self.client_id),
            self.client_secret is not None,
            self.refresh_token is not None,
        )
        if any(parts) and not all(parts):
            raise ValueError(
                "rotates its token only with client_id, client_secret_file and refresh_token_file; "
                "set all three or none"
            )
        return self


class Teams(Block):
    """A Teams bot of one tenant; the addresses are the public cloud's unless set."""

    app_id: Guid
    app_password: Password | None = None
    app_password_file: Path | None = None
    managed_identity_url: MetadataUrl | None = None
    tenant_id: Guid
    openid_metadata_url: Url = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    issuer: Url = "https://api.botframework.com"
    login_url: BaseUrl = "https://login.microsoftonline.com/"
    allowed_service_urls: tuple[BaseUrl, ...] = Field(
        default=("https://smba.trafficmanager.net/",), min_length=1
    )
    rooms: Literal["thread", "channel"] = "thread"
    graph_url: BaseUrl = "https://graph.microsoft.com/"

    @model_validator(mode="after")
    def _whole(self) -> Teams:
        if (self.app_password is None) == (self.managed_identity_url is None):
            raise ValueError("needs app_password_file or managed_identity_url; set one of them")
        return self


class Waits(Block):
    """How long a deploy's job is waited for before a human is asked how it ended."""

    job: Duration = timedelta(minutes=30)
    gate: Duration = timedelta(hours=8)


class Settings(Block):
    """Everything that can be set; built by `load`."""

    mode: Mode = Mode.PRODUCTION
    database: SecretStr = SecretStr("sqlite:///wardroom.db")
    database_file: Path | None = None
    server: Server
    audit: Audit = Field(default_factory=Audit, validate_default=True)
    slack: Slack | None = None
    teams: Teams | None = None
    oidc: Oidc | None = None
    people: ExistingPath
    services: ExistingPath
    backstage: tuple[ExistingPath, ...] = ()
    templates: ExistingPath | None = None
    runbooks: tuple[ExistingPath, ...] = ()
    runbooks_export: RunbooksExport | None = None
    scripts: ExistingPath | None = None
    calendars: ExistingPath | None = None
    policies: tuple[ExistingPath, ...] = ()
    oncall: ExistingPath | None = None
    extensions: tuple[ExistingPath, ...] = ()
    integrations: dict[str, Provider] = Field(default_factory=dict)
    logins: dict[str, Account] = Field(default_factory=dict)
    engines: dict[str, Engine] = Field(default_factory=dict)
    tickets: Tickets = Field(default_factory=Tickets)
    probes: Probes = Field(default_factory=Probes)
    patience: Waits = Field(default_factory=Waits)
    channels: dict[Literal["security"], Channel] = Field(default_factory=dict)
    failover: dict[Literal["slack", "teams"], str] = Field(default_factory=dict)
    log_level: Level = Level.INFO

    @field_validator("database")
    @classmethod
    def _resolve_database(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        return SecretStr(_database(value.get_secret_value(), reading_of(info).folder))

    @field_validator("audit")
    @classmethod
    def _placed(cls, value: Audit, info: ValidationInfo) -> Audit:
        """Fill in the name, and the places of the log's key and anchors."""
        server, database = info.data.get("server"), info.data.get("database")
        folder, beside = reading_of(info).folder, None
        file = database.get_secret_value() if database is not None else ""
        if file.startswith("sqlite:///"):
            beside = Path(file.removeprefix("sqlite:///")).parent
        key_folder = folder if beside is None or "key" in value.model_fields_set else beside
        return value.placed(folder, key_folder, _origin(server) if server else "", beside)

    @field_validator("integrations")
    @classmethod
    def _known(cls, value: dict[str, Provider], info: ValidationInfo) -> dict[str, Provider]:
        known = provider_names(info.data.get("extensions", ())) - engine_names()
        for name in value.keys() - known:
            raise ValueError(f"nothing here talks to {name}{documents.nearest(name, known)}")
        return value

    @field_validator("engines")
    @classmethod
    def _spoken(cls, value: dict[str, Engine], info: ValidationInfo) -> dict[str, Engine]:
        known = engine_names(info.data.get("extensions", ()))
        for name, engine in value.items():
            if engine.provider not in known:
                near = documents.nearest(engine.provider, known)
                raise ValueError(f"{name}.provider: no engine is a {engine.provider}{near}")
        return value

    @field_validator("failover")
    @classmethod
    def _elsewhere(cls, value: dict[str, str]) -> dict[str, str]:
        for name, place in value.items():
            platform, _, channel = place.partition(":")
            if platform not in ("slack", "teams") or platform == name or not channel:
                raise ValueError(
                    f"{name} fails over to a place on the other platform, such as "
                    f"`{'teams:19:...@thread.tacv2' if name == 'slack' else 'slack:C0123456789'}`"
                )
        return value

    @property
    def elsewhere(self) -> Mapping[str, Place]:
        """Return, by platform, where its messages are shown as well while it is down."""
        parted = {name: place.partition(":") for name, place in self.failover.items()}
        return {name: Place(platform, channel) for name, (platform, _, channel) in parted.items()}

    @property
    def is_sandbox(self) -> bool:
        """Say whether this is the sandbox: loopback, personas, no tokens."""
        return self.mode is Mode.SANDBOX


class _Overlaid(Settings, BaseSettings):
    """Tells pydantic-settings which variables there are; never built itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )


# --- reading them ------------------------------------------------------------------------------


def is_here() -> bool:
    """Say whether there is a settings file in one of the usual places."""
    return "WARDROOM_CONFIG" in os.environ or any(path.is_file() for path in _usual(os.environ))


def place(given: Path | None) -> Path:
    """Return this machine's settings file: the given one, or the one in a usual place."""
    return find(given, os.environ)


def here(given: Path | None) -> Settings:
    """Return this machine's settings, from the file that `place` finds and the environment."""
    return load(place(given), os.environ)


def find(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the settings file: as given, by WARDROOM_CONFIG, or the first usual place."""
    named = given or environ.get("WARDROOM_CONFIG")
    if named:
        return Path(named)
    usual = _usual(environ)
    found = next((path for path in usual if path.is_file()), None)
    if found is None:
        raise ConfigurationError(
            f"there is no settings file at {' or '.join(map(str, usual))}; name one with --config "
            "or WARDROOM_CONFIG (wardroom.example.yaml shows every setting)"
        )
    return found


def _usual(environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Return where a settings file is looked for: the data folder, then the current one."""
    return Path(environ.get("WARDROOM_HOME") or "var") / NAME, Path(NAME)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a file and the environment, which wins.

    Relative paths start at the file's folder. `ConfigurationError` lists every problem at once,
    each with its path and the mend, and never a secret.
    """
    document = documents.read(path)
    if not isinstance(document, dict):
        raise documents.refuse(path, ["is not a list of settings, one `name: value` per line"])
    over, problems = _from_environment(environ)
    document.setdefault("server", {})
    data = _merged(document, over)
    reading = Reading(path.resolve().parent, production=data.get("mode") != Mode.SANDBOX.value)
    if reading.production and open_to_all(path):
        problems.append(f"everybody on this machine can read this file; run: chmod o-rwx {path}")
    unread = fill_secrets(data, Settings, reading.folder, strict=reading.production)
    problems += [f"{where}: {what}" for where, what in unread.items()]
    try:
        settings = Settings.model_validate(data, context=reading)
    except ValidationError as error:
        said = tuple(f"{where.removesuffix(SUFFIX)}:" for where in unread)
        found = documents.sentences(error, Settings)
        problems += [sentence for sentence in found if not sentence.startswith(said)]
        raise documents.refuse(path, problems) from None
    if problems:
        raise documents.refuse(path, problems)
    return settings


def _from_environment(environ: Mapping[str, str]) -> tuple[dict[str, object], list[str]]:
    source = EnvSettingsSource(_Overlaid)
    source.env_vars = {name.lower(): value for name, value in environ.items() if value}
    problems = [
        f"{name}: there is no such setting{documents.nearest(block, Settings.model_fields)}"
        for name in sorted(environ)
        if name.upper().startswith(PREFIX) and "__" in name
        if (block := name[len(PREFIX) :].lower().split("__")[0]) not in Settings.model_fields
    ]
    try:
        return source(), problems
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        name = f"{PREFIX}{field[1].upper()}" if field else PREFIX
        return {}, [*problems, f'{name}: must be JSON, such as ["one", "two"]']


def _merged(below: dict[str, object], above: dict[str, object]) -> dict[str, object]:
    """Lay one document over another; a secret and its file replace each other."""
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            result[name] = _merged(old, value)
            continue
        twin = name.removesuffix(SUFFIX) if name.endswith(SUFFIX) else name + SUFFIX
        result.pop(twin, None)
        result[name] = value
    return result


def _origin(server: Server) -> str:
    """Return what a log is called unless it is named: its address without what may change."""
    if server.public_url is None:
        return "wardroom-sandbox/audit"
    address = urlsplit(server.public_url)
    return f"{address.hostname}{address.path.rstrip('/')}/audit"


def _database(url: str, folder: Path) -> str:
    """Return a database address with a relative SQLite path made absolute."""
    if url.startswith(("postgresql://", "postgres://")):
        return url
    relative = url.removeprefix("sqlite:///")
    if relative == url or not relative:
        raise ValueError("must be sqlite:///FILE or postgresql://HOST/NAME")
    return f"sqlite:///{folder / relative}"
