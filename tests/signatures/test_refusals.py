"""What does not sign: each is refused with a sentence, recorded, and nothing is counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.model import Account, Event, Reason
from tests.fakes.oidc.keys import SigningKeys
from tests.house import Chat
from tests.signatures.house import Browser, C, Desk, Page
from tests.twins import commit_of


async def refusals(chat: Chat) -> list[Event]:
    return await chat.events(verb="approve", request="REQ-1", kind="refused")


async def refused(desk: Desk, page: Page, words: str, error: str) -> Event:
    """Check that a page refuses in some words, that this is recorded, and that nothing counts."""
    assert page.status >= 400
    assert words in page.said
    assert 'name="proof"' not in page.text
    last = (await refusals(desk.chat))[-1]
    assert last.data["error"] == f"signing: {error}"
    assert await desk.counted() == []
    return last


@pytest.mark.parametrize("ago", [1, 60, 299, 301, 86_400])
async def test_a_sign_in_from_before_the_link_was_asked_for_is_stale(desk: Desk, ago: int) -> None:
    await desk.asked()
    desk.provider.ago = ago
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    await refused(desk, page, "a signature needs a sign-in of its own", "stale auth_time")
    again = await browser.open(f"{desk.url}/sign/confirm")
    assert again.status >= 400


async def test_a_sign_in_that_does_not_say_when_is_refused(desk: Desk) -> None:
    await desk.asked()
    desk.provider.ago = None
    page = await (await desk.browser()).follow(await desk.link())
    await refused(desk, page, "does not say when you signed in", "no auth_time")


async def test_a_sign_in_from_the_future_is_refused(desk: Desk) -> None:
    await desk.asked()
    desk.provider.ago = -61
    page = await (await desk.browser()).follow(await desk.link())
    await refused(desk, page, "clock is ahead", "ahead")


async def test_somebody_elses_sign_in_is_refused_in_their_name(desk: Desk) -> None:
    await desk.asked()
    desk.provider.subject = "sub-release-manager"
    page = await (await desk.browser()).follow(await desk.link())
    event = await refused(desk, page, "not safety-officer's, whose link", "wrong subject")
    actor: Any = event.data["actor"]
    assert actor["person"] == "release-manager"


async def test_an_account_that_nobody_has_is_refused_whatever_its_e_mail_address(
    desk: Desk,
) -> None:
    await desk.asked()
    desk.provider.subject = "somebody-new"  # its token has the safety officer's e-mail address
    page = await (await desk.browser()).follow(await desk.link())
    event = await refused(desk, page, "not safety-officer's", "wrong subject")
    assert event.data["reason"] == Reason.NOT_IDENTIFIED.value


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "nonce": ({"nonce": "of-another-sign-in"}, "of another sign-in"),
    "no nonce": ({"nonce": None}, "of another sign-in"),
    "issuer": ({"iss": "https://login.elsewhere.example"}, "another issuer"),
    "audience": ({"aud": "another-application"}, "it is for another application"),
    "several audiences": ({"aud": ["wardroom", "other"]}, "it is for another application"),
    "party": ({"azp": "another-application"}, "it is for another application"),
    "expired": ({"exp": 1_700_000_000}, "expired"),
    "no expiry": ({"exp": None}, "the token cannot be read"),
    "no iat": ({"iat": None}, "the token cannot be read"),
    "future": ({"iat": 1_900_000_000}, "from the future"),
    "nobody": ({"sub": None}, "it names nobody"),
    "odd time": ({"auth_time": True}, "the token cannot be read"),
}


@pytest.mark.parametrize("case", FORGED)
@pytest.mark.thorough
async def test_a_token_that_says_something_else_is_not_believed(desk: Desk, case: str) -> None:
    over, why = FORGED[case]
    await desk.asked()
    desk.provider.over = over
    page = await (await desk.browser()).follow(await desk.link())
    await refused(desk, page, f"cannot be believed ({why})", why)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (SigningKeys.unsigned, "the token is signed in a way that is not taken"),
        (SigningKeys.by_the_public_key, "the token is signed in a way that is not taken"),
        (SigningKeys.by_another_key, "the signature is wrong"),
        (SigningKeys.by_the_encrypting_key, "the token's key is not the provider's"),
        (lambda _keys, _claims: "not.a.token", "the token cannot be read"),
        (lambda keys, claims: keys.signed(claims, kid="no-such"), "the token's key is not the"),
    ],
)
async def test_a_token_that_the_provider_did_not_sign_is_not_believed(
    desk: Desk, made: Callable[[SigningKeys, Any], str], why: str
) -> None:
    await desk.asked()
    desk.provider.made = made
    page = await (await desk.browser()).follow(await desk.link())
    assert page.status == 403
    assert why in page.said
    assert await desk.counted() == []
    assert len(await refusals(desk.chat)) == 1


@pytest.mark.parametrize("listed", [5, "keys", {"kid": "1"}, [7]])
async def test_keys_that_are_no_list_of_keys_are_not_believed(desk: Desk, listed: object) -> None:
    await desk.asked()
    desk.provider.listed = listed
    page = await (await desk.browser()).follow(await desk.link())
    assert page.status == 403
    assert "the token's key is not the" in page.said


@pytest.mark.thorough
async def test_keys_that_rotate_are_looked_for_again(desk: Desk) -> None:
    await desk.asked()
    desk.provider.over = {"nonce": "wrong"}
    await (await desk.browser()).follow(await desk.link())  # the keys of now are known
    desk.provider.over = {}
    desk.provider.keys.rotate()
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    assert await desk.counted() == ["safety-officer"]


@pytest.mark.thorough
async def test_a_key_on_a_curve_signs_too(desk: Desk) -> None:
    desk.provider.keys.algorithm = "ES256"
    await desk.asked()
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    assert await desk.counted() == ["safety-officer"]


@pytest.mark.thorough
async def test_a_state_and_its_code_work_once(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    await browser.follow(await desk.link())
    back = next(url for url in browser.seen if "/sign/back?" in url)
    again = await browser.open(back)
    assert again.status == 409
    assert "used already" in again.said
    assert len(desk.provider.redeemed) == 1
    assert (await refusals(desk.chat))[-1].data["reason"] == "duplicate"
    assert await desk.counted() == []


async def test_a_state_that_was_made_up_or_is_another_browsers_is_refused(desk: Desk) -> None:
    await desk.asked()
    browser, other = await desk.browser(), await desk.browser()
    page = await browser.follow(await desk.link(), until="/sign/back")
    stolen = await other.open(page.url)
    await refused(desk, stolen, "begun in another browser", "another browser")
    made_up = await browser.open(re.sub("state=[^&]+", "state=abc", page.url))
    assert made_up.status == 403
    assert desk.provider.redeemed == []
    assert (await browser.press(await browser.open(page.url))).status == 200, "it goes on"
    assert await desk.counted() == ["safety-officer"]


async def test_a_link_works_once(desk: Desk) -> None:
    await desk.asked()
    link = await desk.link()
    first, second = await desk.browser(), await desk.browser()
    page = await first.follow(link)
    await refused(desk, await second.open(f"{link}/go"), "used already", "used again when proved")
    assert "used already" in (await second.open(link)).said
    assert (await first.press(page)).status == 200
    assert (await second.open(f"{link}/go")).status == 409
    assert await desk.counted() == ["safety-officer"]


async def test_a_link_lasts_five_minutes(desk: Desk) -> None:
    await desk.asked()
    link = await desk.link()
    desk.chat.clock.turn(minutes=5)
    browser = await desk.browser()
    assert "five minutes" in (await browser.open(link)).said
    await refused(desk, await browser.open(f"{link}/go"), "five minutes", "too late")


@pytest.mark.thorough
async def test_a_page_that_is_left_open_signs_nothing_after_five_minutes(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    desk.chat.clock.turn(minutes=5)
    await refused(desk, await browser.press(page), "five minutes", "too late")


async def test_a_request_that_ended_meanwhile_is_not_signed(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    await desk.chat.say("cancel REQ-1")
    event = await refused(desk, await browser.press(page), "was cancelled", "request ended")
    assert event.data["reason"] == "cancelled"


async def test_a_proposal_that_changed_meanwhile_is_not_signed(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    desk.chat.ci.moved["pacs", "1.4.2"] = commit_of("pacs", "1.4.1")
    done = await browser.press(page)
    assert "Not signed" in done.said
    assert "approvals are void" in done.said
    assert await desk.counted() == []
    card = await desk.chat.card("REQ-1")
    assert card.reason is Reason.SUPERSEDED


async def test_a_role_that_is_lost_meanwhile_does_not_sign(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    file = desk.chat.settings.people
    people = json.loads(file.read_text())
    for person in people:
        if person["id"] == "safety-officer":
            person["roles"] = ["reader"]
    file.write_text(json.dumps(people))
    await desk.chat.house.directory.look()
    done = await browser.press(page)
    assert "Not signed" in done.said
    assert await desk.counted() == []


async def test_the_requester_gets_no_link_for_their_own_request(desk: Desk) -> None:
    await desk.chat.say(C)
    people = json.loads(desk.chat.settings.people.read_text())
    for person in people:
        if person["id"] == "engineer":
            person["roles"] = ["engineer", "clinical_safety_officer"]
    desk.chat.settings.people.write_text(json.dumps(people))
    await desk.chat.house.directory.look()
    reply = await desk.chat.say("approve REQ-1")
    assert reply.reason is Reason.NOT_AUTHORISED
    assert "/sign/" not in reply.text


async def test_another_site_cannot_press_the_button(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    assert (await browser.press(page, origin="https://elsewhere.example")).status == 403
    forged = Page(200, '<input name="proof" value="AAAA">', page.url)
    assert (await browser.press(forged)).status == 403
    assert await desk.counted() == []


@pytest.mark.thorough
async def test_a_provider_that_is_down_is_said_and_asks_for_a_new_link(desk: Desk) -> None:
    desk.provider.is_down = True
    await desk.asked()
    browser: Browser = await desk.browser()
    page = await browser.follow(await desk.link())
    await refused(desk, page, "Type approve REQ-1 for a new link", "no answer")
    desk.provider.is_down = False
    await browser.press(await browser.follow(await desk.link()))
    assert await desk.counted() == ["safety-officer"]


async def test_a_provider_that_says_it_is_another_is_not_believed(desk: Desk) -> None:
    desk.provider.says_issuer = "https://login.elsewhere.example"
    await desk.asked()
    page = await (await desk.browser()).follow(await desk.link())
    assert page.status == 403
    assert desk.provider.asked == []


async def test_a_sign_in_that_was_refused_there_signs_nothing(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link(), until="/sign/back")
    cancelled = re.sub("code=[^&]+", "error=access_denied", page.url)
    await refused(desk, await browser.open(cancelled), "did not sign you in", "no code")


async def test_a_link_that_never_was_is_told_from_one_that_was_used(desk: Desk) -> None:
    browser = await desk.browser()
    for path in ("/sign/" + "b" * 40, "/sign/" + "b" * 40 + "/go", "/sign/x"):
        page = await browser.open(desk.url + path)
        assert page.status == 404
    assert (await browser.open(f"{desk.url}/sign/back?code=a&state=b")).status == 403
    assert (await browser.open(f"{desk.url}/sign/confirm")).status == 403


async def test_a_chat_cannot_claim_to_have_signed(desk: Desk) -> None:
    """An approval from an account of the provider counts only with its proved signing."""
    await desk.asked()
    await desk.link()
    account = Account("oidc", "sub-safety-officer")
    reply = await desk.chat.say("approve REQ-1", account=account)
    assert reply.reason is Reason.NOT_AUTHORISED
    assert await desk.counted() == []
