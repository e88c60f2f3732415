"""Prove that the log of now begins with the log of then: nothing was changed or taken away."""

from __future__ import annotations

import re
from typing import Annotated

from bot.api import AuditProver, BadInput, Command, FreeText, Reply, Risk, args

_SIZES = re.compile(r"(\d{1,15})(?:\s+(\d{1,15}))?")


class Args(args):
    """The earlier size and, unless now is meant, the later one; or a checkpoint that was kept."""

    since: Annotated[str, FreeText("OLD [NEW] (sizes), or a checkpoint that you kept, pasted")] = ""


async def run(arguments: Args, prover: AuditProver) -> Reply:
    """Answer with the old size, the hashes between, and the checkpoint that they lead to."""
    typed = arguments.since.strip()
    if not typed:
        raise BadInput("Say since when: `audit consistency 812`, or paste a checkpoint you kept.")
    sizes = _SIZES.fullmatch(typed)
    old, new = (int(sizes[1]), sizes[2]) if sizes else (typed, None)
    proof = await prover.consistency(old, int(new) if new else None)
    known = "compare its root with what you kept" if sizes else "the checkpoint that you kept"
    signed = "" if proof.is_signed else " Only the log's newest checkpoint is signed."
    return Reply(
        text=f"The log of {proof.size} events begins with its first {proof.old} ({known}).{signed}",
        title="The audit log only grew",
        fields=(
            (f"Root of {proof.old} events", proof.old_root),
            (f"Root of {proof.size} events", proof.root),
        ),
        code=proof.text,
        refs={"old": str(proof.old), "size": str(proof.size)},
    )


command = Command(
    "audit consistency",
    Args,
    run,
    summary="Prove that the audit log only grew.",
    role="reader",
    risk=Risk.READ,
    examples=("audit consistency 812", "audit consistency 812 1024"),
)
