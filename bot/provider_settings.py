"""The settings of one vendor's system: its address, and how we sign in there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr, model_validator

from bot.api import Credentials
from bot.documents import Block
from bot.setting_values import BaseUrl, Password

if TYPE_CHECKING:
    from collections.abc import Sequence


class Provider(Block):
    """One vendor's system: its address, and how we sign in there.

    Most take a user with a password, or a token; the others are for those whose page says so.
    """

    url: BaseUrl
    user: str = ""
    password: Password | None = None
    password_file: Path | None = None
    token: Password | None = None
    token_file: Path | None = None
    client_id: str = ""
    client_secret: Password | None = None
    client_secret_file: Path | None = None
    tenant_id: str = ""
    login_url: BaseUrl = ""
    app_id: str = ""
    installation_id: str = ""
    private_key: Password | None = None
    private_key_file: Path | None = None
    region: str = ""
    role_arn: str = ""
    hook_secret: Password | None = None
    hook_secret_file: Path | None = None
    hook_secret_before: Password | None = None
    hook_secret_before_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Provider:
        if self.password is not None and self.token is not None:
            raise ValueError("has a password and a token; keep one of them")
        if self.password is not None and not self.user:
            raise ValueError("has a password but no user; set user")
        if self.user and self.password is None and self.token is None:
            raise ValueError("has a user but neither password_file nor token_file; set one")
        if bool(self.client_id) != (self.client_secret is not None):
            raise ValueError("client_id and client_secret_file belong together; set both")
        if self.login_url and not self.tenant_id:
            raise ValueError("login_url is where a tenant signs in; set tenant_id, or remove it")
        if bool(self.app_id) != (self.private_key is not None):
            raise ValueError("app_id and private_key_file belong together; set both")
        if self.hook_secret_before is not None and self.hook_secret is None:
            raise ValueError("has hook_secret_before but no hook_secret_file; set that one")
        return self

    @property
    def hook_secrets(self) -> tuple[str, ...]:
        """Return what its webhooks may be signed with: while it is changed, the one before too."""
        both = _secret(self.hook_secret), _secret(self.hook_secret_before)
        return tuple(one for one in both if one)

    def credentials(self) -> Credentials:
        """Return what an integration is given."""
        return Credentials(
            url=self.url,
            user=self.user,
            password=_secret(self.password),
            token=_secret(self.token),
            client_id=self.client_id,
            client_secret=_secret(self.client_secret),
            tenant_id=self.tenant_id,
            login_url=self.login_url,
            app_id=self.app_id,
            installation_id=self.installation_id,
            private_key=_secret(self.private_key),
            region=self.region,
            role_arn=self.role_arn,
        )


def engine_names(extensions: Sequence[Path] = ()) -> frozenset[str]:
    """Return the names of the integrations that connect to an interface engine."""
    return provider_names(extensions, r"^PORT\s*=\s*InterfaceEngine\b")


def provider_names(extensions: Sequence[Path] = (), declares: str = r"^PORT\b") -> frozenset[str]:
    """Return the names of the integrations that connect to something, by their files.

    Not by importing them: whoever reads settings need not load every vendor's library.
    """
    folders = [one / "integrations" for one in (Path(__file__).parent.parent, *extensions)]
    files = [
        file for one in folders for file in (*one.glob("[!_]*.py"), *one.glob("*/__init__.py"))
    ]
    connecting = [
        file for file in files if re.search(declares, file.read_text("utf-8"), re.MULTILINE)
    ]
    return frozenset(
        file.parent.name if file.stem == "__init__" else file.stem for file in connecting
    )


def _secret(value: SecretStr | None) -> str:
    return value.get_secret_value() if value is not None else ""
