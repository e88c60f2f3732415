"""The settings of a place that the audit log is forwarded to."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bot.documents import Block
from bot.setting_values import ExistingPath, Password, reading_of

FORMATS = {
    "syslog": ("atna", "cef", "ocsf", "jsonl"),
    "webhook": ("jsonl", "ocsf", "fhir", "cef"),
    "splunk": ("jsonl", "ocsf"),
}
"""What each kind of receiver takes; the first one unless another is named."""

SCHEMES = {"syslog": ("tls", "tcp"), "webhook": ("https", "http"), "splunk": ("https", "http")}
"""How each kind of receiver is reached: encrypted, and not."""


class Forward(Block):
    """One receiver of the audit log, and how it is reached; always encrypted in production."""

    kind: Literal["syslog", "webhook", "splunk"]
    url: str
    format: Literal["", "atna", "cef", "ocsf", "fhir", "jsonl"] = Field(
        default="", validate_default=True
    )
    token: Password | None = None
    token_file: Path | None = None
    ca: ExistingPath | None = None
    certificate: ExistingPath | None = None
    certificate_key: ExistingPath | None = None
    index: str = ""
    acknowledged: bool = False
    batch: int = Field(default=200, ge=1, le=2_000)
    alert_minutes: int = Field(default=10, ge=1)

    @field_validator("url")
    @classmethod
    def _reachable(cls, value: str, info: ValidationInfo) -> str:
        encrypted, bare = SCHEMES.get(info.data.get("kind", ""), SCHEMES["webhook"])
        parts = urlsplit(value)
        if parts.scheme not in (encrypted, bare) or not parts.hostname or not _has_port(parts):
            raise ValueError(f"must be an address that starts with {encrypted}://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be an address alone; a token has a setting of its own")
        if parts.scheme == bare and reading_of(info).production:
            raise ValueError(f"would send the audit log unencrypted; use {encrypted}://")
        return value

    @field_validator("format")
    @classmethod
    def _taken(cls, value: str, info: ValidationInfo) -> str:
        known = FORMATS.get(info.data.get("kind", ""), ())
        if value and known and value not in known:
            raise ValueError(f"a {info.data['kind']} takes {', '.join(known)}")
        return value or next(iter(known), "")

    @model_validator(mode="after")
    def _whole(self) -> Forward:
        if self.kind == "splunk" and self.token is None:
            raise ValueError("needs the collector's token_file")
        if self.kind == "syslog" and self.token is not None:
            raise ValueError("has a token, which syslog has no place for; use a certificate")
        if self.kind != "splunk" and (self.index or self.acknowledged):
            raise ValueError("index and acknowledged are for splunk; remove them")
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("a certificate needs its certificate_key, and the other way round")
        try:
            self.context()
        except OSError as error:
            raise ValueError("ca, certificate or certificate_key cannot be used") from error
        return self

    @property
    def address(self) -> tuple[str, int | None]:
        """Return the host, and the port where one is named."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port

    def context(self) -> ssl.SSLContext | None:
        """Return how the receiver is known, and known to it; None where nothing is encrypted."""
        if urlsplit(self.url).scheme in ("http", "tcp"):
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate and self.certificate_key:
            context.load_cert_chain(self.certificate, self.certificate_key)
        return context


def _has_port(parts: SplitResult) -> bool:
    """Say whether what stands for the port is one, or nothing does."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
