"""What every provider of the CI port promises: the twin, the real Buildbot, every vendor played."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot import catalogue
from bot.api import Credentials, Rejected
from bot.model import BuildState, CiTarget, Relation, Service
from bot.ports import Ci
from integrations.buildbot import connect
from tests.contracts.vendors import PLAYED, played
from tests.sandbox.fixtures import Hospital, hospital, sandbox_python
from tests.serving import NO_TLS
from tests.twins import TwinCi

__all__ = ["hospital", "sandbox_python"]
REAL = pytest.param("sandbox", marks=[pytest.mark.hospital, pytest.mark.xdist_group("hospital")])


@pytest.fixture(params=["twin", REAL, *PLAYED])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Ci, Service]]:
    """A CI server with a service whose version 1.4.2 exists."""
    if request.param == "twin":
        target = CiTarget("buildbot", "portal", "deploy-portal", "", "portal/{version}")
        yield TwinCi(), Service("portal", "web", "A", target, ())
        return
    if request.param in PLAYED:
        async with played(request.param).playing() as given:
            yield given
        return
    running: Hospital = request.getfixturevalue("hospital")
    user, password = running.credentials
    service = catalogue.load(Path(running.home / "services.yaml")).service("portal")
    assert service is not None
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield connect(Credentials(running.ci_url, user, password), client), service


async def test_a_version_is_one_commit_and_a_commit_is_itself(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    commit = await ci.resolve(service, "1.4.2")
    assert re.fullmatch(r"[0-9a-f]{40}", commit)
    assert await ci.resolve(service, "1.4.2") == commit
    assert await ci.resolve(service, commit) == commit


async def test_what_does_not_exist_is_rejected_in_a_sentence(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    with pytest.raises(Rejected) as version:
        await ci.resolve(service, "9.9.9")
    with pytest.raises(Rejected) as build:
        await ci.build("999999")
    for told in (version, build):
        assert told.value.text.endswith(".")
        assert "\n" not in told.value.text


async def test_a_build_asked_for_is_found_by_its_correlation_and_no_other(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    correlation = f"contract-{uuid.uuid4().hex}"
    assert await ci.find(service, correlation) is None
    asked = await ci.trigger(service, "1.4.2", correlation=correlation)
    assert asked.state is BuildState.QUEUED
    assert asked.commit == await ci.resolve(service, "1.4.2")
    found = await ci.find(service, correlation)
    assert found is not None
    assert found.state is not BuildState.UNKNOWN
    assert (await ci.build(asked.id)).state is not BuildState.UNKNOWN
    assert await ci.find(service, correlation + "x") is None


async def test_a_deploy_asked_for_is_found_by_its_correlation(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    correlation = f"contract-{uuid.uuid4().hex}"
    commit = await ci.resolve(service, "1.4.2")
    asked = await ci.deploy(service, "1.4.2", commit, "test", correlation=correlation)
    found = await ci.find(service, correlation)
    assert found is not None
    assert (await ci.build(asked.id)).state in set(BuildState) - {BuildState.UNKNOWN}


async def test_who_wrote_a_commit_is_told_by_address_or_not_at_all(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    told = await ci.authors(service, await ci.resolve(service, "1.4.2"))
    assert told
    assert all(re.fullmatch(r"[^\s@]+@[^\s@]+", address) for address in told)
    assert [address.lower() for address in told] == list(told)


async def test_what_lies_between_two_commits_is_told_newest_first(
    provider: tuple[Ci, Service],
) -> None:
    ci, service = provider
    since, until = [await ci.resolve(service, version) for version in ("1.4.1", "1.4.2")]
    ahead = await ci.between(service, since, until)
    assert (ahead.since, ahead.until, ahead.relation) == (since, until, Relation.AHEAD)
    assert ahead.is_whole
    assert ahead.commits[0].id == until
    assert since not in {one.id for one in ahead.commits}
    for one in ahead.commits:
        assert one.title
        assert one.authors
        assert all(address == address.lower() for address in one.authors)
        assert "\n" not in one.title
    back = await ci.between(service, until, since)
    assert (back.relation, back.commits) == (Relation.BEHIND, ())
    same = await ci.between(service, until, until)
    assert (same.relation, same.commits) == (Relation.SAME, ())


async def test_what_is_no_commit_is_not_compared(provider: tuple[Ci, Service]) -> None:
    ci, service = provider
    commit = await ci.resolve(service, "1.4.2")
    for since, until in (("--upload-pack=x", commit), (commit, "main"), (commit, "../4")):
        with pytest.raises(Rejected):
            await ci.between(service, since, until)
    with pytest.raises(Rejected):
        await ci.between(service, "f" * 40, commit)


async def test_the_builds_of_a_version_are_of_its_commit(provider: tuple[Ci, Service]) -> None:
    ci, service = provider
    commit = await ci.resolve(service, "1.4.2")
    await ci.trigger(service, "1.4.2", correlation=f"contract-{uuid.uuid4().hex}")
    builds = await ci.builds(service, "1.4.2", limit=3)
    assert 0 < len(builds) <= 3
    assert {build.commit for build in builds} <= {commit, ""}
    assert {build.service for build in builds} == {service.id}
    newest = (await ci.recent(service, limit=1))[0]
    assert (await ci.build(newest.id)).id
    assert isinstance(await ci.log_tail(newest.id, lines=5), str)
