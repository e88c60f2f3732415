"""What goes out: our token, retried as Microsoft asks for, and never for ever."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.teams import Teams as Door
from bot.adapters.teams import calls, credentials
from bot.adapters.teams.calls import ATTEMPTS, LONGEST_PAUSE
from bot.errors import ConfigurationError, Rejected, Throttled, Unreachable
from bot.model import Place, Reply
from bot.outbox import POST_LEASE
from tests.adapters.teams.conftest import Open, installed, opened, registration
from tests.fakes.teams import Teams

ANNA = Place("teams", "a:1-anna")
HELLO = Reply("Hello.")


# --- our token ---------------------------------------------------------------------------------


async def test_one_token_serves_many_messages_even_at_once(here: Open) -> None:
    await installed(here)
    await asyncio.gather(*(here.door.post(ANNA, HELLO) for _ in range(10)))
    assert here.teams.requests["login"] == 1
    assert len({call.token for call in here.teams.calls}) == 1


async def test_a_token_is_renewed_five_minutes_before_it_ends(here: Open) -> None:
    await installed(here)
    await here.door.post(ANNA, HELLO)
    here.clock.turn(minutes=54)
    await here.door.post(ANNA, HELLO)
    assert here.teams.requests["login"] == 1
    here.clock.turn(minutes=2)
    await here.door.post(ANNA, HELLO)
    assert here.teams.requests["login"] == 2


async def test_an_outage_of_the_sign_in_service_is_got_over_with_the_last_minutes_of_a_token(
    here: Open,
) -> None:
    await installed(here)
    await here.door.post(ANNA, HELLO)
    here.clock.turn(minutes=57)
    here.teams.fail("login", 503, times=2)
    assert await here.door.post(ANNA, HELLO)
    here.clock.turn(minutes=4)
    with pytest.raises(Unreachable, match="gave no token"):
        await here.door.post(ANNA, HELLO)


async def test_a_token_that_teams_does_not_take_is_renewed_once(here: Open) -> None:
    await installed(here)
    await here.door.post(ANNA, HELLO)
    here.teams.revoke()
    assert await here.door.post(ANNA, HELLO)
    assert here.teams.requests["login"] == 2


async def test_a_wrong_password_is_one_clear_sentence_and_shows_no_password() -> None:
    async with opened(app_password="a-wrong-one") as here:
        await installed(here)
        with pytest.raises(Rejected) as refused:
            await here.door.post(ANNA, HELLO)
    assert "invalid_client" in refused.value.text
    assert "a-wrong-one" not in refused.value.text


async def test_the_password_is_not_shown_by_the_registration() -> None:
    assert "an-app-password" not in repr(registration(Teams()))


@pytest.mark.parametrize("name", ["app_id", "app_password", "tenant_id"])
async def test_half_a_registration_builds_no_door(here: Open, name: str) -> None:
    half = registration(here.teams, **{name: ""})
    given: dict[str, Any] = {
        "road": here.road,
        "notices": here.notices,
        "clock": here.clock,
        "http": here.http,
    }
    with pytest.raises(ConfigurationError, match=f"teams: needs .*{name}"):
        Door(half, references=here.references, **given)


async def test_a_managed_identity_needs_no_password() -> None:
    async with opened(app_password="", managed_identity_url="{identity}") as here:
        await installed(here)
        assert await here.door.post(ANNA, HELLO)
        await here.door.post(ANNA, HELLO)
        assert (here.teams.requests["identity"], here.teams.requests["login"]) == (1, 0)
        here.clock.turn(minutes=56)
        await here.door.post(ANNA, HELLO)
        assert here.teams.requests["identity"] == 2


async def test_a_password_beside_a_managed_identity_is_one_too_many(here: Open) -> None:
    both = registration(here.teams, managed_identity_url="http://169.254.169.254/x")
    with pytest.raises(ConfigurationError, match="not both"):
        Door(
            both,
            road=here.road,
            notices=here.notices,
            clock=here.clock,
            http=here.http,
            references=here.references,
        )


# --- again, but not for ever -------------------------------------------------------------------


@pytest.mark.parametrize("status", [412, 429, 502, 504])
async def test_what_was_not_taken_is_sent_again_with_growing_pauses(
    here: Open, status: int
) -> None:
    await installed(here)
    here.teams.fail("post", status, times=3)
    assert await here.door.post(ANNA, HELLO)
    assert len(here.teams.messages) == 1
    assert len(here.rests) == 3
    assert all(2**n * 0.5 <= rest <= 2**n for n, rest in enumerate(here.rests))


async def test_a_retry_after_is_kept(here: Open) -> None:
    await installed(here)
    here.teams.limit("post", seconds=4)
    assert await here.door.post(ANNA, HELLO)
    assert here.rests == [4]


async def test_it_gives_up_after_a_few_attempts(here: Open) -> None:
    await installed(here)
    here.teams.fail("post", 502, times=99)
    with pytest.raises(Unreachable, match="several times"):
        await here.door.post(ANNA, HELLO)
    assert len(here.teams.called("POST", "activities")) == ATTEMPTS
    assert max(here.rests) <= LONGEST_PAUSE


async def test_no_attempt_begins_so_late_that_another_replica_may_have_the_letter(
    here: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = (calls.TIMEOUT.connect or 0) + (calls.TIMEOUT.read or 0) + credentials.TIMEOUT
    assert calls.LATEST + last < POST_LEASE.total_seconds()
    await installed(here)
    monkeypatch.setattr(calls, "LATEST", 0.0)
    here.teams.fail("post", 502, times=99)
    with pytest.raises(Unreachable):
        await here.door.post(ANNA, HELLO)
    assert len(here.teams.called("POST", "activities")) == 1


async def test_a_wait_that_is_too_long_is_left_to_whoever_sends(here: Open) -> None:
    await installed(here)
    here.teams.limit("post", seconds=3600)
    with pytest.raises(Throttled) as throttled:
        await here.door.post(ANNA, HELLO)
    assert throttled.value.seconds == 3600
    assert here.rests == []


async def test_where_teams_goes_on_asking_for_patience_it_is_said_for_how_long(here: Open) -> None:
    await installed(here)
    here.teams.limit("post", seconds=4, times=99)
    with pytest.raises(Throttled) as throttled:
        await here.door.post(ANNA, HELLO)
    assert throttled.value.seconds >= 4
    assert len(here.rests) == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Rejected), (403, Rejected), (404, Rejected), (413, Rejected)]
)
async def test_a_refusal_is_not_sent_again_and_says_its_code(
    here: Open, status: int, kind: type[Exception]
) -> None:
    await installed(here)
    here.teams.fail("post", status, "SomeCode")
    with pytest.raises(kind, match=f"{status} SomeCode"):
        await here.door.post(ANNA, HELLO)
    assert here.rests == []


async def test_a_failure_in_teams_is_not_sent_again_since_it_may_have_happened(here: Open) -> None:
    await installed(here)
    here.teams.fail("post", 500)
    with pytest.raises(Unreachable, match="500"):
        await here.door.post(ANNA, HELLO)
    assert here.rests == []


async def test_a_code_that_is_more_than_a_word_is_not_repeated(here: Open) -> None:
    await installed(here)
    here.teams.fail("post", 400, "Anna said: MRN 12345")
    with pytest.raises(Rejected) as refused:
        await here.door.post(ANNA, HELLO)
    assert refused.value.text == "Teams refused it: 400."


async def test_a_service_that_is_down_is_unreachable_after_a_few_attempts(here: Open) -> None:
    await installed(here)
    await here.door.post(ANNA, HELLO)
    home = here.references.kept[ANNA.channel]
    gone = type(home)(home.conversation, "http://127.0.0.1:9/", home.tenant, home.bot)
    await here.references.put(gone)
    here.door._outgoing._connector._urls = type(here.door._outgoing._connector._urls)(
        ("http://127.0.0.1:9",)
    )
    with pytest.raises(Unreachable):
        await here.door.post(ANNA, HELLO)
    assert len(here.rests) == ATTEMPTS - 1


async def test_a_clock_that_is_far_ahead_asks_for_a_new_token_and_goes_on(here: Open) -> None:
    await installed(here)
    await here.door.post(ANNA, HELLO)
    here.clock.ahead += timedelta(days=400)
    assert await here.door.post(ANNA, HELLO)
