"""What the estate file says of endpoints: where a service is asked how it is, and what is good."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from bot.documents import Block, matching, nearest
from bot.model import Endpoint, EndpointKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Deployment, Login, Probe, Service

LONGEST: Final = 10  # clinical.md §6: a probe never waits longer
Name: TypeAlias = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{0,62}", "must be lower-case letters, digits and hyphens")
]
Host: TypeAlias = Annotated[
    str,
    matching(r"[A-Za-z0-9_](?:[\w.-]{0,251}\w)?|[0-9A-Fa-f:.]{2,45}", "must be a name or address"),
]
# PS3.5 6.2: an AE has at most 16 characters of the default repertoire, and no backslash.
Title: TypeAlias = Annotated[
    str,
    matching(r"(?! )[ -\[\]-~]{1,16}(?<! )", "must be an AE title: at most 16 plain characters"),
]
# Nothing that parts fields or components in HL7, so that a message stays as it was meant.
Plain: TypeAlias = Annotated[
    str, matching(r"[A-Za-z0-9_.-]{1,20}", "must be at most 20 letters, digits, and . _ -")
]
# Mirth: a channel's name is of letters, digits, spaces, hyphens and underscores; an id is too.
Channel: TypeAlias = Annotated[
    str, matching(r"[\w-](?:[\w .-]{0,78}[\w.-])?", "must be a channel's id or its exact name")
]
Version: TypeAlias = Annotated[str, matching(r"\d{1,2}\.\d{1,2}(?:\.\d{1,2})?", "such as 4.0.1")]
Resource: TypeAlias = Annotated[str, matching(r"[A-Z][A-Za-z]{1,60}", "such as Patient")]
Folder: TypeAlias = Annotated[
    str, matching(r"(?!.*/\.\.(?:/|$))/[^\x00-\x1f\x7f]{0,250}", "must be an absolute path")
]
Files: TypeAlias = Annotated[
    str, matching(r"[^/\x00-\x1f\x7f]{1,100}", "must be names of files, such as *.hl7, no folder")
]
Database: TypeAlias = Annotated[
    str, matching(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", "must be the name of a database")
]
# systemd.unit(5), without the escapes; it must never be taken for an option.
Unit: TypeAlias = Annotated[
    str,
    matching(
        r"[A-Za-z0-9:_.][A-Za-z0-9:_.@-]{0,200}\.(?:service|socket|timer|mount|target|path)",
        "must be a unit with its ending, such as mirthconnect.service",
    ),
]
# What ssh-keygen -l prints of a key.
HostKey: TypeAlias = Annotated[
    str, matching(r"SHA256:[A-Za-z0-9+/]{43}", "must be a fingerprint, such as SHA256:nThbg6k...")
]
Namespace: TypeAlias = Annotated[
    str, matching(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "must be the name of a namespace")
]
Workload: TypeAlias = Annotated[
    str,
    matching(
        r"(?:deployment|statefulset|daemonset)/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?",
        "must be deployment/NAME, statefulset/NAME or daemonset/NAME",
    ),
]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=525_600)]


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError("must be an IP address, such as 10.1.2.3") from error


class EndpointEntry(Block):
    """One endpoint of an environment; which of the keys belong to it depends on its kind."""

    name: Name
    kind: EndpointKind
    seconds: float = Field(default=5.0, ge=0.1, le=LONGEST, allow_inf_nan=False)
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    url: str | None = None
    tls: bool | None = None
    ca_file: str | None = None
    server_name: Host | None = None
    fail_below_days: Annotated[int, Field(ge=0, le=365)] | None = None
    safe_probe: bool | None = None
    test_patient: Plain | None = None
    receiver: Plain | None = None
    called: Title | None = None
    calling: Title | None = None
    addresses: tuple[Annotated[str, AfterValidator(_address)], ...] | None = None
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    sign_in: bool | None = None
    fhir_version: Version | None = None
    resources: tuple[Resource, ...] | None = None
    smart: bool | None = None
    login: Name | None = None
    start_tls: bool | None = None
    host_key: HostKey | None = None
    known_hosts: str | None = None
    path: Folder | None = None
    files: Files | None = None
    newest_minutes: Minutes | None = None
    oldest_minutes: Minutes | None = None
    system: Literal["postgresql", "sqlserver"] | None = None
    database: Database | None = None
    role: Literal["primary", "standby"] | None = None
    fail_above_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    fail_above_ms: Annotated[int, Field(ge=1, le=3_600_000)] | None = None
    unit: Unit | None = None
    namespace: Namespace | None = None
    workload: Workload | None = None
    engine: Name | None = None
    channel: Channel | None = None
    queue_limit: Annotated[int, Field(ge=0, strict=True)] | None = None
    idle_minutes: Annotated[int, Field(ge=1, le=10_080, strict=True)] | None = None

    def endpoint(self, service: str, environment: str, folder: Path) -> Endpoint:
        """Return what is asked; a file is looked for beside the estate file."""
        given = self.model_dump(
            exclude_none=True, exclude={"safe_probe", "sign_in", "ca_file", "known_hosts"}
        )
        return Endpoint(
            **given,
            service=service,
            environment=environment,
            is_safe=bool(self.safe_probe),
            is_sign_in=bool(self.sign_in),
            ca_file=str(folder / self.ca_file) if self.ca_file else "",
            known_hosts=str(folder / self.known_hosts) if self.known_hosts else "",
        )


# What each kind needs, with an example, and what else it may have.
GENERAL: Final = frozenset({"name", "kind", "seconds"})
_HOST: Final = "host: lab.hospital.example"
NEEDS: Final = {
    EndpointKind.TCP: {"host": _HOST, "port": "port: 1521"},
    EndpointKind.TLS: {"host": _HOST, "port": "port: 443"},
    EndpointKind.DNS: {"host": _HOST},
    EndpointKind.HTTP: {"url": "url: https://portal.hospital.example/health"},
    EndpointKind.MLLP: {"host": _HOST, "port": "port: 2575"},
    EndpointKind.DICOM: {"host": _HOST, "port": "port: 11112", "called": "called: ARCHIVE"},
    EndpointKind.FHIR: {"url": "url: https://ehr.hospital.example/fhir"},
    EndpointKind.LDAP: {"host": _HOST, "port": "port: 636"},
    EndpointKind.SFTP: {"host": _HOST, "login": "login: claims-drop", "path": "path: /outgoing"},
    EndpointKind.DATABASE: {"host": _HOST, "port": "port: 5432", "system": "system: postgresql"},
    EndpointKind.DISK: {"path": "path: /var/lib/mirth"},
    EndpointKind.CLOCK: {"host": "host: ntp.hospital.example"},
    EndpointKind.SYSTEMD: {"unit": "unit: mirthconnect.service"},
    EndpointKind.KUBERNETES: {
        "url": "url: https://cluster.hospital.example:6443",
        "login": "login: cluster",
        "namespace": "namespace: portal",
        "workload": "workload: deployment/portal",
    },
    EndpointKind.ENGINE: {"engine": "engine: mirth-main", "channel": "channel: Lab results in"},
}
_TLS: Final = frozenset({"tls", "ca_file", "server_name"})
_KNOWN: Final = frozenset({"host_key", "known_hosts"})
MAY: Final = {
    EndpointKind.TCP: frozenset[str](),
    EndpointKind.TLS: frozenset({"ca_file", "server_name", "fail_below_days"}),
    EndpointKind.DNS: frozenset({"addresses"}),
    EndpointKind.HTTP: frozenset({"ca_file", "status", "sign_in"}),
    EndpointKind.MLLP: _TLS | {"safe_probe", "test_patient", "receiver"},
    EndpointKind.DICOM: _TLS | {"calling"},
    EndpointKind.FHIR: frozenset({"ca_file", "fhir_version", "resources", "smart"}),
    EndpointKind.LDAP: _TLS | {"start_tls", "login"},
    EndpointKind.SFTP: _KNOWN | {"port", "files", "newest_minutes", "oldest_minutes"},
    EndpointKind.DATABASE: _TLS | {"login", "database", "role"},
    EndpointKind.DISK: frozenset({"fail_above_percent"}),
    EndpointKind.CLOCK: frozenset({"port", "fail_above_ms"}),
    EndpointKind.SYSTEMD: _KNOWN | {"host", "port", "login"},
    EndpointKind.KUBERNETES: frozenset({"ca_file"}),
    EndpointKind.ENGINE: frozenset({"queue_limit", "idle_minutes"}),
}


def problems(entries: Sequence[EndpointEntry], where: str, folder: Path) -> Iterator[str]:
    """Yield what is wrong with a list of endpoints beyond the shape of each key."""
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        yield from _misfits(entry, place)
        if entry.url is not None and not re.fullmatch(r"https?://[^\s/@?#]+[^\s@?#]*", entry.url):
            yield f"{place}.url: must be an http:// or https:// address without a user or a query"
        if entry.ca_file is not None and not (folder / entry.ca_file).is_file():
            yield f"{place}.ca_file: there is no such file"
        if (entry.ca_file or entry.server_name) and not _speaks_tls(entry):
            yield f"{place}: ca_file and server_name need TLS; add tls: true, or remove them"
        if entry.safe_probe and not entry.test_patient:
            yield f"{place}.test_patient: is missing; safe_probe needs the id of a test patient"
        if entry.known_hosts is not None and not (folder / entry.known_hosts).is_file():
            yield f"{place}.known_hosts: there is no such file"
        yield from (f"{place}{said}" for said in _unfit(entry))


def _unfit(entry: EndpointEntry) -> Iterator[str]:
    """Yield which settings of one kind do not go together."""
    is_ssh = entry.kind is EndpointKind.SFTP or (
        entry.kind is EndpointKind.SYSTEMD and entry.host is not None
    )
    if is_ssh and (entry.host_key is None) == (entry.known_hosts is None):
        yield ": an SSH server is asked only where it is known; set host_key or known_hosts"
    if entry.kind is EndpointKind.SYSTEMD:
        if is_ssh and entry.login is None:
            yield ".login: is missing; another host is asked over SSH, which needs an account"
        elif not is_ssh and any((entry.port, entry.login, entry.host_key, entry.known_hosts)):
            yield ".host: is missing; without it this machine is asked, which needs no account"
    if entry.tls and entry.start_tls:
        yield ": has tls and start_tls; keep one of them"
    if entry.kind is EndpointKind.LDAP and entry.login and not _speaks_tls(entry):
        yield ": would send a password unencrypted; add tls: true or start_tls: true"
    if entry.kind is EndpointKind.KUBERNETES and not str(entry.url).startswith("https://"):
        yield ".url: would send a token unencrypted; use https://"
    yield from _unfit_database(entry)


def _unfit_database(entry: EndpointEntry) -> Iterator[str]:
    if entry.system == "postgresql" and not (entry.login and entry.database):
        yield ": postgresql is signed in to; set login and database"
    if entry.system == "sqlserver" and (entry.login or entry.database or entry.role or entry.tls):
        yield ": sqlserver is not signed in to; remove login, database, role and tls"


# What an account must have to be signed in with, by kind; any one of them will do.
SIGNS_IN_WITH: Final = {
    EndpointKind.LDAP: ("password",),
    EndpointKind.SFTP: ("key", "password"),
    EndpointKind.DATABASE: ("password",),
    EndpointKind.SYSTEMD: ("key", "password"),
    EndpointKind.KUBERNETES: ("token",),
}


def strangers(services: Mapping[str, Service], logins: Mapping[str, Login]) -> Iterator[str]:
    """Yield which endpoints name an account that is not there, or that cannot sign in so."""
    for service in services.values():
        for one in service.environments:
            for endpoint in one.endpoints:
                if not endpoint.login:
                    continue
                where = f"{service.id}.environments.{one.name}.endpoints.{endpoint.name}.login"
                login, wanted = logins.get(endpoint.login), SIGNS_IN_WITH[endpoint.kind]
                if login is None:
                    near = nearest(endpoint.login, logins)
                    yield f"{where}: {endpoint.login} is not among logins in the settings{near}"
                elif not any(getattr(login, name) for name in wanted):
                    files = " or ".join(f"{name}_file" for name in wanted)
                    yield f"{where}: {endpoint.login} has no {files}, which {endpoint.kind} needs"


def _speaks_tls(entry: EndpointEntry) -> bool:
    is_https = entry.url is not None and entry.url.startswith("https:")
    return entry.kind is EndpointKind.TLS or bool(entry.tls or entry.start_tls) or is_https


def _misfits(entry: EndpointEntry, place: str) -> Iterator[str]:
    given = {name for name in entry.model_fields_set if getattr(entry, name) is not None}
    for name, example in NEEDS[entry.kind].items():
        if name not in given:
            yield f"{place}.{name}: is missing; {entry.kind.value} needs {example}"
    for name in sorted(given - GENERAL - set(NEEDS[entry.kind]) - MAY[entry.kind]):
        yield f"{place}.{name}: {entry.kind.value} has no such setting; remove it"


def connect(services: dict[str, Service]) -> Iterator[str]:
    """Give each check of the kind `endpoint` what it names; yield what does not fit together."""
    known: dict[str, Endpoint] = {}
    for service in services.values():
        for one in service.environments:
            for endpoint in one.endpoints:
                if other := known.get(endpoint.name):
                    yield (
                        f"{service.id}.environments.{one.name}.endpoints: {endpoint.name} is "
                        f"there twice, in {other.service} {other.environment} too; "
                        "a name is of one endpoint"
                    )
                known[endpoint.name] = endpoint
    for name, service in services.items():
        environments = [_connected(one, known) for one in service.environments]
        services[name] = replace(service, environments=tuple(environments))
        for one in environments:
            for check in (*one.prechecks, *one.smoke):
                if check.endpoint and check.target is None:
                    near = nearest(check.endpoint, known)
                    yield (
                        f"{name}.environments.{one.name}: there is no endpoint "
                        f"{check.endpoint}{near}"
                    )


def _connected(one: Deployment, known: Mapping[str, Endpoint]) -> Deployment:
    def found(checks: Sequence[Probe]) -> tuple[Probe, ...]:
        return tuple(
            replace(check, target=known.get(check.endpoint)) if check.endpoint else check
            for check in checks
        )

    return replace(one, prechecks=found(one.prechecks), smoke=found(one.smoke))
