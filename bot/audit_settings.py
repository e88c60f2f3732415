"""How the audit log is signed and where it is anchored: the block `audit` of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.digest_settings import DigestPlace
from bot.documents import Block
from bot.forward_settings import Forward
from bot.model import Place
from bot.retention_settings import Retention
from bot.setting_values import BaseUrl, Origin

MINUTE: Final = 60.0
DAY: Final = 86_400.0


class AnchorPlace(Block):
    """One place outside that keeps the newest checkpoint; `every` is in seconds."""

    file: Path | None = None
    database: SecretStr | None = None
    database_file: Path | None = None
    witness: BaseUrl | None = None
    witness_key: str = ""
    channel: str = ""
    every: float | None = Field(default=None, ge=1)

    @field_validator("database")
    @classmethod
    def _of_others(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("postgresql://"):
            raise ValueError("must be postgresql://HOST/NAME; for a file on this machine, set file")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> AnchorPlace:
        kinds = (self.file, self.database, self.witness, self.channel)
        if sum(bool(kind) for kind in kinds) != 1:
            raise ValueError("is one place: set file, database_file, witness or channel")
        if bool(self.witness) != bool(self.witness_key):
            raise ValueError("set witness_key too: its people know its public key")
        platform, _, channel = self.channel.partition(":")
        if self.channel and (platform not in ("slack", "teams") or not channel):
            raise ValueError("channel must be like slack:C0123456789")
        return self

    @property
    def place(self) -> Place:
        """Return the channel."""
        platform, _, channel = self.channel.partition(":")
        return Place(platform, channel)

    @property
    def seconds(self) -> float:
        """Return how often it is given a checkpoint: people are not to be flooded."""
        return self.every or (DAY if self.channel else MINUTE)


class Countersign(Block):
    """A command that has checkpoints signed by a key elsewhere, and that key; seconds between."""

    command: tuple[str, ...] = Field(min_length=1)
    key: str
    every: float = Field(default=MINUTE, ge=1)


class Audit(Block):
    """The log's name and key, its search index, its anchors, and who else is sent it.

    `spool` is where records wait while the log cannot be written, False for nowhere; `ballast` is
    how many MB of the database's disk are kept to say that it is full; `strictness` makes commands
    stricter, by name or by what they may do; `on_call` is the channel that is told of actions
    whose end is not known.
    """

    origin: Origin = ""
    key: Path = Path("audit.key")
    openings: Path = Path("openings.key")
    countersign: Countersign | None = None
    digest: DigestPlace | None = None
    index: Path | Literal[False] | None = None
    spool: Path | Literal[False] | None = None
    ballast: int = Field(default=1, ge=0, le=1024)
    strictness: dict[str, Literal["strict", "spool-ok"]] = Field(default_factory=dict)
    on_call: str = ""
    anchors: dict[str, AnchorPlace] = Field(default_factory=dict)
    forward: dict[str, Forward] = Field(default_factory=dict)
    retention: Retention = Field(default_factory=Retention)

    @field_validator("strictness", mode="before")
    @classmethod
    def _never_none(cls, value: object) -> object:
        if isinstance(value, dict) and "none" in value.values():
            raise ValueError("is strict or spool-ok: nothing runs here without a record")
        return value

    @field_validator("on_call")
    @classmethod
    def _a_channel(cls, value: str) -> str:
        platform, _, channel = value.partition(":")
        if value and (platform not in ("slack", "teams") or not channel):
            raise ValueError("must be like slack:C0123456789")
        return value

    @property
    def on_call_place(self) -> Place | None:
        """Return the channel of those on call, if there is one."""
        platform, _, channel = self.on_call.partition(":")
        return Place(platform, channel) if channel else None

    def placed(self, folder: Path, key_folder: Path, origin: str, database: Path | None) -> Audit:
        """Return the same with every path absolute and the name filled in.

        `database` is the folder of a database in a file: index and spool are beside it unless set.
        """
        index = folder / self.index if self.index else None
        if self.index is None and database is not None:
            index = database / "index"
        spool = folder / self.spool if self.spool else self.spool
        if self.spool is None:
            spool = (database or folder) / "spool"
        anchors = {
            name: anchor.model_copy(update={"file": folder / anchor.file})
            if anchor.file
            else anchor
            for name, anchor in self.anchors.items()
        }
        update = {
            "key": key_folder / self.key,
            "openings": key_folder / self.openings,
            "index": index,
            "spool": spool,
            "anchors": anchors,
            "retention": self.retention.placed(folder, database),
            "origin": self.origin or origin,
        }
        return self.model_copy(update=update)
