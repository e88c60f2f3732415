"""Security alerts of who builds a service, as pre-checks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bot.errors import ConfigurationError, Rejected, Unreachable
from bot.model import Alerts, Reason
from tests.gates.declared import declare
from tests.house import opened

if TYPE_CHECKING:
    from pathlib import Path

    from bot.errors import IntegrationError
    from bot.model import Service

TEST = "deploy portal 1.4.2 to test --reason try it"
CODE = {"kind": "code-scanning", "critical": 0, "high": 2}
DEPENDENCIES = {"kind": "dependabot", "name": "dependencies", "critical": 0, "high": 0}
FEW, NONE = Alerts(0, 2, "in commit abc"), Alerts(0, 0, "on main")


@dataclass
class TwinAlerts:
    """Somebody who builds the portal, and knows the alerts of it."""

    code: Alerts = FEW
    dependencies: Alerts = NONE
    error: IntegrationError | None = None
    never: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def tells(self, service: Service) -> bool:
        return service.id == "portal"

    async def code_alerts(self, service: Service, version: str, commit: str) -> Alerts:
        assert service.id == "portal"
        self.asked.append((version, commit))
        return await self._said(self.code)

    async def dependency_alerts(self, service: Service) -> Alerts:
        assert service.id == "portal"
        return await self._said(self.dependencies)

    async def _said(self, found: Alerts) -> Alerts:
        if self.never:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return found


@pytest.fixture
def scanned(site: Path) -> Path:
    """A hospital whose portal is not deployed with open alerts."""
    return declare(site, "portal", "test", prechecks=[CODE, DEPENDENCIES])


async def test_few_enough_alerts_let_the_deploy_pass_and_are_recorded(scanned: Path) -> None:
    alerts = TwinAlerts()
    async with opened(scanned, alerts=alerts) as chat:
        begun = await chat.say(TEST)
        ended = await chat.ended(begun.refs["deploy"])
        assert ended.refs["state"] == "succeeded"
        (first, *_) = await chat.events(verb="deploy precheck")
        params = first.data["params"]
        assert isinstance(params, dict)
        assert params["check.code-scanning"] == ("passed: found 0 critical, 2 high, in commit abc")
        assert params["check.dependencies"] == "passed: found 0 critical, 0 high, on main"
        # At the request and anew at the trigger, each time of the very release.
        assert set(alerts.asked) == {("1.4.2", params["commit"])}
        assert len(alerts.asked) > 1


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        (
            TwinAlerts(code=Alerts(1, 3, "in commit abc")),
            "code-scanning found 1 critical, 3 high, in commit abc, at most 0 critical and 2 high",
        ),
        (
            TwinAlerts(dependencies=Alerts(0, 1, "on main")),
            "dependencies found 0 critical, 1 high, on main, at most 0 high may be.",
        ),
        (
            TwinAlerts(code=Alerts(unknown="is not told: it was not analysed")),
            "code-scanning is not told: it was not analysed.",
        ),
        (
            TwinAlerts(error=Rejected("The forge does not allow that.")),
            "code-scanning is not told: The forge does not allow that; dependencies is not told",
        ),
        (TwinAlerts(error=Unreachable("The forge is away.")), "is not told: The forge is away."),
    ],
)
async def test_too_many_or_not_told_refuses_and_says_which(
    scanned: Path, alerts: TwinAlerts, said: str
) -> None:
    async with opened(scanned, alerts=alerts) as chat:
        reply = await chat.say(TEST)
        assert reply.reason is Reason.PRECHECK_FAILED
        assert said in reply.text
        assert ".." not in reply.text
        assert chat.ci.deploys == []


async def test_who_does_not_answer_in_time_has_not_passed(site: Path) -> None:
    declare(site, "portal", "test", prechecks=[{**CODE, "timeout_seconds": 1}])
    async with opened(site, alerts=TwinAlerts(never=True)) as chat:
        reply = await chat.say(TEST)
        assert "code-scanning is not told within 1 s" in reply.text


async def test_a_service_whose_builder_tells_no_alerts_refuses_the_start(site: Path) -> None:
    declare(site, "pacs", "production", prechecks=[CODE])
    for alerts in (None, TwinAlerts()):
        with pytest.raises(ConfigurationError) as told:
            async with opened(site, alerts=alerts):
                pass
        assert (
            "pacs.environments.production.prechecks: buildbot builds pacs and tells of no alerts "
            "of the kind code-scanning" in str(told.value)
        )
