"""What is asked of an engine of Mirth's family, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import respx
import stamina

from bot.api import (
    ChannelOrder,
    ChannelState,
    Credentials,
    IntegrationError,
    Rejected,
    Unreachable,
)
from integrations.mirth import connect
from integrations.mirth.provider import Mirth
from tests.contracts.faults import Fault, every_request
from tests.integrations.mirth.played import LAB, NAME, PACS, PASSWORD, URL, Played, playing, row
from tests.serving import NO_TLS


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3, cap=True):
        yield


@pytest.fixture
def played() -> Iterator[Played]:
    with playing() as engine:
        yield engine


@pytest.fixture
async def mirth() -> AsyncIterator[Mirth]:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect("main", Credentials(URL, NAME, PASSWORD), client)


async def test_channels_come_with_state_and_counts_in_one_session(
    mirth: Mirth, played: Played
) -> None:
    lab, pacs = await mirth.channels()
    assert (lab.id, lab.name, lab.state, lab.queued) == (
        LAB,
        "Lab results in",
        ChannelState.STARTED,
        3,
    )
    assert (lab.received, lab.sent, lab.errored, lab.filtered) == (40, 36, 2, 1)
    assert pacs.name == "Orders to PACS"
    assert await mirth.channel(LAB.upper()) == await mirth.channel("Lab results in") == lab
    assert played.logins == 1


async def test_no_path_that_is_asked_for_leads_to_a_message(mirth: Mirth, played: Played) -> None:
    await mirth.channels()
    await mirth.channel(PACS)
    await mirth.order(PACS, ChannelOrder.PAUSE)
    assert played.asked == [
        "GET channels/statuses",
        f"GET channels/{PACS}/status",
        f"POST channels/{PACS}/_pause",
    ]


async def test_each_order_is_sent_once_and_leads_where_it_says(
    mirth: Mirth, played: Played
) -> None:
    for order in (
        ChannelOrder.PAUSE,
        ChannelOrder.RESUME,
        ChannelOrder.STOP,
        ChannelOrder.START,
    ):
        await mirth.order(LAB, order)
        assert (await mirth.channel(LAB)).state is order.leads_to
    assert len([one for one in played.asked if one.startswith("POST")]) == len(ChannelOrder)


async def test_a_session_that_is_over_is_begun_again_and_the_order_sent_once(
    mirth: Mirth, played: Played
) -> None:
    await mirth.channels()
    played.sessions.clear()
    assert (await mirth.channel(LAB)).queued == 3
    played.sessions.clear()
    await mirth.order(LAB, ChannelOrder.STOP)
    assert played.asked.count(f"POST channels/{LAB}/_stop") == 1
    assert played.logins == 3


async def test_a_list_of_one_and_of_none_are_lists(mirth: Mirth, played: Played) -> None:
    del played.channels[1]
    assert [one.id for one in await mirth.channels()] == [LAB]
    played.channels.clear()
    assert await mirth.channels() == []


async def test_a_channel_is_meant_by_its_exact_name_or_not_at_all(
    mirth: Mirth, played: Played
) -> None:
    with pytest.raises(Rejected, match="no channel `lab results in`"):
        await mirth.channel("lab results in")
    played.channels.append(row("7f1b2c3d-0000-4000-8000-00000000000c", "Lab results in"))
    with pytest.raises(Rejected, match="several channels"):
        await mirth.channel("Lab results in")
    with pytest.raises(Rejected, match="does not have the channel"):
        await mirth.channel("7f1b2c3d-0000-4000-8000-0000000000ff")
    with pytest.raises(Rejected, match="no id"):
        await mirth.order("../users", ChannelOrder.STOP)


async def test_a_wrong_password_names_the_setting_to_renew(played: Played) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        wrong = connect("main", Credentials(URL, NAME, "wrong"), client)
        for asking in (wrong.channels(), wrong.order(LAB, ChannelOrder.STOP)):
            with pytest.raises(Rejected, match=r"renew engines\.main\.password_file"):
                await asking
    assert played.asked == []


@pytest.mark.parametrize("state", ["DEPLOYING", "SYNCING", "UNDEPLOYED", "HALF_OPEN", None, 7])
async def test_a_state_that_nobody_has_heard_of_is_unknown(
    mirth: Mirth, played: Played, state: object
) -> None:
    played.channels[0]["state"] = state
    known = {one.value for one in ChannelState}
    expected = str(state).lower() if str(state).lower() in known else "unknown"
    assert (await mirth.channel(LAB)).state == expected


@pytest.mark.parametrize(
    "change",
    [
        {"queued": -1},
        {"queued": "many"},
        {"queued": True},
        {"queued": 10**16},
        {"channelId": PACS},
        {"channelId": None},
        {"name": ["Lab"]},
        {"statistics": 4},
        {"statistics": {"entry": [4]}},
        {"statistics": {"entry": {"com.mirth.connect.donkey.model.message.Status": "SENT"}}},
    ],
)
async def test_what_is_not_as_documented_is_not_believed(
    mirth: Mirth, change: dict[str, Any]
) -> None:
    with respx.mock(assert_all_called=False) as router:
        engine = Played()
        router.route(path="/api/users/_login").mock(side_effect=engine.answer)
        found = {"dashboardStatus": {**row(LAB, "Lab results in"), **change}}
        router.route(path=f"/api/channels/{LAB}/status").respond(json=found)
        with pytest.raises(Unreachable, match="not understood"):
            await mirth.channel(LAB)


@pytest.mark.parametrize("fault", Fault)
async def test_whatever_fails_is_an_error_of_ours(mirth: Mirth, fault: Fault) -> None:
    with every_request(fault):
        for asking in (mirth.channels(), mirth.channel(LAB), mirth.order(LAB, ChannelOrder.STOP)):
            with pytest.raises(IntegrationError) as caught:
                await asking
            assert caught.value.text.endswith((".", ")"))


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.HANG])
async def test_an_order_without_an_answer_is_not_known_and_not_repeated(
    mirth: Mirth, fault: Fault
) -> None:
    with respx.mock(assert_all_called=False) as router:
        engine = Played()
        router.route(path="/api/users/_login").mock(side_effect=engine.answer)
        order = router.route(path=f"/api/channels/{LAB}/_stop").mock(side_effect=fault.answer)
        with pytest.raises(Unreachable):
            await mirth.order(LAB, ChannelOrder.STOP)
        assert order.call_count == 1


async def test_before_it_is_signed_in_nothing_was_ordered(mirth: Mirth) -> None:
    for fault in (Fault.DOWN, Fault.HANG, Fault.BROKEN):
        with every_request(fault), pytest.raises(Rejected, match="nothing was done"):
            await mirth.order(LAB, ChannelOrder.STOP)
    with every_request(Fault.DOWN), pytest.raises(Unreachable, match="cannot be reached"):
        await mirth.channel(LAB)
