"""Prove that an event is in the log: a text that can be checked without Wardroom."""

from __future__ import annotations

from bot.api import AuditProver, BadInput, Command, Reason, Reply, Risk, args, written


class Args(args):
    """The event's sequence number."""

    number: int


async def run(arguments: Args, prover: AuditProver) -> Reply:
    """Answer with a C2SP tlog-proof: the event's bytes, the path to the root, the checkpoint."""
    proof = await prover.inclusion(arguments.number)
    if proof is None or proof.event is None:
        raise BadInput(f"There is no event {arguments.number}.", reason=Reason.NOT_FOUND)
    event = proof.event
    return Reply(
        text=f"Event {event.seq}, {written(event.at, to_the_second=True)}, is in the log of "
        f"{proof.size} events. Paste this into event-{event.seq}.tlog-proof to check it offline.",
        title=f"Proof of audit event {event.seq}",
        fields=(("Leaf hash (RFC 6962)", event.leaf.hex()), ("Root hash", proof.root)),
        code=proof.text,
        refs={"seq": str(event.seq), "leaf": event.leaf.hex(), "size": str(proof.size)},
    )


command = Command(
    "audit prove",
    Args,
    run,
    summary="Prove that an event is in the audit log.",
    role="reader",
    risk=Risk.READ,
    examples=("audit prove 42",),
)
