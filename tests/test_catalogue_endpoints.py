"""What the estate file says of endpoints: each mistake has its path and mend."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot import catalogue
from bot.errors import ConfigurationError
from bot.estate_endpoints import GENERAL, MAY, NEEDS, EndpointEntry
from bot.model import Endpoint, EndpointKind, Service

DOCUMENT = Path(__file__).parent.parent / "docs/probes.md"
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
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    (tmp_path / "services.yaml").write_text(example)
    found = catalogue.load(tmp_path / "services.yaml").service("lab-results")
    assert found is not None
    kinds = {endpoint.kind for endpoint in found.environments[0].endpoints}
    assert kinds == set(EndpointKind)
