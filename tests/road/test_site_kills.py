"""A process killed around the trigger of a batch: the deploy goes on, and nothing is repeated."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.road.rival import Rival, jobs
from tests.road.sites import with_sites

pytestmark = pytest.mark.crash
ASK = "deploy portal 1.4.2 to test --reason try it"
HOLD = 660


@pytest.fixture
def ward(site: Path) -> Path:
    return with_sites(site)


def jobs_are(folder: Path, count: int) -> None:
    """Wait until the CI server has been asked that often."""
    deadline = time.monotonic() + 30
    while len(jobs(folder)) < count:
        assert time.monotonic() < deadline, "it was never asked"
        time.sleep(0.05)


def ended(rival: Rival) -> None:
    """Turn the clock past the hold until the deploy has ended."""
    rival.do("turn", seconds=HOLD)
    assert rival.do("wait", deploy="DEP-1")["ended"]


@pytest.mark.parametrize("moment", ["before", "during", "after"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_kill_around_the_trigger_of_a_batch_leaves_one_job_for_each(
    ward: Path, moment: str, batch: int
) -> None:
    folder = ward.parent
    first = Rival.start(ward)
    if batch == 1:
        (folder / f"dies-{moment}").write_text("1")
        first.begin("say", text=ASK, who="engineer")
    else:
        assert first.say(ASK)["reason"] == "ok"
        jobs_are(folder, 1)
        held(first)
        (folder / f"dies-{moment}").write_text("1")
        first.begin("turn", seconds=HOLD)
    first.process.join(30)
    assert first.process.exitcode == -9, "it was not killed where it should have been"

    second = Rival.start(ward)
    if batch == 1:
        held(second)
    ended(second)
    assert second.say("deploy status DEP-1")["state"] == "succeeded"
    assert [row[3] for row in jobs(folder)] == ["test/clinics", "test/main"]
    assert second.say("audit verify")["reason"] == "ok"
    second.close()


@pytest.mark.thorough
@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_kill_while_it_rolls_back_leaves_one_rollback_and_a_free_environment(
    ward: Path, moment: str
) -> None:
    folder = ward.parent
    (folder / "sick").write_text("test/clinics")
    (folder / f"dies-{moment}").write_text("2")  # the first job is the canary's
    first = Rival.start(ward)
    first.begin("say", text=ASK, who="engineer")
    first.process.join(30)
    assert first.process.exitcode == -9, "it was not killed where it should have been"

    second = Rival.start(ward)
    assert second.do("wait", deploy="DEP-1")["ended"]
    said = second.say("deploy status DEP-1")
    assert said["state"] == "failed"
    assert "clinics was rolled back and runs 1.4.1 again." in said["text"]
    assert "main was not touched and runs 1.4.1." in said["text"]
    rows = [("1.4.2", "test/clinics"), ("1.4.1", "test/clinics")]
    assert [(row[1], row[3]) for row in jobs(folder)] == rows
    (folder / "sick").unlink()
    assert second.say("deploy portal 1.4.1 to test --reason again")["reason"] == "ok"
    assert second.say("audit verify")["reason"] == "ok"
    second.close()


def held(rival: Rival) -> None:
    """Wait until the first batch is held."""
    deadline = time.monotonic() + 30
    while "hold" not in rival.do("step", deploy="DEP-1")["running"]:
        assert time.monotonic() < deadline, "it never held"
        time.sleep(0.05)
