"""Deploys that wait for their validator: each step happens once, whoever else tries."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Reason
from bot.storage.database import Database
from bot.storage.deploys import SqlDeploys
from bot.storage.validations import SqlValidations
from tests.databases import NOON

UNTIL = NOON + timedelta(hours=1)


@pytest.fixture
def validations(database: Database) -> SqlValidations:
    return SqlValidations(database)


async def begun(database: Database, service: str = "portal") -> Deploy:
    """Keep a deploy that has begun."""
    deploy = Deploy(
        id="",
        service=service,
        environment="production",
        version="1.4.2",
        commit="c" * 40,
        requester="engineer",
        reason="try it",
        state=DeployState.STARTED,
        created=NOON,
    )
    return await database.write(SqlDeploys(database).open(deploy))


async def shown(database: Database, deploy: Deploy) -> Deploy:
    found = await SqlDeploys(database).show(deploy.id)
    assert found is not None
    return found


async def holder(database: Database, deploy: Deploy) -> str:
    return await SqlDeploys(database).holder(deploy.service, deploy.environment)


async def test_a_deploy_waits_and_holds_its_environment(
    database: Database, validations: SqlValidations
) -> None:
    deploy = await begun(database)
    await database.write(validations.begin(deploy.id, UNTIL, outcome="it waits"))
    waits = await shown(database, deploy)
    assert (waits.state, waits.validate_until) == (DeployState.VALIDATING, UNTIL)
    assert await holder(database, deploy) == deploy.id
    with pytest.raises(Conflict, match="is validating") as twice:
        await database.write(validations.begin(deploy.id, UNTIL, outcome="it waits"))
    assert twice.value.reason is Reason.DUPLICATE


async def test_what_is_due_is_what_waits_and_whose_time_is_over(
    database: Database, validations: SqlValidations
) -> None:
    first, second = await begun(database), await begun(database, "pacs")
    await begun(database, "lab-results")  # it does not wait
    for deploy, late in ((first, timedelta()), (second, timedelta(seconds=1))):
        await database.write(validations.begin(deploy.id, UNTIL + late, outcome=""))
    assert await validations.due(UNTIL - timedelta(microseconds=1)) == []
    assert await validations.due(UNTIL) == [first.id]
    assert await validations.due(UNTIL + timedelta(days=1)) == [first.id, second.id]
    await database.write(validations.lapse(first.id, outcome="nobody looked"))
    assert await validations.due(UNTIL + timedelta(days=1)) == [second.id]
    assert await validations.unanswered() == [first.id]


async def test_silence_frees_the_environment_and_may_still_be_answered(
    database: Database, validations: SqlValidations
) -> None:
    deploy = await begun(database)
    await database.write(validations.begin(deploy.id, UNTIL, outcome=""))
    await database.write(validations.lapse(deploy.id, outcome="nobody looked"))
    late = await shown(database, deploy)
    assert (late.state, late.outcome) == (DeployState.NOT_VALIDATED, "nobody looked")
    assert late.finished is None
    assert await holder(database, deploy) == ""
    with pytest.raises(Conflict, match="is not validated"):
        await database.write(validations.lapse(deploy.id, outcome="again"))
    answer = validations.answer(
        deploy.id, is_good=True, by="officer", said="looked", outcome="good", at=UNTIL
    )
    ended = await database.write(answer)
    assert (ended.state, ended.validated_by, ended.validated) == (
        DeployState.SUCCEEDED,
        "officer",
        UNTIL,
    )
    assert (ended.validation, ended.finished) == ("looked", UNTIL)
    assert await validations.unanswered() == []
    with pytest.raises(Conflict, match="nothing to validate"):
        await database.write(answer)


async def test_of_two_answers_at_once_one_counts(
    database: Database, validations: SqlValidations
) -> None:
    deploy = await begun(database)
    await database.write(validations.begin(deploy.id, UNTIL, outcome=""))
    answers = [
        validations.answer(deploy.id, is_good=good, by=by, said="", outcome=by, at=UNTIL)
        for good, by in ((True, "officer"), (False, "commander"))
    ]
    taken = await asyncio.gather(*map(database.write, answers), return_exceptions=True)
    assert sorted(type(one).__name__ for one in taken) == ["Conflict", "Deploy"]
    ended = await shown(database, deploy)
    assert ended.validated_by == ended.outcome
    assert await holder(database, deploy) == ""


async def test_what_gives_way_ends_once_and_frees_its_environment(
    database: Database, validations: SqlValidations
) -> None:
    deploy = await begun(database)
    giving = validations.give_way(deploy.id, outcome="rolled back", at=UNTIL)
    assert await database.write(giving) is None  # it does not wait yet
    assert await holder(database, deploy) == deploy.id
    await database.write(validations.begin(deploy.id, UNTIL, outcome=""))
    ended = await database.write(giving)
    assert ended is not None
    assert (ended.state, ended.finished) == (DeployState.FAILED, UNTIL)
    assert await holder(database, deploy) == ""
    assert await database.write(giving) is None


async def test_a_deploy_that_is_not_there_is_said(
    database: Database, validations: SqlValidations
) -> None:
    with pytest.raises(Conflict) as missing:
        await database.write(validations.lapse("DEP-9", outcome=""))
    assert missing.value.reason is Reason.NOT_FOUND
