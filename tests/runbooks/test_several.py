"""Steps of several commands: typed together, or for each item, each answer its own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.model import Finding, Reason, Standing
from bot.model.runs import RunState
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, write
from tests.runbooks.typed import lines, stands

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model.runs import RunbookRun

TOGETHER = {
    "id": "evidence",
    "together": [
        {"id": "built", "run": "ci status of {{ service }}"},
        {"id": "runs", "run": "deploy where is {{ service }}"},
    ],
}
TICK = {"id": "look", "manual": "It is {{ steps.built.state }}; {{ steps.evidence.passed }} told."}
EACH = {"id": "ports", "for_each": "{{ interfaces }}", "run": "probe tcp {{ item }}"}
COUNTED = {"id": "look", "manual": "{{ steps.ports.failed }} of {{ steps.ports.done }} are down."}
PARAMETERS = [
    {"name": "service", "type": "service", "description": "Whose", "default": "portal"},
    {
        "name": "interfaces",
        "type": "list",
        "of": "endpoint",
        "kind": "tcp",
        "description": "Which",
        "default": "lab-in",
    },
]
RUN = "runbook run late-results"


def site_with(folder: Path, url: str, *steps: dict[str, Any]) -> Path:
    """Write the settings of a house whose runbook has these steps, and three endpoints."""
    (folder / "runbooks").mkdir()
    made = book(steps=list(steps), parameters=PARAMETERS, summary="Results are late.")
    write(folder / "runbooks", made)
    site = write_site(folder, url, runbooks=["runbooks"])
    services = json.loads((folder / "services.yaml").read_text())
    production = services[0]["environments"]["production"]
    production["endpoints"] = [
        {"name": "lab-in", "kind": "tcp", "host": "10.0.0.1", "port": 2575},
        {"name": "lab-out", "kind": "tcp", "host": "10.0.0.2", "port": 2575},
        {"name": "lab-tls", "kind": "tls", "host": "10.0.0.2", "port": 2576},
    ]
    (folder / "services.yaml").write_text(json.dumps(services))
    return site


async def row(chat: Chat) -> RunbookRun:
    """Return the run as it is kept."""
    run = await chat.house.procedures.runs.show("RUN-1")
    assert run is not None
    return run


async def test_what_is_typed_together_has_figures_of_its_own(
    launched_url: str, tmp_path: Path
) -> None:
    async with opened(site_with(tmp_path, launched_url, TOGETHER, TICK)) as chat:
        await chat.say(RUN)
        card = await stands(chat)
        assert "It is red; 2 told." in card.text
        assert [one.step for one in (await row(chat)).results] == ["built", "runs", "evidence"]
        assert lines(card)["evidence"].startswith("done 2 of 2 are well")
        assert lines(card)["- runs"].startswith("done portal: test runs 1.4.1")
        for verb in ("ci status", "deploy where"):
            assert len(await chat.events(verb=verb)) == 2, "an intent and an outcome"


async def test_one_of_them_without_an_answer_keeps_no_other_back(
    launched_url: str, tmp_path: Path
) -> None:
    async with opened(site_with(tmp_path, launched_url, TOGETHER, TICK)) as chat:
        chat.ci.is_down = True
        await chat.say(RUN)
        card = await stands(chat)
        assert "It is unknown; 1 told." in card.text
        assert lines(card)["- built"].startswith("failed")
        assert lines(card)["- runs"].startswith("done")


async def test_a_command_that_is_refused_stops_the_run(launched_url: str, tmp_path: Path) -> None:
    nobody = {"id": "wrong", "run": "probe tcp lab-tls"}
    step = {**TOGETHER, "together": [*TOGETHER["together"], nobody]}
    async with opened(site_with(tmp_path, launched_url, step, TICK)) as chat:
        await chat.say(RUN)
        card = await stands(chat)
        assert card.refs["state"] == RunState.STOPPED
        assert "lab-tls is of the kind tls, not tcp" in card.text
        assert (await row(chat)).results == (), "after a resume all are asked again"


async def test_each_item_is_asked_in_its_turn_and_counted(
    launched_url: str, tmp_path: Path
) -> None:
    async with opened(site_with(tmp_path, launched_url, EACH, COUNTED)) as chat:
        chat.prober.findings["lab-out"] = Finding(Standing.FAILED, "does not answer")
        said = await chat.say(f"{RUN} with interfaces=lab-in,lab-out")
        assert said.reason is Reason.OK
        card = await stands(chat)
        assert "1 of 2 are down." in card.text
        assert lines(card)["ports"].startswith("done 1 of 2 are well")
        assert "does not answer" in lines(card)["- lab-out"]
        assert [one.step for one in (await row(chat)).results] == ["ports[0]", "ports[1]", "ports"]


async def test_after_a_stop_the_items_that_were_done_are_not_asked_again(
    launched_url: str, tmp_path: Path
) -> None:
    site = site_with(tmp_path, launched_url, EACH, COUNTED)
    async with opened(site) as chat:
        await chat.say(f"{RUN} with interfaces=lab-in,lab-out")
        await stands(chat)
        run = await row(chat)
        again = replace(run, at=0, state=RunState.STOPPED, results=run.results[:1])
        await chat.house.procedures.runs.keep(again)
    async with opened(site) as chat:
        assert (await chat.say("runbook resume RUN-1")).reason is Reason.OK
        await stands(chat)
        assert [one.step for one in (await row(chat)).results] == ["ports[0]", "ports[1]", "ports"]
        typed = [event.data["kind"] for event in await chat.events(verb="probe")]
        assert typed.count("intent") == 3, "two before, and the second one again"


async def test_what_is_no_endpoint_of_the_kind_is_said_before_it_begins(
    launched_url: str, tmp_path: Path
) -> None:
    async with opened(site_with(tmp_path, launched_url, EACH, COUNTED)) as chat:
        refused = await chat.say(f"{RUN} with interfaces=lab-in,lab-ot,lab-tls")
        assert refused.reason is Reason.BAD_INPUT
        assert "no tcp endpoint that there is: lab-ot (did you mean lab-out?)" in refused.text
        assert "no tcp endpoint that there is: lab-tls" in refused.text
        assert "1 to 50 words" in (await chat.say(f"{RUN} with interfaces=,")).text
        assert (await chat.say("runbook history")).table is None
