"""The security scan that CI makes: what it finds, of what, and what it leaves alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sandbox import repository
from sandbox.ci.scan import CRITICAL, HIGH, MEDIUM, keep, look, scan
from sandbox.estate import SERVICES, tag
from sandbox.layout import Layout


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        ("eval(text)", CRITICAL),
        ("os.system('rm ' + name)", CRITICAL),
        ("subprocess.run(line, shell=True)", CRITICAL),
        ("pickle.loads(body)", CRITICAL),
        ("client.get(url, verify=False)", HIGH),
        ("listen('0.0.0.0', 80)", HIGH),
        ("hashlib.md5(body)", HIGH),
        ("db.execute(f'SELECT {x}')", HIGH),
        ("try:\n    go()\nexcept:\n    pass", MEDIUM),
    ],
)
def test_what_is_dangerous_is_found_with_its_severity(code: str, severity: str) -> None:
    (found,) = look(code, "x.py")
    assert found.severity == severity


@pytest.mark.parametrize(
    "code",
    [
        "# eval(text)",
        "'os.system'",
        "subprocess.run(words, shell=False)",
        "hashlib.md5(body, usedforsecurity=False)",
        "db.execute('SELECT ?', (x,))",
        "listen('127.0.0.1', 80)",
    ],
)
def test_what_is_harmless_is_left_alone(code: str) -> None:
    assert list(look(code, "x.py")) == []


def test_a_result_names_the_version_and_the_commit_that_it_is_of(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "portal").mkdir(parents=True)
    (checkout / "portal" / "VERSION").write_text("1.4.2\n")
    (checkout / "portal" / "portal.py").write_text("eval('1')\n")
    (checkout / "portal" / "test_portal.py").write_text("eval('2')\n")
    (checkout / "web.py").write_text("PORT = 1\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@hospital.test"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run(["git", "-C", str(checkout), *who, *words], check=True)
    head = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()

    result = scan(checkout, "portal")

    assert (result["version"], result["commit"]) == ("1.4.2", commit)
    assert (result["critical"], result["high"], result["files"]) == (1, 0, 2)
    path = keep(Layout(tmp_path), result)
    assert path == tmp_path / "sandbox" / "ci" / "scans" / "portal" / "1.4.2.json"
    assert json.loads(path.read_text()) == result


@pytest.mark.parametrize("version", ["1.4.1", "1.4.2"])
def test_the_good_versions_of_the_hospital_scan_clean(tmp_path: Path, version: str) -> None:
    layout = Layout(tmp_path)
    repository.make(layout)
    for service in SERVICES:
        checkout = tmp_path / service.id
        repository.export(layout, f"refs/tags/{tag(service.id, version)}", checkout)
        files = [*checkout.glob("*.py"), *(checkout / service.id).glob("*.py")]
        found = [
            problem
            for file in files
            if not file.name.startswith("test_")
            for problem in look(file.read_text(), file.name)
        ]
        assert {one.severity for one in found} <= {MEDIUM}, found
