"""Writes what happens on the road into the log: an intent before, an outcome after.

The delivery is claimed in the transaction of its first event and answered in that of its last,
so that a delivery that comes again, even after a restart, finds the first answer.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from bot.dispatch.digest import digest
from bot.dispatch.outbound import is_clean, masked, masked_text, masked_value
from bot.dispatch.sensitive import sensitive
from bot.model import Account, Draft, Kind, Reply, Risk, Visibility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.api import Done
    from bot.dispatch.authorise import Policies
    from bot.dispatch.strictness import Strictnesses
    from bot.dispatch.turn import Turn
    from bot.ports import Clock, Effect, Glass, Grant, Ledger, Notices, Records, Transaction
    from bot.stores import Deliveries

REPLY = TypeAdapter(Reply)
TEXT = 500  # characters of a reply that the record keeps
REFS = ("request", "deploy", "change", "incident")
SIGNATURE = ("signed_name", "signed_at", "meaning")


class _Rehearsed(Exception):
    """Everything was done, and is now undone."""


@dataclass(frozen=True)
class Recorder:
    """Turns the road's progress into audit events."""

    ledger: Ledger
    deliveries: Deliveries
    policies: Policies
    clock: Clock
    notices: Notices
    records: Records
    strictness: Strictnesses
    glass: Glass | None = None

    async def intent(self, turn: Turn, kind: Kind = Kind.INTENT) -> None:
        """Record what is about to be done; nothing is done where this raises."""
        claimed = (self.deliveries.claim(turn.delivery, self.clock.now()),) if turn.delivery else ()
        draft = self._draft(turn, kind)
        if kind is Kind.INTENT and self.strictness.may_be_spooled(turn.command.command):
            turn.spooled = not await self.records.record(draft, *claimed)
        else:
            await self.ledger.append(draft, *claimed)
        turn.recorded = True

    async def outcome(self, turn: Turn, reply: Reply, *, error: str = "") -> Reply:
        """Record how it ended, and the answer."""
        reply = turn.said = masked(reply)
        answered = (self._answer(turn, reply),) if turn.delivery else ()
        # It has happened, or was refused: to lose the record now would help nobody.
        kept = self.records.record(self._ended(turn, reply, error), *answered, spooled=turn.spooled)
        turn.spooled = not await kept
        return reply

    async def attempt(self, turn: Turn, reply: Reply) -> bool:
        """Record in the spool what was refused for want of the log; say whether it is there."""
        return await self.records.attempt(self._ended(turn, reply, "AuditUnavailable"))

    async def done(self, turn: Turn, done: Done) -> tuple[Reply, tuple[object, ...]]:
        """Change our own state and record the outcome, all in one transaction."""
        said: list[Reply] = []

        def change(tx: Transaction) -> tuple[object, ...]:
            results = tuple(effect(tx) for effect in done.effects)
            said[:] = [masked(done.say(results))]
            if turn.delivery:
                self._answer(turn, said[0])(tx)
            self._keep(turn, said[0], tx)
            return results

        recorded = await self.ledger.append(lambda _results: self._ended(turn, said[0], ""), change)
        results = recorded.results[0]
        turn.said = said[0]
        return said[0], results if isinstance(results, tuple) else ()

    async def rehearse(self, turn: Turn, done: Done) -> Reply:
        """Change our own state as `done` would, undo it, and return what it would have said."""
        said: list[Reply] = []

        def change(tx: Transaction) -> None:
            said.append(done.say(tuple(effect(tx) for effect in done.effects)))
            raise _Rehearsed

        with contextlib.suppress(_Rehearsed):
            await self.ledger.append(self._draft(turn, Kind.OUTCOME), change)
        return said[0]

    def _keep(self, turn: Turn, reply: Reply, tx: Transaction) -> None:
        """See that a topic's message is shown where it was asked for, even after a crash.

        The door shows it at once; the outbox only where the door did not come to it.
        """
        if reply.topic and reply.visibility is not Visibility.PRIVATE:
            self.notices.keep(reply.topic, reply)(tx)
            self.notices.promise(reply.topic, turn.place, by_door=True)(tx)

    def _answer(self, turn: Turn, reply: Reply) -> Effect[None]:
        said = REPLY.dump_json(reply).decode()
        if turn.recorded:
            return self.deliveries.answer(turn.delivery, said)
        return self.deliveries.claim(turn.delivery, self.clock.now(), said)

    def _ended(self, turn: Turn, reply: Reply, error: str) -> Draft:
        if not turn.recorded:
            kind = Kind.REFUSED
        else:
            kind = Kind.EFFECT_OUTCOME if turn.request else Kind.OUTCOME
        return self._draft(turn, kind, reply=reply, error=error)

    def _draft(
        self, turn: Turn, kind: Kind, *, reply: Reply | None = None, error: str = ""
    ) -> Draft:
        parsed = turn.parsed
        refs, grant = _refs(turn, reply), self._grant(turn)
        return Draft(
            kind=kind,
            verb=parsed.command.name if parsed else "",
            correlation=turn.correlation,
            person=turn.principal.id if turn.principal else "",
            roles=tuple(sorted(turn.principal.roles)) if turn.principal else (),
            account=_named(turn.account),
            place=turn.place,
            service=turn.facts.service,
            environment=turn.facts.environment,
            params={**_params(turn, grant.id if grant else _granted(reply)), **_signed(reply)},
            reason=reply.reason if reply else None,
            policies=turn.decision.policies,
            policy_version=turn.decision.version or self.policies.version,
            text=reply.text[:TEXT] if reply else "",
            error=error,
            sensitive=sensitive(turn, reply),
            request=refs["request"],
            deploy=refs.get("deploy", ""),
            change=refs.get("change", ""),
            incident=refs.get("incident", "") or (grant.incident if grant else ""),
        )

    def _grant(self, turn: Turn) -> Grant | None:
        """Return the break-glass that something is done under: its person's, for that service."""
        if self.glass is None or turn.principal is None or turn.parsed is None:
            return None
        if turn.parsed.command.risk is Risk.READ or not turn.facts.service:
            return None
        grant = self.glass.now(turn.principal.id, self.clock.now())
        return grant if grant is not None and grant.service == turn.facts.service else None


def _named(account: Account) -> Account:
    """Return an account as it may be recorded: at a terminal anything can be typed for one."""
    return account if is_clean(account.user) else masked_value(account)


def _refs(turn: Turn, reply: Reply | None) -> dict[str, str]:
    found = {"request": turn.request}
    values = turn.parsed.values if turn.parsed else {}
    # A command that names a request, deploy or change is found by searching for that.
    found |= {name: values[name] for name in REFS if values.get(name)}
    if reply is not None:
        found |= {name: reply.refs[name] for name in REFS if reply.refs.get(name)}
        if reply.request:
            found["request"] = reply.request
    return found


def _granted(reply: Reply | None) -> str:
    """Return the break-glass that a reply is about, "" for none."""
    return reply.refs.get("grant", "") if reply else ""


def _signed(reply: Reply | None) -> Mapping[str, str]:
    """Return the signature that a reply is about, so that it stands in the record of it."""
    return {name: reply.refs[name] for name in SIGNATURE if name in reply.refs} if reply else {}


def _params(turn: Turn, grant: str) -> Mapping[str, str]:
    params: dict[str, str] = {}
    if turn.parsed is not None:
        params = {name: masked_text(value) for name, value in turn.parsed.values.items()}
    if turn.proposal is not None:
        params |= {f"fact.{name}": value for name, value in turn.proposal.facts.items()}
        params["digest"] = digest(turn.proposal)
    if turn.approvals:
        params["approved_by"] = ", ".join(approval.person for approval in turn.approvals)
    if grant:
        params["break_glass"] = grant
    if turn.warned:
        params["privacy"] = ", ".join(turn.warned)
    return params
