"""Whatever is typed reaches no log, at any level of any logger."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.adapters.teams import Patience
from bot.adapters.teams.activity import understood
from bot.adapters.teams.silence import LIBRARIES, silence
from bot.errors import Rejected
from bot.model import Button, Form, Input, Place, Reason, Reply, Visibility
from tests.adapters.slack.test_silence import CANARY, Everything, failing, heard
from tests.adapters.teams.conftest import Open, opened
from tests.fakes.teams import activities
from tests.loggers import all_to_debug

SECRETS = ("an-app-password", "a-token-of-ours", "Bearer ", "eyJ")
FORM = Form("deploy", CANARY, (Input("reason", "Reason"),))
POSTED = Reply(
    CANARY,
    title=CANARY,
    buttons=(Button("Type", f"type {CANARY}"), Button("Ask", CANARY, asks="reason")),
    visibility=Visibility.PUBLIC,
    topic="REQ-1",
)

__all__ = ["heard"]


async def test_no_word_token_or_password_is_logged(
    heard: Everything, capfd: pytest.CaptureFixture[str]
) -> None:
    async with opened(patience=Patience(message=0.01, invoke=0.5)) as here:
        all_to_debug()
        await everything_once(here)
        await everything_broken(here)
        await here.door.close()
    out = "\n".join(heard.lines) + "".join(capfd.readouterr())
    assert CANARY not in out
    assert not [secret for secret in SECRETS if secret in out]
    assert heard.lines, "nothing was heard, so this proves nothing"


async def everything_once(here: Open) -> None:
    """Say the canary every way there is."""
    here.road.replies[f"post {CANARY}"] = POSTED
    here.road.replies[f"form {CANARY}"] = Reply(CANARY, Reason.BAD_INPUT, form=FORM)
    here.road.replies["deploy"] = Reply(CANARY, Reason.BAD_INPUT, form=FORM)
    await here.teams.say(CANARY)
    await here.teams.say(f"post {CANARY}", where="channel")
    await here.teams.until(lambda: any(m.card.get("actions") for m in here.teams.messages))
    message = next(m for m in here.teams.messages if m.card.get("actions"))
    for fallback in (False, True):
        await here.teams.press("Type", message, fallback=fallback)
        await here.teams.press("Ask", message, values={"reason": CANARY}, fallback=fallback)
    await here.teams.say(f"form {CANARY}", where="group")
    data = {"opens": "deploy", "note": CANARY}
    fetch = activities.dialog(here.teams, "task/fetch", data, "anna", "personal")
    await here.teams.submit(await here.teams.send(fetch), {"reason": CANARY})


async def everything_broken(here: Open) -> None:
    """Have everything go wrong that can, with the canary in it."""
    message = next(m for m in here.teams.messages if m.card.get("actions"))
    here.teams.fail("edit", 400, CANARY)
    with pytest.raises(Rejected) as refused:
        await here.door.edit(Place("teams", message.conversation), message.id, POSTED)
    assert CANARY not in str(refused.value)
    for operation in ("post", "create", "typing"):
        here.teams.fail(operation, 400, CANARY, times=3)
    here.teams.fail("login", 400, CANARY)
    here.teams.revoke()
    await here.teams.say(f"post {CANARY}", where="channel")
    await here.door._tasks.close(10)
    body = activities.said(here.teams, CANARY)
    odd: list[dict[str, Any]] = [{"text": {"x": CANARY}}, {"type": CANARY}, {"entities": [CANARY]}]
    for over in odd:
        await here.teams.send({**body, **over})
    await here.teams.send(body, token=CANARY)
    await here.teams.send({**body, "channelId": CANARY, "serviceUrl": CANARY})
    await here.teams.post(b'{"text": "' + CANARY.encode())
    here.road.handle = failing  # type: ignore[method-assign]  # the road never raises; if it did
    await here.teams.say(CANARY)
    action = {"verb": "types", "data": {"types": CANARY}}
    await here.teams.send(activities.executed(here.teams, action, "anna", "personal"))


def test_the_librarys_own_warnings_are_told_by_their_place_alone(
    heard: Everything, capsys: pytest.CaptureFixture[str]
) -> None:
    silence()
    for name in ("msrest.serialization", "botbuilder.core.x"):
        logging.getLogger(name)
    silence()
    for name in ("msrest.serialization", "botbuilder.core.x"):
        logging.getLogger(name).warning("can't read %s", CANARY)
        logging.getLogger(name).debug("read %s", CANARY)
    out = "\n".join(heard.lines) + "".join(capsys.readouterr())
    assert CANARY not in out
    assert out.count("test_silence.py") == 2
    assert {"msrest", "botbuilder"} <= set(LIBRARIES)


def test_the_library_is_given_nothing_that_somebody_typed_into_a_card() -> None:
    read = understood(
        {
            "type": "invoke",
            "id": "1",
            "from": {"id": "29:anna"},
            "recipient": {"id": "28:app"},
            "conversation": {"id": "a:1"},
            "value": {"data": {"reason": CANARY}},
            "attachments": [{"content": CANARY}],
        }
    )
    assert read.value == {"data": {"reason": CANARY}}
    assert read.attachments is None
