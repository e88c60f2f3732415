"""Files go up in three steps, and only to addresses that are Slack's."""

from __future__ import annotations

import pytest

from bot.adapters.slack.addresses import Addresses
from bot.errors import Rejected, Unreachable
from bot.model import Place
from tests.adapters.slack.conftest import Open

LOG = b"line\n" * 9000 + b"\xff\x00"


async def test_a_file_reaches_its_channel_and_thread_whole(here: Open) -> None:
    await here.door.upload(Place("slack", "C1", "1700000000.000001"), "build-17.log", LOG)
    [upload] = here.slack.uploads.values()
    assert upload["content"] == LOG
    assert (upload["filename"], upload["title"]) == ("build-17.log", "build-17.log")
    assert (upload["channel"], upload["thread"]) == ("C1", "1700000000.000001")


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_step_that_slack_refuses_is_one_clear_sentence(here: Open, method: str) -> None:
    here.slack.fail(method, "missing_scope")
    with pytest.raises(Rejected, match="missing_scope"):
        await here.door.upload(Place("slack", "C1"), "a.log", LOG)


async def test_an_empty_file_is_refused(here: Open) -> None:
    with pytest.raises(Rejected):
        await here.door.upload(Place("slack", "C1"), "a.log", b"")


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.test/upload",
        "http://files.slack.com/upload",
        "ftp://x",
        "",
        "http://[",
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_slacks(
    here: Open, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def elsewhere(*_: object, **__: object) -> dict[str, object]:
        return {"ok": True, "upload_url": url, "file_id": "F1"}

    monkeypatch.setattr(here.door._outgoing, "call", elsewhere)
    with pytest.raises(Rejected, match="no address of its own"):
        await here.door.upload(Place("slack", "C1"), "a.log", LOG)


async def test_an_upload_that_breaks_off_is_unreachable(here: Open) -> None:
    here.slack.break_uploads = True
    with pytest.raises(Unreachable):
        await here.door.upload(Place("slack", "C1"), "a.log", LOG)


@pytest.mark.parametrize(
    ("api", "url", "known"),
    [
        ("https://slack.com/api/", "https://hooks.slack.com/commands/T1/2/3", True),
        ("https://slack.com/api/", "https://files.slack.com/upload/v1/x", True),
        ("https://slack.com/api/", "https://hooks.slack-gov.com/commands/T1/2/3", False),
        ("https://slack-gov.com/api/", "https://hooks.slack-gov.com/commands/T1/2/3", True),
        ("https://api.slack-gov.com/api/", "https://files.slack-gov.com/upload/v1/x", True),
        ("https://slack-gov.com/api/", "https://hooks.slack.com/commands/T1/2/3", False),
        ("https://proxy.hospital.example/api/", "https://hooks.slack.com/commands/T1", True),
        ("https://proxy.hospital.example/api/", "https://hooks.slack-gov.com/commands/T1", True),
        ("https://proxy.hospital.example/api/", "https://proxy.hospital.example/answer", True),
        ("https://slack.com/api/", "http://hooks.slack.com/commands/T1/2/3", False),
        ("https://slack.com/api/", "https://hooks.slack.com.evil.test/", False),
        ("https://slack.com/api/", "https://hooks.slack.com:8443/", False),
        ("https://slack.com/api/", "https://evil.test/hooks.slack.com", False),
        ("https://slack.com/api/", "https://me@hooks.slack.com/", False),
        ("https://notslack.com/api/", "https://evil.notslack.com/", False),
    ],
)
def test_an_address_is_known_by_its_host_and_the_cloud_of_the_api(
    api: str,
    url: str,
    known: bool,  # noqa: FBT001 - a parametrised case
) -> None:
    assert Addresses(api).knows(url) is known
