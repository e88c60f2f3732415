"""What a policy may look at: the asking as a value, and as the record that Cedar is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.model import Service
from bot.ports.control import LocalTime

UNSEEN: Final = LocalTime(weekday=1, minute=0, day="1970-01-01", zone="UTC")
"""Stands where no policy looks at the time, so that the same question has the same answer."""


@dataclass(frozen=True)
class Facts:
    """What a policy may look at, beside who asks and for which command.

    `approver_roles` and `signer_roles` are held by those whose approvals count, through the
    hierarchy too; `approver_rotas` those that they were on call for when they approved.
    `authors` are the people who wrote the commit, as far as the people file knows them. `planned`
    is when it is to be done, where that is later: policies are asked about that moment as well.
    """

    service: str = ""
    environment: str = ""
    safety_class: str = ""
    change: bool = False
    dry_run: bool = False
    approvals: int = 0
    approver_roles: frozenset[str] = frozenset()
    signed: int = 0
    signer_roles: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    approver_rotas: frozenset[str] = frozenset()
    criticality: str = ""
    tags: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    rollback: bool = False
    change_type: str = ""
    change_risk: str = ""
    clinical_impact: str = ""
    incident: str = ""
    authors: frozenset[str] = frozenset()
    unknown_authors: bool = False
    break_glass: bool = False
    local: LocalTime = UNSEEN
    planned: datetime | None = None


def about(service: Service | None, environment: str = "") -> Facts:
    """Return the facts that the estate file alone says."""
    if service is None:
        return Facts(environment=environment)
    return Facts(
        service=service.id,
        environment=environment,
        safety_class=service.safety_class,
        criticality=service.criticality,
        tags=frozenset(service.tags),
        sites=frozenset(service.sites),
    )


def reference(kind: str, name: str) -> dict[str, str]:
    """Return an entity as Cedar's JSON names it."""
    return {"type": kind, "id": name}


def subject(facts: Facts) -> dict[str, object]:
    """Return the part of the context that every action has: what it is about, and when."""
    named = {
        "service": facts.service,
        "environment": facts.environment,
        "safety_class": facts.safety_class,
    }
    return {
        **{name: value for name, value in named.items() if value},
        "criticality": facts.criticality,
        "tags": sorted(facts.tags),
        "sites": sorted(facts.sites),
        "rollback": facts.rollback,
        "change_type": facts.change_type,
        "change_risk": facts.change_risk,
        "clinical_impact": facts.clinical_impact,
        "incident": facts.incident,
        "authors": _people(facts.authors),
        "unknown_authors": facts.unknown_authors,
        "local": _local(facts.local),
    }


def running(facts: Facts) -> Mapping[str, object]:
    """Return the context of the action `run`."""
    return {
        **subject(facts),
        "change": facts.change,
        "dry_run": facts.dry_run,
        "break_glass": facts.break_glass,
        "approvals": {
            "total": facts.approvals,
            "roles": _roles(facts.approver_roles),
            "people": _people(facts.approvers),
            "rotas": sorted(facts.approver_rotas),
            "signed": facts.signed,
            "signer_roles": _roles(facts.signer_roles),
        },
    }


def approving(facts: Facts, requester: str, rotas: Iterable[str]) -> Mapping[str, object]:
    """Return the context of the action `approve`."""
    asked = reference("Person", requester)
    return {**subject(facts), "requester": asked, "rotas": sorted(rotas)}


def validating(facts: Facts, requester: str, rotas: Iterable[str]) -> Mapping[str, object]:
    """Return the context of the action `validate`: who asked is also on whose behalf it ran."""
    asked = reference("Person", requester)
    return {
        **subject(facts),
        "requester": asked,
        "deployer": asked,
        "approvers": _people(facts.approvers),
        "rotas": sorted(rotas),
    }


def _local(local: LocalTime) -> dict[str, object]:
    return {
        "weekday": local.weekday,
        "minute": local.minute,
        "date": local.day,
        "zone": local.zone,
        "holiday": local.holiday,
    }


def _people(names: Iterable[str]) -> list[dict[str, str]]:
    return [reference("Person", name) for name in sorted(names)]


def _roles(names: Iterable[str]) -> list[dict[str, str]]:
    return [reference("Role", name) for name in sorted(names)]
