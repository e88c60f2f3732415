"""What the estate file says of order, checks and validators; each mistake has its path and mend."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot import catalogue
from bot.errors import ConfigurationError
from bot.model import Deployment, Probe, Validator
from bot.model.estate import WATCH

URL = "http://feed/health"


def _load(folder: Path, **production: object) -> Deployment:
    environments = {"test": {}, "production": production}
    service = {"id": "a", "owner": "o", "safety_class": "A", "environments": environments}
    (folder / "services.yaml").write_text(json.dumps([service]))
    found = catalogue.load(folder / "services.yaml").service("a")
    assert found is not None
    environment = found.environment("production")
    assert environment is not None
    return environment


def _problems(folder: Path, **production: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        _load(folder, **production)
    said = str(caught.value).split("\n  - ")[1:]
    return [one.removeprefix("a.environments.production.") for one in said]


def test_what_is_declared_is_read(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        after="test",
        soak="1d12h",
        prechecks=[
            {"kind": "queue", "url": URL, "at": "a[0].depth", "below": 5},
            {"kind": "backup", "url": URL, "at": "finished", "oldest": "90m"},
            {"kind": "scan", "url": URL, "critical": 0, "high": 2, "version_at": "version"},
            {"kind": "interface", "url": "mllp://lab:2575", "timeout_seconds": 10},
        ],
        smoke=[{"kind": "http", "url": URL, "name": "front page", "at": "status", "says": "ok"}],
        validator={"rota": "radiology"},
        watch="45m",
    )
    assert (found.after, found.soak) == ("test", timedelta(hours=36))
    queue, backup, scan, interface = found.prechecks
    assert queue == Probe("queue", URL, at="a[0].depth", below=5)
    assert backup.oldest == timedelta(minutes=90)
    assert (scan.critical, scan.high, scan.critical_at, scan.version_at) == (
        0,
        2,
        "critical",
        "version",
    )
    assert (interface.label, interface.timeout_seconds) == ("interface", 10)
    assert found.smoke[0].label == "front page"
    assert (found.validator, found.watch) == (Validator(rota="radiology"), timedelta(minutes=45))


def test_without_any_of_it_an_environment_is_as_it_was(tmp_path: Path) -> None:
    assert _load(tmp_path) == Deployment("production")
    assert _load(tmp_path, validator={"role": "engineer"}).watch == WATCH


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"after": "tests"}, "after: tests is no environment of a (did you mean test?)"),
        (
            {"after": "production"},
            "after: the order goes round in a circle; one environment is the first",
        ),
        ({"soak": "2h"}, "soak: needs after, the environment where it soaks"),
        (
            {"after": "test", "soak": "2 hours"},
            "soak: must be a duration, such as 90m, 2h, 1d or 1d12h",
        ),
        ({"after": "test", "soak": 2}, "soak: must be a duration, such as 90m, 2h, 1d or 1d12h"),
        ({"after": "test", "soak": "0m"}, "soak: must be longer than nothing and at most 366d"),
        ({"watch": "2h"}, "watch: needs a validator, who is waited for that long"),
        (
            {"validator": {"role": "engineer", "person": "x"}},
            "validator: names one of role, person and rota, such as validator: {role: engineer}",
        ),
        (
            {"validator": {}},
            "validator: names one of role, person and rota, such as validator: {role: engineer}",
        ),
    ],
)
def test_a_mistake_in_the_order_says_its_path_and_mend(
    tmp_path: Path, keys: dict[str, object], problem: str
) -> None:
    assert _problems(tmp_path, **keys) == [problem]


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        (
            {"kind": "queue", "url": URL, "at": "depth"},
            "prechecks[0].below: is missing; a check of the kind queue needs below: 100",
        ),
        (
            {"kind": "queue", "url": URL, "at": "a..b", "below": 1},
            (
                "prechecks[0].at: must be a place in a JSON answer, such as queue_depth, "
                "jobs[0].finished"
            ),
        ),
        (
            {"kind": "backup", "url": URL, "at": "t", "oldest": "1h", "below": 3},
            "prechecks[0].below: a check of the kind backup has no such setting; remove it",
        ),
        (
            {"kind": "http", "url": URL, "at": "status"},
            "prechecks[0]: at and says belong together: at: status, says: ok",
        ),
        (
            {"kind": "http", "url": "feed/health"},
            "prechecks[0].url: must be an address that begins with http://",
        ),
        (
            {"kind": "interface", "url": "mllp://lab"},
            "prechecks[0].url: must end with a host and a port, such as mllp://lab:2575",
        ),
        (
            {"kind": "http", "url": URL, "timeout_seconds": 11},
            "prechecks[0].timeout_seconds: should be less than or equal to 10",
        ),
        (
            {"kind": "ping", "url": URL},
            (
                "prechecks[0].kind: should be 'version', 'http', 'queue', 'backup', 'scan', "
                "'interface', 'junit', 'sarif', 'trivy', 'cyclonedx', 'code-scanning', "
                "'dependabot' or 'endpoint'"
            ),
        ),
    ],
)
def test_a_mistake_in_a_check_says_its_path_and_mend(
    tmp_path: Path, check: dict[str, object], problem: str
) -> None:
    assert _problems(tmp_path, prechecks=[check]) == [problem]


def test_security_alerts_are_asked_of_who_builds_the_service_before_a_deploy(
    tmp_path: Path,
) -> None:
    check = {"kind": "dependabot", "critical": 0, "high": 0}
    assert _problems(tmp_path, prechecks=[check]) == [
        "prechecks[0]: dependabot is asked of who builds it; set ci"
    ]
    wrong = {"kind": "code-scanning", "critical": 0, "url": URL}
    found = _problems(tmp_path, smoke=[wrong])
    assert found == [
        "smoke[0].high: is missing; a check of the kind code-scanning needs high: 0",
        "smoke[0].url: a check of the kind code-scanning has no such setting; remove it",
        "smoke[0]: code-scanning is one of prechecks",
    ]


def test_two_checks_of_one_name_are_told_apart(tmp_path: Path) -> None:
    check = {"kind": "http", "url": URL}
    assert _problems(tmp_path, smoke=[check, check]) == [
        "smoke[1].name: http is there twice; give each a name of its own"
    ]


def test_a_role_that_no_policy_knows_validates_nothing(tmp_path: Path) -> None:
    _load(tmp_path, validator={"role": "safety_oficer"})
    file = tmp_path / "services.yaml"
    with pytest.raises(ConfigurationError) as caught:
        catalogue.load(file, roles=["safety_officer", "engineer"])
    (said,) = str(caught.value).split("\n  - ")[1:]
    assert said == (
        "a.environments.production.validator.role: there is no role safety_oficer, so nobody "
        "could validate there (did you mean safety_officer?)"
    )
    assert catalogue.load(file, roles=["safety_oficer"]).service("a") is not None
