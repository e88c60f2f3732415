"""One deploy at a time for each environment of a service, and a history that ends once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Place, Reason, Step, StepState
from bot.storage.database import Database
from bot.storage.deploys import SqlDeploys
from tests.databases import NOON

BEGUN = Deploy(
    id="",
    service="lab-results",
    environment="production",
    version="1.4.2",
    commit="ab" * 20,
    requester="engineer",
    reason="fixes the late OBX",
    state=DeployState.STARTED,
    created=NOON,
    request="REQ-1",
    steps=(Step("Trigger", StepState.WAITING), Step("Probe", StepState.WAITING)),
    place=Place("web", "chat"),
)
LATER = NOON + timedelta(minutes=7)


@pytest.fixture
def deploys(database: Database) -> SqlDeploys:
    return SqlDeploys(database)


async def test_a_deploy_reads_back_as_it_was_and_holds_the_lock(
    database: Database, deploys: SqlDeploys
) -> None:
    opened = await database.write(deploys.open(BEGUN))
    assert opened == replace(BEGUN, id="DEP-1")
    assert await deploys.show("DEP-1") == opened
    assert await deploys.holder("lab-results", "production") == "DEP-1"
    assert await deploys.holder("lab-results", "test") == ""


async def test_a_second_deploy_is_refused_and_told_who_holds_the_environment(
    database: Database, deploys: SqlDeploys
) -> None:
    await database.write(deploys.open(BEGUN))
    other = replace(BEGUN, request="REQ-2", version="1.4.3", created=LATER)
    with pytest.raises(Conflict) as locked:
        await database.write(deploys.open(other))
    assert locked.value.reason is Reason.LOCKED
    assert locked.value.text == (
        "DEP-1 (1.4.2, asked for by engineer, begun at 2026-11-22 12:00 UTC) holds lab-results in "
        "production; one deploy at a time: wait for it, or settle it first"
    )
    assert [deploy.id for deploy in await deploys.list()] == ["DEP-1"]


async def test_other_environments_and_services_are_free(
    database: Database, deploys: SqlDeploys
) -> None:
    await database.write(deploys.open(BEGUN))
    await database.write(deploys.open(replace(BEGUN, request="REQ-2", environment="test")))
    await database.write(deploys.open(replace(BEGUN, request="REQ-3", service="portal")))


async def test_of_many_that_open_at_once_one_gets_the_lock(
    database: Database, deploys: SqlDeploys
) -> None:
    async def attempt(n: int) -> str:
        wanted = deploys.open(replace(BEGUN, request=f"REQ-{n}"))
        try:
            return (await asyncio.to_thread(database.write_now, wanted)).id
        except Conflict as conflict:
            return conflict.reason

    got = await asyncio.gather(*(attempt(n) for n in range(1, 9)))
    assert got.count(Reason.LOCKED) == 7
    assert min(got) == await deploys.holder("lab-results", "production")


async def test_a_request_opens_one_deploy_however_often_it_is_asked(
    database: Database, deploys: SqlDeploys
) -> None:
    attempts = (asyncio.to_thread(database.write_now, deploys.open(BEGUN)) for _ in range(6))
    opened = await asyncio.gather(*attempts)
    assert len({deploy.id for deploy in opened}) == 1
    assert len(await deploys.list()) == 1


async def test_the_deploy_of_a_request_is_returned_even_after_it_ended(
    database: Database, deploys: SqlDeploys
) -> None:
    first = await database.write(deploys.open(BEGUN))
    ended = await database.write(
        deploys.end(first.id, DeployState.FAILED, outcome="probe failed", at=LATER)
    )
    assert await database.write(deploys.open(BEGUN)) == ended
    assert await deploys.holder("lab-results", "production") == ""


async def test_deploys_without_a_request_are_all_different(
    database: Database, deploys: SqlDeploys
) -> None:
    for environment in ("test", "production"):
        await database.write(deploys.open(replace(BEGUN, request="", environment=environment)))
    assert [deploy.id for deploy in await deploys.list()] == ["DEP-2", "DEP-1"]


async def test_notes_change_what_is_given_and_leave_the_rest(
    database: Database, deploys: SqlDeploys
) -> None:
    opened = await database.write(deploys.open(BEGUN))
    steps = (Step("Trigger", StepState.DONE, "build 12"), Step("Probe", StepState.RUNNING))
    await database.write(deploys.note("DEP-1", build="deploy-lab-results/12", replaced="1.4.1"))
    noted = await database.write(deploys.note("DEP-1", steps=list(steps), change="CHG-3"))
    expected = replace(
        opened, build="deploy-lab-results/12", replaced="1.4.1", steps=steps, change="CHG-3"
    )
    assert noted == expected
    assert await deploys.show("DEP-1") == expected
    assert await database.write(deploys.note("DEP-1", build="")) == replace(expected, build="")


@pytest.mark.parametrize("state", [DeployState.SUCCEEDED, DeployState.FAILED, DeployState.STOPPED])
async def test_a_deploy_ends_once_and_frees_the_lock(
    database: Database, deploys: SqlDeploys, state: DeployState
) -> None:
    await database.write(deploys.open(BEGUN))
    ended = await database.write(deploys.end("DEP-1", state, outcome="1.4.2 answers", at=LATER))
    assert (ended.state, ended.outcome, ended.finished) == (state, "1.4.2 answers", LATER)
    for again in (DeployState.FAILED, DeployState.UNKNOWN):
        with pytest.raises(Conflict) as twice:
            await database.write(deploys.end("DEP-1", again, outcome="no", at=LATER))
        assert twice.value.text == f"DEP-1 ended at 2026-11-22 12:07 UTC as {state}: 1.4.2 answers"
    assert await deploys.show("DEP-1") == ended
    await database.write(deploys.open(replace(BEGUN, request="REQ-2")))


async def test_an_unknown_deploy_keeps_the_lock_until_somebody_settles_it(
    database: Database, deploys: SqlDeploys
) -> None:
    await database.write(deploys.open(BEGUN))
    unknown = await database.write(
        deploys.end("DEP-1", DeployState.UNKNOWN, outcome="CI does not answer", at=LATER)
    )
    assert unknown.finished is None
    with pytest.raises(Conflict, match="its outcome is unknown") as locked:
        await database.write(deploys.open(replace(BEGUN, request="REQ-2")))
    assert locked.value.reason is Reason.LOCKED
    with pytest.raises(Conflict, match="DEP-1 is unknown already"):
        await database.write(deploys.end("DEP-1", DeployState.UNKNOWN, outcome="", at=LATER))
    assert [deploy.id for deploy in await deploys.list(running=True)] == ["DEP-1"]
    await database.write(deploys.end("DEP-1", DeployState.FAILED, outcome="never ran", at=LATER))
    assert await deploys.list(running=True) == []
    await database.write(deploys.open(replace(BEGUN, request="REQ-2")))


async def test_ending_an_old_deploy_does_not_free_a_newer_ones_lock(
    database: Database, deploys: SqlDeploys
) -> None:
    await database.write(deploys.open(BEGUN))
    await database.write(deploys.end("DEP-1", DeployState.STOPPED, outcome="", at=LATER))
    await database.write(deploys.open(replace(BEGUN, request="REQ-2")))
    with pytest.raises(Conflict):
        await database.write(deploys.end("DEP-1", DeployState.SUCCEEDED, outcome="", at=LATER))
    assert await deploys.holder("lab-results", "production") == "DEP-2"


async def test_the_history_can_be_one_services_and_one_environments(
    database: Database, deploys: SqlDeploys
) -> None:
    targets = [("portal", "test"), ("lab-results", "test"), ("portal", "production")]
    for n, (service, environment) in enumerate(targets):
        deploy = replace(BEGUN, request=f"REQ-{n}", service=service, environment=environment)
        await database.write(deploys.open(deploy))
    assert [d.id for d in await deploys.list(service="portal")] == ["DEP-3", "DEP-1"]
    assert [d.id for d in await deploys.list(service="portal", environment="test")] == ["DEP-1"]
    assert [d.id for d in await deploys.list(limit=1)] == ["DEP-3"]


async def test_a_deploy_that_was_never_begun_is_nothing(
    database: Database, deploys: SqlDeploys
) -> None:
    assert await deploys.show("DEP-9") is None
    for effect in (
        deploys.note("DEP-9", build="x"),
        deploys.end("DEP-9", DeployState.FAILED, outcome="", at=NOON),
    ):
        with pytest.raises(Conflict, match="there is no deploy DEP-9") as missing:
            await database.write(effect)
        assert missing.value.reason is Reason.NOT_FOUND


def test_a_new_deploy_is_started_and_ends_as_something_else(deploys: SqlDeploys) -> None:
    with pytest.raises(ValueError, match="started"):
        deploys.open(replace(BEGUN, state=DeployState.UNKNOWN))
    with pytest.raises(ValueError, match="not an end"):
        deploys.end("DEP-1", DeployState.STARTED, outcome="", at=NOON)
