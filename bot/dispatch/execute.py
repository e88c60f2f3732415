"""Carries a command out: its parameters are filled by type, its outcome is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.api import Caller, Done
from bot.errors import ConfigurationError
from bot.model import Proposal, Reply, Request, Risk, Visibility
from bot.wiring import bind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.api import Command
    from bot.dispatch.parse import Parsed
    from bot.dispatch.recording import Recorder
    from bot.dispatch.turn import Turn
    from bot.ports import Effect
    from bot.registry import Registry


Found: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bound:
    """A command's functions, waiting only for what differs by call."""

    run: Callable[[Mapping[type, object]], Awaitable[Reply | Done]]
    propose: Callable[[Mapping[type, object]], Awaitable[Proposal]] | None
    check: Callable[[Mapping[type, object]], Awaitable[Found | None]] | None
    on_request: Callable[[Mapping[type, object]], Awaitable[Done]] | None
    on_withdrawn: Callable[[Mapping[type, object]], Awaitable[tuple[Effect[object], ...]]] | None


class Executor:
    """Knows every command's functions; a missing provider refuses to start."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._bound: dict[str, Bound] = {}

    def wire(self, registry: Registry, providers: Mapping[type, object]) -> None:
        """Fill every command's parameters; a second step, for a provider may need the executor."""
        self._bound = {c.name: _bind(c, providers) for c in registry.commands}

    async def propose(self, parsed: Parsed, caller: Caller) -> Proposal:
        """Return what exactly is asked for, in immutable values, or refuse."""
        propose = self._bound[parsed.command.name].propose
        if propose is None:
            line = " ".join([parsed.command.name, *parsed.values.values()])
            return Proposal(parsed.command.name, parsed.values, {}, line)
        return await propose({type(parsed.args): parsed.args, Caller: caller})

    async def check(self, turn: Turn) -> None:
        """Refuse what must not be done now; the turn keeps what was found."""
        check = self._bound[turn.command.command.name].check
        if check is not None:
            turn.found = await check(_values(turn)) or ()

    async def on_request(self, turn: Turn) -> Done:
        """Return what else changes when a request for this command is opened."""
        hook = self._bound[turn.command.command.name].on_request
        if hook is None:
            return Done((), lambda _results: Reply(""))
        return await hook(_values(turn))

    async def on_withdrawn(self, request: Request) -> tuple[Effect[object], ...]:
        """Return what else changes when a request ends without running."""
        bound = self._bound.get(request.proposal.command)
        if bound is None or bound.on_withdrawn is None:
            return ()
        return await bound.on_withdrawn({Request: request})

    async def run(self, turn: Turn) -> Reply:
        """Run the command and record its outcome; what it raises is the caller's to record."""
        made = await self._bound[turn.command.command.name].run(_values(turn))
        if turn.facts.dry_run:
            would = made if isinstance(made, Reply) else await self._recorder.rehearse(turn, made)
            return await self._recorder.outcome(turn, _rehearsed(would))
        if isinstance(made, Reply):
            return await self._recorder.outcome(turn, made)
        reply, results = await self._recorder.done(turn, made)
        return await made.after(reply, results) if made.after else reply


def _rehearsed(would: Reply) -> Reply:
    return Reply(
        text=f"Dry run, nothing was changed. It would have said: {would.text}",
        reason=would.reason,
        title="Dry run",
        fields=would.fields,
        visibility=Visibility.PRIVATE,
    )


def _values(turn: Turn) -> dict[type, object]:
    arguments = turn.command.args
    values: dict[type, object] = {type(arguments): arguments, Caller: turn.caller()}
    if turn.proposal is not None:
        values[Proposal] = turn.proposal
    return values


def _bind(command: Command, providers: Mapping[type, object]) -> Bound:
    asking = (command.args, Caller)
    if (command.on_request or command.check) and not command.propose:
        raise ConfigurationError(f"`{command.name}` checks or asks, but proposes nothing")
    if not (command.risk is Risk.READ or command.propose or command.repeatable):
        # Run is then the only thing that can be asked of it, so it must be one that can be undone.
        raise ConfigurationError(
            f"`{command.name}` changes something outside, so a dry run needs its `propose`"
        )
    bound = (*asking, Proposal)
    return Bound(
        run=bind(command.run, providers, bound),
        propose=bind(command.propose, providers, asking) if command.propose else None,
        check=bind(command.check, providers, bound) if command.check else None,
        on_request=bind(command.on_request, providers, bound) if command.on_request else None,
        on_withdrawn=bind(command.on_withdrawn, providers, (Request,))
        if command.on_withdrawn
        else None,
    )
