"""What ticket systems tell by themselves is a reason to look, for who knows the secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from bot import serving
from bot.adapters import web
from bot.settings import load
from integrations.jira import hook as jira
from integrations.servicenow import hook as servicenow
from tests.house import write_site
from tests.tickets.house_of_tickets import DEPLOY, brought, housed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bot.ports import Hook

SECRET = "a secret of the ticket system"
CHANGED = {"number": "CHG0030000"}


def basic(password: str) -> dict[str, str]:
    pair = base64.b64encode(f"wardroom:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def signed(body: bytes, secret: str = SECRET, by: str = "sha256") -> dict[str, str]:
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature": f"{by}={made}"}


BODY = json.dumps({"issue": {"key": "CHG-12"}}).encode()


@pytest.mark.parametrize(
    ("hook", "headers", "is_genuine"),
    [
        (servicenow, basic(SECRET), True),
        (servicenow, {"authorization": f"Bearer {SECRET}"}, True),
        (servicenow, basic("another"), False),
        (servicenow, signed(BODY), False),
        (servicenow, {}, False),
        (jira, signed(BODY), True),
        (jira, signed(b"another body"), False),
        (jira, signed(BODY, "another"), False),
        (jira, signed(BODY, by="sha1"), False),
        (jira, basic(SECRET), True),
        (jira, {"authorization": f"Bearer {SECRET}"}, True),
        (jira, basic(SECRET) | signed(b"another body"), False),
        (jira, {}, False),
    ],
)
def test_only_who_knows_the_secret_is_genuine(
    hook: Hook, headers: Mapping[str, str], *, is_genuine: bool
) -> None:
    assert hook.is_genuine(headers, BODY, (SECRET,)) is is_genuine


@pytest.mark.parametrize(
    ("hook", "told", "numbers"),
    [
        (servicenow, CHANGED, ["CHG0030000"]),
        (servicenow, {"number": 7}, []),
        (servicenow, {}, []),
        (jira, {"webhookEvent": "jira:issue_updated", "issue": {"key": "CHG-12"}}, ["CHG-12"]),
        (jira, {"key": "CHG-12", "fields": {}}, ["CHG-12"]),
        (jira, {"issue": "CHG-12"}, []),
        (jira, {"issue": {"key": 12}}, []),
    ],
)
def test_the_number_of_a_ticket_is_all_that_is_read(
    hook: Hook, told: Mapping[str, object], numbers: list[str]
) -> None:
    assert list(hook.builds({}, told)) == numbers


async def test_a_word_of_the_system_has_its_ticket_read_at_once(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)
    secret = site.parent / "hook"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    block = {"url": "https://sn.hospital.example/", "hook_secret_file": str(secret)}
    (site.parent / "told").mkdir()
    file = write_site(
        site.parent / "told",
        f"sqlite:///{site.parent}/told.db",
        integrations={"servicenow": block},
    )
    settings = load(file, {})
    async with housed(site) as (chat, instance):
        api = FastAPI()
        follower = chat.house.tickets
        assert follower is not None

        def tell(source: str, about: Sequence[str]) -> int:
            return serving.told(chat.house, settings, source, about)

        api.include_router(web.hooks(serving.sources(settings), tell))
        transport = httpx.ASGITransport(api)
        change = (await chat.say(DEPLOY)).refs["change"]
        await brought(chat)
        instance.cancel("CHG0030000")
        await follower.round()
        assert (await chat.say(f"change show {change}")).refs["state"] != "cancelled"
        async with httpx.AsyncClient(transport=transport, base_url="http://w.test") as client:
            forged = await client.post("/hooks/servicenow", json=CHANGED, headers=basic("no"))
            assert forged.status_code == 401
            other = {"number": "CHG0099999", "state": "4"}
            for body in (other, CHANGED):
                told = await client.post("/hooks/servicenow", json=body, headers=basic(SECRET))
                assert told.status_code == 202
        await follower.round()
        assert (await chat.say(f"change show {change}")).refs["state"] == "cancelled"


async def test_a_false_word_changes_nothing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)
    async with housed(site) as (chat, instance):
        change = (await chat.say(DEPLOY)).refs["change"]
        await brought(chat)
        follower = chat.house.tickets
        assert follower is not None
        before = len(instance.line.requests)
        assert follower.hear(["CHG0099999"]) == 1
        await follower.round()
        assert len(instance.line.requests) == before, "an unknown number is asked for nowhere"
        assert follower.hear(["CHG0030000"] * 1000) <= 20
        await follower.round()
        shown = await chat.say(f"change show {change}")
        assert shown.refs["state"] == "new"
