"""The doctor looks at the provider of signed approvals as a signature will."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.clinic import Report, doctor, nowhere
from tests.cli.conftest import configure
from tests.databases import FixedClock
from tests.fakes.oidc import CLIENT, SECRET, FakeProvider, providing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def _settings(issuer: str, **over: str) -> dict[str, Any]:
    return {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **over}


@pytest.fixture
async def provider(home: Path) -> AsyncIterator[FakeProvider]:
    """A provider that everything is well with."""
    nowhere(home)
    async with providing(FixedClock(datetime.now(UTC))) as running:
        configure(home, oidc=_settings(running.issuer))
        yield running


async def _report() -> Report:
    return await doctor("--only", "sign-in")


async def test_a_good_provider_is_well(provider: FakeProvider) -> None:
    report = await _report()
    assert report.states == {}
    names = [one["name"] for one in report.checks]
    assert names == ["settings", "sign-in", "sign-in keys", "sign-in clock", "sign-in people"]
    assert report.of("sign-in keys")["text"].startswith("1 of 2 keys")
    assert SECRET not in report.output


async def test_no_provider_is_no_fault(home: Path) -> None:
    nowhere(home)
    assert (await _report()).of("sign-in")["state"] == "ok"


async def test_a_provider_of_another_issuer_is_told_apart(provider: FakeProvider) -> None:
    provider.says_issuer = provider.issuer + "/"
    found = (await _report()).of("sign-in")
    assert found["state"] == "fail"
    assert "each character" in found["mend"]


async def test_a_provider_that_is_away_is_said(provider: FakeProvider) -> None:
    provider.is_down = True
    found = (await _report()).of("sign-in")
    assert found["state"] == "fail"
    assert "answers 503" in found["text"]


async def test_keys_that_cannot_sign_for_us_are_said(provider: FakeProvider) -> None:
    provider.listed = [{"kty": "oct", "kid": "shared"}]
    found = (await _report()).of("sign-in keys")
    assert found["state"] == "fail"


async def test_people_without_an_account_there_are_said(provider: FakeProvider, home: Path) -> None:
    file = home / "people.yaml"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(one for one in lines if "oidc:" not in one), "utf-8")
    found = (await _report()).of("sign-in people")
    assert found["state"] == "warn"
    assert "subject" in found["mend"]


async def test_a_clock_that_is_not_ours_is_said(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.doctor.sign_in.OFF", -(datetime.resolution))
    found = (await _report()).of("sign-in clock")
    assert found["state"] == "warn"
    assert "NTP" in found["mend"]
