"""How Buildbot is asked: logins, credentials, and how far back a lost order is looked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
import respx

from bot.api import ConfigurationError, Credentials, Rejected, Unreachable
from bot.model import CiTarget, Deployment, Service
from integrations.buildbot import connect
from integrations.buildbot.provider import LOOK_BACK, PAGES, Buildbot
from tests.integrations.buildbot import vendor
from tests.integrations.buildbot.repository import repository
from tests.integrations.buildbot.vendor import BUILDERS, URL, PlayedBuildbot
from tests.serving import NO_TLS

LOGIN = URL + "auth/login"
REFUSED = httpx.Response(403, json={"error": "you need to have role 'operators'"})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bot.vendors.vendor.FIRST_WAIT", "bot.vendors.vendor.LONGEST_WAIT"):
        monkeypatch.setattr(name, 0.0)
    monkeypatch.setattr("integrations.buildbot.rest.TORN", 0.0)


@pytest.fixture
def there() -> PlayedBuildbot:
    return vendor.hospital()


@pytest.fixture
def wire(there: PlayedBuildbot) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(LOGIN).respond(302, headers={"location": URL})
        router.route().mock(side_effect=there.answer)
        yield router


@pytest.fixture
async def ci(wire: respx.MockRouter) -> AsyncIterator[Buildbot]:
    async with vendor.connected() as made:
        assert isinstance(made, Buildbot)
        yield made


@pytest.fixture
def portal() -> Service:
    return vendor.portal()


@pytest.mark.parametrize("status", [401, 403])
async def test_reading_logs_in_once_and_asks_again(
    portal: Service, there: PlayedBuildbot, status: int
) -> None:
    sessions: list[str] = []

    def guarded(request: httpx.Request) -> httpx.Response:
        sessions.append(request.headers.get("cookie", ""))
        return there.answer(request) if sessions[-1] else httpx.Response(status)

    with respx.mock() as router:
        cookie = {"location": URL, "set-cookie": "TWISTED_SESSION=s1; Path=/; HttpOnly"}
        login = router.get(LOGIN).respond(302, headers=cookie)
        router.route().mock(side_effect=guarded)
        async with vendor.connected() as ci:
            assert len(await ci.recent(portal)) == 3
        assert login.call_count == 1
        assert login.calls.last.request.headers["authorization"].startswith("Basic ")
        others = [call.request for call in router.calls if str(call.request.url) != LOGIN]
        assert not any("authorization" in request.headers for request in others)
    assert sessions[0] == ""
    assert set(sessions[1:]) == {"TWISTED_SESSION=s1"}


async def test_who_may_not_read_after_a_login_is_told_what_it_needs(portal: Service) -> None:
    with respx.mock() as router:
        login = router.get(LOGIN).respond(302, headers={"location": URL})
        router.route().mock(return_value=REFUSED)
        async with vendor.connected() as ci:
            with pytest.raises(Rejected, match=r"the account needs a role that its `authz` lets"):
                await ci.recent(portal)
    assert login.call_count == 1


async def test_who_may_not_force_after_a_login_is_told_what_it_needs(portal: Service) -> None:
    with respx.mock() as router:
        router.get(LOGIN).respond(302, headers={"location": URL})
        route = router.post(URL + "api/v2/forceschedulers/deploy-portal")
        route.mock(return_value=REFUSED)
        async with vendor.connected() as ci:
            with pytest.raises(Rejected, match=r"needs the role that its `authz` lets force"):
                await ci.deploy(portal, "1.4.2", "a" * 40, "test", correlation="x")
    assert route.call_count == 2


async def test_without_a_user_a_login_is_asked_for(portal: Service) -> None:
    with respx.mock() as router:
        router.route().mock(return_value=REFUSED)
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            ci = connect(Credentials(URL), client)
            with pytest.raises(Rejected, match=r"set integrations\.buildbot\.user and password"):
                await ci.recent(portal)


@pytest.mark.parametrize("name", ["token", "client_id", "app_id", "region", "private_key"])
async def test_a_credential_that_it_has_no_use_for_is_refused(name: str) -> None:
    given = replace(Credentials(URL, "wardroom", "secret"), **{name: "x"})
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with pytest.raises(ConfigurationError, match=f"no use for {name}"):
            connect(given, client)


async def test_a_lost_order_is_looked_for_on_every_page(
    ci: Buildbot, portal: Service, there: PlayedBuildbot
) -> None:
    for number in range(2 * LOOK_BACK):
        there.asked(BUILDERS["deploy-portal"], {"request": f"DEP-{number}"})
    found = await ci.find(portal, "DEP-3")
    assert found is not None
    assert await ci.find(portal, "DEP-x") is None


@pytest.mark.parametrize(("days", "is_told"), [(1, False), (15, True)])
async def test_what_cannot_be_looked_through_leaves_it_open(
    ci: Buildbot,
    portal: Service,
    there: PlayedBuildbot,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    *,
    is_told: bool,
) -> None:
    late = round(datetime.now(UTC).timestamp()) - days * 86_400
    monkeypatch.setattr("tests.integrations.buildbot.vendor.BEGAN", late)
    for number in range(PAGES * LOOK_BACK):
        there.asked(BUILDERS["deploy-portal"], {"request": f"DEP-{number}"})
    if is_told:
        assert await ci.find(portal, "DEP-x") is None
        return
    with pytest.raises(Unreachable, match="not all looked through"):
        await ci.find(portal, "DEP-x")


async def test_only_what_is_built_or_deployed_there_is_looked_for_there(
    ci: Buildbot, portal: Service, wire: respx.MockRouter
) -> None:
    target = CiTarget("buildbot", "portal", "apps/portal", "", deploy_provider="argocd")
    assert await ci.find(replace(portal, ci=target), "x") is None
    target = CiTarget("github", "ci.yaml", "deploy-portal", "", deploy_provider="buildbot")
    assert await ci.find(replace(portal, ci=target), "x") is None
    asked = [call.request.url.path for call in wire.calls]
    assert asked[::2] == ["/api/v2/builders/portal", "/api/v2/builders/deploy-portal"]


async def test_a_deploy_builder_may_be_one_for_each_environment(
    ci: Buildbot, portal: Service, there: PlayedBuildbot
) -> None:
    where = ("portal", "deploy-{environment}", repository()[0], "portal/{version}")
    environments = (Deployment("portal"),)
    service = replace(portal, ci=CiTarget("buildbot", *where), environments=environments)
    asked = await ci.deploy(service, "1.4.2", "a" * 40, "portal", correlation="DEP-1-x")
    found = await ci.find(service, "DEP-1-x")
    assert found is not None
    assert found.id == asked.id
    assert there.requests[4].properties["environment"] == "portal"
