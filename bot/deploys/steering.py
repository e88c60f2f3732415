"""What people ask of a deploy that is scheduled or runs; implements `bot.api.Steering`.

It is a wish in the deploy's row: the flow sees it before every trigger and in every hold. A job
that was started is always watched to its end, for nobody can unstart it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.api import Done
from bot.deploys.card import card, topic
from bot.deploys.plan import batches_of
from bot.deploys.schedule import called_off
from bot.errors import BadInput, NotAuthorised, Refused
from bot.model import BatchState, Deploy, DeployState, Principal, Reason, Reply, Wish

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.deploys.journal import Journal
    from bot.ports import ChangeTickets, Transaction
    from bot.stores import Requests

ROLE = "deployer"


@dataclass(frozen=True)
class SteeringDesk:
    """Writes wishes down; `holds` says whether somebody has a role."""

    journal: Journal
    changes: ChangeTickets
    requests: Requests
    holds: Callable[[Principal, str], bool]

    async def pause(self, caller: Caller, deploy_id: str, why: str) -> Done:
        """Have nothing further started until it is resumed."""
        deploy = await self._for(caller, deploy_id)
        if deploy.state is not DeployState.STARTED:
            raise Refused(Reason.BAD_INPUT, f"{_stands(deploy)}, so there is nothing to pause.")
        if all(batch.state is not BatchState.WAITING for batch in batches_of(deploy)):
            raise Refused(
                Reason.BAD_INPUT,
                f"The last job of {deploy.id} has been started, so nothing is left to pause. "
                f"`deploy abort {deploy.id} --reason ...` stops it after that job.",
            )
        return self._wish(caller, deploy, Wish.PAUSE, why)

    async def resume(self, caller: Caller, deploy_id: str) -> Done:
        """Let a paused deploy go on."""
        deploy = await self._for(caller, deploy_id)
        if deploy.state is not DeployState.STARTED or deploy.wish is not Wish.PAUSE:
            raise Refused(Reason.BAD_INPUT, f"{deploy.id} is not paused.")
        return self._wish(caller, deploy, Wish.NONE, "")

    async def abort(self, caller: Caller, deploy_id: str, why: str) -> Done:
        """End a deploy before its next trigger, or before it begins."""
        deploy = await self._for(caller, deploy_id)
        if deploy.state is DeployState.SCHEDULED:
            return self._call_off(caller, deploy, why)
        if deploy.state is not DeployState.STARTED:
            raise Refused(Reason.DUPLICATE, f"{_stands(deploy)}, so there is nothing to abort.")
        return self._wish(caller, deploy, Wish.ABORT, why)

    async def _for(self, caller: Caller, deploy_id: str) -> Deploy:
        """Return the deploy, if the caller may steer it."""
        deploy = await self.journal.deploys.show(deploy_id)
        if deploy is None:
            raise BadInput(f"There is no deploy {deploy_id}.", reason=Reason.NOT_FOUND)
        who = caller.principal
        request = await self.requests.show(deploy.request) if deploy.request else None
        approvers = {one.person for one in request.approvals} if request else set()
        if who.id == deploy.requester or who.id in approvers or self.holds(who, ROLE):
            return deploy
        raise NotAuthorised(
            f"{deploy.id} is steered by deployers, by {deploy.requester} who asked for it, and by "
            "those who approved it."
        )

    def _wish(self, caller: Caller, deploy: Deploy, wish: Wish, why: str) -> Done:
        store = self.journal.deploys

        def effect(tx: Transaction) -> Deploy:
            wished = store.wish(deploy.id, wish, by=caller.principal.id, why=why)(tx)
            self.journal.notices.keep(topic(wished), card(wished))(tx)
            return wished

        return Done((effect,), lambda results: _said(results[0]), self._show)

    def _call_off(self, caller: Caller, deploy: Deploy, why: str) -> Done:
        text = f"{caller.principal.id} called it off before it began: {why}"
        end, *others = called_off(self.journal, self.changes, deploy, Reason.CANCELLED, text)

        def effect(tx: Transaction) -> object:
            ended = end(tx)
            if isinstance(ended, Deploy):
                self.journal.notices.keep(topic(ended), card(ended))(tx)
            return ended

        return Done((effect, *others), lambda results: _said(results[0]), self._show)

    async def _show(self, reply: Reply, results: tuple[object, ...]) -> Reply:
        await self.journal.notices.tell(topic(_deploy(results[0])))
        return reply


def _said(result: object) -> Reply:
    deploy = _deploy(result)
    if deploy.state is DeployState.STOPPED:
        text = f"{deploy.id} is called off; it does not run."
    elif deploy.wish is Wish.PAUSE:
        text = (
            f"{deploy.id} is paused: nothing further is started. `deploy resume {deploy.id}` "
            "lets it go on."
        )
    elif deploy.wish is Wish.ABORT:
        text = f"{deploy.id} ends before anything further is started; a job that runs is watched."
    else:
        text = f"{deploy.id} goes on."
    return Reply(text, refs={"deploy": deploy.id})


def _stands(deploy: Deploy) -> str:
    return f"{deploy.id} is {deploy.state}"


def _deploy(result: object) -> Deploy:
    if not isinstance(result, Deploy):
        raise TypeError(f"not a deploy: {type(result).__name__}")
    return result
