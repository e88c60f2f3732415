"""A person of the clinic confirms a deploy in chat, or it is not validated.

The environment stays locked while the validator looks, so that what they look at is what was
deployed: it is held until they answer, until their time is over, or until a rollback takes its
place, which is possible at any moment. A deploy that waits is a row and nothing that runs: a kill
loses none, and a look at the rows every few seconds ends those whose time is over. No answer is
no success: such a deploy and its change stay open until somebody answers late, or until another
version takes its place, for nobody can look at what does not run any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import Done
from bot.deploys.card import card, topic
from bot.deploys.plan import CLOSE, VALIDATE, advanced, batches_of, has_changed
from bot.deploys.validation_notices import asking, settled, topic_of, unanswered
from bot.errors import AuditUnavailable, BadInput, Conflict, NotAuthorised, StoreFailed
from bot.model import (
    BatchState,
    ChangeResult,
    Deploy,
    DeployState,
    Kind,
    Place,
    Reason,
    Reply,
    StepState,
    Validator,
)
from bot.model.estate import WATCH
from bot.moments import written
from bot.ports import Duty

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.api import Caller
    from bot.deploys.journal import Journal
    from bot.model import Principal, Service
    from bot.ports import ChangeTickets, Directory, Duties, Effect, OnCall, Transaction
    from bot.stores import Validations

VALIDATION: Final = "deploy validation"
MOST_CHATS: Final = 10
"""How many people are asked in their own chats; a role that more of them hold reads the channel."""
FALLBACK: Final = Validator(role="clinical_safety_officer")
"""Who validates a deploy whose environment names nobody any more."""
_LOOKED_BACK: Final = 100  # deploys of one environment
_OPEN: Final = frozenset({DeployState.STARTED, DeployState.UNKNOWN})
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ValidationDesk:
    """Asks for validations and takes them; implements `bot.api.Validating`."""

    journal: Journal
    validations: Validations
    changes: ChangeTickets
    people: Directory
    holds: Callable[[Principal, str], bool]
    on_call: OnCall
    duties: Duties
    own_chats: Callable[[str], Awaitable[Sequence[Place]]]

    async def ask(self, deploy: Deploy, service: Service, validator: Validator) -> Deploy:
        """Have a deploy wait for its validator, who is told with two buttons."""
        environment = service.environment(deploy.environment)
        until = self.journal.clock.now() + (environment.watch if environment else WATCH)
        outcome = f"It waits until {written(until)} for {validator} to confirm that it works."
        steps = advanced(deploy.steps, VALIDATE, StepState.RUNNING, outcome)
        shown, question = topic_of(deploy), asking(deploy, validator, until)
        places = [*_channels(service), *await self._chats(validator, deploy)]
        draft = self.journal.draft(deploy, Kind.SYSTEM, VALIDATION)
        draft = replace(draft, text=f"{VALIDATE}: {outcome}")

        def begin(tx: Transaction) -> Deploy:
            self.validations.begin(deploy.id, until, outcome=outcome)(tx)
            waiting = self.journal.deploys.note(deploy.id, steps=steps)(tx)
            self.journal.notices.keep(shown, question)(tx)
            for place in dict.fromkeys(places):
                self.journal.notices.promise(shown, place)(tx)
            self.journal.notices.keep(topic(waiting), card(waiting))(tx)
            return waiting

        await self.journal.ledger.append(draft, begin)
        await self._tell(topic(deploy), shown)
        return await self.journal.deploy(deploy.id)

    async def answer(self, caller: Caller, deploy_id: str, *, is_good: bool, said: str) -> Done:
        """Take a validator's answer, in time or late."""
        deploy = await self._asked(deploy_id)
        service = self.journal.catalogue.service(deploy.service)
        validator = self._validator(service, deploy)
        await self._require(caller.principal, validator, deploy)
        if not is_good and not said.strip():
            raise BadInput("Say what is wrong: `--reason ...` is what everybody will read.")
        later = await self._later(deploy)
        if later is not None:
            raise BadInput(
                f"{deploy.id} does not run there any more, so there is nothing to look at: "
                f"{later.id} ({later.version}) came after it. `deploy status {later.id}` says how "
                "that stands."
            )
        now = self.journal.clock.now()
        outcome = _outcome(deploy, caller.principal.id, said, is_good=is_good)
        closing = self._closing(deploy, outcome, is_good=is_good)
        shown = topic_of(deploy)

        def take(tx: Transaction) -> Deploy:
            self.validations.answer(
                deploy.id,
                is_good=is_good,
                by=caller.principal.id,
                said=said,
                outcome=outcome,
                at=now,
            )(tx)
            state = StepState.DONE if is_good else StepState.FAILED
            steps = advanced(deploy.steps, VALIDATE, state, outcome)
            steps = advanced(steps, CLOSE, StepState.DONE, "")
            ended = self.journal.deploys.note(deploy.id, steps=steps)(tx)
            self.journal.notices.keep(topic(ended), card(ended))(tx)
            self.journal.notices.keep(shown, settled(ended))(tx)
            for effect in closing:
                effect(tx)
            return ended

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self._tell(topic(deploy), shown)
            return reply

        return Done((take,), lambda results: _said(results[0]), tell)

    def give_way(self, deploy_id: str, by: str) -> Effect[None]:
        """Let a rollback have the place of a deploy that nobody has validated yet."""
        outcome = f"{by} rolled it back before it was validated."
        given = self._given_way(deploy_id, outcome, ChangeResult.ROLLED_BACK)

        def effect(tx: Transaction) -> None:
            given(tx)

        return effect

    def _given_way(self, deploy_id: str, outcome: str, result: ChangeResult) -> Effect[bool]:
        """Say whether there was anything to end."""
        now = self.journal.clock.now()

        def effect(tx: Transaction) -> bool:
            ended = self.validations.give_way(deploy_id, outcome=outcome, at=now)(tx)
            if ended is None:
                return False
            steps = advanced(ended.steps, VALIDATE, StepState.SKIPPED, outcome)
            ended = self.journal.deploys.note(deploy_id, steps=steps)(tx)
            if ended.change:
                note = f"{ended.id}: {outcome}"
                _close_if_open(self.changes, ended.change, result, note)(tx)
            self.journal.notices.keep(topic(ended), card(ended))(tx)
            self.journal.notices.keep(topic_of(ended), settled(ended))(tx)
            return True

        return effect

    async def look(self) -> None:
        """End what nobody validated in time; the job that does so tries again."""
        try:
            await self.end_due()
            await self.end_overtaken()
        except (AuditUnavailable, StoreFailed):
            LOG.warning("validations that are over are ended once the log can be written")

    async def end_due(self) -> int:
        """End every wait whose time is over as not validated; return how many."""
        ended = 0
        for deploy_id in await self.validations.due(self.journal.clock.now()):
            deploy = await self.journal.deploy(deploy_id)
            try:
                await self._lapse(deploy)
            except Conflict:
                continue  # it was answered in the same moment
            ended += 1
        return ended

    async def end_overtaken(self) -> int:
        """End what nobody validated and what does not run any more; return how many."""
        ended = 0
        for deploy_id in await self.validations.unanswered():
            deploy = await self.journal.deploy(deploy_id)
            later = await self._later(deploy)
            if later is None or later.state in _OPEN:
                continue
            try:
                await self._overtaken(deploy, later)
            except Conflict:
                continue  # it was answered in the same moment, or another replica was first
            ended += 1
        return ended

    def is_lacking(self, deploy: Deploy, service: Service) -> bool:
        """Say whether a deploy has only to be validated: its jobs and its probes went well."""
        environment = service.environment(deploy.environment)
        is_named = environment is not None and environment.validator is not None
        return is_named and all(one.state is BatchState.DONE for one in batches_of(deploy))

    async def lost(self, deploy: Deploy, why: str) -> None:
        """End a deploy whose flow was lost before its validator was asked: it is not validated."""
        begin = self.validations.begin(deploy.id, self.journal.clock.now(), outcome=why)
        await self._end(deploy, f"Nobody was asked to validate it. {why}", begin)

    async def _later(self, deploy: Deploy) -> Deploy | None:
        """Return the newest deploy that has changed what runs there since, or None."""
        if deploy.state is not DeployState.NOT_VALIDATED:
            return None  # it holds its environment
        found = await self.journal.deploys.list(
            service=deploy.service, environment=deploy.environment, limit=_LOOKED_BACK
        )
        number = int(deploy.id.partition("-")[2])
        since = (one for one in found if int(one.id.partition("-")[2]) > number)
        return next((one for one in since if has_changed(one)), None)

    async def _overtaken(self, deploy: Deploy, later: Deploy) -> None:
        outcome = f"{later.id} ({later.version}) took its place before anybody validated it."
        given = self._given_way(deploy.id, outcome, ChangeResult.FAILED)

        def ending(tx: Transaction) -> None:
            if not given(tx):
                raise Conflict(f"{deploy.id} was settled meanwhile", reason=Reason.DUPLICATE)

        draft = self.journal.draft(deploy, Kind.ENDED, "deploy")
        draft = replace(draft, reason=Reason.FAILED, text=outcome)
        await self.journal.ledger.append(draft, ending)
        await self._tell(topic(deploy), topic_of(deploy))

    async def _lapse(self, deploy: Deploy) -> None:
        validator = self._validator(self.journal.catalogue.service(deploy.service), deploy)
        until = written(deploy.validate_until) if deploy.validate_until else "now"
        await self._end(deploy, f"Nobody validated it until {until}: {validator} was asked.")

    async def _end(self, deploy: Deploy, outcome: str, *first: Effect[object]) -> None:
        """End a deploy as not validated, and tell its owner."""
        service = self.journal.catalogue.service(deploy.service)
        steps = advanced(deploy.steps, VALIDATE, StepState.UNKNOWN, outcome)
        places = _channels(service) if service else []
        places += [deploy.place] if deploy.place else []
        places += await self.own_chats(deploy.requester)
        shown, notice = topic_of(deploy), unanswered(deploy, outcome)

        def lapse(tx: Transaction) -> Deploy:
            for effect in first:
                effect(tx)
            self.validations.lapse(deploy.id, outcome=outcome)(tx)
            late = self.journal.deploys.note(deploy.id, steps=steps)(tx)
            if late.change:
                self.changes.remark(late.change, f"{late.id} was not validated: {outcome}")(tx)
            self.journal.notices.keep(topic(late), card(late))(tx)
            self.journal.notices.keep(shown, settled(late))(tx)
            self.journal.notices.keep(notice.topic, notice)(tx)
            for place in dict.fromkeys(places):
                self.journal.notices.promise(notice.topic, place)(tx)
            return late

        draft = self.journal.draft(deploy, Kind.SYSTEM, VALIDATION)
        await self.journal.ledger.append(replace(draft, reason=Reason.EXPIRED, text=outcome), lapse)
        await self._tell(topic(deploy), shown, notice.topic)

    async def _asked(self, deploy_id: str) -> Deploy:
        deploy = await self.journal.deploys.show(deploy_id)
        if deploy is None:
            raise BadInput(f"There is no deploy {deploy_id}.", reason=Reason.NOT_FOUND)
        if deploy.state not in (DeployState.VALIDATING, DeployState.NOT_VALIDATED):
            state = deploy.state.value.replace("_", " ")
            raise BadInput(f"{deploy.id} is {state}, so there is nothing to validate.")
        return deploy

    def _validator(self, service: Service | None, deploy: Deploy) -> Validator:
        environment = service.environment(deploy.environment) if service else None
        return environment.validator if environment and environment.validator else FALLBACK

    async def _require(self, who: Principal, validator: Validator, deploy: Deploy) -> None:
        if not self._is_named(who, validator):
            raise NotAuthorised(f"{deploy.id} is validated by {validator}; ask them to look.")
        why = await self.duties.refusal(who, Duty.VALIDATOR, deploy)
        if why:
            raise NotAuthorised(f"You cannot validate {deploy.id}: {why.rstrip('.')}.")

    def _is_named(self, who: Principal, validator: Validator) -> bool:
        if validator.person:
            return who.id == validator.person
        if validator.rota:
            return who.id in self.on_call.now(validator.rota, self.journal.clock.now())
        return self.holds(who, validator.role)

    async def _chats(self, validator: Validator, deploy: Deploy) -> Sequence[Place]:
        """Return the own chats of those who may validate."""
        named = [who for who in self.people.people() if self._is_named(who, validator)]
        if len(named) > MOST_CHATS:
            return []
        may = [who for who in named if not await self.duties.refusal(who, Duty.VALIDATOR, deploy)]
        return [place for who in may for place in await self.own_chats(who.id)]

    def _closing(self, deploy: Deploy, outcome: str, *, is_good: bool) -> Sequence[Effect[object]]:
        """Return what closes the change, unless somebody closed it by hand."""
        if not deploy.change:
            return ()
        result = ChangeResult.SUCCESSFUL if is_good else ChangeResult.FAILED
        return (_close_if_open(self.changes, deploy.change, result, f"{deploy.id}: {outcome}"),)

    async def _tell(self, *topics: str) -> None:
        for each in topics:
            await self.journal.notices.tell(each)


def _close_if_open(
    changes: ChangeTickets, number: str, result: ChangeResult, note: str
) -> Effect[object]:
    """Close a change; one that somebody closed by hand stays as they closed it."""

    def effect(tx: Transaction) -> object:
        try:
            return changes.close(number, result, note)(tx)
        except Conflict:
            return None

    return effect


def _outcome(deploy: Deploy, by: str, said: str, *, is_good: bool) -> str:
    verdict = "confirmed that it works" if is_good else "found that it does not work"
    note = f": {said.strip()}" if said.strip() else ""
    until = deploy.validate_until if deploy.state is DeployState.NOT_VALIDATED else None
    after = f" That was after {written(until)}." if until else ""
    return f"{by} {verdict}{note or '.'}{after}"


def _said(result: object) -> Reply:
    if not isinstance(result, Deploy):
        raise TypeError(f"not a deploy: {type(result).__name__}")
    # Done is done: a deploy that failed is what was said, and no failure of saying so.
    return replace(card(result), topic="", buttons=(), progress=(), reason=Reason.OK)


def _channels(service: Service) -> list[Place]:
    parted = (name.partition(":") for name in service.channels)
    return [Place(platform, channel) for platform, _, channel in parted]
