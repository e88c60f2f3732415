"""A deploy from its first look to its closed change: durable, and never blindly repeated.

The order of what happens is here, and only here; each stage has its file beside this one. A stage
may be cut short by a kill and run again: what it does outside is in `trigger.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

import structlog

from bot.deploys.before import Before
from bot.deploys.brake import Brake
from bot.deploys.closing import Closing
from bot.deploys.hold import Hold
from bot.deploys.jobs import Jobs
from bot.deploys.sight import Sight
from bot.deploys.smoke import Smoke
from bot.deploys.stage import FAILED, ON, UNKNOWN, Outcome, Stage, outcome
from bot.deploys.trigger import Trigger
from bot.deploys.undoing import Undo
from bot.deploys.watching import Watch
from bot.errors import AuditUnavailable, StoreFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.deploys.gates import Gate
    from bot.deploys.journal import Journal
    from bot.deploys.patience import Patience
    from bot.deploys.trigger import Allowed
    from bot.model import Json
    from bot.ports import ChangeTickets, Ci, News, Prober, Steps
    from bot.ports.control import Halts

WORKFLOW = "deploy"
Doing: TypeAlias = Callable[[str, Callable[[], Awaitable[Outcome]]], Awaitable[Mapping[str, str]]]
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outer:
    """What the flow asks, and what it changes outside."""

    ci: Ci
    changes: ChangeTickets
    prober: Prober
    gates: Sequence[Gate]
    allowed: Allowed
    halts: Halts
    news: News


@dataclass(frozen=True)
class DeployFlow:
    """The workflow `deploy`, keyed by the deploy's id.

    `batch` is what happens to each batch of sites, in this order; `afterwards` what happens once
    all of them are done. The first stage that does not go on is the end; where several batches
    were to be done and one has failed, `back` happens to each of them, the last one first.
    """

    before: Before
    batch: Sequence[tuple[str, Stage]]
    afterwards: Sequence[tuple[str, Stage]]
    back: Sequence[tuple[str, Stage]]
    closing: Closing
    patience: Patience

    @classmethod
    def made(
        cls,
        journal: Journal,
        outer: Outer,
        patience: Patience,
        *,
        afterwards: Sequence[tuple[str, Stage]] = (),
    ) -> Self:
        """Wire the stages in their order."""
        sight, jobs = Sight(outer.prober), Jobs(journal, outer.ci, patience, outer.news)
        smoke, brake = Smoke(journal, sight, patience), Brake(journal, outer.halts, patience)
        return cls(
            before=Before(journal, sight),
            batch=(
                ("trigger", Trigger(jobs, brake, outer.gates, outer.allowed)),
                ("watch", Watch(jobs)),
                ("smoke", smoke),
                ("brake", brake),
                ("hold", Hold(journal, smoke, brake)),
            ),
            afterwards=afterwards,
            back=(("back", Undo(jobs, smoke, outer.halts)),),
            closing=Closing(journal, outer.changes),
            patience=patience,
        )

    async def __call__(self, steps: Steps, deploy_id: str) -> None:
        """Run one deploy to its end; every stage is remembered."""
        try:
            await self._run(steps, deploy_id)
        except Exception as error:  # the worker's edge: no deploy is left hanging
            LOG.exception("a deploy broke off", deploy=deploy_id)
            text = f"Wardroom itself failed ({type(error).__name__}); look before you go on."
            broken = {"state": UNKNOWN, "text": text}
            await steps.run("broke", lambda: self._insist(lambda: self.closing(deploy_id, broken)))

    async def _run(self, steps: Steps, deploy_id: str) -> None:

        async def step(name: str, work: Callable[[], Awaitable[Outcome]]) -> Mapping[str, str]:
            return _words(await steps.run(name, lambda: self._insist(work)))

        seen = await step("before", lambda: self.before(deploy_id))
        batches = int(seen["batches"])
        last = await self._forward(step, deploy_id, batches)
        if last["state"] == FAILED and batches > 1:
            last = await self._backward(step, deploy_id, batches, last)
        await step("close", lambda: self.closing(deploy_id, last))

    async def _forward(self, step: Doing, deploy_id: str, batches: int) -> Mapping[str, str]:
        """Go through the stages until one does not go on; return how the last one came out."""
        stages = [
            (f"{name} {number + 1}", stage, number)
            for number in range(batches)
            for name, stage in self.batch
        ]
        stages += [(name, stage, batches - 1) for name, stage in self.afterwards]
        last = _words(outcome(ON))
        for name, stage, number in stages:
            came = await step(name, _bound(stage, deploy_id, number))
            last = {**came, "text": came["text"] or last["text"]}
            if last["state"] != ON:
                break
        return last

    async def _backward(
        self, step: Doing, deploy_id: str, batches: int, failed: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Put back what ran before, the last batch first; return how the deploy ended."""
        state, texts = failed["state"], [failed["text"]]
        for number in reversed(range(batches)):
            for name, stage in self.back:
                came = await step(f"{name} {number + 1}", _bound(stage, deploy_id, number))
                if came["state"] != ON:
                    texts.append(came["text"])
                state = UNKNOWN if came["state"] == UNKNOWN else state
        return {"state": state, "text": " ".join(texts)}

    async def _insist(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Wait until the log can be written: what cannot be recorded is not done meanwhile.

        Nor is anything made of a database that does not answer for a moment: a stage runs again.
        """
        while True:
            try:
                return await work()
            except (AuditUnavailable, StoreFailed) as error:
                LOG.error("a deploy waits for the database", why=str(error))  # noqa: TRY400 - its text says all there is to say
                await asyncio.sleep(self.patience.audit)


def _bound(stage: Stage, deploy_id: str, number: int) -> Callable[[], Awaitable[Outcome]]:
    return lambda: stage(deploy_id, number)


def _words(made: Json) -> Mapping[str, str]:
    if not isinstance(made, Mapping):
        raise TypeError("a step of the deploy flow returns an object")
    return {str(name): str(value) for name, value in made.items()}
