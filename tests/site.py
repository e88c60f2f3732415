"""A site's folder with a settings file that a test changes one thing of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from bot.errors import ConfigurationError
from bot.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
SECRETS = {
    "slack-signing-secret": "8f742231b10e8888abcd99edabcd1234",
    "slack-bot-token": "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy",
    "slack-app-token": "xapp-1-A0116-1170-7ae3b1c2",
    "teams-app-password": "Zx8Q~3vbnqWm.Kd82ns",
    "oidc-client-secret": "qW7-uT3xLm9zRk2vBn5c",
    "buildbot-password": "correct horse battery",
    "mirth-password": "staple battery correct",
    "servicenow-password": "battery correct horse",
    "directory-probe": "horse battery correct",
    "database": "postgresql://wardroom:hunter2x@db.hospital/wardroom",
    "anchor-database": "postgresql://anchor:hunter2x@elsewhere.hospital/anchors",
}


class Site:
    """A site's folder with everything that the example settings name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "wardroom.yaml"
        (folder / "secrets").mkdir()
        (folder / "policies").mkdir()
        for name, secret in SECRETS.items():
            self.secret(name, secret + "\n")
        for name in (
            "people.yaml",
            "services.yaml",
            "calendars.yaml",
            "oncall.yaml",
            "templates.yaml",
            "scripts.yaml",
        ):
            (folder / name).write_text("[]\n")
        self.document: dict[str, object] = yaml.safe_load(
            (ROOT / "wardroom.example.yaml").read_text()
        )

    def secret(self, name: str, value: str, mode: int = 0o600) -> None:
        path = self.folder / "secrets" / name
        path.write_text(value)
        path.chmod(mode)

    def set(self, path: str, value: object) -> None:
        *blocks, name = path.split(".")
        where: dict[str, object] = self.document
        for block in blocks:
            found = where.setdefault(block, {})
            assert isinstance(found, dict)
            where = found
        where[name] = value

    def drop(self, path: str) -> None:
        *blocks, name = path.split(".")
        where: object = self.document
        for block in blocks:
            assert isinstance(where, dict)
            where = where[block]
        assert isinstance(where, dict)
        del where[name]

    def load(self, environ: Mapping[str, str] | None = None, mode: int = 0o600) -> Settings:
        self.file.write_text(yaml.safe_dump(self.document, sort_keys=False))
        self.file.chmod(mode)
        return load(self.file, environ or {})

    def problems(self, environ: Mapping[str, str] | None = None, mode: int = 0o600) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            self.load(environ, mode)
        return str(caught.value).split("\n  - ")[1:]
