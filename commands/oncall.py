"""Say who is on call now, and who is next."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Clock,
    Command,
    OnCall,
    Reason,
    Reply,
    Risk,
    Table,
    Word,
    args,
    written,
)


class Args(args):
    """A rota, or all of them."""

    rota: Annotated[str, Word("for")] = ""


async def run(arguments: Args, oncall: OnCall, clock: Clock) -> Reply:
    """Answer from the rotas."""
    rotas = oncall.all()
    if not rotas:
        return Reply("There are no rotas here: docs/policies.md says how to write oncall.yaml.")
    wanted = arguments.rota.lower()
    if wanted and wanted not in rotas:
        raise BadInput(
            f"There is no rota `{wanted[:40]}`. There is: {', '.join(rotas)}.",
            reason=Reason.NOT_FOUND,
        )
    rows: list[tuple[str, ...]] = []
    for rota in [wanted] if wanted else rotas:
        now = clock.now()
        after = oncall.next(rota, now)
        change = "" if after is None else f"{written(after[0])}: {_said(after[1])}"
        rows.append((rota, _said(oncall.now(rota, now)), change))
    said = "; ".join(f"{rota}: {people}" for rota, people, _ in rows)
    table = Table(("Rota", "On call now", "Next"), tuple(rows))
    return Reply(f"On call now. {said}.", title="On call", table=table)


def _said(people: object) -> str:
    return ", ".join(people) if isinstance(people, list | tuple) and people else "nobody"


command = Command(
    "oncall",
    Args,
    run,
    summary="Say who is on call now and next.",
    role="reader",
    risk=Risk.READ,
    examples=("oncall", "oncall pharmacy"),
)
