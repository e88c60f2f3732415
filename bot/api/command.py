"""A command as data, who asks for it, and what it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.model import Account, Place, Principal, Proposal, Reply, Risk
from bot.model import Args as args  # noqa: N813 - reads as the design's `class Args(args)`
from bot.ports import Effect

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
    and again right before it runs. It may return fields: what it found, for who has to decide.
    `on_request` adds to the transaction that opens a request (a change record); takes Proposal.
    `on_withdrawn` undoes that when the request ends without running; takes the Request.
    `repeatable`: run changes nothing outside (it only returns Done), so that it may run again
    after a kill, and for a dry run, which is undone. What is not READ is one or has a `propose`.
    `quotes`: its answer may repeat what people wrote freely elsewhere; the record hides it.
    `loud`: a request for it is shown in every channel there is, so that a second person is found.
    `runbooks`: may be a step of a runbook although it changes something; what is READ always may.
    `asks` names the optional arguments that must be given too, from those given so far: a form
    asks for them at once. The command itself refuses without them, with `Incomplete`.
    """

    name: str
    args: type[args]
    run: Callable[..., Awaitable[Reply | Done]]
    summary: str
    role: str
    risk: Risk
    examples: tuple[str, ...]
    propose: Callable[..., Awaitable[Proposal]] | None = None
    check: Callable[..., Awaitable[tuple[tuple[str, str], ...] | None]] | None = None
    on_request: Callable[..., Awaitable[Done]] | None = None
    on_withdrawn: Callable[..., Awaitable[tuple[Effect[object], ...]]] | None = None
    repeatable: bool = False
    quotes: bool = False
    loud: bool = False
    runbooks: bool = False
    asks: Callable[[Mapping[str, str]], Sequence[str]] | None = None


@dataclass(frozen=True)
class Credentials:
    """How to reach a vendor's system; an integration file's `connect` is given one.

    An integration file declares `PORT` (the Protocol it provides) and
    `connect(Credentials, httpx.AsyncClient)`, which returns the provider and does no I/O;
    `ConfigurationError` says what it misses. What a vendor does not need is "".
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    tenant_id: str = ""
    login_url: str = ""
    app_id: str = ""
    installation_id: str = ""
    private_key: str = field(default="", repr=False)
    region: str = ""
    role_arn: str = ""
