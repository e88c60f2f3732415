"""Opens rooms in Slack: public channels, for what concerns one matter alone."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from bot.adapters.slack.accounts import PLATFORM
from bot.adapters.slack.refusals import SlackRefused
from bot.errors import IntegrationError, Rejected
from bot.model import Place, Reply
from bot.render.blocks import escape
from bot.render.plain import cut, inert

if TYPE_CHECKING:
    from bot.adapters.slack.accounts import Accounts
    from bot.adapters.slack.outgoing import Outgoing

LOG = structlog.get_logger(__name__)
NAME: Final = 80  # characters of a channel's name (platforms.md §1.3)
TOPIC: Final = 250
INVITED: Final = 100  # people called in by one call
TAKEN, TRIES = "name_taken", 20
OTHERS: Final = re.compile(r"[^a-z0-9_]+")
# Not wanted there any more: they are in the room.
HARMLESS = frozenset({"already_in_channel", "cant_invite_self"})
MENDS: Final[Mapping[str, str]] = {
    "restricted_action": "Slack lets this app make no channel: an owner of the workspace allows it "
    "under Settings & administration > Workspace settings > Permissions > Channel management.",
    "missing_scope": "The Slack app has no permission to make channels (channels:manage): print "
    "the manifest again, paste it into the app, and reinstall it.",
    "team_access_not_granted": "The Slack app is in none of that organisation's workspaces: an "
    "Org Admin adds it to one.",
}
WHERE: Final = (
    "Slack does not say in which workspace of the organisation the room belongs: give the app the "
    "permission channels:read, and name a channel beside which it is opened."
)


class Rooms:
    """Makes channels; implements `bot.ports.Rooms` for the door."""

    def __init__(self, outgoing: Outgoing, accounts: Accounts) -> None:
        self._outgoing, self._accounts = outgoing, accounts

    async def open(self, title: str, beside: str, members: Sequence[str]) -> Place:
        """Make a channel named after the title, and call people in; returns the place."""
        room = Place(PLATFORM, await self._create(title, await self._team(beside)))
        try:
            topic = cut(escape(inert(title)), TOPIC)
            await self._outgoing.call(
                "conversations.setTopic", json={"channel": room.channel, "topic": topic}
            )
            absent = await self._call_in(room.channel, members)
            if absent:
                await self._outgoing.post(room, _missing(absent, members))
        except IntegrationError as error:
            # The room is there, and what is posted to it is tried again by whoever posts it.
            LOG.warning("a room in Slack is not all that it should be", why=error.text)
        return room

    async def _create(self, title: str, team: str) -> str:
        for name in itertools.islice(names(title), TRIES):
            wanted = {"name": name, **({"team_id": team} if team else {})}
            try:
                made = await self._outgoing.call("conversations.create", json=wanted)
            except SlackRefused as refused:
                if refused.code == TAKEN:
                    continue  # perhaps by a channel that is archived, or hidden from us
                raise Rejected(MENDS.get(refused.code, refused.text)) from None
            channel = made.get("channel")
            return str(channel["id"]) if isinstance(channel, Mapping) else ""
        raise Rejected("Slack has channels of this name already: choose another title.")

    async def _team(self, beside: str) -> str:
        """Return the workspace to name: an organisation's token is good for several."""
        home = await self._accounts.home()
        if home is None or not home.is_org:
            return ""
        listed = (await self._outgoing.call("auth.teams.list", json={})).get("teams")
        teams = [str(team["id"]) for team in listed] if isinstance(listed, list) else []
        if len(teams) == 1:
            return teams[0]
        asked: dict[str, object] = {"channel": beside.removeprefix(f"{PLATFORM}:")}
        try:
            found = await self._outgoing.call("conversations.info", data=asked)
        except SlackRefused:
            raise Rejected(WHERE) from None
        channel = found.get("channel")
        return str(channel.get("context_team_id", "")) if isinstance(channel, Mapping) else ""

    async def _call_in(self, channel: str, members: Sequence[str]) -> list[str]:
        """Call people in; returns who could not be."""
        absent: list[str] = []
        for start in range(0, len(members), INVITED):
            some = members[start : start + INVITED]
            # Forced: whom Slack does not know does not keep the others out.
            body = {"channel": channel, "users": ",".join(some), "force": True}
            try:
                answer = await self._outgoing.call("conversations.invite", json=body)
            except SlackRefused as refused:
                answer = refused.answer
                if not answer.get("errors") and refused.code not in HARMLESS:
                    absent += some
            absent += _refused(answer)
        return absent


def names(title: str) -> Iterator[str]:
    """Yield names for a room, the readable one first, then with numbers."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = OTHERS.sub("-", plain).strip("-_") or "room"
    yield name[:NAME].rstrip("-_")
    for number in itertools.count(2):
        ending = f"-{number}"
        yield name[: NAME - len(ending)].rstrip("-_") + ending


def _refused(answer: Mapping[str, object]) -> list[str]:
    errors = answer.get("errors")
    rows = [row for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    wrong = [row for row in rows if row.get("error") not in HARMLESS]
    return [user for row in wrong if isinstance(user := row.get("user"), str)]


def _missing(absent: Sequence[str], members: Sequence[str]) -> Reply:
    return Reply(
        f"{len(absent)} of the {len(members)} people asked for could not be called in: "
        f"{', '.join(absent)}. Type `/invite` to call them in yourself."
    )
