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
from bot.model import Place, Principal, Proposal, Reply, Risk


@dataclass(frozen=True)
class Caller:
    """Who is asking, from where, and the id that joins everything this asking causes."""

    principal: Principal
    place: Place
    correlation: str
    request: str = ""
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """One command, as data: a file in commands/ declares exactly one, named `command`.

    `role` is the least role that may ask (a role of the shipped policy); `risk` says what it may
    do; neither has a default. `run(args, ...)` and `propose(args, ...)` ask for what they use by
    type: Protocols of bot.ports, Caller, and (run only) Proposal. `propose` binds a request to
    immutable values and refuses what must not be asked for; it changes nothing.
    """

    name: str
    args: type[args]
    run: Callable[..., Awaitable[Reply]]
    summary: str
    role: str
    risk: Risk
    examples: tuple[str, ...]
    propose: Callable[..., Awaitable[Proposal]] | None = None
    help: str = ""


__all__ = [
    "BadInput",
    "Caller",
    "Command",
    "Conflict",
    "IntegrationError",
    "NotAuthorised",
    "Place",
    "Principal",
    "Proposal",
    "Refused",
    "Rejected",
    "Reply",
    "Risk",
    "Unreachable",
    "args",
]
