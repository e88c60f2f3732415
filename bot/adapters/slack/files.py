"""Hands files over to Slack, in the three steps that it asks for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import aiohttp

from bot.errors import Rejected, Unreachable

if TYPE_CHECKING:
    from bot.adapters.slack.outgoing import Outgoing
    from bot.model import Place


async def upload(outgoing: Outgoing, place: Place, name: str, content: bytes) -> None:
    """Hand a file over in a channel or thread; `Rejected` or `Unreachable` otherwise."""
    # Slack wants the first of these as a form, not as JSON.
    asked: dict[str, object] = {"filename": name, "length": len(content)}
    offer = await outgoing.call("files.getUploadURLExternal", data=asked)
    url, file_id = str(offer.get("upload_url", "")), str(offer.get("file_id", ""))
    await _put(outgoing, url, content)
    body = {
        "files": [{"id": file_id, "title": name}],
        "channel_id": place.channel,
        "thread_ts": place.thread,
    }
    done = {field: value for field, value in body.items() if value}
    await outgoing.call("files.completeUploadExternal", json=done)


async def _put(outgoing: Outgoing, url: str, content: bytes) -> None:
    """Send a file's bytes to where Slack wants them; the address is the permission."""
    if not outgoing.addresses.knows(url):
        raise Rejected("Slack named no address of its own to put a file.")
    try:
        status = await outgoing.put(url, io.BytesIO(content))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable("Slack did not take the file.") from error
    if not 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls good
        raise Rejected(f"Slack did not take the file: {status}.")
