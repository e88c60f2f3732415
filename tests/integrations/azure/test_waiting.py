"""A run that waits for somebody in Azure DevOps is shown as waiting, and is never decided by us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from bot.api import Stage
from bot.model import BuildState
from tests.integrations.azure.organisation import COMMITS, DEPLOYS
from tests.integrations.azure.timelines import identity, record

if TYPE_CHECKING:
    from bot.api import Build
    from bot.ports import Ci
    from tests.integrations.azure.vendor import Server

STAGE, CHECKPOINT = identity("Stage", "Production"), identity("Checkpoint", "Checkpoint")
APPROVAL = identity("Checkpoint.Approval", "Checkpoint.Approval")
ASKS = Stage("Production waits for an approval in Azure DevOps", BuildState.RUNNING, is_gate=True)
CHECKS = Stage("Production waits for a check in Azure DevOps", BuildState.RUNNING, is_gate=True)
WAITS = Stage("Production", BuildState.QUEUED)


def held(name: str, state: str = "inProgress", stage: str = "Production") -> list[dict[str, Any]]:
    """Return the records of a stage that something of this kind holds up."""
    result = "succeeded" if state == "completed" else None
    open_ = {"state": "inProgress", "result": None}
    return [
        record(stage, "Stage", None, state="pending", result=None),
        record("Checkpoint", "Checkpoint", identity("Stage", stage), **open_),
        record(name, name, CHECKPOINT, state=state, result=result),
    ]


async def shown(ci: Ci, server: Server, records: list[dict[str, Any]]) -> Build:
    """Return a running deploy that is made of these records."""
    run = server.organisation.start(DEPLOYS, "refs/tags/1.4.2", COMMITS["1.4.2"], {})
    path = f"build/builds/{run.number}/timeline"
    server.instead[path] = httpx.Response(200, json={"records": records})
    return await ci.build(f"Clinical%20IT/{run.number}")


def decided(server: Server, status: str) -> None:
    """Have the approval be so."""
    row = {"id": APPROVAL, "status": status, "steps": []}
    server.instead["pipelines/approvals"] = httpx.Response(200, json={"count": 1, "value": [row]})


async def test_a_run_that_waits_for_an_approval_is_running_and_says_so(
    ci: Ci, server: Server
) -> None:
    build = await shown(ci, server, held("Checkpoint.Approval"))
    assert build.state is BuildState.RUNNING
    assert build.stages == (ASKS, WAITS)
    assert server.asked[-1].url.params["approvalIds"] == APPROVAL
    assert server.bodies() == []


@pytest.mark.parametrize("status", ["pending", "uninitiated", "undefined"])
async def test_an_approval_that_is_open_holds_its_stage_up(
    ci: Ci, server: Server, status: str
) -> None:
    decided(server, status)
    assert (await shown(ci, server, held("Checkpoint.Approval", "pending"))).stages[0] == ASKS


@pytest.mark.parametrize("status", ["approved", "rejected", "skipped", "canceled", "timedOut"])
async def test_an_approval_that_was_decided_is_waited_for_no_longer(
    ci: Ci, server: Server, status: str
) -> None:
    decided(server, status)
    assert (await shown(ci, server, held("Checkpoint.Approval"))).stages == (WAITS,)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_where_approvals_may_not_be_read_the_timelines_word_is_taken(
    ci: Ci, server: Server, status: int
) -> None:
    server.instead["pipelines/approvals"] = httpx.Response(status, json={"message": "no"})
    assert (await shown(ci, server, held("Checkpoint.Approval"))).stages == (ASKS, WAITS)
    # One that is not reached yet may wait for nobody.
    later = await shown(ci, server, held("Checkpoint.Approval", "pending"))
    assert later.stages == (WAITS,)


async def test_a_check_that_runs_is_shown_and_one_that_ended_is_not(ci: Ci, server: Server) -> None:
    assert (await shown(ci, server, held("Checkpoint.TaskCheck"))).stages == (CHECKS, WAITS)
    over = await shown(ci, server, held("Checkpoint.TaskCheck", "completed"))
    assert over.stages == (WAITS,)
    both = [*held("Checkpoint.Approval"), *held("Checkpoint.ExclusiveLock")[2:]]
    assert (await shown(ci, server, both)).stages == (ASKS, WAITS)


async def test_a_pipeline_without_stages_waits_as_a_whole(ci: Ci, server: Server) -> None:
    found = await shown(ci, server, held("Checkpoint.Approval", stage="__default"))
    assert found.stages == (
        Stage("the run waits for an approval in Azure DevOps", BuildState.RUNNING, is_gate=True),
    )
