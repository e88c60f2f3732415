"""Every version of every service is what the tutorial says: good, green but broken, or red."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox import facts, releases, repository
from sandbox.estate import SERVICES, VERSIONS, service, tag
from sandbox.layout import SOURCE, Layout
from tests.sandbox.fixtures import until
from tests.serving import NO_TLS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.hospital
NAMES = [service.id for service in SERVICES]
CHECKS = {"1.4.1": True, "1.4.2": True, "1.4.3": True, "1.5.0": False}
# What runs at the start is seen by every test that uses a hospital.
STARTS = {"1.4.2": "ok", "1.4.3": "degraded"}


@pytest.fixture(scope="session")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    made = Layout(tmp_path_factory.mktemp("versions"))
    repository.make(made)
    return made


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.thorough
def test_ci_would_say(
    name: str, version: str, layout: Layout, sandbox_python: Path, tmp_path: Path
) -> None:
    repository.export(layout, f"refs/tags/{tag(name, version)}", tmp_path)
    done = subprocess.run(
        [sandbox_python, "-m", "sandbox.ci.check", name, "junit.xml"],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(SOURCE.parent), WARDROOM_SANDBOX_WORKER=str(os.getpid())),
        capture_output=True,
        text=True,
        check=False,
    )
    report = (tmp_path / "junit.xml").read_text("utf-8")
    assert (done.returncode == 0) is CHECKS[version], done.stdout
    assert ("<failure" in report or "<error" in report) is not CHECKS[version]
    assert "<testcase" in report


# Good ones start with every hospital, and come by every deploy: here the broken one is told apart.
@pytest.mark.parametrize("version", [pytest.param("1.4.2", marks=pytest.mark.thorough), "1.4.3"])
@pytest.mark.parametrize("name", NAMES)
def test_started_it_says(
    name: str, version: str, layout: Layout, sandbox_python: Path, tmp_path: Path
) -> None:
    own = Layout(tmp_path)
    own.ci.mkdir(parents=True)
    places = facts.settle(own, NAMES, 8080, print)["services"]
    repository.export(layout, f"refs/tags/{tag(name, version)}", tmp_path / "checkout")
    release = releases.install(own, tmp_path / "checkout", name, version, "test")
    with subprocess.Popen(
        [sandbox_python, release / service(name).script],
        env=environment(PYTHONPATH=str(release), SERVICE_CONFIG=str(own.site(name, "test"))),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            page: dict[str, object] = {"status": "starting"}
            code = 0

            def settled() -> bool:
                nonlocal code
                assert process.poll() is None
                try:
                    answer = httpx.get(
                        places[name]["test"]["version_url"], timeout=10, verify=NO_TLS
                    )
                except httpx.ConnectError:
                    return False
                code = answer.status_code
                page.update(json.loads(answer.text))
                return page["status"] != "starting"

            until(settled)
        finally:
            process.terminate()
        assert process.wait() == 0
    expected = {"service": name, "version": version, "environment": "test"}
    assert page == expected | {"status": STARTS[version]}
    assert code == (200 if STARTS[version] == "ok" else 503)
