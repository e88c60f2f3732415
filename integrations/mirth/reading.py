"""What the engine says of its channels, as ours.

Its JSON is its XML turned over: a list of one is an object, an empty one is null or a text, and a
map is a list of entries, each with a key named by its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bot.api import Channel, ChannelState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.vendors import Answer

STATUS: Final = "com.mirth.connect.donkey.model.message.Status"
COUNTED: Final = ("RECEIVED", "FILTERED", "SENT", "ERROR")
MOST: Final = 10**15  # a count above it is something else
LONGEST: Final = 120  # of a name


def channels(answer: Answer) -> list[Channel]:
    """Return the channels of a list; whatever is not as documented is `Unreachable`."""
    listed = answer.object().get("list", answer)
    if listed is answer:
        raise answer.odd()
    if not isinstance(listed, dict):
        if listed in (None, ""):
            return []
        raise answer.odd()
    return [_channel(answer, row) for row in _rows(answer, listed.get("dashboardStatus"))]


def channel(answer: Answer, wanted: str) -> Channel:
    """Return one channel; an answer about another one is not believed."""
    row = answer.object().get("dashboardStatus")
    if not isinstance(row, dict):
        raise answer.odd()
    found = _channel(answer, row)
    if found.id != wanted:
        raise answer.odd()
    return found


def _channel(answer: Answer, row: Mapping[str, Any]) -> Channel:
    channel_id, name = row.get("channelId"), row.get("name")
    if not isinstance(channel_id, str) or not isinstance(name, str) or not channel_id or not name:
        raise answer.odd()
    counts = _counts(answer, row.get("statistics"))
    return Channel(
        id=channel_id.lower(),
        name=name[:LONGEST],
        state=_state(row.get("state")),
        queued=_count(answer, row.get("queued", 0)),
        received=counts["RECEIVED"],
        sent=counts["SENT"],
        errored=counts["ERROR"],
        filtered=counts["FILTERED"],
    )


def _state(said: object) -> ChannelState:
    try:
        return ChannelState(str(said).lower())
    except ValueError:
        return ChannelState.UNKNOWN


def _counts(answer: Answer, found: object) -> dict[str, int]:
    """Return the statistics since they were reset; a channel that is not deployed has none."""
    counts = dict.fromkeys(COUNTED, 0)
    if found in (None, ""):
        return counts
    if not isinstance(found, dict):
        raise answer.odd()
    for entry in _rows(answer, found.get("entry")):
        name = entry.get(STATUS)
        if name in counts:
            counts[str(name)] = _count(answer, entry.get("long"))
    return counts


def _rows(answer: Answer, found: object) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Any] = (
        found if isinstance(found, list) else [] if found in (None, "") else [found]
    )
    if not all(isinstance(row, dict) for row in rows):
        raise answer.odd()
    return rows


def _count(answer: Answer, found: object) -> int:
    if (
        isinstance(found, str)
        and found.isascii()
        and found.isdecimal()
        and len(found) < len(str(MOST))
    ):
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= MOST:
        raise answer.odd()
    return found
