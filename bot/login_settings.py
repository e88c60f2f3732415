"""The accounts that probes sign in with, each under a name that `services.yaml` refers to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr, model_validator

from bot.documents import Block
from bot.model import Login
from bot.setting_values import Password

if TYPE_CHECKING:
    from collections.abc import Mapping


class Account(Block):
    """One account: a user with a password or a private key, or a token alone."""

    user: str = ""
    password: Password | None = None
    password_file: Path | None = None
    token: Password | None = None
    token_file: Path | None = None
    key: Password | None = None
    key_file: Path | None = None
    passphrase: Password | None = None
    passphrase_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Account:
        ways = [self.password, self.token, self.key]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs one of password_file, token_file and key_file")
        if (self.token is None) != bool(self.user):
            raise ValueError("has a user with password_file or key_file, and none with token_file")
        if self.passphrase is not None and self.key is None:
            raise ValueError("has a passphrase but no key_file, which it would unlock")
        return self


def logins(accounts: Mapping[str, Account]) -> Mapping[str, Login]:
    """Return what a probe is given, by name."""
    return {
        name: Login(
            one.user,
            _secret(one.password),
            _secret(one.token),
            _secret(one.key),
            _secret(one.passphrase),
        )
        for name, one in accounts.items()
    }


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""
