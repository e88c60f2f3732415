"""Whatever is typed reaches no log, at any level of any logger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.adapters.slack.silence import silent_logger
from bot.model import Button, Form, Input, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open, opened
from tests.adapters.slack.estate import Estate, request
from tests.fakes.slack import FORM
from tests.loggers import all_to_debug, restored

CANARY = "MRN-8675309-canary"
SECRETS = ("a-signing-secret", "xoxb-a-token", "xapp-a-token", "v0=")


class Everything(logging.Handler):
    """Keeps whatever any logger lets out."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, with its traceback."""
        self.lines.append(logging.Formatter().format(record))


@pytest.fixture
def heard() -> Iterator[Everything]:
    """Every logger at DEBUG, all of them heard, as they are made too."""
    handler = Everything()
    root = logging.getLogger()
    before = {root: root.level}
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    with restored():
        yield handler
    root.removeHandler(handler)
    for logger, level in before.items():
        logger.setLevel(level)


@pytest.mark.parametrize("app_token", [None, "xapp-a-token"], ids=["HTTP", "Socket Mode"])
async def test_no_word_token_or_signature_is_logged(
    heard: Everything, capfd: pytest.CaptureFixture[str], app_token: str | None
) -> None:
    estate = Estate(for_me=[replace(request(), requester=CANARY)])
    async with opened(app_token=app_token, sources=estate.sources) as here:
        if app_token:
            await here.slack.connected()
            here.slack.by_socket = True
        all_to_debug()
        await everything_once(here)
    out = "\n".join(heard.lines) + "".join(capfd.readouterr())
    assert CANARY not in out
    assert not [secret for secret in SECRETS if secret in out]
    assert heard.lines, "nothing was heard, so this proves nothing"


async def everything_once(here: Open) -> None:
    """Say the canary every way there is, with everything going wrong that can."""
    form = Form("deploy", CANARY, (Input("reason", "Reason"),))
    here.road.replies[f"form {CANARY}"] = Reply(CANARY, Reason.BAD_INPUT, form=form)
    buttons = (Button(CANARY[:20], f"type {CANARY}"), Button("Ask", CANARY, asks="reason"))
    here.road.replies[f"post {CANARY}"] = Reply(
        CANARY, buttons=buttons, visibility=Visibility.PUBLIC
    )
    await here.slack.say(CANARY)
    await here.slack.say(f"form {CANARY}")
    await here.slack.submit(await here.slack.view(), {"reason": CANARY})
    await here.slack.mention(f"post {CANARY}")
    message = await here.slack.message()
    await here.slack.press(CANARY[:20], message)
    await here.slack.press("Ask", message)
    await here.slack.choose(f"types:{CANARY}")
    await here.slack.choose("run", message=message)
    await here.slack.submit(await here.slack.view(), {"reason": CANARY, "line": CANARY})
    await here.slack.tell({"type": "user_change", "user": {"id": "U1", "real_name": CANARY}})
    await here.slack.open_home()
    await here.slack.home()
    await broken(here, message)
    await here.door.close()


async def broken(here: Open, message: object) -> None:
    """Send what nothing handles, and make Slack and the road fail."""
    for method in ("chat.postMessage", "chat.postEphemeral", "views.open", "chat.update"):
        here.slack.fail(method, "fatal_error", times=2)
    await here.slack.say(f"post {CANARY}", response_url="")
    await here.slack.mention(CANARY)
    await here.slack.say(f"form {CANARY}", trigger_id="gone", response_url="")
    if not here.slack.by_socket:
        await unhandled(here)
    here.road.replies = {}
    here.road.handle = failing  # type: ignore[method-assign]  # the road never raises; if it did
    if not here.slack.by_socket:
        await here.slack.say(CANARY)
    await here.slack.mention(CANARY)


async def unhandled(here: Open) -> None:
    """Send genuine requests that no listener takes, and forged ones."""
    await here.slack.say(CANARY, command="/other")
    for kind in ("interactive_message", "dialog_submission", "block_suggestion", "shortcut"):
        body = {
            "type": kind,
            "callback_id": "x",
            "user": {"id": "U1"},
            "team": {"id": "T0HOME"},
            "actions": [{"value": CANARY}],
            "submission": {"x": CANARY},
            "value": CANARY,
        }
        await here.slack.send("interactive", body)
    text = f"text={CANARY}&command=%2Fops".encode()
    await here.slack.post(text, FORM, headers={"X-Slack-Signature": "v0=" + "1" * 64})
    await here.slack.post(text + b"\xff", FORM)
    await here.slack.post(b'{"text": "' + CANARY.encode(), FORM)


async def failing(invocation: object) -> Reply:
    """Fail with what was typed in the error's words."""
    raise RuntimeError(f"{CANARY} in {invocation}")


async def test_the_silent_logger_tells_where_trouble_was_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logger = silent_logger()
    logger.setLevel(logging.DEBUG)
    logger.debug("body %s", CANARY)
    try:
        float(CANARY)
    except ValueError:
        logger.exception("failed with %s", CANARY)
    await asyncio.sleep(0)
    out = "".join(capsys.readouterr())
    assert CANARY not in out
    assert "test_silence.py" in out
    assert "ValueError" in out
