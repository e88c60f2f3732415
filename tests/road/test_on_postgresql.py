"""The same road over PostgreSQL: nothing above the storage knows which it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.model import Reason
from tests.house import opened, write_site
from tests.road.test_link import TEAMS, a_code

pytestmark = pytest.mark.postgres
ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"


async def test_the_story_and_its_kills_of_the_process_on_postgresql(
    postgres_url: str, tmp_path: Path
) -> None:
    file = write_site(tmp_path, postgres_url)
    async with opened(file) as chat:
        assert (await chat.say(ASK)).request == "REQ-1"
        assert (await chat.say("approve REQ-1")).reason is Reason.NOT_AUTHORISED
        await chat.say("approve REQ-1", as_="engineer-2")
    async with opened(file) as chat:
        last = await chat.say("approve REQ-1", as_="release-manager")
        assert last.refs["deploy"] == "DEP-1", last.text
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
        assert (await chat.say("audit verify")).reason is Reason.OK
        found = await chat.say("audit search REQ-1 verb:approve")
        assert found.table is not None
        assert len(found.table.rows) == 6


async def test_five_concurrent_deliveries_cause_one_effect_on_postgresql(
    postgres_url: str, tmp_path: Path
) -> None:
    async with opened(write_site(tmp_path, postgres_url)) as chat:
        text = "deploy portal 1.4.2 to test --reason try it"
        replies = await asyncio.gather(*(chat.say(text, delivery="slack:Ev1") for _ in range(5)))
        assert {reply.refs["deploy"] for reply in replies} == {"DEP-1"}
        await chat.ended("DEP-1")
        assert chat.ci.deploys == ["DEP-1"]


async def test_an_account_is_linked_once_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    async with opened(write_site(tmp_path, postgres_url)) as chat:
        code = await a_code(chat)
        accounts = [replace(TEAMS, user=f"{n}{TEAMS.user[1:]}") for n in range(4)]
        taken = [chat.say(f"link {code}", account=account) for account in accounts]
        reasons = sorted(reply.reason.value for reply in await asyncio.gather(*taken))
        assert reasons == ["duplicate", "duplicate", "duplicate", "ok"]
        for account in accounts:
            await chat.say("unlink teams --dry-run", account=account)
        known = [(await chat.say("whoami", account=account)).reason for account in accounts]
        assert sorted(reason.value for reason in known) == [*["not_identified"] * 3, "ok"]
