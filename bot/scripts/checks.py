"""What is wrong with a script beyond the shape of each key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final

from bot.documents import nearest
from bot.model.scripts import HOLE, Reach
from bot.scripts.document import LONGEST_READ

if TYPE_CHECKING:
    from bot.ports import Catalogue
    from bot.scripts.document import Document, HostEntry, ScriptEntry

_SHELLS: Final = frozenset(
    {"sh", "ash", "bash", "csh", "dash", "fish", "ksh", "tcsh", "zsh", "busybox", "eval"}
)
_WINDOWS_SHELLS: Final = frozenset(
    {"cmd", "powershell", "pwsh", "invoke-expression", "iex", "invoke-command", "icm"}
)
_CMDLET: Final = re.compile(r"[A-Za-z]+-[A-Za-z][A-Za-z0-9]*")
_BRACES: Final = re.compile(r"\{[{%#]|[%#}]\}")
_MINIMAL: Final = ("PATH", "LANG")


def problems(
    document: Document, catalogue: Catalogue | None, roles: Collection[str] | None
) -> Iterator[str]:
    """Yield a sentence for each, with its path; services and roles only where they are known."""
    seen: set[str] = set()
    for entry in document.scripts:
        where = f"scripts.{entry.name}"
        if entry.name in seen:
            yield f"{where}: is there twice; one script is one entry"
        seen.add(entry.name)
        yield from _reached(entry, document.hosts, where)
        yield from _command(entry, where)
        yield from _names(entry, where)
        yield from _nature(entry, where)
        yield from _variables(entry, document.secrets, where)
        if catalogue is not None:
            yield from _target(entry, catalogue, where)
        if roles is not None:
            for role in entry.roles:
                if role not in roles:
                    yield f"{where}.roles: there is no role {role}{nearest(role, roles)}"


def _reached(entry: ScriptEntry, hosts: Mapping[str, HostEntry], where: str) -> Iterator[str]:
    if entry.reach is Reach.LOCAL:
        if entry.host:
            yield f"{where}.host: a local script has none; remove it"
    elif not entry.host:
        yield f"{where}.host: is missing; {entry.reach.value} needs one of hosts by its name"
    elif entry.host not in hosts:
        yield f"{where}.host: there is no host {entry.host}{nearest(entry.host, hosts)}"
    elif hosts[entry.host].reach is not entry.reach:
        reach = hosts[entry.host].reach.value
        yield f"{where}.host: {entry.host} is reached by {reach}; put reach: {reach}"


def _command(entry: ScriptEntry, where: str) -> Iterator[str]:
    first, *rest = entry.command
    if HOLE.search(first):
        yield f"{where}.command: what is run stands in the file; no value is in its first item"
    if any("\x00" in item for item in entry.command):
        yield f"{where}.command: holds a NUL character; remove it"
    if entry.reach is Reach.WINRM:
        yield from _windows(first, where)
        return
    if not first.startswith("/"):
        yield f"{where}.command: must begin with a whole path, such as /opt/hospital/restart-router"
    if PurePosixPath(first).name in _SHELLS:
        yield f"{where}.command: {first} is a shell; put what it does into a script and name that"
    is_env = PurePosixPath(first).name in ("env", "sudo", "nice", "timeout", "xargs")
    if is_env and any(PurePosixPath(item).name in _SHELLS for item in rest):
        yield f"{where}.command: {first} begins a shell here; name a script of your own instead"


def _windows(first: str, where: str) -> Iterator[str]:
    path = PureWindowsPath(first)
    if path.stem.lower() in _WINDOWS_SHELLS:
        yield f"{where}.command: {first} is a shell; name a cmdlet or a script file instead"
    elif not _CMDLET.fullmatch(first) and not path.is_absolute():
        yield f"{where}.command: must begin with a cmdlet (Restart-Service) or a whole path"


def _names(entry: ScriptEntry, where: str) -> Iterator[str]:
    names = [parameter.name for parameter in entry.parameters]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{where}.parameters.{name}: is there twice; give one another name"
    used = [name for item in entry.command for name in HOLE.findall(item)]
    for item in entry.command:
        if _BRACES.search(HOLE.sub("", item)):
            yield f"{where}.command: only a name stands between braces: {{{{ site }}}}"
    for name in used:
        if name not in names:
            yield f"{where}.command: {name} is no parameter{nearest(name, names)}"
    for name in names:
        if name not in used:
            yield f"{where}.parameters.{name}: is in no argument of its command; remove it"


def _nature(entry: ScriptEntry, where: str) -> Iterator[str]:
    if entry.reads:
        if entry.timeout_seconds > LONGEST_READ:
            yield f"{where}.timeout_seconds: what only reads is waited for {LONGEST_READ} at most"
        return
    if entry.figures:
        yield f"{where}.figures: are of what only reads; remove them, or say reads: true"
    for name in ("service", "environment"):
        if not getattr(entry, name):
            yield f"{where}.{name}: is missing; by it a change is approved, frozen and locked"


def _variables(entry: ScriptEntry, secrets: Mapping[str, object], where: str) -> Iterator[str]:
    if entry.variables and entry.reach is Reach.WINRM:
        yield f"{where}.variables: a winrm script has none; remove them"
    for name, value in entry.variables.items():
        if name in _MINIMAL:
            yield f"{where}.variables.{name}: is always as Wardroom sets it; remove it"
        if not isinstance(value, str) and value.secret not in secrets:
            hint = nearest(value.secret, secrets)
            yield f"{where}.variables.{name}: there is no secret {value.secret}{hint}"


def _target(entry: ScriptEntry, catalogue: Catalogue, where: str) -> Iterator[str]:
    if not entry.service:
        if entry.environment:
            yield f"{where}.environment: is of a service; name that too"
        return
    service = catalogue.service(entry.service)
    known = [one.id for one in catalogue.services()]
    if service is None:
        yield f"{where}.service: there is no service {entry.service}{nearest(entry.service, known)}"
    elif entry.environment and service.environment(entry.environment) is None:
        places = [one.name for one in service.environments]
        hint = nearest(entry.environment, places)
        yield f"{where}.environment: {entry.service} has no {entry.environment}{hint}"
