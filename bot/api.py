"""The one import for authors of commands and integrations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.errors import (
    BadInput,
    Conflict,
    IntegrationError,
    NotAuthorised,
    Refused,
    Rejected,
    Unreachable,
)
from bot.model import (
    BELOW,
    Account,
    AccountKind,
    AuditCount,
    AuditPage,
    AuditQuery,
    Build,
    BuildState,
    Button,
    Change,
    ChangeResult,
    ChangeState,
    ChangeType,
    CiTarget,
    Deploy,
    DeployState,
    Environment,
    Event,
    FreeText,
    Id,
    NewChange,
    Option,
    Place,
    Principal,
    Probe,
    Proposal,
    Reason,
    Reply,
    Request,
    Risk,
    Secret,
    Service,
    Stage,
    Step,
    StepState,
    Style,
    Table,
    Visibility,
    Word,
)
from bot.model import Args as args  # noqa: N813 - reads as the design's `class Args(args)`
from bot.moments import written
from bot.ports import (
    Anchors,
    AuditProver,
    AuditReader,
    Catalogue,
    ChangeTickets,
    Ci,
    Clock,
    Directory,
    Disclosures,
    Effect,
    MonthlyReports,
    Redactions,
    Transaction,
)
from bot.ports.holds import HoldTerms, LegalHolds
from bot.stores import DeployStore, Letters, SavedSearch, SavedSearches

NO_ACCOUNT = Account("", "")  # what is carried out later is nobody's typing


@dataclass(frozen=True)
class Caller:
    """Who is asking, from where, and the id that joins everything this asking causes.

    `dry_run`: whatever the command returns is undone, so it must reveal no more than it says.
    """

    principal: Principal
    place: Place
    correlation: str
    request: str = ""
    approvers: tuple[str, ...] = ()
    account: Account = NO_ACCOUNT
    dry_run: bool = False


@dataclass(frozen=True)
class Done:
    """What a command changes of our own state, and what to say once it has.

    The effects and the outcome's audit event commit in one transaction; `say` is given the
    effects' results; it runs inside the transaction, so it only builds the Reply. An effect that
    raises `Conflict` leaves neither. `after` runs once it is durable and may add to the Reply.
    """

    effects: tuple[Effect[object], ...]
    say: Callable[[tuple[object, ...]], Reply]
    after: Callable[[Reply, tuple[object, ...]], Awaitable[Reply]] | None = None


@dataclass(frozen=True)
class Command:
    """One command, as data: a file in commands/ declares exactly one, named `command`.

    `role` is the least role that may ask (a role of the shipped policy); `risk` says what it may
    do; neither has a default. The functions ask for what they use by type: Protocols of
    bot.ports and bot.stores, their own Args, `Caller`, and what is said below.

    `run` does it: a Reply, or Done when it changes our own state. May take the Proposal.
    `propose` binds the asking to immutable values; it changes nothing and checks nothing.
    `check` refuses what must not be done now; takes the Proposal; asked when a request is made
    and again right before it runs.
    `on_request` adds to the transaction that opens a request (a change record); takes Proposal.
    `on_withdrawn` undoes that when the request ends without running; takes the Request.
    `repeatable`: run changes nothing outside (it only returns Done), so that it may run again
    after a kill, and for a dry run, which is undone. What is not READ is one or has a `propose`.
    `quotes`: its answer may repeat what people wrote freely elsewhere; the record hides it.
    """

    name: str
    args: type[args]
    run: Callable[..., Awaitable[Reply | Done]]
    summary: str
    role: str
    risk: Risk
    examples: tuple[str, ...]
    propose: Callable[..., Awaitable[Proposal]] | None = None
    check: Callable[..., Awaitable[None]] | None = None
    on_request: Callable[..., Awaitable[Done]] | None = None
    on_withdrawn: Callable[..., Awaitable[tuple[Effect[object], ...]]] | None = None
    repeatable: bool = False
    quotes: bool = False


@dataclass(frozen=True)
class Credentials:
    """How to reach a vendor's system; an integration file's `connect` is given one.

    An integration file declares `PORT` (the Protocol it provides) and
    `connect(Credentials, httpx.AsyncClient)`, which returns the provider and does no I/O.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Wanted:
    """A deploy that is asked for; `change` names an open change, or "" to have one opened."""

    service: Service
    environment: str
    version: str
    reason: str
    change: str = ""
    rollback_of: str = ""


class Deployments(Protocol):
    """Plans, checks and starts deploys; `deploy` and `rollback` are two ways to ask for one."""

    async def propose(self, wanted: Wanted, values: Mapping[str, str], verb: str) -> Proposal:
        """Resolve the version to a commit and return exactly what would be done."""
        ...

    async def check(self, wanted: Wanted, proposal: Proposal) -> None:
        """Refuse unless CI is green there, nothing is frozen or locked, and the change fits."""
        ...

    def open_change(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Open the change record that the deploy needs, from its own facts."""
        ...

    def start(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Keep the deploy, take its lock, and start its durable flow."""
        ...

    async def withdrawn(self, request: Request) -> tuple[Effect[object], ...]:
        """Close the change that was opened for a request which will not run."""
        ...

    async def last_good(self, service: Service, environment: str) -> tuple[str, str]:
        """Return the last known-good version before what runs now, and the deploy it undoes."""
        ...


class QueryLanguage(Protocol):
    """Reads an audit query as people type it: words and `person:engineer` qualifiers."""

    def __call__(self, text: str) -> AuditQuery:
        """Return the query; `BadInput` names a qualifier that does not exist."""
        ...


class Approvals(Protocol):
    """Decides requests: N-of-M by policy, never the requester, one human once."""

    async def approve(self, caller: Caller, request_id: str, digest: str) -> Done:
        """Count the caller's yes; `digest` (a prefix) says which proposal they saw."""
        ...

    async def reject(self, caller: Caller, request_id: str, why: str) -> Done:
        """End a request with a no and its reason."""
        ...

    async def cancel(self, caller: Caller, request_id: str) -> Done:
        """Withdraw one's own request."""
        ...

    async def waiting(self, caller: Caller) -> tuple[Sequence[Request], Sequence[Request]]:
        """Return what waits for the caller, and what the caller has asked for."""
        ...


class Manual(Protocol):
    """What the caller can type: help, by role."""

    def allowed(self, principal: Principal) -> Sequence[Command]:
        """Return the commands that policy lets the person ask for."""
        ...

    def find(self, words: str) -> Command | None:
        """Return a command by its name."""
        ...

    def usage(self, command: Command) -> str:
        """Return a command's usage line."""
        ...

    def under(self, verb: str, principal: Principal) -> Sequence[Command]:
        """Return the commands that begin with a word, of those that are allowed."""
        ...

    def suggest(self, words: str, principal: Principal) -> str:
        """Return a did-you-mean among the commands that the person may type, or ""."""
        ...

    def line(self, command: Command, values: Mapping[str, str]) -> str:
        """Return how a command is typed with some recorded values."""
        ...

    def roles(self, principal: Principal) -> Sequence[str]:
        """Return every role a person holds, through the hierarchy too."""
        ...


@dataclass(frozen=True)
class Known:
    """An account of somebody's; `since` and `by` say when and by whom it was linked, if it was."""

    account: Account
    since: datetime | None = None
    by: str = ""


class Linking(Protocol):
    """Joins an account to a person by proof on both sides: a code made here and typed there."""

    def accounts(self, person: str) -> Sequence[Known]:
        """Return a person's accounts, those of the people file first."""
        ...

    async def offer(self, caller: Caller) -> Done:
        """Make a code that joins one more account to the caller; it is said once, privately."""
        ...

    async def redeem(self, caller: Caller, code: str) -> Done:
        """Join the caller's account to the person who made the code."""
        ...

    async def unlink(self, caller: Caller, account: str, person: str, reason: str) -> Done:
        """End a link of the caller's, or as an administrator one of `person`."""
        ...


class AccessReviews(Protocol):
    """Who may do what and who did, since the last review that was signed."""

    async def show(self, caller: Caller, person: Principal | None) -> Reply:
        """Return a line for everybody, or one person's commands."""
        ...

    async def propose_signing(self, caller: Caller, up_to: int, findings: str) -> Proposal:
        """Say which review is signed, by the last event that it showed.

        Refused where it would be of the signer alone.
        """
        ...

    def sign(self, caller: Caller, proposal: Proposal) -> Done:
        """Record that the caller reviewed everybody else's access."""
        ...

    async def propose_countersigning(self, caller: Caller, findings: str) -> Proposal:
        """Say which review is countersigned; refused for its first signer."""
        ...

    def countersign(self, caller: Caller, proposal: Proposal) -> Done:
        """Record that the caller reviewed the first signer's access."""
        ...


__all__ = [
    "BELOW",
    "AccessReviews",
    "Account",
    "AccountKind",
    "Anchors",
    "Approvals",
    "AuditCount",
    "AuditPage",
    "AuditProver",
    "AuditQuery",
    "AuditReader",
    "BadInput",
    "Build",
    "BuildState",
    "Button",
    "Caller",
    "Catalogue",
    "Change",
    "ChangeResult",
    "ChangeState",
    "ChangeTickets",
    "ChangeType",
    "Ci",
    "CiTarget",
    "Clock",
    "Command",
    "Conflict",
    "Credentials",
    "Deploy",
    "DeployState",
    "DeployStore",
    "Deployments",
    "Directory",
    "Disclosures",
    "Done",
    "Effect",
    "Environment",
    "Event",
    "FreeText",
    "HoldTerms",
    "Id",
    "IntegrationError",
    "Known",
    "LegalHolds",
    "Letters",
    "Linking",
    "Manual",
    "MonthlyReports",
    "NewChange",
    "NotAuthorised",
    "Option",
    "Place",
    "Principal",
    "Probe",
    "Proposal",
    "QueryLanguage",
    "Reason",
    "Redactions",
    "Refused",
    "Rejected",
    "Reply",
    "Request",
    "Risk",
    "SavedSearch",
    "SavedSearches",
    "Secret",
    "Service",
    "Stage",
    "Step",
    "StepState",
    "Style",
    "Table",
    "Transaction",
    "Unreachable",
    "Visibility",
    "Wanted",
    "Word",
    "args",
    "written",
]
