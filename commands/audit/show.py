"""Show one audit event: its stored bytes and their hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.api import (
    AuditReader,
    BadInput,
    Caller,
    Command,
    Disclosures,
    Event,
    Reason,
    Reply,
    Risk,
    args,
    written,
)


class Args(args):
    """The event's sequence number."""

    number: int


async def run(
    arguments: Args, caller: Caller, audit: AuditReader, disclosures: Disclosures
) -> Reply:
    """Answer with the bytes that the log's tree is made of, and what their digests stand for."""
    event = await audit.show(arguments.number)
    if event is None:
        raise BadInput(f"There is no event {arguments.number}.", reason=Reason.NOT_FOUND)
    (shown,) = await disclosures.shown(caller.principal, [event])
    return Reply(
        text=f"Event {event.seq}, {written(event.at, to_the_second=True)}.",
        title=f"Audit event {event.seq}",
        fields=(("Leaf hash (RFC 6962)", event.leaf.hex()), *_opened(event, shown)),
        code=event.body.decode("ascii"),
        refs={"seq": str(event.seq), "leaf": event.leaf.hex()},
    )


def _opened(event: Event, shown: Event) -> Iterator[tuple[str, str]]:
    """Return the texts that the stored bytes have only digests of."""
    recorded = dict(_texts(event.data, ""))
    yield from (each for each in _texts(shown.data, "") if each[0] not in recorded)


def _texts(fields: Mapping[str, object], outer: str) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _texts(value, f"{outer}{name}.")
        elif isinstance(value, str):
            yield f"{outer}{name}", value


command = Command(
    "audit show",
    Args,
    run,
    summary="Show one audit event with its hash.",
    role="reader",
    risk=Risk.READ,
    examples=("audit show 42",),
    quotes=True,
)
