"""Patient data stops at the door, both ways: no canary in the database, the log or the answer."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.audit.export import Format, export
from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.errors import Rejected
from bot.model import Account, Build, BuildState, Reason, Service, Stage, Visibility
from tests.house import Chat, opened
from tests.loggers import all_to_debug, restored
from tests.twins import TwinCi

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
        events = await chat.told(verb="deploy", kind="intent")
        params = events[0].data["params"]
        assert isinstance(params, dict)
        assert "01/02/1980" not in str(params["reason"])


SEGMENT = f"PID|1||123456^^^HOSP^MR||{CANARY}^JANE||19800101|F"


class LeakingCi(TwinCi):
    """A CI server that shows patient data wherever it can show something."""

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        stages = (Stage(f"test {SEGMENT}", BuildState.RED),)
        found = await super().builds(service, ref, limit=limit)
        return [replace(one, stages=stages, failing_tests=(SEGMENT,)) for one in found]

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        return f"{build_id} {lines}\n{SEGMENT}\nend"

    async def resolve(self, service: Service, ref: str) -> str:
        if ref == "9.9.9":
            raise Rejected(f"the repository has no such tag; {SEGMENT}")
        return await super().resolve(service, ref)

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        del sites
        asked = f"{service.id} {version} {commit} {environment} {correlation}"
        raise Rejected(f"the job was refused: {asked} {SEGMENT}")


async def test_patient_data_planted_in_ten_places_is_in_no_byte_that_is_kept_or_said(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    all_to_debug()
    packed = base64.b64encode(SEGMENT.encode()).decode()
    form = {"service": "portal", "version": "1.4.2", "environment": "test", "reason": SEGMENT}
    async with opened(site, LeakingCi()) as chat:
        await chat.say(SEGMENT)  # 1: the line itself
        await chat.say(f'deploy portal 1.4.2 to test --reason "{SEGMENT}"')  # 2: an option
        await chat.say("deploy", fields=form)  # 3: a form
        await chat.say(f"audit search {packed}")  # 4: packed, in a search
        await chat.say("ci status https://ehr.example/x?mrn=998877&name=" + CANARY)  # 5: an address
        await chat.say("whoami", account=Account("slack", SEGMENT, "T0001"))  # 6: an account
        chat.ci.jobs.append(Build("7", "portal", "1.4.2", "a" * 40, BuildState.RED))
        await chat.say("ci log 7")  # 7: a log of the CI server
        await chat.say("ci status portal 1.4.2")  # 8: its stages, its failing tests
        await chat.say("ci status portal 9.9.9")  # 9: its errors
        await chat.say("deploy portal 1.4.2 to test --reason tested")  # 10: in the background
        await chat.ended("DEP-1")
        with closing(Builder(chat.house.database, Index(site.parent / "shards"))) as builder:
            while builder.step():
                continue
        for form_of in Format:
            file = site.parent / f"export.{form_of}"
            chat.house.database.read_now(partial(export, file=file, form=form_of))
        _no_canary(site.parent)  # database, write-ahead log, index and exports
        shown = [await chat.card("DEP-1"), *chat.said]
    assert CANARY not in str(shown)
    assert packed not in str(shown)
    assert sum(reply.reason is Reason.PHI_BLOCKED for reply in chat.said) == 5
    _no_canary(site.parent)
    assert CANARY not in caplog.text


def _no_canary(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file.name
