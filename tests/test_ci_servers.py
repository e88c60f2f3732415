"""Several CI servers at once: each service is asked about where it is built or deployed."""

from __future__ import annotations

import pytest

from bot.ci_servers import CiServers
from bot.errors import Rejected
from bot.model import CiTarget, Service
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
