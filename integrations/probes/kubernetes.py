"""Asks a Kubernetes cluster about one workload: apps/v1, one GET, never about pods or secrets.

What is judged is what `kubectl rollout status` waits for. Of an answer only numbers are said, and
reasons that Kubernetes itself gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.answers import JSON, MOST_COUNT, OK, Unanswered, at, read
from integrations.probes.pages import MOST_BYTES, got
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    import httpx

    from bot.api import Endpoint, Login
    from integrations.probes.answers import Json

KINDS: Final = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
REFUSALS: Final = {
    401: ("does not know the token (HTTP 401)", "credentials"),
    403: ("does not let the token see that workload (HTTP 403)", "forbidden"),
    404: ("has no such workload (HTTP 404)", "no_workload"),
    429: ("is too busy to answer (HTTP 429)", "busy"),
}
CONDITIONS: Final = ("Progressing", "Available")
# kubernetes/pkg/controller/deployment/util: the reasons of those two.
REASONS: Final = frozenset(
    {
        "ReplicaSetUpdated",
        "ReplicaSetCreateError",
        "NewReplicaSetCreated",
        "FoundNewReplicaSet",
        "NewReplicaSetAvailable",
        "ProgressDeadlineExceeded",
        "DeploymentPaused",
        "DeploymentResumed",
        "MinimumReplicasAvailable",
        "MinimumReplicasUnavailable",
    }
)
LATE: Final = "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Counts:
    """How many there should be, and how many are ready, of the newest kind, and available."""

    desired: int
    ready: int
    updated: int
    available: int


async def kubernetes(client: httpx.AsyncClient, endpoint: Endpoint, login: Login) -> Finding:
    """Get the workload and judge it."""
    kind, _, name = endpoint.workload.partition("/")
    base = endpoint.url.rstrip("/")
    url = f"{base}/apis/apps/v1/namespaces/{endpoint.namespace}/{kind}s/{name}"
    headers = {"Authorization": f"Bearer {login.token}"}
    page = await got(client, endpoint, url, MOST_BYTES, JSON, headers=headers)
    if page.status in REFUSALS:
        raise Unwell(*REFUSALS[page.status])
    if page.status != OK:
        raise Unwell(f"answers HTTP {page.status}", "status")
    if page.is_cut:
        raise Unwell("answers far more than was asked for", "garbage")
    try:
        found = read(page.body)
    except Unanswered as error:
        raise Unwell(error.text, "garbage") from error
    return judged(found, kind, name)


def judged(found: Json, kind: str, name: str) -> Finding:
    """Judge a workload by its newest specification, whether that was observed, and its pods."""
    if at(found, "kind") != KINDS[kind] or at(found, "metadata.name") != name:
        raise Unwell("answers something that is not that workload", "garbage")
    counts = _counts(found, kind)
    reasons = _reasons(found)
    figures = {
        "desired": str(counts.desired),
        "ready": str(counts.ready),
        "updated": str(counts.updated),
        "available": str(counts.available),
        **{f"{condition.lower()}_reason": reason for condition, reason in reasons.items()},
    }
    text = f"has {counts.ready} of {counts.desired} ready, {counts.updated} of the newest kind"
    is_seen = _count(found, "status.observedGeneration") >= _count(found, "metadata.generation")
    why, said = _wrong(counts, reasons, is_seen=is_seen)
    if why:
        return Finding(
            Standing.FAILED, f"{text}: {said}", figures["ready"], {**figures, "why": why}
        )
    return Finding(Standing.PASSED, text, figures["ready"], figures)


def _wrong(counts: Counts, reasons: dict[str, str], *, is_seen: bool) -> tuple[str, str]:
    """Return what is wrong, in one word and as a sentence goes on; "" for nothing."""
    checks = (
        (not is_seen, "not_observed", "its newest specification has not been looked at yet"),
        (not counts.desired, "none_wanted", "none is wanted, so none runs"),
        (
            reasons.get("Progressing") == LATE,
            "deadline",
            f"the rollout came to no end in its time ({LATE})",
        ),
        (counts.ready < counts.desired, "not_ready", "not all are ready"),
        (counts.updated < counts.desired, "rolling", "a rollout is under way"),
        (counts.available < counts.desired, "not_available", f"{counts.available} are available"),
    )
    return next(((why, said) for is_so, why, said in checks if is_so), ("", ""))


def _counts(found: Json, kind: str) -> Counts:
    """Read the counts; what is 0 is often left out."""
    if kind == "daemonset":
        return Counts(
            desired=_count(found, "status.desiredNumberScheduled"),
            ready=_count(found, "status.numberReady"),
            updated=_count(found, "status.updatedNumberScheduled"),
            available=_count(found, "status.numberAvailable"),
        )
    desired = _count(found, "spec.replicas", 1)
    ready, updated, available = (
        _count(found, f"status.{one}Replicas") for one in ("ready", "updated", "available")
    )
    if kind == "statefulset":
        # As kubectl does: it is all of the newest kind once its two revisions are the same.
        # Before 1.22 there was no count of those available.
        revisions = {at(found, "status.currentRevision"), at(found, "status.updateRevision")}
        updated = desired if len(revisions) == 1 else updated
        available = _count(found, "status.availableReplicas", ready)
    return Counts(desired, ready, updated, available)


def _count(found: Json, place: str, default: int = 0) -> int:
    value = at(found, place)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNT:
        raise Unwell("answers a workload whose numbers are none", "garbage")
    return value


def _reasons(found: Json) -> dict[str, str]:
    listed = at(found, "status.conditions")
    reasons: dict[str, str] = {}
    for one in listed if isinstance(listed, list) else []:
        name, reason = at(one, "type"), at(one, "reason")
        if isinstance(name, str) and name in CONDITIONS:
            reasons[name] = reason if isinstance(reason, str) and reason in REASONS else "other"
    return reasons
