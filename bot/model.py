"""The frozen values that every part of Wardroom speaks in."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, Union

from pydantic import BaseModel, ConfigDict

Json: TypeAlias = Union[str, int, bool, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007 - a recursive alias of strings needs Union at run time


class Reason(enum.StrEnum):
    """How an attempt ended: the closed list that audit, metrics, scripts and tests use."""

    OK = "ok"
    PENDING_APPROVAL = "pending_approval"
    NOT_AUTHORISED = "not_authorised"
    NOT_IDENTIFIED = "not_identified"
    BAD_INPUT = "bad_input"
    UNKNOWN_COMMAND = "unknown_command"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    PHI_BLOCKED = "phi_blocked"
    DUPLICATE = "duplicate"
    FROZEN = "frozen"
    LOCKED = "locked"
    CI_NOT_GREEN = "ci_not_green"
    CHANGE_REQUIRED = "change_required"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    PRECHECK_FAILED = "precheck_failed"
    FAILED = "failed"
    UNKNOWN_OUTCOME = "unknown_outcome"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    UNAVAILABLE = "unavailable"


class Risk(enum.StrEnum):
    """What a command may do: answer, change, or change what always needs approval."""

    READ = "read"
    CHANGE = "change"
    CRITICAL = "critical"


class Visibility(enum.StrEnum):
    """Who sees a reply: the person who asked, or everybody in the place."""

    PRIVATE = "private"
    PUBLIC = "public"


class AccountKind(enum.StrEnum):
    """What a platform says an account is; only members may do more than ask for help."""

    MEMBER = "member"
    GUEST = "guest"
    BOT = "bot"
    EXTERNAL = "external"


# --- who and where -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """An identity on one platform; several of them may be the same human.

    `tenant` is the Slack team id, the Teams tenant id, or "" on our own doors; `user` is the
    platform's stable id (Slack user id, Teams aadObjectId, person id on our own doors).
    """

    platform: str
    user: str
    tenant: str = ""
    kind: AccountKind = AccountKind.MEMBER


@dataclass(frozen=True)
class Principal:
    """One human (or Wardroom itself), whatever account they speak from."""

    id: str
    name: str
    roles: frozenset[str]
    email: str = ""


@dataclass(frozen=True)
class Place:
    """Where something was said: ids only, never a channel's free-text name."""

    platform: str
    channel: str = ""
    thread: str = ""


@dataclass(frozen=True)
class Invocation:
    """One thing somebody asked for, as an adapter hands it to the road.

    Either `text` is the whole line, or `text` is the command's path and `fields` holds a typed
    form (names of the command's arguments to what was entered). `delivery` is the platform's id
    of this delivery: the same id again returns the first answer.
    """

    text: str
    account: Account
    place: Place
    delivery: str
    fields: Mapping[str, str] | None = None


# --- what is said back -------------------------------------------------------------------------


class Style(enum.StrEnum):
    """How a button looks: one primary at most, danger only for what destroys."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True)
class Button:
    """A control that types `command` on behalf of whoever presses it.

    `asks` names an argument that must be asked for first (a rejection's reason): the adapter
    shows a one-field form and appends it. `confirm` is a question to confirm before typing.
    """

    label: str
    command: str
    style: Style = Style.PLAIN
    confirm: str = ""
    asks: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under named columns; every cell is plain text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Image:
    """A picture and, for whoever does not see it, what it shows.

    Its `url` is https and can be read by whoever shows it: Slack and Teams fetch it themselves.
    Another address is not fetched; only `alt` is said then.
    """

    url: str
    alt: str


class StepState(enum.StrEnum):
    """Where one step of long work stands; always said in words, never by colour alone."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Step:
    """One line of a progress list."""

    label: str
    state: StepState
    detail: str = ""


class InputKind(enum.StrEnum):
    """What a form input takes."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"


@dataclass(frozen=True)
class Input:
    """One input of a form; `name` is the command's argument."""

    name: str
    label: str
    kind: InputKind = InputKind.TEXT
    choices: tuple[str, ...] = ()
    required: bool = True
    hint: str = ""
    value: str = ""


@dataclass(frozen=True)
class Form:
    """Asks for a command's arguments; submitting it is an Invocation with `fields`."""

    command: str
    title: str
    inputs: tuple[Input, ...]
    submit: str = "Run"


@dataclass(frozen=True)
class Reply:
    """What a command answers, as plain data; each adapter draws it.

    `text` alone must make sense (screen readers, notifications, plain terminals). A reply with a
    `topic` (REQ-12, DEP-3) is one message edited in place wherever it was shown. `visibility`
    None means private for reads and refusals, public for what changed something.
    """

    text: str
    reason: Reason = Reason.OK
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()
    table: Table | None = None
    code: str = ""
    progress: tuple[Step, ...] = ()
    image: Image | None = None
    buttons: tuple[Button, ...] = ()
    form: Form | None = None
    visibility: Visibility | None = None
    topic: str = ""
    request: str | None = None
    refs: Mapping[str, str] = field(default_factory=dict)


# --- what commands take ------------------------------------------------------------------------


class Args(BaseModel):
    """A command's typed arguments: required ones are positional in order, the rest options."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Word:
    """Marks an argument that a natural word may precede: `to production`, `for lab-results`."""

    word: str


@dataclass(frozen=True)
class Option:
    """Marks a required argument that is given by name: `--reason ...`."""

    help: str = ""


@dataclass(frozen=True)
class FreeText:
    """Marks an argument kept byte for byte; unquoted words up to the next option belong to it."""

    help: str = ""


@dataclass(frozen=True)
class Secret:
    """Marks an argument whose value no record holds: `***` stands there instead.

    `shape` is a pattern of such values: a line that holds one elsewhere is refused unrecorded.
    """

    shape: str


@dataclass(frozen=True)
class Id:
    """Marks an argument that is an identifier such as REQ-12; typed in any case."""

    prefix: str


# --- the estate --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Probe:
    """How one environment of a service is asked how it is; read-only, at most 10 s."""

    kind: str
    url: str = ""
    timeout_seconds: int = 5


@dataclass(frozen=True)
class Deployment:
    """One environment of one service, as the estate file declares it."""

    name: str
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class CiTarget:
    """Where a service is built and deployed; `tag` formats a version into a ref."""

    provider: str
    builder: str
    deploy_builder: str
    repo: str
    tag: str = "{version}"


@dataclass(frozen=True)
class Service:
    """A service of the hospital; `safety_class` is its IEC 62304 class A, B or C."""

    id: str
    owner: str
    safety_class: str
    ci: CiTarget | None
    environments: tuple[Deployment, ...]
    criticality: str = ""
    sites: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def environment(self, name: str) -> Deployment | None:
        """Return the named environment, or None where the service has none of that name."""
        return next((env for env in self.environments if env.name == name), None)


@dataclass(frozen=True)
class Environment:
    """The name of an environment that at least one service has."""

    name: str


# --- CI ----------------------------------------------------------------------------------------


class BuildState(enum.StrEnum):
    """A build's state; UNKNOWN counts as not green everywhere."""

    QUEUED = "queued"
    RUNNING = "running"
    GREEN = "green"
    RED = "red"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Stage:
    """One stage of a build, by the name the CI server gives it."""

    name: str
    state: BuildState
    seconds: int | None = None


@dataclass(frozen=True)
class Build:
    """One build on the CI server; `id` is what `ci log` takes, `commit` 40 hex digits or ""."""

    id: str
    service: str
    ref: str
    commit: str
    state: BuildState
    url: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    stages: tuple[Stage, ...] = ()
    failing_tests: tuple[str, ...] = ()
    correlation: str = ""


# --- requests, deploys, changes ----------------------------------------------------------------


class RequestState(enum.StrEnum):
    """A request ends exactly once; everything but APPROVED means not run."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Proposal:
    """What exactly is asked for: immutable values only; approvals bind to its digest.

    `values` holds the command's arguments as strings; `facts` what they were resolved to
    (commit, change, window); `summary` is one line a human approves.
    """

    command: str
    values: Mapping[str, str]
    facts: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Approval:
    """One human's yes to one proposal."""

    person: str
    roles: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Request:
    """Something that waits for approval; `digest` is the SHA-256 of the exact proposal."""

    id: str
    proposal: Proposal
    digest: str
    requester: str
    place: Place
    state: RequestState
    created: datetime
    expires: datetime
    needs: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = ""
    correlation: str = ""


class DeployState(enum.StrEnum):
    """Where a deploy stands; UNKNOWN waits for a human."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deploy:
    """One deploy of one service to one environment; `replaced` is what ran before it."""

    id: str
    service: str
    environment: str
    version: str
    commit: str
    requester: str
    reason: str
    state: DeployState
    created: datetime
    request: str = ""
    change: str = ""
    build: str = ""
    replaced: str = ""
    rollback_of: str = ""
    outcome: str = ""
    finished: datetime | None = None
    steps: tuple[Step, ...] = ()
    place: Place | None = None


class ChangeType(enum.StrEnum):
    """ITIL change types."""

    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


class ChangeState(enum.StrEnum):
    """A change's life, in ITIL's words."""

    NEW = "new"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    IMPLEMENT = "implement"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class ChangeResult(enum.StrEnum):
    """How a closed change ended, in ITIL's close codes."""

    SUCCESSFUL = "successful"
    SUCCESSFUL_WITH_ISSUES = "successful_with_issues"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    NOT_IMPLEMENTED = "not_implemented"


@dataclass(frozen=True)
class NewChange:
    """What it takes to open a change."""

    service: str
    environment: str
    summary: str
    requester: str
    type: ChangeType = ChangeType.NORMAL
    risk: str = "medium"
    clinical_impact: str = ""
    backout: str = ""
    window_start: datetime | None = None
    window_end: datetime | None = None
    version: str = ""
    correlation: str = ""


@dataclass(frozen=True)
class Change:
    """A change record; `number` is CHG-n here, the vendor's number elsewhere."""

    number: str
    service: str
    environment: str
    summary: str
    requester: str
    type: ChangeType
    state: ChangeState
    risk: str
    clinical_impact: str
    backout: str
    window_start: datetime
    window_end: datetime
    opened: datetime
    version: str = ""
    closed: datetime | None = None
    result: ChangeResult | None = None
    close_note: str = ""
    request: str = ""
    deploy: str = ""
    approvers: tuple[str, ...] = ()
    correlation: str = ""


# --- the audit log -----------------------------------------------------------------------------


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


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An audit event before the log gives it its place; holds ids and masked text only.

    `correlation` joins everything that one invocation caused. `target` is the verb's object
    (service, environment, version...); `params` its masked arguments.
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
    policy_version: str = ""
    text: str = ""
    error: str = ""


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
    """What to look for; empty means anything. `before` pages: events with a smaller seq only."""

    words: tuple[str, ...] = ()
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


@dataclass(frozen=True)
class AuditPage:
    """Events newest first; `next_before` continues, None at the end. Damaged rows are named."""

    events: tuple[Event, ...]
    next_before: int | None
    damaged: tuple[int, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What verifying the log found; `first_bad` is the first broken sequence number."""

    ok: bool
    size: int
    root: str
    problems: tuple[str, ...] = ()
    first_bad: int | None = None
