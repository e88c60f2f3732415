"""What the estate file says of endpoints: each mistake has its path and mend."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import catalogue
from bot.errors import ConfigurationError
from bot.estate_endpoints import GENERAL, MAY, NEEDS, EndpointEntry
from bot.login_settings import Account, logins
from bot.model import Endpoint, EndpointKind, Service

DOCUMENT = Path(__file__).parent.parent / "docs/probes.md"
KEY = f"SHA256:{'a' * 43}"
CLUSTER: dict[str, Any] = {
    "kind": "kubernetes",
    "host": None,
    "port": None,
    "url": "https://cluster:6443",
    "login": "a",
    "namespace": "portal",
    "workload": "deployment/portal",
}
LAB: dict[str, Any] = {"name": "lab-in", "kind": "mllp", "host": "lab", "port": 2575}


def _load(folder: Path, *endpoints: dict[str, Any], **keys: object) -> Service:
    production = {"endpoints": endpoints, **keys}
    service = {
        "id": "a",
        "owner": "o",
        "safety_class": "A",
        "environments": {"production": production},
    }
    (folder / "services.yaml").write_text(json.dumps([service]))
    found = catalogue.load(folder / "services.yaml").service("a")
    assert found is not None
    return found


def test_an_endpoint_knows_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    keys = {"tls": True, "ca_file": "ca.pem", "safe_probe": True, "test_patient": "ZZ1"}
    found = _load(tmp_path, {**LAB, **keys, "seconds": 0.5}).environments[0].endpoints
    assert found == (
        Endpoint(
            "lab-in",
            EndpointKind.MLLP,
            "a",
            "production",
            "lab",
            2575,
            seconds=0.5,
            tls=True,
            ca_file=str(tmp_path / "ca.pem"),
            is_safe=True,
            test_patient="ZZ1",
        ),
    )
    assert found[0].place == "lab:2575"


def test_an_endpoint_says_where_and_what_it_is(tmp_path: Path) -> None:
    disk = {"name": "lab-disk", "kind": "disk", "path": "/var/lib/mirth"}
    unit = {"name": "lab-engine", "kind": "systemd", "unit": "mirthconnect.service"}
    pods = {"name": "lab-pods", **CLUSTER}
    found = _load(tmp_path, disk, unit, pods).environments[0].endpoints
    assert [one.place for one in found] == [
        "this machine, /var/lib/mirth",
        "this machine, mirthconnect.service",
        "https://cluster:6443, deployment/portal",
    ]


def test_a_check_names_an_endpoint(tmp_path: Path) -> None:
    checks = [{"kind": "endpoint", "endpoint": "lab-in"}]
    found = _load(tmp_path, LAB, prechecks=checks, smoke=checks).environments[0]
    assert found.prechecks[0].target == found.smoke[0].target == found.endpoints[0]
    assert found.prechecks[0].label == "lab-in"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"host": None}, "endpoints[0].host: is missing; mllp needs host: lab.hospital.example"),
        ({"port": 0}, "endpoints[0].port: should be greater than or equal to 1"),
        ({"port": 65536}, "endpoints[0].port: should be less than or equal to 65535"),
        ({"called": "X"}, "endpoints[0].called: mllp has no such setting; remove it"),
        ({"seconds": 11}, "endpoints[0].seconds: should be less than or equal to 10"),
        ({"hots": "x"}, "endpoints[0].hots: there is no such setting (did you mean host?); mend"),
        ({"safe_probe": True}, "endpoints[0].test_patient: is missing; safe_probe needs the id"),
        ({"test_patient": "Z^Z|Z"}, "endpoints[0].test_patient: must be at most 20 letters"),
        ({"ca_file": "no.pem", "tls": True}, "endpoints[0].ca_file: there is no such file"),
        ({"server_name": "x"}, "endpoints[0]: ca_file and server_name need TLS; add tls: true"),
        ({"host": "a b"}, "endpoints[0].host: must be a name or address"),
        ({"name": "Lab In"}, "endpoints[0].name: must be lower-case letters, digits and hyphens"),
        (
            {"kind": "dicom", "called": "A" * 17},
            "endpoints[0].called: must be an AE title: at most 16 plain characters",
        ),
        (
            {"kind": "dicom", "called": "A\\B"},
            "endpoints[0].called: must be an AE title: at most 16 plain characters",
        ),
        (
            {"kind": "http", "host": None, "port": None, "url": "ftp://x"},
            "endpoints[0].url: must be an http:// or https:// address without a user or a query",
        ),
        (
            {"kind": "dns", "port": None, "addresses": ["lab"]},
            "endpoints[0].addresses[0]: must be an IP address, such as 10.1.2.3",
        ),
        (
            {"kind": "ldap", "login": "a"},
            "endpoints[0]: would send a password unencrypted; add tls: true or start_tls: true",
        ),
        (
            {"kind": "ldap", "tls": True, "start_tls": True},
            "endpoints[0]: has tls and start_tls; keep one of them",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "/out"},
            "endpoints[0]: an SSH server is asked only where it is known; set host_key or",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "/out", "host_key": KEY, "known_hosts": "k"},
            "endpoints[0]: an SSH server is asked only where it is known; set host_key or",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "/out", "known_hosts": "no"},
            "endpoints[0].known_hosts: there is no such file",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "out", "host_key": KEY},
            "endpoints[0].path: must be an absolute path",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "/out/../etc", "host_key": KEY},
            "endpoints[0].path: must be an absolute path",
        ),
        (
            {"kind": "disk", "host": None, "port": None, "path": "/.."},
            "endpoints[0].path: must be an absolute path",
        ),
        (
            {"kind": "sftp", "login": "a", "path": "/out", "host_key": KEY, "files": "../*"},
            "endpoints[0].files: must be names of files, such as *.hl7, no folder",
        ),
        (
            {"kind": "systemd", "unit": "mirth.service"},
            "endpoints[0]: an SSH server is asked only where it is known; set host_key or",
        ),
        (
            {"kind": "systemd", "unit": "mirth.service", "host_key": KEY},
            "endpoints[0].login: is missing; another host is asked over SSH",
        ),
        (
            {"kind": "systemd", "unit": "mirth.service", "host": None},
            "endpoints[0].host: is missing; without it this machine is asked",
        ),
        (
            {"kind": "systemd", "unit": "--root=x.service", "host": None, "port": None},
            "endpoints[0].unit: must be a unit with its ending, such as mirthconnect.service",
        ),
        (
            {"kind": "systemd", "unit": "a b.service", "host": None, "port": None},
            "endpoints[0].unit: must be a unit with its ending, such as mirthconnect.service",
        ),
        (
            {"kind": "database", "system": "postgresql"},
            "endpoints[0]: postgresql is signed in to; set login and database",
        ),
        (
            {"kind": "database", "system": "sqlserver", "login": "a"},
            "endpoints[0]: sqlserver is not signed in to; remove login, database, role and tls",
        ),
        ({"kind": "database", "system": "oracle"}, "endpoints[0].system: should be 'postgresql'"),
        (
            {**CLUSTER, "url": "http://cluster:6443"},
            "endpoints[0].url: would send a token unencrypted; use https://",
        ),
        (
            {**CLUSTER, "workload": "deployment/../secrets"},
            "endpoints[0].workload: must be deployment/NAME, statefulset/NAME or daemonset/NAME",
        ),
        (
            {**CLUSTER, "namespace": "a/b"},
            "endpoints[0].namespace: must be the name of a namespace",
        ),
    ],
)
def test_each_mistake_has_its_path_and_mend(
    tmp_path: Path, keys: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, {key: value for key, value in {**LAB, **keys}.items() if value is not None})
    assert f"a.environments.production.{problem}" in str(caught.value)


def test_a_name_is_of_one_endpoint(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="lab-in is there twice, in a production too"):
        _load(tmp_path, LAB, LAB)


def test_a_check_of_an_endpoint_that_is_not_there_says_which_is_near(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no endpoint lab-on \(did you mean lab-in\?\)"):
        _load(tmp_path, LAB, prechecks=[{"kind": "endpoint", "endpoint": "lab-on"}])


def test_the_document_has_each_kind_with_its_keys() -> None:
    text = DOCUMENT.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ?([^|]*)\|$", text, re.MULTILINE)
    said = {k: (re.findall(r"`(\w+)`", n), re.findall(r"`(\w+)`", m)) for k, n, m in rows}
    assert {k: (set(n), set(m)) for k, (n, m) in said.items()} == {
        kind.value: (set(NEEDS[kind]), set(MAY[kind])) for kind in EndpointKind
    }
    named = {*GENERAL, *(key for kind in EndpointKind for key in (*NEEDS[kind], *MAY[kind]))}
    assert named == set(EndpointEntry.model_fields)


def test_the_example_of_the_document_is_read(tmp_path: Path) -> None:
    _settings, example, accounts = re.findall(
        r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL
    )
    (tmp_path / "services.yaml").write_text(example)
    known = {
        name: Account(**{key.removesuffix("_file"): value for key, value in account.items()})
        for name, account in yaml.safe_load(accounts)["logins"].items()
    }
    read = catalogue.load(tmp_path / "services.yaml", logins=logins(known))
    found = read.service("lab-results")
    assert found is not None
    kinds = {endpoint.kind for endpoint in found.environments[0].endpoints}
    assert kinds == set(EndpointKind)
