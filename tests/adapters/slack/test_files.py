"""What Slack shows a part of is handed over whole, where only those see it who may."""

from __future__ import annotations

from bot.model import Reply, Table, Visibility
from tests.adapters.slack.conftest import Open
from tests.fakes.slack import Object

LOG = "\n".join(f"line {number} of the log" for number in range(400))
WHOLE = Reply("Build 12 failed.", title="Build 12", code=LOG, visibility=Visibility.PUBLIC)
ROWS = Table(("No.", "What"), tuple((str(n), "deploy") for n in range(400)))


async def handed(here: Open) -> Object:
    """Wait for the one file that was handed over."""
    await here.slack.until(lambda: len(here.slack.called("files.completeUploadExternal")) == 1)
    [upload] = here.slack.uploads.values()
    return upload


async def test_the_whole_of_a_public_log_is_a_file_in_its_messages_thread(here: Open) -> None:
    here.road.replies["log"] = WHOLE
    await here.slack.say("log")
    message = await here.slack.message()
    upload = await handed(here)
    assert (upload["channel"], upload["thread"]) == ("C1", message.ts)
    assert upload["title"] == "build-12.txt"
    assert "line 0 of the log" in upload["content"].decode()
    assert "line 399 of the log" in upload["content"].decode()


async def test_in_a_thread_the_file_is_in_that_thread(here: Open) -> None:
    here.road.replies["log"] = Reply("Listed.", table=ROWS, visibility=Visibility.PUBLIC)
    await here.slack.mention("log", thread="1700000000.000001")
    upload = await handed(here)
    assert (upload["channel"], upload["thread"]) == ("C1", "1700000000.000001")
    assert upload["title"] == "listed.txt"


async def test_what_is_private_is_no_file_in_a_channel(here: Open) -> None:
    here.road.replies["log"] = Reply("Build 12 failed.", code=LOG)
    answer = await here.slack.say("log")
    assert "This is not all of it" in answer.words
    await here.slack.mention("log")
    whisper = await here.slack.whisper()
    assert "This is not all of it" in whisper.words
    await here.door._tasks.close(5)
    assert here.slack.uploads == {}


async def test_in_somebodys_own_chat_with_us_it_is_a_file_there(here: Open) -> None:
    here.road.replies["log"] = Reply("Build 12 failed.", title="Build 12", code=LOG)
    await here.slack.say("log", channel="DU1")
    upload = await handed(here)
    assert (upload["channel"], upload["thread"]) == ("DU1", "")


async def test_what_fits_is_no_file(here: Open) -> None:
    here.road.replies["log"] = Reply("Build 12.", code="ok", visibility=Visibility.PUBLIC)
    await here.slack.say("log")
    await here.slack.message()
    await here.door._tasks.close(5)
    assert here.slack.uploads == {}


async def test_a_message_that_is_edited_in_place_gets_no_files(here: Open) -> None:
    here.road.replies["log"] = Reply("It runs.", code=LOG, topic="DEP-1")
    await here.slack.say("log")
    await here.slack.message()
    await here.door._tasks.close(5)
    assert here.slack.uploads == {}


async def test_a_file_that_slack_does_not_take_costs_nothing_else(here: Open) -> None:
    here.slack.fail("files.getUploadURLExternal", "file_uploads_disabled")
    here.road.replies["log"] = WHOLE
    await here.slack.say("log")
    message = await here.slack.message()
    await here.door._tasks.close(5)
    assert "This is not all of it" in message.words
    assert here.slack.called("files.getUploadURLExternal")
    assert here.slack.uploads == {}
