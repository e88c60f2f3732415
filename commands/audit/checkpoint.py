"""Show the log's signed checkpoint of now: keep it, and nobody can change what is behind it."""

from __future__ import annotations

from bot.api import AuditProver, Command, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, prover: AuditProver) -> Reply:
    """Answer with the note that is verified with the log's public key."""
    note = await prover.checkpoint()
    size = note.split("\n")[1]
    return Reply(
        text=f"The log has {size} events. Keep this outside; `audit consistency` proves later that "
        "the log still begins with them.",
        title="Checkpoint of the audit log",
        code=note,
        refs={"size": size},
    )


command = Command(
    "audit checkpoint",
    Args,
    run,
    summary="Show the audit log's signed checkpoint.",
    role="reader",
    risk=Risk.READ,
    examples=("audit checkpoint",),
)
