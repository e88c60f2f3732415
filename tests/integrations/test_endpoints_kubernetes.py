"""A workload of a cluster: payloads as the API's reference has them, over httpx."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest
import respx

from bot.api import Finding, Login
from tests.integrations.authority import Authority
from tests.integrations.endpoint_peers import (
    FAILED,
    PASSED,
    PASSWORD,
    SECRET,
    asked,
    closed,
    garbage,
    listening,
    silent,
)

BASE = "https://cluster.test:6443"
ACCOUNT = Login(token=PASSWORD)
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "portal", "generation": 4, "annotations": {"note": SECRET}},
    "spec": {"replicas": 3},
    "status": {
        "observedGeneration": 4,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    },
}
STATEFUL: dict[str, Any] = {
    "kind": "StatefulSet",
    "metadata": {"name": "portal", "generation": 1},
    "spec": {"replicas": 2},
    "status": {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "currentRevision": "portal-1",
        "updateRevision": "portal-1",
    },
}
DAEMON: dict[str, Any] = {
    "kind": "DaemonSet",
    "metadata": {"name": "portal", "generation": 1},
    "status": {
        "observedGeneration": 1,
        "desiredNumberScheduled": 5,
        "numberReady": 5,
        "updatedNumberScheduled": 5,
        "numberAvailable": 5,
    },
}


def keys(kind: str = "deployment", url: str = BASE) -> dict[str, Any]:
    return {"url": url, "namespace": "web", "workload": f"{kind}/portal"}


def changed(payload: dict[str, Any], **places: Any) -> dict[str, Any]:
    """Return a payload with something else at places such as `status__readyReplicas`."""
    found = copy.deepcopy(payload)
    for place, value in places.items():
        *above, last = place.split("__")
        block = found
        for name in above:
            block = block[name]
        if value is None:
            del block[last]
        else:
            block[last] = value
    return found


async def told(status: int = 200, kind: str = "deployment", **answer: Any) -> Finding:
    """Ask a cluster that answers so; there is one GET, with the token."""
    with respx.mock() as cluster:
        path = f"{BASE}/apis/apps/v1/namespaces/web/{kind}s/portal"
        route = cluster.get(path).mock(return_value=httpx.Response(status, **answer))
        found = await asked("kubernetes", 0, ACCOUNT, **keys(kind))
    request = route.calls.last.request
    assert request.headers["authorization"] == f"Bearer {PASSWORD}"
    assert request.headers["accept"] == "application/json"
    return found


async def test_a_workload_that_is_ready_passes_with_its_figures() -> None:
    found = await told(json=DEPLOYMENT)
    assert (found.standing, found.detail) == (PASSED, "has 3 of 3 ready, 3 of the newest kind")
    assert {**found.figures, "milliseconds": ""} == {
        "desired": "3",
        "ready": "3",
        "updated": "3",
        "available": "3",
        "available_reason": "MinimumReplicasAvailable",
        "progressing_reason": "NewReplicaSetAvailable",
        "milliseconds": "",
    }
    assert (await told(kind="statefulset", json=STATEFUL)).standing is PASSED
    daemon = await told(kind="daemonset", json=DAEMON)
    assert (daemon.standing, daemon.figures["desired"]) == (PASSED, "5")


LATE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


@pytest.mark.parametrize(
    ("kind", "payload", "why"),
    [
        ("deployment", changed(DEPLOYMENT, status__readyReplicas=1), "not_ready"),
        ("deployment", changed(DEPLOYMENT, status__readyReplicas=None), "not_ready"),
        ("deployment", changed(DEPLOYMENT, status__updatedReplicas=1), "rolling"),
        ("deployment", changed(DEPLOYMENT, status__availableReplicas=None), "not_available"),
        ("deployment", changed(DEPLOYMENT, status__observedGeneration=3), "not_observed"),
        ("deployment", changed(DEPLOYMENT, spec__replicas=0), "none_wanted"),
        ("deployment", changed(DEPLOYMENT, status__conditions=LATE), "deadline"),
        ("deployment", changed(DEPLOYMENT, status={}), "not_observed"),
        ("statefulset", changed(STATEFUL, status__readyReplicas=1), "not_ready"),
        ("statefulset", changed(STATEFUL, status__updateRevision="portal-2"), "rolling"),
        ("daemonset", changed(DAEMON, status__numberReady=4), "not_ready"),
        ("daemonset", changed(DAEMON, status__updatedNumberScheduled=2), "rolling"),
        ("daemonset", changed(DAEMON, status__desiredNumberScheduled=0), "none_wanted"),
        ("deployment", STATEFUL, "garbage"),
        ("deployment", changed(DEPLOYMENT, metadata__name="other"), "garbage"),
        ("deployment", changed(DEPLOYMENT, status__readyReplicas=SECRET), "garbage"),
        ("deployment", changed(DEPLOYMENT, spec__replicas=-1), "garbage"),
    ],
)
async def test_what_is_not_ready_is_told_apart(
    kind: str, payload: dict[str, Any], why: str
) -> None:
    found = await told(kind=kind, json=payload)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_reason_that_kubernetes_does_not_know_is_not_said() -> None:
    strange = [{"type": "Available", "status": "True", "reason": SECRET}, SECRET, None]
    found = await told(json=changed(DEPLOYMENT, status__conditions=strange))
    assert (found.standing, found.figures["available_reason"]) == (PASSED, "other")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "credentials"),
        (403, "forbidden"),
        (404, "no_workload"),
        (429, "busy"),
        (500, "status"),
        (302, "status"),
    ],
)
async def test_each_refusal_is_told_apart_without_its_words(status: int, why: str) -> None:
    body = {"kind": "Status", "message": f'deployments.apps "portal" {SECRET}'}
    found = await told(status, json=body)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_what_is_no_json_or_has_no_end_is_garbage() -> None:
    assert (await told(text=SECRET)).figures["why"] == "garbage"
    assert (await told(text="[" * (1 << 21))).figures["why"] == "garbage"


async def test_over_a_real_connection_the_certificate_has_to_hold(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    authority = Authority.made(tmp_path_factory.mktemp("ca"))
    trusted = {"ca_file": str(authority.file)}
    for talk, why, more in (
        (garbage, "garbage", trusted),
        (garbage, "untrusted", {}),
        (silent, "timeout", {**trusted, "seconds": 0.3}),
    ):
        async with listening(talk, authority.server()) as port:
            where = {**keys(url=f"https://127.0.0.1:{port}"), **more}
            found = await asked("kubernetes", 0, ACCOUNT, **where)
        assert (found.standing, found.figures["why"]) == (FAILED, why)
    shut = await asked("kubernetes", 0, ACCOUNT, **keys(url=f"https://127.0.0.1:{closed()}"))
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")
