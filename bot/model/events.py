"""What the audit log records, how it is searched, and what verifying it finds."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, Union

from bot.model.messages import Place
from bot.model.people import Account
from bot.model.reasons import Reason

Json: TypeAlias = Union[str, int, bool, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007 - a recursive alias of strings needs Union at run time


class Kind(enum.StrEnum):
    """What an audit event says; dead kinds stay in the list, records outlive code."""

    INTENT = "intent"
    OUTCOME = "outcome"
    REFUSED = "refused"
    REQUESTED = "requested"
    APPROVED = "approved"
    ENDED = "ended"
    EFFECT = "effect"
    EFFECT_OUTCOME = "effect_outcome"
    SYSTEM = "system"
    KEY = "key"
    PRUNE = "prune"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An audit event before the log gives it its place; holds ids and masked text only.

    `late` says of what was spooled first in which spool it stood, where there, and since when.
    `correlation` joins everything that one invocation caused. `target` is the verb's object
    (service, environment, version...); `params` its masked arguments. `sensitive` names the fields
    that people wrote freely (`text`, `params.reason`): the record has digests of them only.
    """

    kind: Kind
    verb: str
    correlation: str
    person: str = ""
    roles: tuple[str, ...] = ()
    account: Account | None = None
    place: Place | None = None
    service: str = ""
    environment: str = ""
    request: str = ""
    deploy: str = ""
    change: str = ""
    incident: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    reason: Reason | None = None
    policies: tuple[str, ...] = ()
    late: Mapping[str, str] = field(default_factory=dict)
    policy_version: str = ""
    text: str = ""
    error: str = ""
    sensitive: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Event:
    """A recorded audit event: `body` are the stored canonical bytes, `leaf` their RFC 6962 hash."""

    seq: int
    at: datetime
    body: bytes
    leaf: bytes
    data: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class AuditQuery:
    """What to look for; empty means anything. `before` pages: events with a smaller seq only.

    `sensitive` looks for the words, as whole words, in sensitive texts too: for those who may read
    them. A prefix, a part of a word or a number is found in none.

    Every word stands somewhere in the texts, every prefix where a word begins there; none of
    `without` stands there. `unlike` are filters by name that must not hold. `best` asks for those,
    of the newest, that are most about the words.
    """

    words: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    unlike: tuple[tuple[str, str], ...] = ()
    person: str = ""
    service: str = ""
    environment: str = ""
    verb: str = ""
    reason: str = ""
    kind: str = ""
    request: str = ""
    deploy: str = ""
    change: str = ""
    incident: str = ""
    correlation: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 20
    best: bool = False
    sensitive: bool = False


@dataclass(frozen=True)
class AuditPage:
    """Events newest first; `next_before` continues, None at the end. Damaged rows are named.

    `searched_back_to` is set where time was up before the page was full: the time of the last
    event that was looked at. `pruned` is set where it came to events whose content is no longer in
    the log: the number of the last of them.
    """

    events: tuple[Event, ...]
    next_before: int | None
    damaged: tuple[int, ...] = ()
    searched_back_to: datetime | None = None
    pruned: int = 0


@dataclass(frozen=True)
class AuditCount:
    """How many events match: `found` of them, or at least so many where it `is_capped`."""

    found: int
    is_capped: bool = False
    searched_back_to: datetime | None = None


@dataclass(frozen=True)
class Proof:
    """A proof as text to keep (C2SP), and of what it is: the log at `size`, with its root in hex.

    `event` is what an inclusion proof is of, None where it was pruned; `leaf` is its hash.
    `old` and its root are what a consistency proof is of.
    `is_signed` says whether the text ends with a signed checkpoint; a size that the log had earlier
    has none any more.
    """

    text: str
    size: int
    root: str
    event: Event | None = None
    leaf: bytes = b""
    old: int | None = None
    old_root: str = ""
    is_signed: bool = True


@dataclass(frozen=True)
class Verdict:
    """What verifying the log found; `first_bad` is the first broken sequence number.

    `integrity` and `completeness` say in words what came of the two questions: are these the events
    that were recorded, and is this the log that others saw.
    """

    ok: bool
    size: int
    root: str
    problems: tuple[str, ...] = ()
    first_bad: int | None = None
    integrity: str = ""
    completeness: str = ""
