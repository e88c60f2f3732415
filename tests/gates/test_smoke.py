"""Smoke probes: the version, then everything else that is declared, each failing one by name."""

from __future__ import annotations

from pathlib import Path

from bot.model import Finding, Standing
from tests.gates.declared import declare
from tests.house import Chat, opened
from tests.twins import commit_of

HTTP = {"kind": "http", "url": "http://portal/{version}/{commit}", "name": "front page"}
MLLP = {"kind": "interface", "url": "mllp://portal:2575"}
VERSION = {"kind": "version", "url": "http://portal/version", "name": "second look"}
TEST = "deploy portal 1.4.2 to test --reason try it"


async def test_every_declared_probe_has_to_pass(site: Path) -> None:
    file = declare(site, "portal", "test", smoke=[HTTP, MLLP, VERSION])
    async with opened(file) as chat:
        await chat.say(TEST)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "succeeded"
        (line,) = [step for step in ended.progress if step.label == "Smoke probe"]
        assert line.detail.startswith("test answers 1.4.2. Front page front page is as it should")
        front, interface, second = chat.prober.looked
        assert front.url == f"http://portal/1.4.2/{commit_of('portal', '1.4.2')}"
        assert interface.url == "mllp://portal:2575"
        assert second.says == "1.4.2"  # it wants the very version that was deployed


async def test_those_that_fail_are_named_and_end_the_deploy(site: Path) -> None:
    async with opened(declare(site, "portal", "test", smoke=[HTTP, MLLP])) as chat:
        chat.prober.findings |= {
            "front page": Finding(Standing.FAILED, "answers HTTP 503"),
            "interface": Finding(Standing.UNKNOWN, "accepts no connection"),
        }
        await chat.say(TEST)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "failed"
        said = "The smoke probe failed: front page answers HTTP 503; interface accepts no"
        assert said in ended.text
        (button, *_) = (await chat.card("DEP-1")).buttons
        assert button.label == "Roll back"


async def test_one_that_passes_within_the_patience_is_enough(site: Path) -> None:
    async with opened(declare(site, "portal", "test", smoke=[HTTP]), smoke=5.0) as chat:
        chat.prober.findings["front page"] = Finding(Standing.FAILED, "answers HTTP 503")
        look, tries = chat.prober.look, []

        async def later(probe: object) -> Finding:
            tries.append(probe)
            if len(tries) == 3:
                chat.prober.findings.clear()
            return await look(probe)  # type: ignore[arg-type] # as it was asked

        chat.prober.look = later  # type: ignore[method-assign] # turned by this test
        await chat.say(TEST)
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
        assert len(tries) == 3


async def test_declared_probes_are_asked_where_no_version_probe_is(site: Path) -> None:
    async with opened(declare(site, "portal", "test", probes=[], smoke=[MLLP])) as chat:
        await chat.say(TEST)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "succeeded"
        (line,) = [step for step in ended.progress if step.label == "Smoke probe"]
        assert line.detail == "Interface interface is as it should be."


async def test_without_declared_probes_the_version_is_all(chat: Chat) -> None:
    await chat.say(TEST)
    assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
    assert chat.prober.looked == []
