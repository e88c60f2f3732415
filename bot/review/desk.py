"""Shows an access review and has it signed; implements `bot.api.AccessReviews`.

A review is what changed hands since the last one that was signed. Whoever signs it has looked at
everybody but themselves: their own access needs a second signer, and the review says so until then.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.errors import BadInput, Conflict
from bot.model import AuditQuery, Kind, LogState, Proposal, Reason, Reply
from bot.moments import written
from bot.review import sheet

if TYPE_CHECKING:
    from bot.api import Caller, Linking
    from bot.model import Event, Principal
    from bot.ports import AuditReader, Directory, UsageLog
    from bot.review.rights import RightsTable

SIGN: Final = "audit review sign"
COUNTERSIGN: Final = "audit review countersign"
MOST_PAGES: Final = 10_000  # of a search that has to give up now and then

LOG_BROKEN: Final = "The log could not be searched for the last review; run `audit verify`."


@dataclass(frozen=True)
class ReviewDesk:
    """Joins the people, the policies and the log."""

    directory: Directory
    linking: Linking
    rights: RightsTable
    usage: UsageLog
    audit: AuditReader

    async def show(self, caller: Caller, person: Principal | None) -> Reply:
        """Return everybody's line, or one person's commands."""
        last = await self._last()
        usage = await self.usage.since(last.end)
        people = self.directory.people()
        rights = await asyncio.to_thread(self.rights.of, people)
        if person is not None:
            accounts = self.linking.accounts(person.id)
            known = sheet.Member(
                person, rights[person.id], accounts, self.rights.policies.held(person)
            )
            verbs = [command.name for command in self.rights.changing()]
            return sheet.of_one(known, usage, verbs)
        members = [
            sheet.Member(one, rights[one.id], self.linking.accounts(one.id)) for one in people
        ]
        reply = sheet.of_all(members, usage, caller.principal.id, self.rights.changing())
        return replace(reply, fields=(("Last review", _said(last)), *reply.fields))

    async def propose_signing(self, caller: Caller, up_to: int, findings: str) -> Proposal:
        """Say what is signed: a review that was shown; nobody signs for themselves alone.

        It ends with the event that was shown last: what happened meanwhile is in the next one.
        """
        people = [one.id for one in self.directory.people()]
        if not set(people) - {caller.principal.id}:
            raise BadInput("Nobody but you has access, and nobody reviews themselves.")
        last = await self._last()
        if up_to <= last.end or await self.audit.show(up_to) is None:
            raise BadInput(f"No review ends with event {up_to}; `audit review` says which does.")
        values = {"to": str(up_to), "findings": findings}
        facts = {"after_event": str(last.end), "people": str(len(people))}
        return Proposal(SIGN, values, facts, f"Sign the access review up to event {up_to}")

    def sign(self, caller: Caller, proposal: Proposal) -> Done:
        """Sign the review of everybody but the signer."""
        signer = caller.principal.id
        after, up_to = proposal.facts["after_event"], proposal.values["to"]
        people = proposal.facts["people"]

        def say(results: tuple[object, ...]) -> Reply:
            return Reply(
                f"Access review signed by {signer}: {people} people, what happened after event "
                f"{after} up to event {up_to}. {_state(results[0])} The access of {signer} needs "
                f"a second signer: somebody else types `{COUNTERSIGN} --findings ...`."
            )

        return Done((self.usage.state(),), say)

    async def propose_countersigning(self, caller: Caller, findings: str) -> Proposal:
        """Say which review is countersigned; refused for who signed it, and for the second time."""
        last = await self._last()
        if last.signed is None:
            raise BadInput("No review is signed yet; `audit review` shows one to sign.")
        first = sheet.who(last.signed)
        if first == caller.principal.id:
            raise BadInput("You signed this review; its second signer is somebody else.")
        if last.second is not None:
            raise BadInput(
                f"{sheet.who(last.second)} countersigned event {last.signed.seq} already.",
                reason=Reason.DUPLICATE,
            )
        facts = {"review": str(last.signed.seq), "person": first}
        said = f"Countersign the access review of event {last.signed.seq}"
        return Proposal(COUNTERSIGN, {"findings": findings}, facts, said)

    def countersign(self, caller: Caller, proposal: Proposal) -> Done:
        """Sign what the first signer could not: their own access."""
        review, first = proposal.facts["review"], proposal.facts["person"]

        def say(results: tuple[object, ...]) -> Reply:
            return Reply(
                f"{caller.principal.id} countersigned the access review of event {review}, and "
                f"reviewed the access of {first}. {_state(results[0])}"
            )

        return Done((self.usage.state(),), say)

    async def _last(self) -> Last:
        signed = await self._newest(SIGN)
        second = await self._newest(COUNTERSIGN) if signed else None
        of = sheet.param(second, "fact.review") if second else ""
        return Last(signed, second if signed and of == str(signed.seq) else None)

    async def _newest(self, verb: str) -> Event | None:
        query = AuditQuery(verb=verb, reason=Reason.OK.value, limit=20)
        for _ in range(MOST_PAGES):
            page = await self.audit.search(query)
            done = [event for event in page.events if _counts(event)]
            if done or page.next_before is None:
                return done[0] if done else None
            query = replace(query, before=page.next_before)
        raise Conflict(LOG_BROKEN, reason=Reason.FAILED)


@dataclass(frozen=True)
class Last:
    """The review that was signed last, and its second signature."""

    signed: Event | None
    second: Event | None

    @property
    def end(self) -> int:
        """Return the last event that was reviewed, 0 where none was."""
        return int(sheet.param(self.signed, "to")) if self.signed else 0


def _counts(event: Event) -> bool:
    ends = (Kind.OUTCOME, Kind.EFFECT_OUTCOME)
    return event.data.get("kind") in ends and not sheet.param(event, "dry_run")


def _said(last: Last) -> str:
    if last.signed is None:
        return "none was signed yet, so this one covers the whole log"
    first = sheet.who(last.signed)
    said = f"event {last.signed.seq}, signed by {first} on {written(last.signed.at)}"
    if last.second is not None:
        return f"{said}, countersigned by {sheet.who(last.second)} (event {last.second.seq})"
    return f"{said}; the access of {first} still needs a second signer (`{COUNTERSIGN}`)"


def _state(result: object) -> str:
    if not isinstance(result, LogState):
        raise TypeError(f"not a log's state: {type(result).__name__}")
    return f"The log had {result.size} events then, with the root {result.root}."
