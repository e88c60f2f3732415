"""Hash the whole audit log again and say whether it is whole."""

from __future__ import annotations

from bot.api import Anchors, AuditReader, Command, Reason, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, audit: AuditReader, anchors: Anchors) -> Reply:
    """Compare every stored byte with the signed checkpoint, and that with what others remember."""
    verdict = await audit.verify()
    fields = (
        ("Events", str(verdict.size)),
        ("Root hash", verdict.root),
        ("Integrity", verdict.integrity),
        ("Completeness", verdict.completeness),
        ("Anchors", await anchors.compared()),
    )
    if verdict.ok:
        return Reply(f"The log is whole: {verdict.size} events.", title="Audit log", fields=fields)
    first = f" The first broken one is event {verdict.first_bad}." if verdict.first_bad else ""
    return Reply(
        f"The log is NOT whole.{first}",
        Reason.FAILED,
        title="Audit log",
        fields=fields,
        items=verdict.problems,
    )


command = Command(
    "audit verify",
    Args,
    run,
    summary="Say whether the audit log is whole.",
    role="reader",
    risk=Risk.READ,
    examples=("audit verify",),
)
