"""Stops everything and lets it go on, on the word of two people; implements `bot.api.StopAll`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bot.api import Done
from bot.emergency import cards
from bot.errors import BadInput, Refused
from bot.model import Proposal, Reason, Reply, Table
from bot.moments import written
from bot.ports.control import Halt

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.emergency.channels import Channels
    from bot.model import Principal
    from bot.ports import Clock, Directory, Effect, Notices, Transaction
    from bot.stores import DeployStore, HaltStore

STOP: Final = "stop-all"
LIFT: Final = "stop-all lift"
CONFIRMER: Final = "stop_confirmer"


class Roles(Protocol):
    """The policies, as far as they know who holds a role."""

    def holds(self, who: Principal, role: str) -> bool:
        """Say whether a person holds a role, directly or through the hierarchy."""
        ...


@dataclass(frozen=True, kw_only=True)
class StopDesk:
    """What `stop-all` does; who may ask and who may confirm are roles of the policy."""

    halts: HaltStore
    deploys: DeployStore
    directory: Directory
    policies: Roles
    channels: Channels
    notices: Notices
    clock: Clock

    def propose(self, reason: str) -> Proposal:
        """Say what would stop."""
        facts = {"stops": "every deploy and every runbook action"}
        return Proposal(STOP, {"reason": _said(reason, STOP)}, facts, "STOP EVERYTHING")

    async def check(self) -> None:
        """Refuse while everything stands still already."""
        halted = await self.halts.current()
        if halted is not None:
            raise Refused(
                Reason.DUPLICATE,
                f"Everything stands still already: {halted.id}, since {written(halted.since)}, "
                f"by {', '.join(halted.by)}. `{LIFT} --reason ...` lets it go on.",
            )

    def asked(self, caller: Caller) -> Done:
        """Say on the card of the request who can confirm it."""
        who = ", ".join(
            person.id
            for person in self.directory.people()
            if person.id != caller.principal.id and self.policies.holds(person, CONFIRMER)
        )
        fields = (("Can confirm", who or "nobody in the people file: call your administrator"),)
        return Done((), lambda _results: Reply("", fields=fields))

    def stop(self, caller: Caller, proposal: Proposal) -> Done:
        """Halt everything, and tell every channel."""
        halt = Halt(
            since=self.clock.now(),
            by=_who(caller),
            reason=proposal.values["reason"],
            request=caller.request,
        )
        return self._shown(self.halts.begin(halt), caller)

    async def propose_lifting(self, reason: str) -> Proposal:
        """Say which halt would be lifted; refused where there is none."""
        halted = await self.halts.current()
        if halted is None:
            raise Refused(Reason.NOT_FOUND, "Nothing is stopped, so there is nothing to lift.")
        facts = {"halt": halted.id}
        summary = f"Lift {halted.id}: let everything go on"
        return Proposal(LIFT, {"reason": _said(reason, LIFT)}, facts, summary)

    def lift(self, caller: Caller, proposal: Proposal) -> Done:
        """Let everything go on, and tell every channel."""
        lifting = self.halts.lift(
            proposal.facts["halt"],
            by=_who(caller),
            why=proposal.values["reason"],
            at=self.clock.now(),
        )
        return self._shown(lifting, caller)

    async def status(self) -> Reply:
        """Return who stopped everything, since when and why, and what stands still."""
        halted = await self.halts.current()
        if halted is None:
            return Reply(
                "Nothing is stopped. `stop-all --reason ...` halts every deploy and every runbook "
                "action as soon as a second person confirms it."
            )
        running = await self.deploys.list(running=True, limit=50)
        rows = tuple((d.id, d.service, d.environment, d.version, d.requester) for d in running)
        card = cards.halt(halted)
        columns = ("Deploy", "Service", "Environment", "Version", "Asked by")
        still = f"{len(rows)} deploys wait or are ending." if rows else "No deploy is under way."
        return Reply(
            text=f"{card.text}\n{still}",
            title=card.title,
            fields=card.fields,
            table=Table(columns, rows) if rows else None,
            refs=card.refs,
        )

    def _shown(self, change: Effect[Halt], caller: Caller) -> Done:
        def effect(tx: Transaction) -> Halt:
            halted = change(tx)
            self.notices.keep(halted.id, cards.halt(halted))(tx)
            for place in self.channels.all():
                self.notices.promise(halted.id, place, by_door=place == caller.place)(tx)
            return halted

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(reply.topic)
            return reply

        return Done((effect,), lambda results: cards.halt(_halt(results[0])), tell)


def _who(caller: Caller) -> tuple[str, ...]:
    return tuple(dict.fromkeys((caller.principal.id, *caller.approvers)))


def _said(reason: str, command: str) -> str:
    if not reason.strip():
        raise BadInput(f"Say why: `{command} --reason ...`.")
    return reason.strip()


def _halt(result: object) -> Halt:
    if not isinstance(result, Halt):
        raise TypeError(f"not a halt: {type(result).__name__}")
    return result
