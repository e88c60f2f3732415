"""Several CI servers at once: each service is asked about where it is built or deployed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.ci_servers import CiServers, untold
from bot.errors import Rejected
from bot.model import Alerts, CiTarget, Deployment, Probe, Service
from tests.twins import TwinCi, commit_of


def built(by: str, deployed_by: str = "") -> Service:
    target = CiTarget(by, "portal", "deploy-portal", "", "portal/{version}", deployed_by)
    return Service("portal", "web", "A", target, ())


async def test_one_server_is_asked_with_the_ids_that_it_knows() -> None:
    ci = CiServers({"forge": TwinCi()})
    build = (await ci.builds(built("forge"), "1.4.2"))[0]
    assert build.id == "portal-1.4.2"
    assert await ci.build(build.id) == await ci.build(f"forge:{build.id}") == build


async def test_of_several_each_id_names_its_own() -> None:
    forge, other = TwinCi(), TwinCi()
    ci = CiServers({"forge": forge, "other": other})
    job = await ci.trigger(built("other"), "1.4.2", correlation="c-1")
    assert (job.id, forge.jobs, len(other.jobs)) == ("other:b1", [], 1)
    assert (await ci.build("other:b1")).id == "other:b1"
    assert await ci.log_tail("other:b1", lines=1) == "step two"
    for unknown in ("b1", "third:b1", "other:"):
        with pytest.raises(Rejected, match="an id begins with the name of its CI server"):
            await ci.build(unknown)


async def test_a_service_may_be_deployed_by_another_than_builds_it() -> None:
    forge, ships = TwinCi(), TwinCi()
    ci, portal = CiServers({"forge": forge, "ships": ships}), built("forge", "ships")
    commit = commit_of("portal", "1.4.2")
    job = await ci.deploy(portal, "1.4.2", commit, "test", correlation="c-2")
    assert (job.id, len(forge.jobs), len(ships.jobs)) == ("ships:d1", 0, 1)
    await ci.trigger(portal, "1.4.2", correlation="c-3")
    deployed, asked = await ci.find(portal, "c-2"), await ci.find(portal, "c-3")
    assert deployed is not None
    assert asked is not None
    assert (deployed.id, asked.id) == ("ships:d1", "forge:b1")
    assert await ci.find(portal, "c-4") is None


async def test_a_service_without_a_ci_server_says_what_to_set() -> None:
    ci = CiServers({"forge": TwinCi()})
    with pytest.raises(Rejected, match=r"give it `ci\.provider` in the services file"):
        await ci.recent(Service("pacs", "imaging", "C", None, ()))
    with pytest.raises(
        Rejected, match=r"names other, and the settings have no integrations\.other"
    ):
        await ci.recent(built("other"))


class Scanning(TwinCi):
    """A CI server that knows security alerts too."""

    def tells(self, service: Service) -> bool:
        return service.ci is not None

    async def code_alerts(self, service: Service, version: str, commit: str) -> Alerts:
        return Alerts(1, 2, f"{service.id} {version} {commit}")

    async def dependency_alerts(self, service: Service) -> Alerts:
        return Alerts(3, 4, service.id)


async def test_alerts_are_asked_of_who_builds_a_service_and_never_of_who_deploys_it() -> None:
    ci = CiServers({"forge": Scanning(), "ships": TwinCi()})
    portal, other = built("forge", "ships"), built("ships", "forge")
    assert await ci.code_alerts(portal, "1.4.2", "c") == Alerts(1, 2, "portal 1.4.2 c")
    assert await ci.dependency_alerts(portal) == Alerts(3, 4, "portal")
    assert [ci.tells(one) for one in (portal, other, replace(portal, ci=None))] == [1, 0, 0]
    with pytest.raises(Rejected, match="built by ships, which tells of no security alerts"):
        await ci.dependency_alerts(other)


def test_a_pre_check_that_nobody_can_answer_is_named_with_its_mend() -> None:
    ci = CiServers({"forge": Scanning(), "ships": TwinCi()})
    checks = (Probe("dependabot"), Probe("http", "http://portal"))
    where = (Deployment("test"), Deployment("production", prechecks=checks))
    portal = replace(built("forge"), environments=where)
    assert list(untold([portal], ci)) == []
    (said,) = untold([replace(built("ships"), environments=where)], ci)
    assert said.startswith("portal.environments.production.prechecks: ships builds portal and")
    assert "kind dependabot; name a report of a scan by its url instead" in said
