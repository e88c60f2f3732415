"""Where a service can be asked how it is, as the estate file declares it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class EndpointKind(enum.StrEnum):
    """What speaks at an endpoint, and so what it can be asked."""

    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    HTTP = "http"
    MLLP = "mllp"
    DICOM = "dicom"
    FHIR = "fhir"
    ENGINE = "engine"
    LDAP = "ldap"
    SFTP = "sftp"
    DATABASE = "database"
    DISK = "disk"
    CLOCK = "clock"
    SYSTEMD = "systemd"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True)
class Login:
    """The account that a probe signs in with; what a protocol does not need is "".

    `key` is a private key as its file has it, `passphrase` what that is locked with.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


@dataclass(frozen=True)
class Endpoint:
    """One address of a service in an environment, and what a good answer is; asked read-only.

    `seconds` is how long one question may take. With `is_safe` an MLLP listener may be sent a
    test message about `test_patient`, who is nobody. `called` and `calling` are DICOM's titles.
    `addresses`, `status`, `fhir_version`, `resources` and `role` are expected answers; empty, any
    will do. `login` names the account that is signed in with, "" for none. `host_key` or the file
    `known_hosts` say who an SSH server has to be. `newest_minutes` and `oldest_minutes` bound the
    age of `files` in the folder `path`; 0 is no bound. Without a `host` it is about this machine.
    `channel` is the id or the exact name of one of an `engine` of the settings; more than
    `queue_limit` may not wait there, nor may it be idle for `idle_minutes` (0: for ever).
    """

    name: str
    kind: EndpointKind
    service: str = ""
    environment: str = ""
    host: str = ""
    port: int = 0
    url: str = ""
    seconds: float = 5.0
    tls: bool = False
    ca_file: str = ""
    server_name: str = ""
    fail_below_days: int = 7
    is_safe: bool = False
    test_patient: str = ""
    receiver: str = ""
    called: str = ""
    calling: str = "WARDROOM"
    addresses: tuple[str, ...] = ()
    status: int = 200
    is_sign_in: bool = False
    fhir_version: str = ""
    resources: tuple[str, ...] = ()
    smart: bool = False
    login: str = ""
    start_tls: bool = False
    host_key: str = ""
    known_hosts: str = ""
    path: str = ""
    files: str = "*"
    newest_minutes: int = 0
    oldest_minutes: int = 0
    system: str = ""
    database: str = ""
    role: str = ""
    fail_above_percent: int = 90
    fail_above_ms: int = 1000
    unit: str = ""
    namespace: str = ""
    workload: str = ""
    engine: str = ""
    channel: str = ""
    queue_limit: int = 100
    idle_minutes: int = 0

    @property
    def place(self) -> str:
        """Return where it is, as people read it."""
        if self.kind is EndpointKind.ENGINE:
            return f"{self.channel} on {self.engine}"
        where = self.url or (f"{self.host}:{self.port}" if self.port else self.host)
        what = self.workload or self.unit or self.path
        return ", ".join(filter(None, (where or "this machine", what)))
