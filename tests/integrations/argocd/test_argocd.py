"""What is particular to Argo CD: one operation at a time, its states, and who decides."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

from bot.api import ConfigurationError, Credentials, Rejected, Unreachable
from bot.model import BuildState
from integrations.argocd import connect
from integrations.argocd.places import deploy_of, is_same_repository
from integrations.argocd.reading import stages_of, state_of
from tests.integrations.argocd.moments import AND_THEN, JUST_NOW, LONG_AGO, Then
from tests.integrations.argocd.vendor import HEAD, PORTAL, TOKEN, URL, PlayedArgo, asking, refusal

if TYPE_CHECKING:
    from bot.model import Service

COMMIT, OLDER = "a" * 40, "b" * 40


def at_sites(deploy_builder: str) -> Service:
    """Return the portal with two sites, deployed by another application or several."""
    assert PORTAL.ci is not None
    target = replace(PORTAL.ci, deploy_builder=deploy_builder)
    return replace(PORTAL, ci=target, sites=("North", "south"))


def ended(
    *, phase: str = "Succeeded", health: str = "Healthy", sync: str = "Synced", **over: Any
) -> dict[str, Any]:
    """Return an application whose operation ended an hour ago."""
    resource = {"kind": "Deployment", "name": "portal", "status": over.get("resource", "Synced")}
    state = {
        "operation": {"sync": {"revision": COMMIT}, "info": [{"name": "wardroom", "value": "x"}]},
        "phase": phase,
        "startedAt": LONG_AGO,
        "finishedAt": over.get("finished", LONG_AGO),
        "syncResult": {"revision": over.get("revision", COMMIT), "resources": [resource]},
    }
    return {
        "metadata": {"name": "portal-test"},
        "status": {
            "operationState": state,
            "sync": {"status": sync, "revision": over.get("compared", COMMIT)},
            "health": {"status": health},
            "reconciledAt": over.get("looked", JUST_NOW),
        },
    }


async def test_a_deploy_is_one_sync_to_the_commit_and_carries_who_asked() -> None:
    argo = PlayedArgo()
    async with asking(argo) as ci:
        made = await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
    assert made.id == "portal-test/REQ-1-aa"
    assert made.url == f"{URL}/applications/portal-test"
    (asked,) = argo.synced
    assert (asked["name"], asked["revision"], asked["prune"]) == ("portal-test", COMMIT, False)
    assert {one["name"]: one["value"] for one in asked["infos"]} == {
        "wardroom": "REQ-1-aa",
        "wardroom-version": "1.4.2",
        "wardroom-environment": "test",
    }


async def test_a_deploy_waits_runs_and_is_green_once_all_of_it_is_healthy() -> None:
    async with asking(PlayedArgo()) as ci:
        made = await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
        states = [(await ci.build(made.id)).state for _ in range(3)]
        last = await ci.build(made.id)
        log = await ci.log_tail(made.id, lines=3)
    assert states == [BuildState.QUEUED, BuildState.RUNNING, BuildState.GREEN]
    assert (last.ref, last.commit, last.correlation) == ("1.4.2", COMMIT, "REQ-1-aa")
    assert [stage.name for stage in last.stages] == [
        "sync",
        f"OutOfSync with {HEAD[:12]}",
        "health Healthy",
    ]
    assert "successfully synced" in log
    assert log.endswith(f"{URL}/applications/portal-test")


@pytest.mark.parametrize(
    ("app", "state"),
    [
        (ended(), BuildState.GREEN),
        (ended(phase="Running"), BuildState.RUNNING),
        (ended(phase="Terminating"), BuildState.RUNNING),
        (ended(phase="Failed"), BuildState.RED),
        (ended(phase="Error"), BuildState.RED),
        (ended(phase="Dancing"), BuildState.UNKNOWN),
        (ended(phase=""), BuildState.UNKNOWN),
        (ended(health="Progressing"), BuildState.RUNNING),
        (ended(health="Suspended"), BuildState.RUNNING),
        (ended(health="Degraded"), BuildState.RED),
        (ended(health="Degraded", finished=JUST_NOW, looked=AND_THEN), BuildState.RUNNING),
        (ended(finished=JUST_NOW, looked=AND_THEN), BuildState.GREEN),
        (ended(finished=JUST_NOW, looked=JUST_NOW), BuildState.RUNNING),
        (ended(finished=JUST_NOW, looked=LONG_AGO), BuildState.RUNNING),
        (ended(looked=LONG_AGO), BuildState.GREEN),
        (ended(looked=""), BuildState.RUNNING),
        (ended(finished="yesterday"), BuildState.RUNNING),
        (ended(health="Missing"), BuildState.RED),
        (ended(health="Unknown"), BuildState.UNKNOWN),
        (ended(health="Splendid"), BuildState.UNKNOWN),
        (ended(health=""), BuildState.UNKNOWN),
        (ended(revision=OLDER), BuildState.UNKNOWN),
        (ended(sync="OutOfSync"), BuildState.RED),
        (ended(sync="OutOfSync", compared=HEAD), BuildState.GREEN),
        (ended(sync="OutOfSync", compared=""), BuildState.UNKNOWN),
        (ended(sync="Unknown"), BuildState.UNKNOWN),
        (ended(resource="SyncFailed"), BuildState.RED),
        (ended(resource="PruneSkipped"), BuildState.RED),
        (ended(resource="Pruned"), BuildState.GREEN),
    ],
)
def test_every_state_is_read_and_none_that_is_unknown_is_green(
    app: dict[str, Any], state: BuildState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.argocd.reading.datetime", Then)
    assert state_of(app) is state


def test_what_is_suspended_waits_for_somebody_over_there() -> None:
    gates = {
        h: [one.is_gate for one in stages_of(ended(health=h))] for h in ("Suspended", "Missing")
    }
    assert gates == {"Suspended": [False, False, True], "Missing": [False, False, False]}


def test_only_one_combination_of_health_and_sync_with_the_commit_is_green() -> None:
    healths = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")
    syncs = ("Synced", "OutOfSync", "Unknown")
    green = [
        (health, sync)
        for health, sync in itertools.product(healths, syncs)
        if state_of(ended(health=health, sync=sync)) is BuildState.GREEN
    ]
    assert green == [("Healthy", "Synced")]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"syncPolicy": {"automated": {}}}, "turn its auto-sync off"),
        ({"syncPolicy": {"automated": {"prune": True, "enabled": True}}}, "auto-sync off"),
        ({"sources": [{"repoURL": "x"}, {"repoURL": "y"}]}, "several sources"),
        ({"source": {"chart": "portal", "repoURL": "https://charts.test"}}, "Helm chart"),
        ({"source": {"repoURL": "https://git.hospital.test/other.git"}}, "another repository"),
        ({"source": {}}, "another repository"),
    ],
)
async def test_what_would_not_run_the_commit_is_refused_before_anything_is_sent(
    over: dict[str, Any], said: str
) -> None:
    argo = PlayedArgo()
    argo.apps["portal-test"]["spec"] |= over
    async with asking(argo) as ci:
        with pytest.raises(Rejected, match=said):
            await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
    assert argo.synced == []


async def test_auto_sync_that_is_turned_off_is_none() -> None:
    argo = PlayedArgo()
    argo.apps["portal-test"]["spec"]["syncPolicy"] = {"automated": {"enabled": False}}
    async with asking(argo) as ci:
        await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
    assert len(argo.synced) == 1


async def test_while_another_operation_goes_on_nothing_is_sent() -> None:
    argo = PlayedArgo()
    async with asking(argo) as ci:
        await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
        with pytest.raises(Rejected, match="another operation is already in progress"):
            await ci.deploy(PORTAL, "1.4.1", OLDER, "test", correlation="REQ-2-bb")
    assert len(argo.synced) == 1


async def test_an_operation_that_begins_between_our_look_and_our_sync_is_a_refusal() -> None:
    argo = PlayedArgo()
    with respx.mock() as router:
        router.get(f"{URL}/api/v1/applications/portal-test").respond(json=argo.apps["portal-test"])
        post = router.post(f"{URL}/api/v1/applications/portal-test/sync")
        post.mock(return_value=refusal(400, 9, "another operation is already in progress"))
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            with pytest.raises(Rejected, match="another operation is already in progress"):
                await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
    assert post.call_count == 1


async def test_a_rollback_is_a_deploy_of_an_older_commit_and_what_it_followed_is_still_known() -> (
    None
):
    argo = PlayedArgo()
    async with asking(argo) as ci:
        first = await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
        argo.finish_all()
        back = await ci.deploy(PORTAL, "1.4.1", OLDER, "test", correlation="REQ-1-bb")
        argo.finish_all()
        found = await ci.find(PORTAL, "REQ-1-aa")
        assert found is not None
        assert (found.id, found.state) == (first.id, BuildState.GREEN)
        assert (await ci.build(back.id)).commit == OLDER
        assert await ci.find(PORTAL, "REQ-1-cc") is None
        assert "Another operation followed" in await ci.log_tail(first.id)


@pytest.mark.parametrize(
    ("carried", "state"),
    [("green", "green"), ("red", "red"), ("running", "unknown"), ("", "unknown"), ("x", "unknown")],
)
async def test_what_had_not_ended_when_another_deploy_followed_is_unknown(
    carried: str, state: str
) -> None:
    app = ended()
    info = app["status"]["operationState"]["operation"]["info"]
    info.append({"name": "wardroom-before", "value": f"REQ-1-aa={carried} REQ-0-zz=green"})
    argo = PlayedArgo()
    argo.apps["portal-test"] = app
    async with asking(argo) as ci:
        assert (await ci.build("portal-test/REQ-1-aa")).state.value == state
        assert (await ci.build("portal-test/REQ-0-zz")).state is BuildState.GREEN


async def test_after_somebody_elses_operation_it_cannot_be_said_whether_ours_was_there() -> None:
    argo = PlayedArgo()
    argo.apps["portal-test"] = ended()
    del argo.apps["portal-test"]["status"]["operationState"]["operation"]["info"]
    async with asking(argo) as ci:
        with pytest.raises(Unreachable, match="somebody else"):
            await ci.find(PORTAL, "REQ-1-aa")
        with pytest.raises(Unreachable, match="somebody else"):
            await ci.build("portal-test/REQ-1-aa")


async def test_a_sync_that_was_lost_on_its_way_is_known_to_have_never_arrived() -> None:
    app = PlayedArgo().apps["portal-test"]
    state = ended()["status"]["operationState"]
    app["status"]["operationState"] = {**state, "operation": {"sync": {"revision": OLDER}}}
    with respx.mock() as router:
        router.get(f"{URL}/api/v1/applications/portal-test").respond(json=app)
        post = router.post(f"{URL}/api/v1/applications/portal-test/sync")
        post.mock(side_effect=httpx.ReadTimeout("nothing came"))
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            with pytest.raises(Unreachable):
                await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
            assert await ci.find(PORTAL, "REQ-1-aa") is None
            # Somebody else's operation has begun since: ours may have been before it.
            state["startedAt"] = JUST_NOW
            later = {**state, "operation": {"sync": {"revision": OLDER}}}
            app["status"]["operationState"] = later
            router.get(f"{URL}/api/v1/applications/portal-test").respond(json=app)
            with pytest.raises(Unreachable, match="somebody else"):
                await ci.find(PORTAL, "REQ-1-aa")
    assert post.call_count == 1


async def test_what_argo_cd_has_not_looked_at_since_is_looked_at_for_us() -> None:
    before, after = ended(looked=(datetime.now(UTC) - timedelta(hours=2)).isoformat()), ended()
    with respx.mock() as router:
        where = f"{URL}/api/v1/applications/portal-test"
        again = router.get(where, params={"refresh": "normal"})
        again.side_effect = [httpx.ReadTimeout("still looking"), httpx.Response(200, json=after)]
        router.get(where).respond(json=before)
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            states = [(await ci.build("portal-test/x")).state for _ in range(2)]
    assert states == [BuildState.RUNNING, BuildState.GREEN]


async def test_each_site_is_an_application_of_its_own_or_there_are_no_sites() -> None:
    argo = PlayedArgo()
    argo.apps["portal-test-north"] = argo.apps["portal-test"] | {
        "metadata": {"name": "portal-test-north"}
    }
    each, whole = at_sites("portal-{environment}-{site}"), PORTAL
    order = ("1.4.2", COMMIT, "test")
    async with asking(argo) as ci:
        made = await ci.deploy(each, *order, correlation="REQ-1-aa", sites=["North"])
        assert made.id == "portal-test-north/REQ-1-aa"
        for service, sites in ((each, []), (each, ["North", "south"]), (whole, ["North"])):
            with pytest.raises(Rejected, match="site"):
                await ci.deploy(service, *order, correlation="REQ-1-bb", sites=sites)
        found = await ci.find(each, "REQ-1-aa")
    assert found is not None
    assert found.id == made.id
    assert len(argo.synced) == 1


async def test_an_application_of_another_namespace_is_named_in_the_question() -> None:
    app = PlayedArgo().apps["portal-test"] | {"metadata": {"name": "portal-test"}}
    service = at_sites("web/portal-test")
    with respx.mock() as router:
        where = f"{URL}/api/v1/applications/portal-test"
        router.get(where, params={"appNamespace": "web"}).respond(json=app)
        post = router.post(f"{where}/sync").respond(json=app)
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            made = await ci.deploy(service, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")
    assert made.id == "web/portal-test/REQ-1-aa"
    assert b'"appNamespace":"web"' in post.calls[0].request.content.replace(b" ", b"")


async def test_building_is_refused_in_one_sentence() -> None:
    async with asking(PlayedArgo()) as ci:
        for asked in (
            ci.resolve(PORTAL, "1.4.2"),
            ci.authors(PORTAL, COMMIT),
            ci.builds(PORTAL, "1.4.2"),
            ci.recent(PORTAL),
            ci.trigger(PORTAL, "1.4.2", correlation="x"),
        ):
            with pytest.raises(Rejected, match=r"^Argo CD builds nothing: .*\.$"):
                await asked


async def test_a_permission_that_is_missing_is_named() -> None:
    argo = PlayedArgo()
    with respx.mock() as router:
        where = f"{URL}/api/v1/applications/portal-test"
        router.get(where).respond(json=argo.apps["portal-test"])
        denied = refusal(403, 7, "permission denied: applications, sync, clinical/portal-test")
        router.post(f"{where}/sync").mock(return_value=denied)
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            with pytest.raises(Rejected, match="the account needs applications, sync"):
                await ci.deploy(PORTAL, "1.4.2", COMMIT, "test", correlation="REQ-1-aa")


@pytest.mark.parametrize(
    "app",
    [
        [],
        {},
        {"metadata": {"name": "another"}},
        {"metadata": {"name": "portal-test"}, "status": {"operationState": {"operation": {}}}},
        {"metadata": {"name": "portal-test"}, "status": {"operationState": "Succeeded"}},
        {"metadata": {"name": "portal-test"}, "operation": {"info": "wardroom"}},
    ],
)
async def test_an_answer_of_another_shape_is_no_deploy_and_does_not_say_that_there_was_none(
    app: object,
) -> None:
    with respx.mock() as router:
        router.get(f"{URL}/api/v1/applications/portal-test").respond(json=app)
        async with httpx.AsyncClient() as client:
            ci = connect(Credentials(URL, token=TOKEN), client)
            with pytest.raises(Unreachable):
                await ci.build("portal-test/REQ-1-aa")


@pytest.mark.parametrize(
    "build_id",
    [
        "",
        "portal",
        "../x/REQ-1",
        "a/b/c/d",
        "portal/../..",
        "portal/REQ 1",
        "Ärzte/1",
        "portal/x?y",
    ],
)
def test_an_id_that_is_none_of_ours_is_never_sent_on(build_id: str) -> None:
    with pytest.raises(Rejected, match="is no deploy of Argo CD"):
        deploy_of(build_id)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://git.test/a/b.git", "git@git.test:a/b.git", True),
        ("ssh://git@git.test:22/a/b", "https://user@git.test/a/b/", True),
        ("https://git.test/a/b", "https://git.test/a/c", False),
        ("/srv/git/b.git", "file:///srv/git/b", True),
        ("", "https://git.test/a/b", False),
    ],
)
def test_a_repository_is_the_same_by_whichever_address(one: str, other: str, *, same: bool) -> None:
    assert is_same_repository(one, other) is same


async def test_what_it_cannot_use_or_misses_is_said_at_the_start() -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ConfigurationError, match=r"integrations\.argocd: needs token_file"):
            connect(Credentials(URL), client)
        with pytest.raises(ConfigurationError, match="no use for region"):
            connect(Credentials(URL, token=TOKEN, region="eu-central-1"), client)
