"""Patient data stops at the door, both ways: no canary in the database, the log or the answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model import Build, BuildState, Reason, Visibility
from tests.house import Chat, opened
from tests.loggers import all_to_debug, restored

CANARY = "ZZCANARY"
PASTES = [
    f"PID|1||123456^^^HOSP^MR||{CANARY}^JANE||19800101|F",
    f'deploy portal 1.4.2 to test --reason "PID|1||123456^^^HOSP^MR||{CANARY}^JANE||19800101|F"',
    f'{{"resourceType": "Patient", "name": [{{"family": "{CANARY}"}}]}}',
    f"audit search MRN 00123456 {CANARY}",
    f"reject REQ-1 --reason patient id 4711223 {CANARY}",
    f"ci run portal https://ehr.example/patient/12345?mrn=998877&x={CANARY}",
]


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    with restored():
        yield


@pytest.mark.parametrize("text", PASTES)
async def test_a_paste_of_patient_data_leaves_no_trace(
    site: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    caplog.set_level(logging.DEBUG)
    all_to_debug()
    async with opened(site) as chat:
        reply = await chat.say(text)

        assert reply.reason is Reason.PHI_BLOCKED, reply.text
        assert reply.visibility is Visibility.PRIVATE
        assert CANARY not in str(reply)
        assert chat.ci.deploys == []
        (event,) = await chat.events(reason="phi_blocked")
        assert event.data["kind"] == "refused"
        params = event.data["params"]
        assert isinstance(params, dict)
        assert list(params) == ["privacy"], "kind and length, no text"
    _no_canary(site.parent)
    assert CANARY not in caplog.text


async def test_a_form_is_guarded_like_a_line(chat: Chat) -> None:
    reply = await chat.say(
        "deploy",
        fields={
            "service": "portal",
            "version": "1.4.2",
            "environment": "test",
            "reason": f"MRN 00123456 {CANARY}",
        },
    )
    assert reply.reason is Reason.PHI_BLOCKED
    assert chat.ci.deploys == []


async def test_patient_data_in_a_ci_log_is_masked_on_the_way_out(site: Path) -> None:
    async with opened(site) as chat:
        chat.ci.jobs.append(Build("7", "portal", "1.4.2", "a" * 40, BuildState.RED))

        async def leaking(build_id: str, *, lines: int = 40) -> str:
            return f"{build_id} {lines}\nPID|1||123456^^^HOSP^MR||{CANARY}^JANE||19800101|F\nend"

        chat.ci.log_tail = leaking  # type: ignore[method-assign] # a log that leaks
        reply = await chat.say("ci log 7")
        assert CANARY not in str(reply)
        assert "[patient data removed" in reply.code
        assert reply.code.endswith("end")
    _no_canary(site.parent)


async def test_what_may_be_patient_data_runs_and_is_masked_in_the_record(site: Path) -> None:
    async with opened(site) as chat:
        reply = await chat.say(
            f"deploy portal 1.4.2 to test --reason Jane {CANARY} DOB 01/02/1980 asked for it"
        )
        assert reply.reason is Reason.OK, reply.text
        assert "may hold patient data" in reply.text
        await chat.ended("DEP-1")
        events = await chat.events(verb="deploy", kind="intent")
        params = events[0].data["params"]
        assert isinstance(params, dict)
        assert "01/02/1980" not in str(params["reason"])


def _no_canary(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file.name
