"""The settings of one interface engine: its address, and how we sign in there."""

from __future__ import annotations

from pathlib import Path

from bot.api import Credentials
from bot.documents import Block
from bot.setting_values import BaseUrl, ExistingPath, Password


class Engine(Block):
    """One interface engine; `provider` is a folder of integrations/ that talks to such engines."""

    provider: str = "mirth"
    url: BaseUrl
    user: str
    password: Password
    password_file: Path | None = None
    authorities: ExistingPath | None = None

    def credentials(self) -> Credentials:
        """Return what an integration is given."""
        secret = self.password.get_secret_value()
        return Credentials(url=self.url, user=self.user, password=secret)
