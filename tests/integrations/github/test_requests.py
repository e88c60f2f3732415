"""Every request that we send to GitHub is one that its specification knows."""

from __future__ import annotations

import pytest

from bot.api import BuildState
from integrations.github.states import state_of
from tests.contracts.openapi import Specification, specification
from tests.integrations.github import shapes
from tests.integrations.github.forge import (
    CLOUD,
    COMMITS,
    ELSEWHERE,
    REPO,
    SERVER,
    SPECIFICATION,
    Forge,
)
from tests.integrations.github.vendor import PORTAL, asking


def operations(forge: Forge, known: Specification) -> set[str]:
    """Return what was asked for, as the documentation writes it."""
    return {
        str(known.operation(request) or "elsewhere")
        for request in forge.asked
        if str(request.url).startswith(forge.url)
    }


@pytest.mark.parametrize(("url", "tells_runs"), [(CLOUD, True), (SERVER, False)])
async def test_whatever_the_port_asks_is_documented(*, url: str, tells_runs: bool) -> None:
    known = specification(SPECIFICATION, url)
    forge = Forge(url, tells_runs=tells_runs)
    commit = COMMITS["1.4.2"]
    made = shapes.deployment(url, REPO, 5, commit, "production")
    forge.deployments = [(made, [shapes.deployment_status(url, made, 2, "success", "")])]
    async with asking(forge) as ci:
        assert (await ci.builds(PORTAL, "1.5.0"))[0].state is BuildState.RED
        await ci.recent(PORTAL)
        await ci.authors(PORTAL, commit)
        await ci.log_tail("acme/portal/13")
        await ci.trigger(PORTAL, COMMITS["1.5.0"], correlation="abcd")
        asked = await ci.deploy(PORTAL, "1.4.2", commit, "test", correlation="x", sites=("a",))
        forge.runs[-1]["status"] = "waiting"
        await ci.build(asked.id if tells_runs else "acme/portal/15")
        forge.runs[-1] |= {"status": "completed", "conclusion": "success"}
        await ci.build(asked.id if tells_runs else "acme/portal/15")
        await ci.find(PORTAL, "x")
    # The forge has held each of them to the specification already: none was left out.
    documented = operations(forge, known)
    base = "/repos/{owner}/{repo}"
    assert documented == {
        "elsewhere",
        f"GET {base}/actions/jobs/{{job_id}}/logs",
        f"GET {base}/actions/runs",
        f"GET {base}/actions/runs/{{run_id}}",
        f"GET {base}/actions/runs/{{run_id}}/jobs",
        f"GET {base}/actions/runs/{{run_id}}/pending_deployments",
        f"GET {base}/actions/workflows/{{workflow_id}}/runs",
        f"GET {base}/check-runs/{{check_run_id}}/annotations",
        f"GET {base}/check-suites/{{check_suite_id}}/check-runs",
        f"GET {base}/deployments",
        f"GET {base}/deployments/{{deployment_id}}/statuses",
        f"POST {base}/actions/workflows/{{workflow_id}}/dispatches",
    }


def test_what_the_specification_lacks_is_read_only_and_names_its_page() -> None:
    known = specification(SPECIFICATION, CLOUD)
    templates = {one.template for one in known.operations}
    assert not templates & set(ELSEWHERE)
    assert all(page.startswith("docs.github.com/rest/") for page in ELSEWHERE.values())


def test_the_documented_words_for_a_status_are_all_known() -> None:
    known = specification(SPECIFICATION, CLOUD)
    parameters = known.document["components"]["parameters"]
    words = set(parameters["workflow-run-status"]["schema"]["enum"])
    # These say nothing of whether anything was tested.
    unclear = {"neutral", "skipped", "stale", "action_required"}
    for word in words - unclear - {"completed"}:
        ended = {"success", "failure", "cancelled", "timed_out"}
        told = {"status": "completed", "conclusion": word} if word in ended else {"status": word}
        assert state_of(told) is not BuildState.UNKNOWN, word
    for word in unclear:
        assert state_of({"status": "completed", "conclusion": word}) is BuildState.UNKNOWN
