"""The one import for authors of commands and integrations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.errors import (
    BadInput,
    Conflict,
    IntegrationError,
    NotAuthorised,
    Refused,
    Rejected,
    Unreachable,
)
from bot.model import Args as args  # noqa: N813 - reads as the design's `class Args(args)`
from bot.model import (
    Environment,
    FreeText,
    Id,
    Option,
    Place,
    Principal,
    Proposal,
    Reason,
    Reply,
    Request,
    Risk,
    Service,
    Table,
    Visibility,
    Word,
)
from bot.ports import Effect


@dataclass(frozen=True)
class Caller:
    """Who is asking, from where, and the id that joins everything this asking causes."""

    principal: Principal
    place: Place
    correlation: str
    request: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What a command changes of our own state, and what to say once it has.

    The effects and the outcome's audit event commit in one transaction; `say` is given the
    effects' results. An effect that raises `Conflict` leaves neither.
    """

    effects: tuple[Effect[object], ...]
    say: Callable[[tuple[object, ...]], Reply]


@dataclass(frozen=True)
class Command:
    """One command, as data: a file in commands/ declares exactly one, named `command`.

    `role` is the least role that may ask (a role of the shipped policy); `risk` says what it may
    do; neither has a default. The functions ask for what they use by type: Protocols of
    bot.ports and bot.stores, their own Args, `Caller`, and what is said below.

    `run` does it: a Reply, or Done when it changes our own state. May take the Proposal.
    `propose` binds the asking to immutable values and refuses what must not be asked for; it
    changes nothing. A command that policy may hold for approval needs one.
    `on_request` adds to the transaction that opens a request (a change record); takes Proposal.
    `on_withdrawn` undoes that when the request ends without running; takes the Request.
    `repeatable`: run changes nothing outside (it only returns Done), so that it may run again
    after a kill.
    """

    name: str
    args: type[args]
    run: Callable[..., Awaitable[Reply | Done]]
    summary: str
    role: str
    risk: Risk
    examples: tuple[str, ...]
    propose: Callable[..., Awaitable[Proposal]] | None = None
    on_request: Callable[..., Awaitable[Done]] | None = None
    on_withdrawn: Callable[..., Awaitable[tuple[Effect[object], ...]]] | None = None
    repeatable: bool = False


__all__ = [
    "BadInput",
    "Caller",
    "Command",
    "Conflict",
    "Done",
    "Effect",
    "Environment",
    "FreeText",
    "Id",
    "IntegrationError",
    "NotAuthorised",
    "Option",
    "Place",
    "Principal",
    "Proposal",
    "Reason",
    "Refused",
    "Rejected",
    "Reply",
    "Request",
    "Risk",
    "Service",
    "Table",
    "Unreachable",
    "Visibility",
    "Word",
    "args",
]
