"""A lost order is found by its correlation id, or nothing is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import respx

from bot.api import Unreachable
from bot.model import BuildState, CiTarget, Deployment, Service
from integrations.jenkins.places import jobs_asked
from integrations.jenkins.provider import LOOK_BACK, PAGES, Jenkins
from tests.integrations.jenkins.vendor import BEGAN, Job, PlayedJenkins, Run

DEPLOY = "clinical/deploy-portal"
COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
NOW = datetime.fromtimestamp(BEGAN / 1000, UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the played builds be some days old, whatever the day is."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # UTC alone is asked for
            assert tz is UTC
            return NOW

    monkeypatch.setattr("integrations.jenkins.provider.datetime", Clock)


def deployed(job: Job, count: int, *, gone: int = 0, days_ago: float = 0) -> None:
    """Have a job run so often, of which the oldest are gone; it began so many days ago."""
    late = -round(days_ago * 86_400)
    for number in range(gone + 1, gone + count + 1):
        job.runs.append(Run(number, {"CORRELATION": f"DEP-{number}"}, "", "SUCCESS", late + number))
    job.following = gone + count + 1


async def test_it_is_found_in_the_queue_and_then_among_the_builds(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    asked = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    waits = await ci.find(portal, "DEP-1-x")
    assert waits is not None
    assert (waits.id, waits.state, waits.commit) == (asked.id, BuildState.QUEUED, COMMIT)
    for _ in range(3):
        await ci.build(asked.id)
    ended = await ci.find(portal, "DEP-1-x")
    assert ended is not None
    assert (ended.id, ended.state) == (f"{DEPLOY}/1", BuildState.GREEN)
    assert await ci.find(portal, "DEP-1-") is None
    assert await ci.find(portal, "DEP-2-x") is None
    del there.queue[39]
    assert (await ci.find(portal, "DEP-1-x")) == ended


async def test_an_order_whose_answer_was_lost_is_found(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    there.is_mute = True
    with pytest.raises(Unreachable, match="did not answer within 10 s"):
        await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation="DEP-1-x")
    found = await ci.find(portal, "DEP-1-x")
    assert found is not None
    assert found.id == f"{DEPLOY}/q39"


@pytest.mark.parametrize(
    ("builds", "deploys", "asked"),
    [
        ("jenkins", "", ["clinical/deploy-test", "clinical/deploy-production", "clinical/portal"]),
        ("jenkins", "argocd", ["clinical/portal"]),
        ("github", "jenkins", ["clinical/deploy-test", "clinical/deploy-production"]),
    ],
)
def test_only_jobs_that_are_here_are_looked_through(
    portal: Service, builds: str, deploys: str, asked: list[str]
) -> None:
    where = ("clinical/portal", "clinical/deploy-{environment}", "repo")
    target = CiTarget(builds, *where, deploy_provider=deploys)
    environments = (Deployment("test"), Deployment("production"))
    service = replace(portal, ci=target, environments=environments)
    assert list(jobs_asked(service)) == asked


async def test_older_builds_are_looked_through_page_by_page(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    deployed(there.jobs[DEPLOY], 3 * LOOK_BACK)
    found = await ci.find(portal, "DEP-5")
    assert found is not None
    assert found.id == f"{DEPLOY}/5"
    assert await ci.find(portal, "DEP-x") is None  # back to the first one


async def test_builds_that_are_gone_leave_it_open(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    deployed(there.jobs[DEPLOY], 10, gone=40)
    with pytest.raises(Unreachable, match="have it keep them for 14 days"):
        await ci.find(portal, "DEP-x")
    there.jobs[DEPLOY].runs.clear()
    with pytest.raises(Unreachable, match="have it keep them for 14 days"):
        await ci.find(portal, "DEP-x")


async def test_what_is_older_than_two_weeks_was_not_asked_for_just_now(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    deployed(there.jobs[DEPLOY], 10, gone=40, days_ago=15)
    assert await ci.find(portal, "DEP-x") is None


async def test_it_is_not_searched_without_an_end(
    ci: Jenkins, portal: Service, there: PlayedJenkins, wire: respx.MockRouter
) -> None:
    deployed(there.jobs[DEPLOY], PAGES * LOOK_BACK + 1)
    with pytest.raises(Unreachable, match="do not tell whether it was asked for"):
        await ci.find(portal, "DEP-x")
    assert wire.calls.call_count == 1 + PAGES


async def test_a_pipeline_with_very_many_tags_leaves_it_open(
    ci: Jenkins, portal: Service, there: PlayedJenkins
) -> None:
    for number in range(101):
        there.job(f"clinical/many/v{number}")
    with pytest.raises(Unreachable, match="has more than 100 jobs in Jenkins"):
        await ci.rest.histories("clinical/many", most=1)
