"""Where a service can be asked how it is, as the estate file declares it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class EndpointKind(enum.StrEnum):
    """What speaks at an endpoint, and so what it can be asked."""

    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    HTTP = "http"
    MLLP = "mllp"
    DICOM = "dicom"
    FHIR = "fhir"


@dataclass(frozen=True)
class Endpoint:
    """One address of a service in an environment, and what a good answer is; asked read-only.

    `seconds` is how long one question may take. With `is_safe` an MLLP listener may be sent a
    test message about `test_patient`, who is nobody. `called` and `calling` are DICOM's titles.
    `addresses`, `status`, `fhir_version` and `resources` are expected answers; empty, any will do.
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

    @property
    def place(self) -> str:
        """Return where it is, as people read it."""
        return self.url or (f"{self.host}:{self.port}" if self.port else self.host)
