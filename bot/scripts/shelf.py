"""The scripts of a site: read once, whole, or refused with each path and its mend."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot import documents
from bot.errors import BadInput
from bot.model import Reason
from bot.model.scripts import Script, ScriptHost
from bot.scripts.checks import problems
from bot.scripts.document import PORTS, Document, HostEntry, ScriptEntry
from bot.secret_files import fill_secrets

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bot.ports import Catalogue


@dataclass(frozen=True)
class Shelf:
    """Every script by its name."""

    scripts: Mapping[str, Script] = field(default_factory=dict)

    def get(self, name: str) -> Script:
        """Return a script; `BadInput` says which there are."""
        found = self.scripts.get(name.lower())
        if found is None:
            hint = documents.nearest(name.lower(), self.scripts)
            raise BadInput(f"There is no script `{name}`{hint}.", reason=Reason.NOT_FOUND)
        return found

    def barred(self, name: str, *, reads: bool) -> str:
        """Return why a runbook may not have a step that runs or asks a script, "" where it may."""
        script = self.scripts.get(name.lower())
        if script is None:
            return f"there is no script {name}{documents.nearest(name, self.scripts)}"
        if script.reads is not reads:
            verb = "script ask" if script.reads else "script run"
            return f"{script.name} is typed as `{verb} {script.name}`"
        if not script.runbooks:
            return f"{script.name} may not be used in runbooks: its entry does not say so"
        return ""


def load(
    path: Path,
    *,
    strict: bool,
    catalogue: Catalogue | None = None,
    roles: Collection[str] | None = None,
) -> Shelf:
    """Return the scripts of a file; `ConfigurationError` lists everything that is wrong."""
    found = documents.read(path)
    if not isinstance(found, dict):
        raise documents.refuse(path, ["must hold scripts, and hosts where they are elsewhere"])
    folder = path.resolve().parent
    unread = fill_secrets(found, Document, folder, strict=strict)
    wrong = [f"{where}: {what}" for where, what in unread.items()]
    try:
        document = Document.model_validate(found)
    except ValidationError as error:
        raise documents.refuse(path, [*wrong, *documents.sentences(error, Document)]) from None
    wrong += [*problems(document, catalogue, roles), *_files(document, folder)]
    if wrong:
        raise documents.refuse(path, wrong)
    hosts = {name: _host(name, entry, folder) for name, entry in document.hosts.items()}
    secrets = {n: _plain(one.value) for n, one in document.secrets.items()}
    made = [_script(entry, hosts, secrets) for entry in document.scripts]
    return Shelf({script.name: script for script in made})


def _files(document: Document, folder: Path) -> Iterator[str]:
    for name, entry in document.hosts.items():
        for key in ("known_hosts", "ca"):
            file = getattr(entry, key)
            if file is not None and not (folder / file).is_file():
                yield f"hosts.{name}.{key}: there is no {folder / file}; make it"


def _host(name: str, entry: HostEntry, folder: Path) -> ScriptHost:
    known = (folder / entry.known_hosts).read_text("utf-8") if entry.known_hosts else ""
    more = {"proof": entry.sign_in} if entry.sign_in else {}
    return ScriptHost(
        name=name,
        reach=entry.reach,
        host=entry.host,
        port=entry.port or PORTS[entry.reach],
        user=entry.user,
        password=_plain(entry.password),
        key=_plain(entry.key),
        passphrase=_plain(entry.passphrase),
        known_hosts=known,
        fingerprint=entry.fingerprint or "",
        ca=str(folder / entry.ca) if entry.ca else "",
        **more,
    )


def _script(
    entry: ScriptEntry, hosts: Mapping[str, ScriptHost], secrets: Mapping[str, str]
) -> Script:
    host = hosts.get(entry.host)
    given = {
        name: value if isinstance(value, str) else secrets[value.secret]
        for name, value in entry.variables.items()
    }
    hidden = [host.password, host.key, host.passphrase] if host else []
    return Script(
        **entry.model_dump(exclude={"host", "parameters", "variables"}),
        host=host,
        parameters=tuple(one.parameter() for one in entry.parameters),
        variables=given,
        secrets=tuple({one for one in (*hidden, *secrets.values()) if one}),
    )


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
