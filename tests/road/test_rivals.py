"""Two replicas, two processes, one PostgreSQL: one of them gets the lock, and one job runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.stores.locks import LEASE
from tests.house import write_site
from tests.road.rival import Rival, jobs

pytestmark = [pytest.mark.postgres, pytest.mark.crash]
DEPLOY = "deploy portal 1.4.2 to test --reason try it"
LOCK = "lock portal test --reason mine"
ROUNDS = 6


@pytest.fixture
def ward(postgres_url: str, tmp_path: Path) -> Path:
    """The settings file of both replicas."""
    return write_site(tmp_path, postgres_url)


@pytest.fixture
def replicas(ward: Path) -> Iterator[tuple[Rival, Rival]]:
    """Two replicas that are up."""
    one, other = Rival.start(ward), Rival.start(ward)
    yield one, other
    one.close()
    other.close()


def both(replicas: tuple[Rival, Rival], *lines: tuple[str, str]) -> list[dict[str, str]]:
    """Have both type at once; returns both answers."""
    for rival, (who, line) in zip(replicas, lines, strict=True):
        rival.begin("say", text=line, who=who)
    return [rival.answer() for rival in replicas]


def deploying(replicas: tuple[Rival, Rival], ward: Path) -> tuple[Rival, Rival]:
    """Have a deploy's job run; returns the replica that took the flow, and the other one."""
    (ward.parent / "held").touch()
    one, other = replicas
    assert one.say(DEPLOY)["reason"] == "ok"
    eventually(lambda: jobs(ward.parent))
    return (one, other) if one.do("runs")["deploys"] else (other, one)


def eventually(true: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.1)


def test_of_two_deploys_in_two_processes_one_wins_every_time(
    replicas: tuple[Rival, Rival], ward: Path
) -> None:
    for number in range(1, ROUNDS + 1):
        (ward.parent / "held").touch()
        answers = both(replicas, ("engineer", DEPLOY), ("engineer-2", DEPLOY))
        assert sorted(a["reason"] for a in answers) == ["locked", "ok"], answers
        (ward.parent / "held").unlink()
        (deploy,) = [answer["deploy"] for answer in answers if "deploy" in answer]
        assert replicas[0].do("wait", deploy=deploy)["ended"]
        assert len(jobs(ward.parent)) == number
    assert replicas[1].say("audit verify")["reason"] == "ok"


def test_of_a_persons_lock_and_a_deploy_in_two_processes_one_wins_every_time(
    replicas: tuple[Rival, Rival], ward: Path
) -> None:
    one, other = replicas
    for _ in range(ROUNDS):
        before = len(jobs(ward.parent))
        (ward.parent / "held").touch()
        locked, deployed = both(replicas, ("engineer-2", LOCK), ("engineer", DEPLOY))
        assert sorted((locked["reason"], deployed["reason"])) == ["locked", "ok"]
        (ward.parent / "held").unlink()
        if locked["reason"] == "ok":
            assert len(jobs(ward.parent)) == before
            assert other.say("unlock portal test", "engineer-2")["reason"] == "ok"
        else:
            assert one.do("wait", deploy=deployed["deploy"])["ended"]


def test_the_deploy_of_a_killed_replica_goes_on_in_the_other_and_runs_once(
    replicas: tuple[Rival, Rival], ward: Path
) -> None:
    one, other = deploying(replicas, ward)
    one.kill()
    assert other.say(DEPLOY)["reason"] == "locked"
    began = other.do("lock")["lease"]
    other.do("turn", seconds=LEASE.total_seconds() + 1)
    other.do("look")  # its lease has ended; that alone frees nothing
    assert other.say(DEPLOY)["reason"] == "locked"
    # The other takes the flow over and answers for it from then on.
    eventually(lambda: other.do("lock")["lease"] > began)
    (ward.parent / "held").unlink()
    assert other.do("wait", deploy="DEP-1")["ended"]
    assert other.say("deploy status DEP-1")["state"] == "succeeded"
    assert other.do("lock")["deploy"] == ""
    assert len(jobs(ward.parent)) == 1
    assert other.say("audit verify")["reason"] == "ok"


def test_a_replica_that_stands_still_loses_its_lock_once_its_job_has_ended(
    replicas: tuple[Rival, Rival], ward: Path
) -> None:
    one, other = deploying(replicas, ward)
    one.freeze()
    # Where it froze inside a transaction, the database gives that up for it after ten seconds.
    eventually(lambda: other.say(DEPLOY)["reason"] == "locked")
    for _ in range(3):
        other.do("turn", seconds=LEASE.total_seconds() * 3)
        other.do("look")
        assert other.say(DEPLOY)["reason"] == "locked", "its job still runs"
    (ward.parent / "held").unlink()
    other.do("look")
    shown = other.say("deploy status DEP-1")
    assert shown["state"] == "failed"
    assert "nobody probed or validated" in shown["text"]
    (ward.parent / "held").touch()
    assert other.say(DEPLOY)["deploy"] == "DEP-2"
    # It comes back: it starts nothing, and frees nothing of the other's.
    one.thaw()
    one.do("wait", deploy="DEP-1", seconds=5.0)
    assert one.say("deploy status DEP-1")["state"] == "failed"
    assert other.do("lock")["deploy"] == "DEP-2"
    (ward.parent / "held").unlink()
    assert other.do("wait", deploy="DEP-2")["ended"]
    assert len(jobs(ward.parent)) == 2
    assert other.say("audit verify")["reason"] == "ok"
