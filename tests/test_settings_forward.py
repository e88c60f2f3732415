"""Where the audit log is forwarded to: validated whole, encrypted in production."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from bot.audit.export import atna, ocsf
from bot.audit.forward.forwarding import Forwarding, target_of
from bot.audit.forward.splunk import SplunkTarget
from bot.audit.forward.syslog import SyslogTarget
from bot.audit.forward.webhook import WebhookTarget
from bot.errors import ConfigurationError
from bot.forward_settings import Forward
from tests.audit.export.samples import event
from tests.audit.forward.receivers import make_certificate
from tests.site import Site

SPLUNK = {"kind": "splunk", "url": "https://splunk.example:8088", "token": "0123456789abcdef"}
WEBHOOK = {"kind": "webhook", "url": "https://siem.example/in"}
SYSLOG = {"kind": "syslog", "url": "tls://siem.example"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def of(site: Site, **given: Any) -> Forward:
    site.set("audit.forward", {"siem": given})
    return site.load().audit.forward["siem"]


def test_each_kind_becomes_its_receiver(site: Site) -> None:
    syslog = target_of(of(site, **SYSLOG))
    assert isinstance(syslog, SyslogTarget)
    assert (syslog.host, syslog.port, syslog.message) == ("siem.example", 6514, atna.message)
    assert syslog.context is not None
    assert syslog.context.verify_mode is ssl.CERT_REQUIRED
    webhook = target_of(of(site, **WEBHOOK, format="ocsf"))
    assert isinstance(webhook, WebhookTarget)
    assert (webhook.url, webhook.line, webhook.token) == (WEBHOOK["url"], ocsf.line, "")
    splunk = target_of(of(site, **SPLUNK, acknowledged=True, index="audit"))
    assert isinstance(splunk, SplunkTarget)
    assert (splunk.url, splunk.token) == ("https://splunk.example:8088/", SPLUNK["token"])
    assert (splunk.acknowledges, splunk.index) == (True, "audit")
    assert splunk.shown(event()) == event().data
    assert target_of(of(site, **SPLUNK, format="ocsf")) != splunk


@pytest.mark.parametrize(
    ("form", "begins"), [("cef", b"CEF:0|"), ("ocsf", b'{"activity_id"'), ("jsonl", b'{"actor"')]
)
def test_syslog_carries_lines_as_messages(site: Site, form: str, begins: bytes) -> None:
    syslog = target_of(of(site, **SYSLOG, format=form))
    assert isinstance(syslog, SyslogTarget)
    message = syslog.message(event(text="a\nb"))
    header, _, content = message.partition(b" outcome - ")
    assert header == b"<85>1 2025-11-22T09:30:00.123456Z the-host Wardroom 4242"
    assert content.startswith(begins)
    assert b"\n" not in content


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (SYSLOG | {"unknown": 1}, "siem.unknown: there is no such setting"),
        (SYSLOG | {"kind": "pigeon"}, "siem.kind: should be 'syslog', 'webhook' or 'splunk'"),
        (SYSLOG | {"url": "tcp://siem.example"}, "siem.url: would send the audit log unencrypted"),
        (
            WEBHOOK | {"url": "http://127.0.0.1/in"},
            "siem.url: would send the audit log unencrypted",
        ),
        (
            SYSLOG | {"url": "https://siem.example"},
            "siem.url: must be an address that starts with tls",
        ),
        (
            SYSLOG | {"url": "tls://siem.example:x"},
            "siem.url: must be an address that starts with tls",
        ),
        (WEBHOOK | {"url": "https://u:p@siem.example"}, "siem.url: must be an address alone"),
        (SYSLOG | {"format": "fhir"}, "siem.format: a syslog takes atna, cef, ocsf, jsonl"),
        (
            SYSLOG | {"token": "0123456789abcdef"},
            "siem: has a token, which syslog has no place for",
        ),
        (SPLUNK | {"token": None}, "siem: needs the collector's token_file"),
        (WEBHOOK | {"index": "audit"}, "siem: index and acknowledged are for splunk"),
        (SYSLOG | {"certificate": "people.yaml"}, "siem: a certificate needs its certificate_key"),
        (SYSLOG | {"ca": "people.yaml"}, "siem: ca, certificate or certificate_key cannot be used"),
        (SYSLOG | {"ca": "nowhere.pem"}, "siem.ca: there is no"),
        (SYSLOG | {"batch": 0}, "siem.batch: should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_said_before_the_start(site: Site, given: Any, said: str) -> None:
    site.set("audit.forward", {"siem": given})
    with pytest.raises(ConfigurationError) as error:
        site.load()
    assert f"audit.forward.{said}" in str(error.value)


def test_certificates_of_our_own_are_used(site: Site, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    names = {"ca": certificate.name, "certificate": certificate.name, "certificate_key": key.name}
    context = of(site, **SYSLOG, **names).context()
    assert context is not None
    assert [each["serialNumber"] for each in context.get_ca_certs()]


def test_a_sandbox_may_do_without_encryption(site: Site) -> None:
    site.set("mode", "sandbox")
    site.set("server.host", "127.0.0.1")
    syslog = target_of(of(site, kind="syslog", url="tcp://127.0.0.1:5140"))
    assert isinstance(syslog, SyslogTarget)
    assert (syslog.port, syslog.context) == (5140, None)


def test_without_receivers_nothing_is_forwarded() -> None:
    assert Forwarding().trouble() == {}
