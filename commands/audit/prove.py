"""Prove that an event is in the log: a text that can be checked without Wardroom."""

from __future__ import annotations

from bot.api import AuditProver, BadInput, Command, Reason, Reply, Risk, args, written

FROM_ARCHIVE = ", with the event's line of its archive as --event"


class Args(args):
    """The event's sequence number."""

    number: int


async def run(arguments: Args, prover: AuditProver) -> Reply:
    """Answer with a C2SP tlog-proof: the event's bytes, the path to the root, the checkpoint."""
    proof = await prover.inclusion(arguments.number)
    if proof is None:
        raise BadInput(f"There is no event {arguments.number}.", reason=Reason.NOT_FOUND)
    seq, event = arguments.number, proof.event
    when = f", {written(event.at, to_the_second=True)}," if event else ", whose content was pruned,"
    return Reply(
        text=f"Event {seq}{when} is in the log of {proof.size} events. Paste this into "
        f"event-{seq}.tlog-proof to check it offline{'' if event else FROM_ARCHIVE}.",
        title=f"Proof of audit event {seq}",
        fields=(("Leaf hash (RFC 6962)", proof.leaf.hex()), ("Root hash", proof.root)),
        code=proof.text,
        refs={"seq": str(seq), "leaf": proof.leaf.hex(), "size": str(proof.size)},
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
