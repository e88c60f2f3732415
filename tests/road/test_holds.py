"""Legal holds, from chat: an auditor makes one, and needs somebody else to lift it."""

from __future__ import annotations

from bot.model import Reason, Reply
from tests.house import Chat

OFFICER, MANAGER = "security-officer", "release-manager"


async def add(chat: Chat, what: str = "--person engineer") -> str:
    reply = await chat.say(f"audit hold add {what} --why the claim of 2031", as_=OFFICER)
    assert reply.reason is Reason.OK, reply.text
    return reply.refs["hold"]


async def approved(chat: Chat, asked: Reply) -> None:
    """Have a second person approve, and wait until it is done."""
    assert asked.request, asked.text
    await chat.say(f"approve {asked.request}", as_=MANAGER)
    await chat.house.engine.wait("carry-out", asked.request, seconds=20)


async def test_a_hold_is_made_listed_and_recorded(chat: Chat) -> None:
    name = await add(chat, "--service lab-results --since 2026-11-01")
    assert name == "HOLD-1"
    assert await add(chat) == "HOLD-2"
    reply = await chat.say("audit hold list", as_=OFFICER)
    assert reply.text == "2 of 2 holds are in force."
    assert reply.table is not None
    assert [row[:3] for row in reply.table.rows] == [
        ("HOLD-2", "person engineer", OFFICER),
        ("HOLD-1", "service lab-results, since 2026-11-01T00:00:00+00:00", OFFICER),
    ]
    (event, _) = [
        each for each in await chat.events(verb="audit hold add") if each.data["kind"] == "outcome"
    ]
    assert event.data["params"]["fact.terms"] == (  # type: ignore[index,call-overload] # it is one
        '{"service": "lab-results", "since": "2026-11-01T00:00:00+00:00"}'
    )


async def test_lifting_a_hold_needs_a_second_person(chat: Chat) -> None:
    name = await add(chat)
    asked = await chat.say(f"audit hold lift {name} --why it is settled", as_=OFFICER)
    assert asked.reason is Reason.PENDING_APPROVAL
    alone = await chat.say(f"approve {asked.request}", as_=OFFICER)
    assert alone.reason is Reason.NOT_AUTHORISED
    await approved(chat, asked)
    listed = await chat.say("audit hold list", as_=OFFICER)
    assert listed.text == "0 of 1 holds are in force."
    again = await chat.say(f"audit hold lift {name} --why again", as_=OFFICER)
    assert again.reason is Reason.DUPLICATE


async def test_a_lifted_hold_is_what_the_log_says_of_it(chat: Chat) -> None:
    name = await add(chat)
    asked = await chat.say(f"audit hold lift {name} --why it is settled", as_=OFFICER)
    await approved(chat, asked)
    await add(chat, "--incident inc-3")
    chat.clock.turn(days=7 * 366)
    await chat.house.trail.retention.prune()
    assert chat.house.trail.retention.trouble == ""
    assert (await chat.house.trail.audit.verify()).ok
    assert "pruned, up to event" in (await chat.house.trail.audit.verify()).integrity


async def test_a_dry_run_of_a_hold_holds_nothing_and_hinders_no_pruning(chat: Chat) -> None:
    reply = await chat.say("audit hold add --person engineer --why x --dry-run", as_=OFFICER)
    assert "Hold person engineer" in reply.text
    assert (await chat.say("audit hold list", as_=OFFICER)).text == "Nothing is held."
    await chat.house.trail.retention.prune()
    assert chat.house.trail.retention.trouble == ""


async def test_what_cannot_be_held_is_said(chat: Chat) -> None:
    for typed, said in (
        ("audit hold add --why because", "Say what is held"),
        ("audit hold add --since yesterday --why because", "is no time"),
        ("audit hold add --since 2026-11-02 --before 2026-11-01 --why x", "ends before it begins"),
        ("audit hold lift HOLD-7 --why because", "There is no HOLD-7"),
    ):
        reply = await chat.say(typed, as_=OFFICER)
        assert said in reply.text, reply.text
    assert (await chat.say("audit hold list")).reason is Reason.NOT_AUTHORISED


async def test_a_pruned_event_is_shown_as_what_it_is(chat: Chat) -> None:
    await chat.say("whoami")
    chat.clock.turn(days=7 * 366)
    await chat.house.trail.retention.prune()
    shown = await chat.say("audit show 2", as_=OFFICER)
    assert shown.reason is Reason.NOT_FOUND
    assert shown.text.startswith("Event 2 was pruned on ")
    found = await chat.say("audit search whoami", as_=OFFICER)
    assert found.text.endswith(" were pruned into archives.")
    proved = await chat.say("audit prove 2", as_=OFFICER)
    assert "whose content was pruned" in proved.text
    report = await chat.say("audit report --month 2026-11", as_=OFFICER)
    assert dict(report.fields)["Pruned"].startswith("events up to ")
