"""Show one audit event: its stored bytes and their hash."""

from __future__ import annotations

from bot.api import AuditReader, BadInput, Command, Reason, Reply, Risk, args, written


class Args(args):
    """The event's sequence number."""

    number: int


async def run(arguments: Args, audit: AuditReader) -> Reply:
    """Answer with the bytes that the log's tree is made of."""
    event = await audit.show(arguments.number)
    if event is None:
        raise BadInput(f"There is no event {arguments.number}.", reason=Reason.NOT_FOUND)
    return Reply(
        text=f"Event {event.seq}, {written(event.at, to_the_second=True)}.",
        title=f"Audit event {event.seq}",
        fields=(("Leaf hash (RFC 6962)", event.leaf.hex()),),
        code=event.body.decode("ascii"),
        refs={"seq": str(event.seq), "leaf": event.leaf.hex()},
    )


command = Command(
    "audit show",
    Args,
    run,
    summary="Show one audit event with its hash.",
    role="reader",
    risk=Risk.READ,
    examples=("audit show 42",),
)
