"""What scripts.yaml says: hosts, secrets, and scripts that name them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, SecretStr, StringConstraints, model_validator

from bot.documents import Block, matching
from bot.model.scripts import ParameterType, Proof, Reach, ScriptParameter

LONGEST: Final = 600
LONGEST_READ: Final = 60
"""Seconds: somebody waits for the answer of what only reads."""
Name: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Word: TypeAlias = Annotated[
    str,
    matching(r"[a-z][a-z0-9_]{0,31}", "must be lower-case letters, digits and underscores"),
]
Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Host: TypeAlias = Annotated[
    str, matching(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}", "a host")
]
Fingerprint: TypeAlias = Annotated[
    str,
    matching(r"SHA256:[A-Za-z0-9+/]{43}", "must be as ssh-keygen -lf shows it: SHA256:..."),
]
Variable: TypeAlias = Annotated[
    str, matching(r"[A-Z_][A-Z0-9_]{0,62}", "must be capital letters, digits and _")
]
PORTS: Final = {Reach.SSH: 22, Reach.WINRM: 5986}
_SSH_ONLY: Final = ("key", "passphrase", "known_hosts", "fingerprint")


class HostEntry(Block):
    """A machine; how it proves itself is asked for, there is no way to trust any key."""

    reach: Literal[Reach.SSH, Reach.WINRM]
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    user: Text
    password: SecretStr | None = None
    password_file: Path | None = None
    key: SecretStr | None = None
    key_file: Path | None = None
    passphrase: SecretStr | None = None
    passphrase_file: Path | None = None
    known_hosts: Path | None = None
    fingerprint: Fingerprint | None = None
    ca: Path | None = None
    sign_in: Proof | None = None

    @model_validator(mode="after")
    def _whole(self) -> HostEntry:
        if self.reach is Reach.WINRM:
            extra = [name for name in _SSH_ONLY if getattr(self, name) is not None]
            if extra:
                raise ValueError(f"a winrm host has no {extra[0]}; remove it")
            if self.password is None:
                raise ValueError("a winrm host needs password_file")
            return self
        if self.ca is not None or self.sign_in is not None:
            raise ValueError("an ssh host has no ca and no sign_in; remove them")
        if (self.known_hosts is None) == (self.fingerprint is None):
            raise ValueError("needs known_hosts or fingerprint, one of them: its key is checked")
        if (self.key is None) == (self.password is None):
            raise ValueError("needs key_file or password_file; set one of them")
        return self


class SecretEntry(Block):
    """A secret that scripts are given as a variable."""

    value: SecretStr | None = None
    value_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> SecretEntry:
        if self.value is None:
            raise ValueError("needs value_file: the file that holds the secret alone")
        return self


class ParameterEntry(Block):
    """A value that is asked for."""

    name: Word
    type: ParameterType
    description: Text
    choices: tuple[Text, ...] = ()
    pattern: str = ""
    default: str = ""
    may_begin_with_dash: bool = False

    @model_validator(mode="after")
    def _whole(self) -> ParameterEntry:
        if (self.type is ParameterType.CHOICE) != bool(self.choices):
            raise ValueError("a parameter of type choice has choices, and no other one has")
        if self.pattern and self.type is not ParameterType.WORD:
            raise ValueError("only a word has a pattern")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"its pattern is none: {error.msg}") from error
        if self.default and self.choices and self.default not in self.choices:
            raise ValueError("its default is none of its choices")
        return self

    def parameter(self) -> ScriptParameter:
        """Return it as a value."""
        return ScriptParameter(**self.model_dump())


class SecretRef(Block):
    """Names a secret of the file."""

    secret: Name


class ScriptEntry(Block):
    """One script; `reads` says whether it changes nothing, and has no default."""

    name: Name
    summary: Text
    owner: Text
    reach: Reach
    host: str = ""
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    parameters: tuple[ParameterEntry, ...] = ()
    reads: bool
    service: str = ""
    environment: str = ""
    timeout_seconds: Annotated[int, Field(ge=1, le=LONGEST)] = 60
    runbooks: bool = False
    figures: tuple[Word, ...] = ()
    roles: tuple[Word, ...] = ()
    variables: dict[Variable, str | SecretRef] = Field(default_factory=dict)


class Document(Block):
    """The file; its scripts are read one by one, so that each mistake has its script's name."""

    hosts: dict[str, HostEntry] = Field(default_factory=dict)
    secrets: dict[str, SecretEntry] = Field(default_factory=dict)
    scripts: tuple[ScriptEntry, ...]
