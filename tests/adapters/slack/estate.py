"""What Home asks for, as a small estate in memory: people, commands, requests and deploys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from bot.adapters.slack import Sources
from bot.api import Command, Reply, Risk, args
from bot.model import (
    Account,
    Button,
    Deploy,
    DeployState,
    Place,
    Principal,
    Proposal,
    Reason,
    Request,
    RequestState,
    Style,
)

if TYPE_CHECKING:
    from bot.api import Approvals, Caller, Manual
    from bot.ports import Directory
    from bot.stores import DeployStore

AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)


class NoArgs(args):
    """Takes nothing."""


async def run(args: NoArgs) -> Reply:
    """Do nothing."""
    return Reply("Done.")


def command(name: str) -> Command:
    """Return a command of this name."""
    return Command(
        name, NoArgs, run, summary=f"Do {name}.", role="reader", risk=Risk.READ, examples=(name,)
    )


NAMES = ("approvals", "cancel", "deploy", "deploy list", "help", "rollback")


def request(number: int = 1, requester: str = "anna") -> Request:
    """Return a request that waits."""
    proposal = Proposal("deploy", {}, {}, "deploy pacs 1.4.2 to production")
    state, place = RequestState.PENDING, Place("slack", "C1")
    return Request(f"REQ-{number}", proposal, "4f2a", requester, place, state, AT, AT)


def card(number: int = 1) -> Reply:
    """Return the message of a request that waits."""
    return Reply(
        "It waits.",
        Reason.PENDING_APPROVAL,
        title="Deploy pacs 1.4.2 to production?",
        buttons=(
            Button("Approve", f"approve REQ-{number} --proposal 4f2a", Style.PRIMARY),
            Button("Reject", f"reject REQ-{number}", asks="reason"),
        ),
        topic=f"REQ-{number}",
    )


def deploy() -> Deploy:
    """Return a deploy that runs."""
    where = ("DEP-3", "pacs", "production", "1.4.2", "c" * 40)
    return Deploy(*where, "anna", "why", DeployState.STARTED, AT)


@dataclass
class Estate:
    """What there is; every question waits for `gate` where one is set."""

    people: dict[str, str] = field(default_factory=lambda: {"U1": "Anna"})
    names: Sequence[str] = NAMES
    for_me: list[Request] = field(default_factory=list)
    mine: list[Request] = field(default_factory=list)
    running: list[Deploy] = field(default_factory=list)
    asked: int = 0
    gate: asyncio.Event | None = None

    @property
    def sources(self) -> Sources:
        """Return this as what Home is given."""
        return Sources(
            cast("Directory", self),
            cast("Manual", self),
            cast("Approvals", self),
            cast("DeployStore", self),
        )

    def identify(self, account: Account) -> Principal | None:
        name = self.people.get(account.user)
        return Principal(name.lower(), name, frozenset({"reader"})) if name else None

    def allowed(self, _: Principal) -> Sequence[Command]:
        return [command(name) for name in self.names]

    async def waiting(self, _: Caller) -> tuple[Sequence[Request], Sequence[Request]]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        return self.for_me, self.mine

    async def list(self, *, running: bool, limit: int) -> Sequence[Deploy]:
        return self.running[:limit] if running else []
