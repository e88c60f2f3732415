"""What chat did not take is seen and tried again by typing."""

from __future__ import annotations

from bot.errors import Rejected
from bot.model import Place, Reason, Reply
from tests.house import Chat, until


class Closed:
    """A Slack whose channel is archived, until it is not."""

    platform, spacing = "slack", 0.0

    def __init__(self) -> None:
        self.is_archived = True
        self.shows: list[str] = []

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:  # noqa: ARG002 - it shows one list
        if self.is_archived:
            raise Rejected("Slack refused it: is_archived.")
        self.shows.append(reply.text)
        return "171.9"

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:  # noqa: ARG002 - as above
        self.shows.append(reply.text)


async def test_a_refused_message_is_listed_and_replayed(chat: Chat) -> None:
    slack = Closed()
    chat.house.outbox.messengers["slack"] = slack
    assert "Given up: none" in (await chat.say("outbox list")).text
    asked = await chat.say("deploy lab-results 1.4.2 to production --reason fix")
    await chat.house.notices.announce(str(asked.request), Place("slack", "C1"))
    dead = await chat.house.stores.letters.dead()
    while not dead:
        dead = await chat.house.stores.letters.dead()
    listed = await chat.say("outbox list")
    assert listed.table is not None
    assert listed.table.rows[0][1:] == (
        str(asked.request),
        "slack:C1",
        "1",
        "Slack refused it: is_archived.",
    )
    slack.is_archived = False
    again = await chat.say(f"outbox replay {listed.table.rows[0][0]}")
    assert again.reason is Reason.OK
    chat.house.outbox.nudge()
    await until(lambda: slack.shows)
    assert "Given up: none" in (await chat.say("outbox list")).text


async def test_there_is_nothing_to_replay(chat: Chat) -> None:
    for typed, reason in (
        ("outbox replay 99", Reason.NOT_FOUND),
        ("outbox replay x", Reason.BAD_INPUT),
    ):
        reply = await chat.say(typed)
        assert reply.reason is reason
        assert "outbox list" in reply.text


async def test_a_card_asked_for_in_chat_is_shown_there_even_if_the_door_never_did(
    chat: Chat,
) -> None:
    slack = Closed()
    slack.is_archived = False
    chat.house.outbox.messengers["slack"] = slack
    asked = await chat.say(
        "deploy lab-results 1.4.2 to production --reason fix", place=Place("slack", "C1")
    )
    assert asked.reason is Reason.PENDING_APPROVAL
    chat.clock.turn(seconds=16)
    chat.house.outbox.nudge()
    await until(lambda: slack.shows)
    await chat.say(f"reject {asked.request} --reason no", as_="release-manager")
    await until(lambda: len(slack.shows) > 1)
    assert "was rejected by release-manager" in slack.shows[-1]
