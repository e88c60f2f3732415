"""Pre-checks: asked at the request, asked anew before the trigger, shown and recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.model import Finding, Reason, Standing
from tests.gates.declared import declare
from tests.house import Chat, opened

QUEUE = {"kind": "queue", "url": "http://feed/health", "at": "queue_depth", "below": 10}
SCAN = {"kind": "scan", "url": "http://ci/{version}/{commit}.json", "critical": 0, "high": 0}
TEST = "deploy portal 1.4.2 to test --reason try it"
PRODUCTION = "deploy portal 1.4.2 to production --reason now"
LONG = Finding(Standing.FAILED, "12 wait, which is not below 10", "12")
SILENT = Finding(Standing.UNKNOWN, "did not answer in time")


@pytest.fixture
def checked(site: Path) -> Path:
    """A hospital where the portal has two pre-checks in each environment."""
    for environment in ("test", "production"):
        declare(site, "portal", environment, prechecks=[{**QUEUE, "name": "ADT queue"}, SCAN])
    return site


async def test_what_was_found_is_shown_to_whoever_approves_and_recorded(checked: Path) -> None:
    async with opened(checked) as chat:
        asked = await chat.say(PRODUCTION)
        said = (
            "ADT queue: ADT queue is as it should be; scan: scan is as it should be; "
            "looked at 2026-11-22 12:00 UTC"
        )
        assert dict(asked.fields)["Pre-checks"] == said
        dry = await chat.say(f"{PRODUCTION} --dry-run")
        assert dict(dry.fields)["Pre-checks"] == said
        (first, _) = await chat.events(verb="deploy precheck")
        assert first.data["params"] == {
            "version": "1.4.2",
            "commit": asked_commit(chat),
            "moment": "request",
            "at": "2026-11-22T12:00:00+00:00",
            "check.ADT queue": "passed: ADT queue is as it should be",
            "check.scan": "passed: scan is as it should be",
        }
        (asking, *_) = await chat.events(verb="deploy", kind="intent")
        assert first.data["correlation"] == asking.data["correlation"]
        assert chat.prober.looked[1].url == f"http://ci/1.4.2/{asked_commit(chat)}.json"


def asked_commit(chat: Chat) -> str:
    return chat.prober.looked[0].commit


@pytest.mark.parametrize("found", [LONG, SILENT])
async def test_a_check_that_does_not_pass_refuses_and_names_itself(
    checked: Path, found: Finding
) -> None:
    async with opened(checked) as chat:
        chat.prober.findings["ADT queue"] = found
        for text in (TEST, f"{TEST} --dry-run", PRODUCTION):
            reply = await chat.say(text)
            assert reply.reason is Reason.PRECHECK_FAILED
            assert f": ADT queue {found.detail}. Mend that and ask again." in reply.text
        assert chat.ci.deploys == []
        (first, *_) = await chat.events(verb="deploy precheck")
        assert first.data["reason"] == "precheck_failed"


async def test_every_check_that_does_not_pass_is_named(checked: Path) -> None:
    async with opened(checked) as chat:
        chat.prober.findings |= {"ADT queue": LONG, "scan": SILENT}
        reply = await chat.say(TEST)
        assert "ADT queue 12 wait, which is not below 10; scan did not answer in time" in reply.text


async def test_what_passed_11_minutes_ago_is_asked_again(checked: Path) -> None:
    async with opened(checked) as chat:
        await chat.say(PRODUCTION)
        chat.clock.turn(minutes=11)
        chat.prober.findings["ADT queue"] = LONG
        await chat.say("approve REQ-1", as_="release-manager")
        card = await chat.card("REQ-1")
        assert card.reason is Reason.PRECHECK_FAILED
        assert "ADT queue 12 wait" in card.text
        assert chat.ci.deploys == []
        last = (await chat.events(verb="deploy precheck"))[-1]
        assert last.data["params"]["at"] == "2026-11-22T12:11:00+00:00"  # type: ignore[index,call-overload] # it has parameters
        assert last.data["request"] == "REQ-1"


async def test_the_trigger_stands_on_an_answer_of_its_own(checked: Path) -> None:
    async with opened(checked) as chat:
        await chat.say(TEST)
        await chat.ended("DEP-1")
        (trigger,) = await chat.events(verb="deploy precheck", deploy="DEP-1")
        assert trigger.data["params"]["moment"] == "trigger"  # type: ignore[index,call-overload] # the same
        (began, *_) = await chat.events(verb="deploy trigger", deploy="DEP-1")
        assert trigger.seq < began.seq


async def test_checks_are_asked_all_at_once(checked: Path) -> None:
    async with opened(checked) as chat:
        both, waiting = asyncio.Event(), []
        look = chat.prober.look

        async def meet(probe: object) -> Finding:
            waiting.append(probe)
            if len(waiting) == 2:
                both.set()
            await both.wait()
            return await look(probe)  # type: ignore[arg-type] # as it was asked

        chat.prober.look = meet  # type: ignore[method-assign] # turned by this test
        assert (await chat.say(f"{TEST} --dry-run")).reason is Reason.OK


async def test_a_rollback_is_shown_what_fails_and_runs_all_the_same(checked: Path) -> None:
    async with opened(checked) as chat:
        await chat.say(TEST)
        await chat.ended("DEP-1")
        chat.prober.findings["ADT queue"] = LONG
        dry = await chat.say("rollback portal test --reason it floods the queue --dry-run")
        assert "ADT queue: FAILED, 12 wait" in dict(dry.fields)["Pre-checks"]
        await chat.say("rollback portal test --reason it floods the queue")
        assert (await chat.ended("DEP-2")).refs["state"] == "succeeded"
        last = (await chat.events(verb="deploy precheck"))[-1]
        assert last.data["reason"] == "precheck_failed"


async def test_patient_data_in_an_answer_is_masked(checked: Path) -> None:
    async with opened(checked) as chat:
        secret = "PID|1||12345678^^^HOSP^MR||DOE^JOHN||19700101|M"
        chat.prober.findings["scan"] = Finding(Standing.FAILED, secret, secret)
        reply = await chat.say(TEST)
        assert reply.reason is Reason.PRECHECK_FAILED
        assert "DOE" not in reply.text
        assert all(b"DOE" not in event.body for event in await chat.events())


async def test_a_service_without_checks_asks_and_records_nothing(chat: Chat) -> None:
    await chat.say(TEST)
    await chat.ended("DEP-1")
    assert chat.prober.looked == []
    assert await chat.events(verb="deploy precheck") == []
