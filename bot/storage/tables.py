"""The tables of the stores; `migrations/versions/0002_stores.py` makes the same ones.

The durable-execution library keeps its own tables beside these and migrates them itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.model import (
    Batch,
    ChangeResult,
    ChangeState,
    ChangeType,
    DeployState,
    Place,
    Proposal,
    Reason,
    Reply,
    RequestState,
    Step,
    Wish,
)
from bot.storage.codec import BATCHES, PLACE, PROPOSAL, REPLY, STEPS, WORDS
from bot.storage.columns import Blank, Encoded, Utc, Word


def _number() -> Any:
    return Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))


def _key() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _column(kind: Any, *, null: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null))


class Store(SQLModel):
    """What every table of the stores belongs to."""

    metadata = MetaData()


class CounterRow(Store, table=True):
    """The last number given to each kind of thing."""

    __tablename__ = "counters"
    name: str = _key()
    value: int = _column(Integer)


class DeliveryRow(Store, table=True):
    """A delivery that was claimed, and what was answered first; NULL before that."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_at", "at"),)
    key: str = _key()
    at: datetime = _column(Utc)
    answer: str | None = _column(Text, null=True)


class RequestRow(Store, table=True):
    """A request for approval."""

    __tablename__ = "requests"
    __table_args__ = (
        Index("ix_requests_state_expires", "state", "expires"),
        Index("ix_requests_state_number", "state", "number"),
    )
    number: int = _number()
    proposal: Proposal = _column(Encoded(PROPOSAL))
    digest: str = _column(Text)
    requester: str = _column(Text)
    place: Place = _column(Encoded(PLACE))
    state: RequestState = _column(Word(RequestState))
    created: datetime = _column(Utc)
    expires: datetime = _column(Utc)
    needs: tuple[str, ...] = _column(Encoded(WORDS))
    decided_by: str = _column(Text)
    decided_at: datetime | None = _column(Utc, null=True)
    why: str = _column(Text)
    correlation: str = _column(Text)


class ApprovalRow(Store, table=True):
    """One human's yes to a request; the key is what counts a human once."""

    __tablename__ = "request_approvals"
    request: int = _number()
    person: str = _key()
    roles: tuple[str, ...] = _column(Encoded(WORDS))
    at: datetime = _column(Utc)
    signed_name: str = _column(Text)
    signed_at: datetime | None = _column(Utc, null=True)
    meaning: str = _column(Text)


class DeployRow(Store, table=True):
    """A deploy; `finished` is NULL while it runs or is unknown."""

    __tablename__ = "deploys"
    __table_args__ = (
        Index("ix_deploys_request", "request", unique=True),
        Index("ix_deploys_target", "service", "environment", "number"),
        Index("ix_deploys_state", "state"),
        Index("ix_deploys_watched", "validate_until"),
    )
    number: int = _number()
    service: str = _column(Text)
    environment: str = _column(Text)
    version: str = _column(Text)
    commit: str = _column(Text)
    requester: str = _column(Text)
    reason: str = _column(Text)
    state: DeployState = _column(Word(DeployState))
    created: datetime = _column(Utc)
    request: str = _column(Blank, null=True)
    change: str = _column(Text)
    build: str = _column(Text)
    replaced: str = _column(Text)
    rollback_of: str = _column(Text)
    outcome: str = _column(Text)
    finished: datetime | None = _column(Utc, null=True)
    under_lock: str = _column(Text)
    steps: tuple[Step, ...] = _column(Encoded(STEPS))
    place: Place | None = _column(Encoded(PLACE), null=True)
    planned: datetime | None = _column(Utc, null=True)
    batches: tuple[Batch, ...] = _column(Encoded(BATCHES))
    hold_seconds: int = _column(Integer)
    wish: Wish = _column(Word(Wish))
    wish_by: str = _column(Text)
    wish_why: str = _column(Text)
    stop: Reason | None = _column(Word(Reason), null=True)
    validate_until: datetime | None = _column(Utc, null=True)
    validated_by: str = _column(Text)
    validated: datetime | None = _column(Utc, null=True)
    validation: str = _column(Text)
    glass: str = _column(Text)
    incident: str = _column(Text)


class FreezeRow(Store, table=True):
    """A freeze that somebody added from chat."""

    __tablename__ = "freezes"
    __table_args__ = (Index("ix_freezes_end", "end"),)
    number: int = _number()
    name: str = _column(Text)
    person: str = _column(Text)
    reason: str = _column(Text)
    start: datetime = _column(Utc)
    end: datetime = _column(Utc)
    added: datetime = _column(Utc)
    services: tuple[str, ...] = _column(Encoded(WORDS))
    environments: tuple[str, ...] = _column(Encoded(WORDS))
    tags: tuple[str, ...] = _column(Encoded(WORDS))
    lifted: datetime | None = _column(Utc, null=True)
    lifted_by: str = _column(Text)
    lifted_why: str = _column(Text)


class FeedCopyRow(Store, table=True):
    """The last good copy of a calendar feed."""

    __tablename__ = "feed_copies"
    name: str = _key()
    body: str = _column(Text)
    read: datetime = _column(Utc)


class LockRow(Store, table=True):
    """Who holds an environment of a service: the key is the lock; `deploy` 0 is none."""

    __tablename__ = "deploy_locks"
    service: str = _key()
    environment: str = _key()
    deploy: int = _column(Integer)
    person: str = _column(Text)
    reason: str = _column(Text)
    since: datetime | None = _column(Utc, null=True)
    until: datetime | None = _column(Utc, null=True)
    lease: datetime | None = _column(Utc, null=True)


class ChangeRow(Store, table=True):
    """A change record."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_correlation", "correlation", unique=True),
        Index("ix_changes_service_state", "service", "state"),
        Index("ix_changes_window", "window_end", "window_start"),
    )
    number: int = _number()
    service: str = _column(Text)
    environment: str = _column(Text)
    summary: str = _column(Text)
    requester: str = _column(Text)
    type: ChangeType = _column(Word(ChangeType))
    state: ChangeState = _column(Word(ChangeState))
    risk: str = _column(Text)
    clinical_impact: str = _column(Text)
    backout: str = _column(Text)
    window_start: datetime = _column(Utc)
    window_end: datetime = _column(Utc)
    opened: datetime = _column(Utc)
    version: str = _column(Text)
    closed: datetime | None = _column(Utc, null=True)
    result: ChangeResult | None = _column(Word(ChangeResult), null=True)
    close_note: str = _column(Text)
    request: str = _column(Text)
    deploy: str = _column(Text)
    approvers: tuple[str, ...] = _column(Encoded(WORDS))
    correlation: str = _column(Blank, null=True)
    sites: tuple[str, ...] = _column(Encoded(WORDS))
    implementation: str = _column(Text)
    test_evidence: str = _column(Text)
    validator: str = _column(Text)
    template: str = _column(Text)
    parameters: tuple[str, ...] = _column(Encoded(WORDS))
    incident: str = _column(Text)
    despite: tuple[str, ...] = _column(Encoded(WORDS))
    despite_reason: str = _column(Text)


class TopicRow(Store, table=True):
    """A topic's newest reply; `changed` orders topics by when they changed last."""

    __tablename__ = "topics"
    __table_args__ = (Index("ix_topics_changed", "changed"),)
    topic: str = _key()
    reply: Reply = _column(Encoded(REPLY))
    version: int = _column(Integer)
    changed: int = _column(Integer)


class LetterRow(Store, table=True):
    """A topic's message in a place, and how far it has come; "" as `ref` until it is posted."""

    __tablename__ = "letters"
    __table_args__ = (
        UniqueConstraint("topic", "platform", "channel", "thread", "ref"),
        Index("ix_letters_waiting", "is_dead", "due"),
    )
    id: int = _number()
    topic: str = _column(Text)
    platform: str = _column(Text)
    channel: str = _column(Text)
    thread: str = _column(Text)
    ref: str = _column(Text)
    shown: int = _column(Integer)
    due: datetime = _column(Utc)
    urgent: int = _column(Integer)
    tries: int = _column(Integer)
    trouble: str = _column(Text)
    is_dead: int = _column(Integer)


class SavedSearchRow(Store, table=True):
    """A search of the audit log that somebody keeps."""

    __tablename__ = "saved_searches"
    person: str = _key()
    name: str = _key()
    query: str = _column(Text)
    at: datetime = _column(Utc)


class LinkRow(Store, table=True):
    """An account that its owner joined to a person; the key is what makes it one person's."""

    __tablename__ = "account_links"
    platform: str = _key()
    tenant: str = _key()
    user: str = _key()
    person: str = _column(Text)
    at: datetime = _column(Utc)
    by: str = _column(Text)


class LinkCodeRow(Store, table=True):
    """A one-time code, as a hash only, and the account that made it."""

    __tablename__ = "link_codes"
    hash: str = _key()
    person: str = _column(Text)
    platform: str = _column(Text)
    tenant: str = _column(Text)
    user: str = _column(Text)
    expires: datetime = _column(Utc)
    used: int = _column(Integer)


class LinkTryRow(Store, table=True):
    """A wrong code that an account typed."""

    __tablename__ = "link_tries"
    platform: str = _key()
    tenant: str = _key()
    user: str = _key()
    number: int = _number()
    at: datetime = _column(Utc)


class ReferenceRow(Store, table=True):
    """A Teams conversation that we may write to."""

    __tablename__ = "teams_references"
    __table_args__ = (
        Index("ix_teams_references_user", "tenant", "user"),
        Index("ix_teams_references_team", "team"),
    )
    conversation: str = _key()
    service_url: str = _column(Text)
    tenant: str = _column(Text)
    bot: str = _column(Text)
    user: str = _column(Text)
    team: str = _column(Text)
    is_blocked: int = _column(Integer)


class SecretRow(Store, table=True):
    """A secret that changes while we run, sealed."""

    __tablename__ = "secrets"
    name: str = _key()
    sealed: str = _column(Text)


METADATA: Final = Store.metadata


def _table(name: str) -> Table:
    return METADATA.tables[name]


COUNTERS: Final = _table("counters")
DELIVERIES: Final = _table("deliveries")
REQUESTS: Final = _table("requests")
APPROVALS: Final = _table("request_approvals")
DEPLOYS: Final = _table("deploys")
LOCKS: Final = _table("deploy_locks")
CHANGES: Final = _table("changes")
TOPICS: Final = _table("topics")
LETTERS: Final = _table("letters")
REFERENCES: Final = _table("teams_references")
SECRETS: Final = _table("secrets")
SAVED_SEARCHES: Final = _table("saved_searches")
FREEZES: Final = _table("freezes")
FEED_COPIES: Final = _table("feed_copies")
LINKS: Final = _table("account_links")
LINK_CODES: Final = _table("link_codes")
LINK_TRIES: Final = _table("link_tries")
