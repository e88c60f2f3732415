"""Which rules ask for signatures, and what is refused where nobody can sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.model import Reason
from tests.house import opened, write_site
from tests.signatures.house import POLICY, Desk, signing

TWO = """
@id("two-signatures")
@message("production needs 2 signed approvals")
@needs("approval")
@approvals("2")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when { context has environment && context.environment == "production" }
unless { context.approvals.signed >= 2 };
"""
B = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"


async def test_a_rule_may_count_signatures_of_anybody(launched_url: str, tmp_path: Path) -> None:
    async with signing(tmp_path, launched_url) as desk:
        (tmp_path / "policies" / "signed.cedar").write_text(TWO)
        await desk.restart()
        reply = await desk.chat.say(B)
        assert reply.request == "REQ-1"
        for person in ("engineer-2", "release-manager"):
            desk.provider.subject = f"sub-{person}"
            browser = await desk.browser()
            await browser.press(await browser.follow(await desk.link(person)))
        assert (await desk.chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_a_plain_yes_from_before_the_rule_is_signed_in_its_place(
    launched_url: str, tmp_path: Path
) -> None:
    async with signing(tmp_path, launched_url) as desk:
        (tmp_path / "policies" / "signed.cedar").write_text("")
        await desk.restart()
        await desk.asked("safety-officer")
        assert await desk.counted() == ["safety-officer"]
        (tmp_path / "policies" / "signed.cedar").write_text(POLICY)
        await desk.restart()
        browser = await desk.browser()
        await browser.press(await browser.follow(await desk.link()))
        request = await desk.chat.house.stores.requests.show("REQ-1")
        assert request is not None
        assert [(one.person, one.is_signed) for one in request.approvals] == [
            ("safety-officer", True)
        ]


async def test_rules_that_want_signatures_refuse_to_start_without_a_provider(
    launched_url: str, tmp_path: Path
) -> None:
    (tmp_path / "signed.cedar").write_text(POLICY)
    file = write_site(tmp_path, launched_url, policies=["signed.cedar"])
    with pytest.raises(ConfigurationError, match="`oidc` block"):
        async with opened(file):
            raise AssertionError("it started")


async def test_without_a_provider_there_are_no_signing_pages(desk: Desk) -> None:
    without = write_site(desk.file.parent, desk.chat.settings.database.get_secret_value())
    desk.file = without
    await desk.restart()
    browser = await desk.browser()
    assert (await browser.open(f"{desk.url}/sign/{'b' * 40}")).status == 404
    reply = await desk.asked("safety-officer")
    assert reply.reason is Reason.OK


async def test_policy_explain_assumes_that_who_has_to_sign_signs(desk: Desk) -> None:
    line = 'policy explain "deploy pacs 1.4.2 to production"'
    before = await desk.chat.say(line)
    half = await desk.chat.say(f"{line} --approved-by release-manager")
    whole = await desk.chat.say(f"{line} --approved-by release-manager,safety-officer")

    assert dict(before.fields)["For example"] == "release-manager and safety-officer"
    rows = {row[0]: row[1:] for row in half.table.rows} if half.table else {}
    assert rows["class-c-signed"][2] == "an approval by safety-officer"
    assert (half.refs["verdict"], whole.refs["verdict"]) == ("needs_approval", "runs")
    # It agrees with what then happens.
    await desk.asked("release-manager")
    browser = await desk.browser()
    await browser.press(await browser.follow(await desk.link()))
    assert (await desk.chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_whoami_shows_the_account_that_somebody_signs_with(desk: Desk) -> None:
    shown = (await desk.chat.say("whoami", as_="safety-officer")).fields
    assert ("Sign-in account", "sub-safety-officer, by the people file") in shown
