"""A signature: a fresh sign-in of the right person, for this one proposal, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Reason, Visibility
from tests.databases import NOON
from tests.signatures.house import Desk, link_in

MEANING = "approved as clinical safety officer: Deploy pacs 1.4.2 to production"


async def test_a_signed_approval_holds_printed_name_time_and_meaning_and_counts(
    desk: Desk,
) -> None:
    await desk.asked("release-manager")
    offered = await desk.chat.say("approve REQ-1", as_="safety-officer")
    assert (offered.reason, offered.visibility) == (Reason.PENDING_APPROVAL, Visibility.PRIVATE)
    assert "has not counted yet" in offered.text
    assert offered.buttons[0].url == link_in(offered)
    assert await desk.counted() == ["release-manager"]

    desk.chat.clock.turn(seconds=30)
    browser = await desk.browser()
    page = await browser.follow(link_in(offered))
    assert "/sign/confirm" in page.url
    assert "Safety-Officer" in page.text
    assert MEANING in page.said
    request = await desk.chat.house.stores.requests.show("REQ-1")
    assert request is not None
    assert request.digest in page.text
    assert request.proposal.facts["commit"] in page.text
    assert await desk.counted() == ["release-manager"], "looking signs nothing"

    desk.chat.clock.turn(seconds=7)
    done = await browser.press(page)
    assert done.status == 200
    assert "approved by release-manager, safety-officer" in done.said
    assert (await desk.chat.ended("DEP-1")).refs["state"] == "succeeded"
    request = await desk.chat.house.stores.requests.show("REQ-1")
    assert request is not None
    signed = request.approvals[-1]
    assert (signed.signed_name, signed.meaning) == ("Safety-Officer", MEANING)
    assert signed.signed_at == NOON + timedelta(seconds=37)


async def test_the_record_says_who_signed_from_which_account_and_when_they_signed_in(
    desk: Desk,
) -> None:
    await desk.asked("release-manager")
    desk.chat.clock.turn(seconds=5)
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    events = [event.data for event in await desk.chat.events(verb="approve", request="REQ-1")]
    outcome = [event for event in events if event["kind"] == "outcome"][-1]
    assert isinstance(outcome["actor"], dict)
    assert outcome["actor"]["person"] == "safety-officer"
    assert "sub-safety-officer" in str(outcome["actor"])
    params = outcome["params"]
    assert isinstance(params, dict)
    signed = ("Safety-Officer", "2026-11-22 12:00:05 UTC", MEANING)
    assert (params["signed_name"], params["signed_at"], params["meaning"]) == signed
    assert str(outcome["text"]).startswith(
        f"Signed by Safety-Officer, 2026-11-22 12:00:05 UTC: {MEANING}."
    )
    said = " ".join(str(event["text"]) for event in events if event["kind"] == "system")
    assert "safety-officer signed in at 2026-11-22 12:00:05 UTC, to sign" in said


@pytest.mark.thorough
async def test_the_card_and_the_list_show_the_signature(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    card = await desk.chat.card("REQ-1")
    assert ("Approved by", "safety-officer (signed)") in card.fields
    assert ("Signed", f"Safety-Officer, 2026-11-22 12:00:00 UTC: {MEANING}") in card.fields
    listed = await desk.chat.say("approvals")
    assert listed.table is not None
    assert "safety-officer (signed)" in listed.table.rows[0]


@pytest.mark.thorough
async def test_the_change_record_shows_the_signature(desk: Desk) -> None:
    await desk.asked("release-manager")
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    await desk.chat.ended("DEP-1")
    shown = await desk.chat.say("change show CHG-1")
    assert ("Approved by", "release-manager, safety-officer (signed)") in shown.fields
    assert ("Signed", f"Safety-Officer, 2026-11-22 12:00:00 UTC: {MEANING}") in shown.fields


async def test_who_need_not_sign_approves_as_before(desk: Desk) -> None:
    reply = await desk.asked("release-manager")
    assert reply.reason is Reason.OK
    assert "clinical safety officer signed" in reply.text
    assert await desk.counted() == ["release-manager"]


async def test_a_service_that_no_such_rule_is_about_needs_no_signature(desk: Desk) -> None:
    ask = "deploy portal 1.4.2 to production --reason new banner"
    reply = await desk.chat.approved(ask, "release-manager")
    assert "DEP-1" in reply.text
    await desk.chat.ended("DEP-1")


async def test_who_has_signed_is_not_asked_again(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    again = await desk.chat.say("approve REQ-1", as_="safety-officer")
    assert again.reason is Reason.DUPLICATE
    assert await desk.counted() == ["safety-officer"]


async def test_a_dry_run_makes_no_link(desk: Desk) -> None:
    await desk.asked()
    reply = await desk.chat.say("approve REQ-1 --dry-run", as_="safety-officer")
    assert "Dry run" in reply.text
    assert "/sign/" not in reply.text
    assert await desk.chat.house.stores.signings.by_browser("") is None


async def test_a_newer_link_takes_the_place_of_the_older_one(desk: Desk) -> None:
    await desk.asked()
    old, new = await desk.link(), await desk.link()
    browser = await desk.browser()
    page = await browser.open(old)
    assert page.status == 404
    assert "newer one took its place" in page.said
    assert "Sign in" in (await browser.open(new)).said


@pytest.mark.thorough
async def test_looking_at_a_link_uses_nothing_up(desk: Desk) -> None:
    await desk.asked()
    link = await desk.link()
    preview = await desk.browser()
    for _ in range(3):
        assert (await preview.open(link)).status == 200
    assert (await preview.client.head(link)).status_code == 200
    assert (await preview.client.head(f"{link}/go")).status_code == 204
    browser = await desk.browser()
    assert (await browser.press(await browser.follow(link))).status == 200
    assert await desk.counted() == ["safety-officer"]


async def test_pressing_twice_signs_once(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link())
    first = await browser.press(page)
    assert "counts" in first.said
    again = await browser.client.get(f"{desk.url}/sign/confirm")
    assert again.status_code == 403, "nothing is left to press"
    assert await desk.counted() == ["safety-officer"]


@pytest.mark.thorough
async def test_a_provider_that_takes_the_secret_in_the_form_is_given_it_there(
    desk: Desk,
) -> None:
    desk.provider.methods = ["client_secret_post"]
    await desk.asked()
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    assert await desk.counted() == ["safety-officer"]


@pytest.mark.thorough
async def test_a_signature_begun_before_a_restart_goes_on_after_it(desk: Desk) -> None:
    await desk.asked()
    browser = await desk.browser()
    page = await browser.follow(await desk.link(), until="/authorize")
    # What a signing needs is in the browser and in the database; the process remembers nothing.
    await desk.restart()
    page = await browser.open(page.url)
    assert (await browser.press(page)).status == 200
    assert await desk.counted() == ["safety-officer"]
