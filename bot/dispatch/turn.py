"""One invocation on its way down the road, and what each stage found out about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.api import Caller
from bot.dispatch.authorise import Decision, Facts, about
from bot.model import UNKNOWN_AUTHOR, EngineChannel, Environment, Proposal, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.dispatch.parse import Parsed
    from bot.model import Account, Approval, Invocation, Place, Principal, Reply


@dataclass
class Turn:
    """What is known so far; stages fill it in order."""

    invocation: Invocation
    correlation: str
    account: Account
    place: Place
    delivery: str = ""
    warned: tuple[str, ...] = ()
    parsed: Parsed | None = None
    principal: Principal | None = None
    facts: Facts = field(default_factory=Facts)
    decision: Decision = field(default_factory=lambda: Decision(allowed=False))
    proposal: Proposal | None = None
    found: tuple[tuple[str, str], ...] = ()  # what its checks found, for who has to decide
    request: str = ""
    approvals: Sequence[Approval] = ()
    recorded: bool = False
    spooled: bool = False  # the record waits outside of the log, and so does what follows
    said: Reply | None = None  # the masked reply that the record holds

    @property
    def command(self) -> Parsed:
        """Return what was parsed; the stages before parsing never ask."""
        if self.parsed is None:
            raise LookupError("the turn has not been parsed")
        return self.parsed

    @property
    def who(self) -> Principal:
        """Return who is asking; the stages before identifying never ask."""
        if self.principal is None:
            raise LookupError("the turn has not been identified")
        return self.principal

    def caller(self) -> Caller:
        """Return the asking as commands see it."""
        return Caller(
            self.who,
            self.place,
            self.correlation,
            self.request,
            tuple(approval.person for approval in self.approvals),
            account=self.account,
            dry_run=self.facts.dry_run,
        )


def key_of(delivery: str) -> str:
    """Return the key by which a delivery is claimed and answered in the store."""
    return hashlib.sha256(delivery.encode("utf-8", "replace")).hexdigest()[:32]


def facts_of(parsed: Parsed, proposal: Proposal | None = None) -> Facts:
    """Return what policies may look at: the typed arguments, and what they were resolved to.

    As long as nothing was resolved, a change record is taken to be there.
    """
    values = [getattr(parsed.args, name) for name in type(parsed.args).model_fields]
    service = next((value for value in values if isinstance(value, Service)), None)
    environment = next((value for value in values if isinstance(value, Environment)), None)
    channel = next((value for value in values if isinstance(value, EngineChannel)), None)
    place = environment.name if environment else ""
    if channel is not None:
        service, place = channel.service, channel.environment
    facts = replace(
        about(service, place),
        dry_run=parsed.dry_run,
        rollback=parsed.command.name == "rollback",
        change=True,
    )
    return facts if proposal is None else resolved(facts, proposal.facts)


def resolved(facts: Facts, found: Mapping[str, str]) -> Facts:
    """Return the facts with what a proposal says: approvals bind to that.

    What names no service itself, such as a script, acts on the one that its proposal names.
    """
    if not facts.service and "service" in found:
        facts = replace(facts, **_acted_on(found))
    is_change = bool(found.get("change"))
    names = frozenset(filter(None, found.get("authors", "").split(", ")))
    planned = found.get("planned")
    return replace(
        facts,
        change=is_change,
        change_type=found.get("change_type", "normal" if is_change else ""),
        change_risk=found.get("change_risk", "medium" if is_change else ""),
        clinical_impact=found.get("clinical_impact", ""),
        incident=found.get("incident", ""),
        rollback=facts.rollback or bool(found.get("rolls_back")),
        authors=names - {UNKNOWN_AUTHOR},
        unknown_authors=UNKNOWN_AUTHOR in names,
        planned=datetime.fromisoformat(planned) if planned else None,
    )


def _acted_on(found: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what a proposal says about its service, as the estate file would."""

    def several(name: str) -> frozenset[str]:
        return frozenset(filter(None, found.get(name, "").split(", ")))

    plain = ("service", "environment", "safety_class", "criticality")
    return {
        **{name: found.get(name, "") for name in plain},
        **{name: several(name) for name in ("tags", "sites")},
    }


def with_approvals(
    facts: Facts,
    good: Sequence[Approval],
    holding: Mapping[str, frozenset[str]],
    rotas: frozenset[str] = frozenset(),
) -> Facts:
    """Return the facts with the approvals that count.

    `holding` has each person's roles now, `rotas` are what they were on call for at their click.
    """
    signed = [approval.person for approval in good if approval.is_signed]
    return replace(
        facts,
        approvals=len(good),
        approver_roles=frozenset[str]().union(*holding.values()),
        signed=len(signed),
        signer_roles=frozenset[str]().union(*(holding[person] for person in signed)),
        approvers=frozenset(approval.person for approval in good),
        approver_rotas=rotas,
    )
