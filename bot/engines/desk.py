"""Shows channels and tells them what to do; implements `bot.api.EngineDesk`."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Wanted, endpoints
from bot.deploys.gates import Asked, Moment, pass_all
from bot.engines.judging import counts, figures, judged
from bot.errors import BadInput, IntegrationError, Refused, Throttled, Unreachable
from bot.model import ChannelState, EndpointKind, Proposal, Reason, Reply, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Caller
    from bot.deploys.gates import Gate
    from bot.engines.known import Engines
    from bot.model import Channel, ChannelOrder, Endpoint, EngineChannel, Service
    from bot.ports import Catalogue, Clock

COLUMNS: Final = ("Channel", "Service", "Environment", "State", "Queued", "Errored", "Standing")


@dataclass(frozen=True)
class ChannelDesk:
    """What `engine ...` does; `gates` are those of a deploy that are about any action."""

    engines: Engines
    estate: Catalogue
    gates: Sequence[Gate]
    clock: Clock

    async def list(self, service: Service | None) -> Reply:
        """Return the declared channels, each as its engine tells it now."""
        found = [
            one
            for one in endpoints(self.estate, service.id if service else "")
            if one.kind is EndpointKind.ENGINE
        ]
        if not found:
            of = f" of {service.id}" if service else ""
            return Reply(f"No channel{of} is declared: docs/interface-engines.md says how to.")
        rows = await asyncio.gather(*map(self._row, found))
        said = "1 channel" if len(rows) == 1 else f"{len(rows)} channels"
        return Reply(
            f"{said}: `engine show NAME` has the counts of one.",
            title="Channels of interface engines",
            table=Table(COLUMNS, tuple(rows)),
        )

    async def show(self, channel: EngineChannel) -> Reply:
        """Return one channel with its counts."""
        endpoint = channel.endpoint
        found, idle = await self.engines.look(endpoint, self.clock.now())
        finding = judged(found, idle, endpoint)
        return Reply(
            f"{_named(channel)} {finding.detail}: {finding.standing.value}.",
            title=f"{endpoint.name}: {found.state.value}",
            fields=(
                ("Engine", endpoint.engine),
                ("Called there", found.name),
                ("Filtered", str(found.filtered)),
                ("Idle for at least", f"{int(idle.total_seconds())} s"),
            ),
            refs={
                **figures(found, idle),
                "channel": endpoint.name,
                "standing": finding.standing.value,
            },
        )

    async def propose(self, channel: EngineChannel, order: ChannelOrder, reason: str) -> Proposal:
        """Bind the asking to the channel's id and to the state that it has now."""
        if not reason.strip():
            raise BadInput(
                "Say why: `--reason ...` is what the approvers and the record will read."
            )
        found, _ = await self.engines.look(channel.endpoint, self.clock.now())
        _require(channel, order, found)
        values = {"channel": channel.endpoint.name, "reason": reason}
        facts = {
            "engine": channel.endpoint.engine,
            "channel_id": found.id,
            "called_there": found.name,
            "state": found.state.value,
            "safety_class": channel.service.safety_class,
        }
        summary = f"{order.value.capitalize()} {_named(channel)}"
        return Proposal(f"engine {order.value}", values, facts, summary)

    async def check(
        self, channel: EngineChannel, reason: str, caller: Caller
    ) -> tuple[tuple[str, str], ...]:
        """Refuse under a stop-all, in a freeze, past a lock; return what waits and what went."""
        wanted = Wanted(
            service=channel.service,
            environment=channel.environment,
            version="",
            reason=reason,
            requester=caller.principal.id,
            correlation=caller.correlation,
            request=caller.request,
        )
        passed = await pass_all(self.gates, Asked(wanted, "", Moment.REQUEST))
        found, idle = await self.engines.look(channel.endpoint, self.clock.now())
        idle_for = f"idle for at least {int(idle.total_seconds())} s"
        return (*passed, ("Now", f"{counts(found)}, {idle_for}"))

    async def tell(self, channel: EngineChannel, order: ChannelOrder, proposal: Proposal) -> Reply:
        """Tell the channel once, and answer by what it says afterwards."""
        engine, channel_id = self.engines.of(channel.endpoint), proposal.facts["channel_id"]
        lost = ""
        try:
            await engine.order(channel_id, order)
        except Throttled:
            raise  # nothing happened there
        except Unreachable as error:
            lost = error.text
        found = await self._settled(channel_id, channel.endpoint, order.leads_to)
        if found is not None and found.state is order.leads_to:
            text = f"{_named(channel)} is {found.state.value}: {counts(found)}."
            return Reply(
                text,
                title=f"{channel.endpoint.name}: {found.state.value}",
                refs=_refs(channel, found),
            )
        return _unknown(channel, order, found, lost)

    async def look(self) -> None:
        """See which channels move, so that one that does not is known to be idle."""
        await self.engines.watch(endpoints(self.estate), self.clock.now())

    async def _settled(
        self, channel_id: str, endpoint: Endpoint, wanted: ChannelState
    ) -> Channel | None:
        """Return a channel once it is in a state, or as it was seen last; None for not at all."""
        engine, last = self.engines.of(endpoint), None
        until = asyncio.get_running_loop().time() + self.engines.settles
        while True:
            with contextlib.suppress(IntegrationError):  # asked again, as long as there is time
                last = await engine.channel(channel_id)
            if last is not None and last.state is wanted:
                return last
            if asyncio.get_running_loop().time() >= until:
                return last
            await asyncio.sleep(self.engines.poll)

    async def _row(self, endpoint: Endpoint) -> tuple[str, ...]:
        where = endpoint.name, endpoint.service, endpoint.environment
        try:
            found, idle = await self.engines.look(endpoint, self.clock.now())
        except IntegrationError as error:
            return (*where, "not known", "", "", error.text)
        standing = judged(found, idle, endpoint).standing.value
        return (*where, found.state.value, str(found.queued), str(found.errored), standing)


def _named(channel: EngineChannel) -> str:
    return f"{channel.endpoint.name} ({channel.service.id} in {channel.environment})"


def _refs(channel: EngineChannel, found: Channel) -> dict[str, str]:
    return {
        "channel": channel.endpoint.name,
        "state": found.state.value,
        "queued": str(found.queued),
    }


def _require(channel: EngineChannel, order: ChannelOrder, found: Channel) -> None:
    """Refuse an order that changes nothing, or that the channel cannot take now."""
    name, state = channel.endpoint.name, found.state
    if state is order.leads_to:
        raise Refused(Reason.DUPLICATE, f"{name} is {state.value} already; nothing was done.")
    if state not in order.begins_in:
        begins = " or ".join(sorted(order.begins_in))
        raise Refused(
            Reason.FAILED,
            f"{name} is {state.value}, and `engine {order.value}` is for a channel that is "
            f"{begins}. `engine show {name}` shows it; nothing was done.",
        )


def _unknown(
    channel: EngineChannel, order: ChannelOrder, found: Channel | None, lost: str
) -> Reply:
    """Return that it was told, and was not seen to do it: a human looks, nobody repeats."""
    name = channel.endpoint.name
    now = f"it is {found.state.value} now" if found else "it cannot be seen now"
    told = lost or f"{name} was told to {order.value}."
    return Reply(
        f"{told} Whether it will be {order.leads_to.value} is not known: {now}. "
        f"`engine show {name}` looks again; it is not told a second time by itself.",
        reason=Reason.UNKNOWN_OUTCOME,
        title=f"{name}: not known",
        refs=_refs(channel, found) if found else {"channel": name},
    )
