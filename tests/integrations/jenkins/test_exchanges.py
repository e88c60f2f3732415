"""How Jenkins is asked: crumbs, logs, credentials, and answers of another shape."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import respx

from bot.api import ConfigurationError, Credentials, Rejected, Unreachable
from bot.model import Service
from integrations.jenkins import connect
from integrations.jenkins.provider import Jenkins
from tests.integrations.jenkins.vendor import URL, PlayedJenkins
from tests.serving import NO_TLS

COMMIT = "8161935fd6902c7719364a3ebeb01e1dbdf9e78e"
CRUMB = f"{URL}/crumbIssuer/api/json"
POST = f"{URL}/job/clinical/job/deploy-portal/buildWithParameters"
NO_CRUMB = "<html><body><h2>HTTP ERROR 403 No valid crumb was included in the request</h2></html>"
GOOD = Credentials(URL, "wardroom", token="11aa22bb")


class Crumbs:
    """Hands out crumbs, each bound to a session, and takes an order with the newest of them."""

    def __init__(self, there: PlayedJenkins) -> None:
        self.there = there
        self.issued = 0
        self.is_stubborn = False
        self.orders: list[tuple[str | None, str | None]] = []

    def issue(self, request: httpx.Request) -> httpx.Response:
        del request
        self.issued += 1
        name = "Jenkins-Crumb"
        made = {"crumb": f"c{self.issued}", "crumbRequestField": name}
        cookie = f"JSESSIONID.5f=s{self.issued}; Path=/jenkins; Secure; HttpOnly; SameSite=Lax"
        return httpx.Response(200, json=made, headers={"set-cookie": cookie})

    def take(self, request: httpx.Request) -> httpx.Response:
        sent = request.headers.get("jenkins-crumb"), request.headers.get("cookie")
        self.orders.append(sent)
        if self.is_stubborn or sent != (f"c{self.issued}", f"JSESSIONID.5f=s{self.issued}"):
            return httpx.Response(403, html=NO_CRUMB)
        return self.there.answer(request)


@pytest.fixture
def crumbs(there: PlayedJenkins) -> Crumbs:
    return Crumbs(there)


@pytest.fixture
async def signing(there: PlayedJenkins, crumbs: Crumbs) -> AsyncIterator[Jenkins]:
    """The provider with a password, which Jenkins takes orders from with a crumb alone."""
    with respx.mock(assert_all_called=False) as router:
        router.get(CRUMB).mock(side_effect=crumbs.issue)
        router.post(POST).mock(side_effect=crumbs.take)
        router.route().mock(side_effect=there.answer)
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            yield connect(Credentials(URL, "wardroom", "päss"), client)


async def deploy(ci: Jenkins, portal: Service, correlation: str = "x") -> str:
    made = await ci.deploy(portal, "1.4.2", COMMIT, "test", correlation=correlation)
    return made.id


async def test_a_password_orders_with_a_crumb_and_its_session(
    signing: Jenkins, portal: Service, crumbs: Crumbs
) -> None:
    await deploy(signing, portal)
    await deploy(signing, portal, "y")
    assert crumbs.orders == [("c1", "JSESSIONID.5f=s1")] * 2


async def test_a_crumb_that_is_not_valid_any_more_is_renewed_once(
    signing: Jenkins, portal: Service, crumbs: Crumbs, there: PlayedJenkins
) -> None:
    await deploy(signing, portal)
    crumbs.issued = 7
    await deploy(signing, portal, "y")
    assert crumbs.orders[1:] == [("c1", "JSESSIONID.5f=s1"), ("c8", "JSESSIONID.5f=s8")]
    assert len(there.queue) == 2


async def test_a_crumb_is_not_renewed_for_ever(
    signing: Jenkins, portal: Service, crumbs: Crumbs
) -> None:
    crumbs.is_stubborn = True
    with pytest.raises(Rejected, match="the account needs Job/Build"):
        await deploy(signing, portal)
    assert (len(crumbs.orders), crumbs.issued) == (2, 2)


async def test_where_crumbs_are_turned_off_none_is_sent(
    there: PlayedJenkins, portal: Service
) -> None:
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=there.answer)
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            ci = connect(Credentials(URL, "wardroom", "päss"), client)
            assert await deploy(ci, portal) == "clinical/deploy-portal/q39"
        assert "jenkins-crumb" not in router.calls.last.request.headers


async def test_an_api_token_needs_no_crumb(
    ci: Jenkins, portal: Service, wire: respx.MockRouter
) -> None:
    await deploy(ci, portal)
    assert [call.request.url.path for call in wire.calls if "crumb" in call.request.url.path] == []


async def test_no_request_has_a_credential_in_its_address(
    ci: Jenkins, portal: Service, wire: respx.MockRouter
) -> None:
    await deploy(ci, portal)
    await ci.find(portal, "x")
    await ci.build("clinical/portal/3")
    for call in wire.calls:
        assert "11aa22bb" not in str(call.request.url)
        assert "wardroom" not in str(call.request.url)
    assert "11aa22bb" not in repr(ci)


async def test_the_log_ends_with_its_last_lines(ci: Jenkins) -> None:
    assert await ci.log_tail("clinical/portal/3", lines=2) == "hides FAILED\nFinished: UNSTABLE"


async def test_the_log_of_the_step_that_failed_is_what_matters(
    ci: Jenkins, there: PlayedJenkins
) -> None:
    red = there.jobs["clinical/portal"].runs[2]
    red.step = {"hasMore": False, "text": "<span class='x'>+ make</span>\n1 &lt; 2 failed\n"}
    assert await ci.log_tail("clinical/portal/3") == "+ make\n1 < 2 failed"
    red.step = {"hasMore": True, "text": "cut </b>off\n<b>all</b> of it\n"}
    assert await ci.log_tail("clinical/portal/3") == "all of it"
    red.step = {"hasMore": False}
    assert (await ci.log_tail("clinical/portal/3")).endswith("Finished: UNSTABLE")


async def test_of_a_long_log_only_the_end_is_read(
    ci: Jenkins, wire: respx.MockRouter, there: PlayedJenkins
) -> None:
    note = "\x1b[8mha:////AAAA==\x1b[0m"
    log = "".join(f"{note}line \x1b[31m{n}\x1b[0m\n" for n in range(20_000)).encode()
    there.jobs["clinical/portal"].runs[2].log = log
    few = await ci.log_tail("clinical/portal/3", lines=2)
    assert few == "line 19999\nFinished: UNSTABLE"
    long = await ci.log_tail("clinical/portal/3", lines=100_000)
    asked = [call.request.url.params.get("start") for call in wire.calls]
    size = len(log) + len("Finished: UNSTABLE\n")
    assert [one for one in asked if one] == ["0", str(size - 65_536)] * 2
    *many, last = long.splitlines()
    assert last == "Finished: UNSTABLE"
    assert all(line.startswith("line ") for line in many)
    assert 1000 < len(many) < 20_000


@pytest.mark.parametrize(
    "found",
    [
        {"allBuilds": "none", "nextBuildNumber": 4},
        {"allBuilds": [7], "nextBuildNumber": 4},
        {"allBuilds": [{"number": None}], "nextBuildNumber": 4},
        {"nextBuildNumber": 4},
    ],
)
async def test_an_answer_of_another_shape_is_not_understood(
    ci: Jenkins, portal: Service, there: PlayedJenkins, found: dict[str, Any]
) -> None:
    there.instead["GET job/clinical/job/portal/api/json"] = httpx.Response(200, json=found)
    with pytest.raises(Unreachable, match="not understood"):
        await ci.recent(portal)


@pytest.mark.parametrize("item", [{}, {"id": "x"}, {"id": 3}, {"id": 3, "task": None}])
async def test_what_else_is_in_the_queue_is_passed_over(
    ci: Jenkins, portal: Service, there: PlayedJenkins, item: dict[str, Any]
) -> None:
    there.instead["GET queue/api/json"] = httpx.Response(200, json={"items": [item]})
    assert [one.id for one in await ci.recent(portal, limit=1)] == ["clinical/portal/3"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Credentials(URL), "needs user and token_file"),
        (Credentials(URL, "wardroom"), "needs user and token_file"),
        (Credentials(URL, token="11aa22bb"), "needs user and token_file"),
        (replace(GOOD, region="eu"), "has no use for region"),
        (replace(GOOD, app_id="7"), "has no use for app_id"),
        (replace(GOOD, tenant_id="7"), "has no use for tenant_id"),
    ],
)
async def test_it_refuses_to_start_with_other_credentials_than_it_needs(
    given: Credentials, told: str
) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with pytest.raises(ConfigurationError, match=rf"integrations\.jenkins: .*{told}"):
            connect(given, client)
