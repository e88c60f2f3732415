"""How a hospital starts, ends and starts again: nothing is left behind, nothing is lost."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.fixtures import processes_of, started, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.fixtures import Hospital

pytestmark = [
    pytest.mark.hospital,
    pytest.mark.crash,
    pytest.mark.xdist_group("hospital-life"),
    pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc"),
    pytest.mark.usefixtures("sandbox_python"),
]


@pytest.mark.thorough
def test_a_kill_leaves_no_process_behind_and_a_second_start_continues(tmp_path: Path) -> None:
    with started(tmp_path / "home", "--services", "portal") as hospital:
        until(lambda: built(hospital) == {"1.4.1": 0, "1.4.2": 0, "1.4.3": 0, "1.5.0": 2})
        assert hospital.deploy("portal", "1.4.2", "production")["results"] == 0
        facts = hospital.facts
        unfinished = hospital.force("deploy-portal", version="1.4.2", environment="test")
        assert len(processes_of(hospital.home)) >= 5
        hospital.end(signal.SIGKILL)
        until(lambda: processes_of(hospital.home) == [])
    with started(tmp_path / "home", "--services", "portal") as hospital:
        assert hospital.running_version("portal", "production") == "1.4.2"
        assert {**hospital.facts, "web_port": 0} == {**facts, "web_port": 0}
        # CI itself takes up the deploy that the kill cut short, under the same request.
        assert hospital.wait_build(unfinished)["results"] == 0
        assert hospital.running_version("portal", "test") == "1.4.2"
        # What CI knew it still knows, so nothing was built a second time.
        until(lambda: not any("prebuild" in process for process in processes_of(hospital.home)))
        assert (hospital.layout.logs / "prebuild.log").read_text("utf-8") == ""
        assert hospital.read("builders/portal/builds")["meta"]["total"] == len(built(hospital))
        assert hospital.end() == 0


def built(hospital: Hospital) -> dict[str, int | None]:
    builds = hospital.read("builders/portal/builds?complete=true&property=request")["builds"]
    return {
        build["properties"]["request"][0].rpartition(":")[2]: build["results"] for build in builds
    }


@pytest.mark.thorough
def test_told_to_stop_it_asks_its_command_first_and_leaves_no_process_behind(
    tmp_path: Path,
) -> None:
    script = 'trap "echo closing; exit 0" TERM; echo ready; while :; do sleep 0.1; done'
    small = ("--services", "portal", "--no-prebuild")
    with started(tmp_path / "home", *small, command=["sh", "-c", script]) as hospital:
        until(lambda: "ready" in hospital.output)
        assert hospital.end(signal.SIGTERM) == 0
        assert "closing" in hospital.output
        assert processes_of(hospital.home) == []


def test_it_ends_with_its_command_and_passes_its_exit_code_on(tmp_path: Path) -> None:
    command = ["sh", "-c", 'test -s "$WARDROOM_HOME/wardroom.yaml" && exit 7']
    small = ("--services", "portal", "--no-prebuild")
    with started(tmp_path / "home", *small, command=command) as hospital:
        until(lambda: hospital.process.poll() is not None)
        assert hospital.process.returncode == 7
        assert processes_of(hospital.home) == []
