"""`engine ...` as people type it: by the rules of a deploy, told once, and looked at afterwards."""

from __future__ import annotations

import pytest

from bot.model import ChannelOrder, ChannelState, Reason
from tests.engines.twin import LAB, PACS, TwinEngine
from tests.house import Chat

WHY = '--reason "the receiver is down"'


async def test_production_waits_for_two_people_and_then_the_channel_is_told_once(
    chat: Chat, engine: TwinEngine
) -> None:
    asked = await chat.say(f"engine pause lab-in-channel {WHY}")
    assert (asked.reason, engine.told) == (Reason.PENDING_APPROVAL, [])
    await chat.say(f"approve {asked.request}", as_="engineer-2")
    assert engine.told == []
    await chat.say(f"approve {asked.request}", as_="release-manager")
    await chat.house.engine.wait("carry-out", asked.request or "", seconds=20)
    assert engine.told == [(LAB.id, ChannelOrder.PAUSE)]
    card = await chat.card(asked.request or "")
    assert "lab-in-channel (lab-results in production) is paused: 3 queued" in card.text
    kinds = [event.data["kind"] for event in await chat.events(verb="engine pause")]
    assert kinds.index("effect") < kinds.index("effect_outcome")


async def test_class_c_needs_the_clinical_safety_officer(chat: Chat, engine: TwinEngine) -> None:
    asked = await chat.say(f"engine stop pacs-orders {WHY}")
    for person in ("release-manager", "safety-officer"):
        assert engine.told == []
        await chat.say(f"approve {asked.request}", as_=person)
    await chat.house.engine.wait("carry-out", asked.request or "", seconds=20)
    assert engine.told == [(PACS.id, ChannelOrder.STOP)]


async def test_in_test_it_is_done_at_once_and_its_figures_are_told(
    chat: Chat, engine: TwinEngine
) -> None:
    paused = await chat.say(f"engine pause lab-in-test {WHY}")
    assert paused.refs == {"channel": "lab-in-test", "state": "paused", "queued": "3"}
    resumed = await chat.say(f"engine resume lab-in-test {WHY}")
    assert (resumed.reason, resumed.refs["state"]) == (Reason.OK, "started")
    await chat.say(f"engine stop lab-in-test {WHY}")
    started = await chat.say(f"engine start lab-in-test {WHY}")
    assert started.refs["state"] == "started"
    assert [order.value for _, order in engine.told] == ["pause", "resume", "stop", "start"]


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        ("engine pause lab-in-chanel", Reason.NOT_FOUND, "Did you mean `lab-in-channel`"),
        ("engine pause lab-results", Reason.NOT_FOUND, "There is no channel `lab-results`"),
        ("engine resume lab-in-test", Reason.DUPLICATE, "is started already; nothing was done"),
        ("engine start lab-in-test", Reason.DUPLICATE, "is started already"),
    ],
)
async def test_what_is_not_a_channel_or_makes_no_sense_is_refused(
    chat: Chat, engine: TwinEngine, line: str, reason: Reason, said: str
) -> None:
    reply = await chat.say(f"{line} {WHY}")
    assert reply.reason is reason
    assert said in reply.text
    assert engine.told == []


async def test_a_stopped_channel_is_not_paused(chat: Chat, engine: TwinEngine) -> None:
    engine.set(LAB.id, state=ChannelState.STOPPED)
    reply = await chat.say(f"engine pause lab-in-test {WHY}")
    assert reply.reason is Reason.FAILED
    assert "is for a channel that is started" in reply.text


async def test_a_dry_run_says_what_would_happen_and_tells_nobody(
    chat: Chat, engine: TwinEngine
) -> None:
    reply = await chat.say(f"engine stop lab-in-channel {WHY} --dry-run")
    assert "Stop lab-in-channel (lab-results in production)" in reply.text
    assert "needs 2 approvals" in reply.text
    assert (
        "Now",
        "3 queued, 40 received, 37 sent, 0 errored, idle for at least 0 s",
    ) in reply.fields
    assert engine.told == []


async def test_an_approval_is_of_the_state_that_was_shown(chat: Chat, engine: TwinEngine) -> None:
    asked = await chat.say(f"engine stop lab-in-channel {WHY}")
    await chat.say(f"approve {asked.request}", as_="engineer-2")
    engine.set(LAB.id, state=ChannelState.PAUSED, queued=99)
    await chat.say(f"approve {asked.request}", as_="release-manager")
    await chat.house.engine.wait("carry-out", asked.request or "", seconds=20)
    assert engine.told == []


async def test_a_freeze_a_lock_and_a_stop_all_hold_it(chat: Chat, engine: TwinEngine) -> None:
    line = f"engine pause lab-in-test {WHY}"
    await chat.say("lock lab-results test --reason mine", as_="commander")
    assert (await chat.say(line)).reason is Reason.LOCKED
    await chat.say("unlock lab-results test", as_="commander")
    added = await chat.say(
        "freeze add move --from now --until 'in 2h' --service lab-results --reason wards",
        as_="release-manager",
    )
    assert added.reason is Reason.OK, added.text
    frozen = await chat.say(line)
    assert frozen.reason is Reason.FROZEN
    assert "--at" not in frozen.text
    await chat.say("freeze lift move --reason over", as_="release-manager")
    asked = await chat.say("stop-all --reason drill", as_="commander")
    await chat.say(f"approve {asked.request}", as_="security-officer")
    assert (await chat.say(line)).reason is Reason.HALTED
    assert engine.told == []


async def test_who_may_only_read_may_look_and_not_touch(chat: Chat, engine: TwinEngine) -> None:
    shown = await chat.say("engine show lab-in-channel", as_="service-desk")
    assert (shown.refs["state"], shown.refs["queued"]) == ("started", "3")
    reply = await chat.say(f"engine pause lab-in-test {WHY}", as_="service-desk")
    assert (reply.reason, engine.told) == (Reason.NOT_AUTHORISED, [])


async def test_an_order_whose_answer_was_lost_is_looked_up(chat: Chat, engine: TwinEngine) -> None:
    engine.drops = True
    reply = await chat.say(f"engine pause lab-in-test {WHY}")
    assert (reply.reason, reply.refs["state"]) == (Reason.OK, "paused")
    assert len(engine.told) == 1


@pytest.mark.parametrize("fault", ["loses", "lingers"])
async def test_what_is_not_seen_to_happen_is_unknown_and_told_once(
    chat: Chat, engine: TwinEngine, fault: str
) -> None:
    engine.lingers = ChannelState.PAUSING if fault == "lingers" else None
    engine.loses = fault == "loses"
    reply = await chat.say(f"engine pause lab-in-test {WHY}")
    assert reply.reason is Reason.UNKNOWN_OUTCOME
    assert "`engine show lab-in-test` looks again" in reply.text
    assert len(engine.told) == 1


async def test_a_refusal_of_the_engine_is_said_and_nothing_happened(
    chat: Chat, engine: TwinEngine
) -> None:
    engine.refuses = "The engine does not allow that: the account needs Start/Stop Channels."
    reply = await chat.say(f"engine pause lab-in-test {WHY}")
    assert (reply.reason, reply.text) == (Reason.FAILED, engine.refuses)


async def test_an_engine_that_is_away_is_told_nothing(chat: Chat, engine: TwinEngine) -> None:
    engine.down = True
    reply = await chat.say(f"engine pause lab-in-test {WHY}")
    assert (reply.reason, engine.told) == (Reason.UNAVAILABLE, [])
    listed = await chat.say("engine list of lab-results")
    assert listed.table is not None
    assert [row[3] for row in listed.table.rows] == ["not known", "not known"]


async def test_the_list_has_every_channel_as_it_is_now(chat: Chat, engine: TwinEngine) -> None:
    engine.set(LAB.id, queued=51)
    listed = await chat.say("engine list")
    assert listed.table is not None
    by_name = {row[0]: row[3:] for row in listed.table.rows}
    assert by_name["lab-in-channel"] == ("started", "51", "0", "failed")
    assert by_name["pacs-orders"] == ("started", "0", "0", "passed")
    assert "No channel of portal is declared" in (await chat.say("engine list portal")).text


async def test_a_probe_judges_state_queue_and_idleness(chat: Chat, engine: TwinEngine) -> None:
    passed = await chat.say("probe engine lab-in-channel", as_="service-desk")
    figures = {"state": "started", "queued": "3", "received": "40", "sent": "37", "errored": "0"}
    assert passed.refs["standing"] == "passed"
    assert figures.items() <= passed.refs.items()
    chat.clock.turn(minutes=16)
    idle = await chat.say("probe engine lab-in-channel")
    assert (idle.refs["why"], idle.refs["idle_seconds"]) == ("idle", "960")
    engine.set(LAB.id, received=41, queued=51)
    assert (await chat.say("probe engine lab-in-channel")).refs["why"] == "queue"
    engine.set(LAB.id, state=ChannelState.STOPPED)
    assert (await chat.say("probe engine lab-in-channel")).refs["why"] == "state"
    engine.down = True
    away = await chat.say("probe all lab-results")
    assert (away.refs["standing"], away.refs["endpoint.lab-in-channel"]) == ("failed", "failed")


async def test_what_moves_between_two_probes_is_not_idle(chat: Chat, engine: TwinEngine) -> None:
    await chat.say("probe engine lab-in-channel")
    chat.clock.turn(minutes=14)
    engine.set(LAB.id, received=41)
    await chat.house.control.channels.look()
    chat.clock.turn(minutes=14)
    assert (await chat.say("probe engine lab-in-channel")).refs["idle_seconds"] == "840"
