"""Whether policy lets a deploy run still, asked right before it changes anything.

Between the asking and the trigger people leave, lose roles, and policies change; for a scheduled
deploy that may take days. What counts then is what is so then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.dispatch.turn import facts_of
from bot.errors import BadInput, Conflict, Refused
from bot.model import ChangeType, Proposal, Reason

if TYPE_CHECKING:
    from bot.dispatch.approve import ApprovalDesk
    from bot.dispatch.authorise import Decision, Policies
    from bot.dispatch.parse import Parsed, Parser
    from bot.model import Change, Deploy, Request
    from bot.ports import ChangeTickets, Directory
    from bot.stores import Requests


@dataclass(frozen=True)
class StillAllowed:
    """Asks the policies again, with the approvals that count now and the change as it is now."""

    requests: Requests
    changes: ChangeTickets
    parser: Parser
    directory: Directory
    policies: Policies
    desk: ApprovalDesk

    async def __call__(self, deploy: Deploy) -> None:
        """Refuse where the requester has left, or the policies would not let it run now."""
        request = await self.requests.show(deploy.request) if deploy.request else None
        record = await self.changes.show(deploy.change) if deploy.change and not request else None
        proposal = request.proposal if request else _proposal(deploy, record)
        try:
            parsed = self.parser.replay(proposal.command, proposal.values)
            decision = self._decision(deploy, request, parsed, proposal)
        except (BadInput, Conflict) as error:
            raise Refused(error.reason, error.text) from error
        if not decision.allowed:
            why = "; ".join(decision.messages)
            refused = Reason.NOT_AUTHORISED if decision.wants_approval else decision.reason
            raise Refused(
                refused, f"Policy does not let it run any more: {why}.", policies=decision.policies
            )

    def _decision(
        self, deploy: Deploy, request: Request | None, parsed: Parsed, proposal: Proposal
    ) -> Decision:
        facts = facts_of(parsed, proposal)
        if request is not None:
            return self.desk.verdict(request, parsed, facts)
        who = self.directory.person(deploy.requester)
        if who is None:
            text = f"{deploy.requester} is not in the people directory any more."
            raise Conflict(text, reason=Reason.NOT_IDENTIFIED)
        return self.policies.may_run(who, parsed.command, facts)


def _proposal(deploy: Deploy, record: Change | None) -> Proposal:
    """Return what was asked for where nobody had to approve it, so that it was not kept."""
    values = {
        "service": deploy.service,
        "environment": deploy.environment,
        "reason": deploy.reason,
    }
    facts = {"commit": deploy.commit, "change": deploy.change}
    if record is not None:
        facts |= {
            "change_type": record.type.value,
            "change_risk": record.risk,
            "incident": record.incident,
            # One that was opened with the deploy stated no impact when policy was asked first.
            "clinical_impact": "" if record.type is ChangeType.NORMAL else record.clinical_impact,
        }
    facts = {name: value for name, value in facts.items() if value}
    if deploy.rollback_of:
        return Proposal("rollback", values, facts, "")
    return Proposal("deploy", {**values, "version": deploy.version}, facts, "")
