"""Allow-listed scripts: what a site lets be run, and the runs of them."""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.model.messages import Place

HOLE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
"""Where a parameter's value stands in a script's command."""


class Reach(enum.StrEnum):
    """By which way a script is reached."""

    LOCAL = "local"
    SSH = "ssh"
    WINRM = "winrm"


class Proof(enum.StrEnum):
    """How a Windows host is told who asks."""

    NEGOTIATE = "negotiate"
    NTLM = "ntlm"
    KERBEROS = "kerberos"
    BASIC = "basic"


class ParameterType(enum.StrEnum):
    """What a value of a script may be."""

    WORD = "word"
    NUMBER = "number"
    CHOICE = "choice"
    SERVICE = "service"
    ENVIRONMENT = "environment"
    ENDPOINT = "endpoint"


@dataclass(frozen=True)
class ScriptParameter:
    """One value that is asked for; `pattern` is what a word has to match whole.

    A value that begins with "-" is refused unless `may_begin_with_dash`.
    """

    name: str
    type: ParameterType
    description: str
    choices: tuple[str, ...] = ()
    pattern: str = ""
    default: str = ""
    may_begin_with_dash: bool = False


@dataclass(frozen=True)
class ScriptHost:
    """A machine that scripts run on, how it proves who it is, and how we do.

    SSH: `known_hosts` is the text of such a file, or `fingerprint` the SHA256 of its key. WinRM:
    `ca` is a PEM file of authorities, "" for the system's.
    """

    name: str
    reach: Reach
    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    known_hosts: str = field(default="", repr=False)
    fingerprint: str = ""
    ca: str = ""
    proof: Proof = Proof.NEGOTIATE


@dataclass(frozen=True, kw_only=True)
class Script:
    """One script; `reads` says that it changes nothing. `command` is a list of arguments.

    It acts on `service` in `environment`: by these it is approved, frozen and locked. `secrets`
    are the values that nothing it prints may show; `figures` the `key=value` lines that count.
    """

    name: str
    summary: str
    owner: str
    reach: Reach
    command: tuple[str, ...]
    reads: bool
    host: ScriptHost | None = None
    parameters: tuple[ScriptParameter, ...] = ()
    service: str = ""
    environment: str = ""
    timeout_seconds: int = 60
    runbooks: bool = False
    figures: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def place(self) -> str:
        """Return where it runs, as people read it."""
        return f"{self.host.name} ({self.reach.value})" if self.host else "this machine"

    @property
    def digest(self) -> str:
        """Return what an approval binds to: all of it that is no secret."""
        host = self.host
        where = (host.host, host.port, host.user, host.fingerprint) if host else ()
        what = (self.name, self.reach, self.command, self.service, self.environment)
        values = [vars(parameter) for parameter in self.parameters]
        exact = (*what, where, self.timeout_seconds, sorted(self.variables), values)
        return hashlib.sha256(json.dumps(exact).encode()).hexdigest()


@dataclass(frozen=True)
class Argument:
    """One argument; a fixed one stands in the file as it is, no value is in it."""

    text: str
    is_fixed: bool = True


@dataclass(frozen=True)
class Call:
    """What is carried out once: the exact arguments, where, and with which variables."""

    reach: Reach
    arguments: tuple[Argument, ...]
    host: ScriptHost | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


class ScriptState(enum.StrEnum):
    """Where a run of a script stands; UNKNOWN waits for a human to look."""

    ASKED = "asked"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    NOT_STARTED = "not_started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class ScriptRun:
    """One run of a script that changes something; `shown` is its argument list for people.

    `output` is the end of what it printed, masked; `is_cut` says that there was more before.
    `stop_by` has asked for its end.
    """

    id: str
    script: str
    digest: str
    given: Mapping[str, str]
    shown: str
    host: str
    service: str
    environment: str
    person: str
    reason: str
    place: Place
    correlation: str
    request: str
    asked: datetime
    state: ScriptState = ScriptState.ASKED
    begun: datetime | None = None
    ended: datetime | None = None
    exit_code: int | None = None
    text: str = ""
    output: str = ""
    is_cut: bool = False
    stop_by: str = ""
    stop_why: str = ""

    @property
    def is_over(self) -> bool:
        """Say whether nothing happens to it any more."""
        return self.state not in (ScriptState.ASKED, ScriptState.RUNNING)
