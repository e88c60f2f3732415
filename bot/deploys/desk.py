"""Plans, checks and starts deploys; implements `bot.api.Deployments`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.api import Done
from bot.calendars.typed import Reader, local_text
from bot.deploys.card import card, topic
from bot.deploys.flow import WORKFLOW
from bot.deploys.gates import Asked, Moment, pass_all
from bot.deploys.plan import VALIDATE, first_steps, has_changed, is_touched
from bot.deploys.schedule import GRACE
from bot.dispatch.outbound import masked_text
from bot.errors import BadInput, Refused, Rejected
from bot.model import (
    Batch,
    Change,
    ChangeResult,
    ChangeType,
    Deploy,
    DeployState,
    NewChange,
    Place,
    Proposal,
    Reason,
    Reply,
)
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from bot.api import Caller, Wanted
    from bot.deploys.gates import Gate, Shown
    from bot.deploys.origins import Origins
    from bot.deploys.urgent import Urgent
    from bot.model import Request, Service
    from bot.ports import (
        ChangeTickets,
        Ci,
        Clock,
        Effect,
        Engine,
        Freezes,
        Notices,
        Transaction,
    )
    from bot.stores import DeployStore

NEW = "opened with it"
PRODUCTION = "production"
# A change opened for a request has to outlive the request's own four hours of waiting.
WINDOW = timedelta(hours=8)
IMPACT = {
    "A": "None expected: the service is IEC 62304 class A.",
    "B": "Results or messages may be delayed during the restart (IEC 62304 class B).",
    "C": "Patient care may be affected if it fails (IEC 62304 class C).",
}


@dataclass(frozen=True)
class DeployDesk:
    """What `deploy` and `rollback` share: both end in the same durable flow."""

    deploys: DeployStore
    ci: Ci
    changes: ChangeTickets
    gates: Sequence[Gate]
    engine: Engine
    notices: Notices
    clock: Clock
    freezes: Freezes
    giving_way: Callable[[str, str], Effect[None]]
    origins: Origins
    urgent: Urgent

    def planned(self, service: Service, text: str) -> datetime | None:
        """Return the moment that is typed, as clocks at the service's site show it."""
        if not text:
            return None
        read = Reader(self.freezes.zone(service.id), self.clock.now())
        return read(text).replace(second=0, microsecond=0)

    async def propose(self, wanted: Wanted, values: Mapping[str, str], verb: str) -> Proposal:
        """Resolve the version to a commit and return exactly what would be done."""
        service = wanted.service
        if service.ci is None:
            raise BadInput(f"{service.id} has no CI in the estate file, so it cannot be deployed.")
        try:
            commit = await self.ci.resolve(service, wanted.version)
        except Rejected as error:
            raise BadInput(
                f"There is no version `{wanted.version}` of {service.id}: {error.text} "
                f"Type `ci status {service.id}` to see what was built."
            ) from error
        facts = {"commit": commit, "safety_class": service.safety_class}
        if wanted.environment == PRODUCTION:
            facts["change"] = wanted.change or NEW
        if wanted.rollback_of:
            facts["rolls_back"] = wanted.rollback_of
        facts |= await self.origins.facts(service, wanted.environment, commit, wanted.change)
        sites = await self._touched(wanted.rollback_of)
        if sites:
            facts["sites"] = ", ".join(sites)
        if wanted.planned is not None:
            facts["planned"] = wanted.planned.isoformat(timespec="minutes")
        title = "Roll back" if verb == "rollback" else "Deploy"
        summary = f"{title} {service.id} {wanted.version} to {wanted.environment}"
        if sites:
            summary = f"{summary} at {' and '.join(sites)}"
        if wanted.planned is not None:
            at = local_text(wanted.planned, self.freezes.zone(service.id))
            summary = f"{summary}, to start {at}"
        return Proposal(verb, values, facts, summary)

    async def check(self, wanted: Wanted, proposal: Proposal) -> Shown:
        """Refuse what a gate refuses: freezes, locks, CI that is not green, changes, and so on."""
        if wanted.planned is not None and self.clock.now() > wanted.planned + GRACE:
            raise Refused(
                Reason.EXPIRED,
                f"It was to start at {written(wanted.planned)}, which is over. Ask again with a "
                "later `--at`.",
            )
        asked = Asked(wanted, proposal.facts["commit"], Moment.REQUEST, when=wanted.planned)
        return await pass_all(self.gates, asked)

    def open_change(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Open the change record that the deploy needs, from its own facts."""
        if proposal.facts.get("change") != NEW:
            return Done((), lambda _results: Reply(""))

        def say(results: tuple[object, ...]) -> Reply:
            number = _change(results[0]).number
            return Reply("", fields=(("Change", number),), refs={"change": number})

        return Done((self.changes.open(self._new_change(wanted, proposal, caller)),), say)

    def start(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Keep the deploy, take its lock, and start its durable flow; a planned one only waits."""

        def begin(tx: Transaction) -> Deploy:
            if wanted.rollback_of:
                self.giving_way(wanted.rollback_of, caller.principal.id)(tx)
            number = wanted.change
            if proposal.facts.get("change") == NEW:
                change = self.changes.open(self._new_change(wanted, proposal, caller))(tx)
                number = change.number
                if change.type is ChangeType.EMERGENCY:
                    self.urgent.review(change, caller)(tx)
            deploy = self.deploys.open(self._new(wanted, proposal, caller, number))(tx)
            starts = deploy.state is DeployState.STARTED
            if number:
                self.changes.link(
                    number,
                    request=caller.request,
                    deploy=deploy.id if starts else "",
                    approvers=caller.approvers,
                )(tx)
            if starts:
                self.engine.start(WORKFLOW, deploy.id)(tx)
            shown = topic(deploy)
            self.notices.keep(shown, card(deploy))(tx)
            for channel in wanted.service.channels:
                platform, _, name = channel.partition(":")
                place = Place(platform, name)
                self.notices.promise(shown, place, by_door=place == caller.place)(tx)
            return deploy

        async def show(reply: Reply, results: tuple[object, ...]) -> Reply:
            await self.notices.tell(topic(_deploy(results[0])))
            return reply

        return Done((begin,), lambda results: card(_deploy(results[0])), show)

    async def withdrawn(self, request: Request) -> tuple[Effect[object], ...]:
        """Close the change that was opened for a request which will not run."""
        service = request.proposal.values.get("service", "")
        if request.proposal.facts.get("change") != NEW:
            return ()
        found = await self.changes.list(service=service, open_only=True, limit=100)
        mine = next((c for c in found if c.correlation == request.correlation), None)
        if mine is None:
            return ()
        note = f"{request.id} did not run"
        return (self.changes.close(mine.number, ChangeResult.NOT_IMPLEMENTED, note),)

    async def last_good(self, service: Service, environment: str) -> tuple[str, str]:
        """Return the last known-good version before what runs now, and the deploy it undoes."""
        history = await self.deploys.list(service=service.id, environment=environment, limit=50)
        ended = [deploy for deploy in history if has_changed(deploy)]
        if not ended:
            raise Refused(
                Reason.NOT_FOUND,
                f"Nothing was deployed to {environment} of {service.id} from here, so there is "
                f"no known-good version to go back to. `deploy {service.id} VERSION to "
                f"{environment} --reason ...` deploys one you name.",
            )
        latest = ended[0]
        for deploy in ended[1:]:
            if deploy.state is DeployState.SUCCEEDED and deploy.version != latest.version:
                return deploy.version, latest.id
        oldest = next((d for d in reversed(ended) if d.replaced), latest)
        if oldest.replaced and oldest.replaced != latest.version:
            return oldest.replaced, latest.id
        raise Refused(
            Reason.NOT_FOUND,
            f"No version other than {latest.version} is known to have worked in {environment} "
            f"of {service.id}. `deploy {service.id} VERSION to {environment} --reason ...` "
            "deploys one you name.",
        )

    def _new_change(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> NewChange:
        service = wanted.service
        start = wanted.planned or self.clock.now()
        return NewChange(
            service=service.id,
            environment=wanted.environment,
            summary=f"{proposal.summary}: {wanted.reason}",
            requester=caller.principal.id,
            type=ChangeType.EMERGENCY if self.urgent.grant(wanted, caller) else ChangeType.NORMAL,
            clinical_impact=IMPACT.get(service.safety_class, ""),
            backout=f"rollback {service.id} {wanted.environment}",
            window_start=start,
            window_end=start + WINDOW,
            version=wanted.version,
            correlation=caller.correlation,
            sites=wanted.sites or service.sites,
            implementation=self._implementation(proposal),
            test_evidence=f"CI is green for commit {proposal.facts['commit'][:12]}.",
            validator=_validator(service, wanted.environment),
            despite=wanted.despite,
            despite_reason=wanted.reason if wanted.despite else "",
        )

    def _implementation(self, proposal: Proposal) -> str:
        """Return what is done, with the commits that go out: people's own words go as guarded."""
        facts, service = proposal.facts, proposal.values.get("service", "")
        commit = facts["commit"]
        known = self.origins.remembered(service, facts.get("since", ""), commit)
        listed = masked_text(known) if known else facts.get("commits", "not known")
        return f"The deploy job installs commit {commit[:12]}. Commits: {listed}"

    def _new(self, wanted: Wanted, proposal: Proposal, caller: Caller, change: str) -> Deploy:
        batches, hold = _plan(wanted, proposal)
        grant = self.urgent.grant(wanted, caller)
        return Deploy(
            id="",
            service=wanted.service.id,
            environment=wanted.environment,
            version=wanted.version,
            commit=proposal.facts["commit"],
            requester=caller.principal.id,
            reason=wanted.reason,
            state=DeployState.SCHEDULED if wanted.planned else DeployState.STARTED,
            created=self.clock.now(),
            request=caller.request,
            change=change,
            rollback_of=wanted.rollback_of,
            steps=first_steps(batches, _further(wanted)),
            place=caller.place,
            planned=wanted.planned,
            batches=batches,
            hold_seconds=hold,
            glass=grant.id if grant else "",
            incident=grant.incident if grant else "",
        )

    async def _touched(self, rollback_of: str) -> tuple[str, ...]:
        """Return the sites that a rollback goes to, none where it goes to the whole environment.

        What a deploy went to site by site, and did not finish, is put back where it was.
        """
        deploy = await self.deploys.show(rollback_of) if rollback_of else None
        batches = deploy.batches if deploy else ()
        if all(is_touched(batch) for batch in batches):
            return ()
        return tuple(site for batch in batches if is_touched(batch) for site in batch.sites)


def _plan(wanted: Wanted, proposal: Proposal) -> tuple[tuple[Batch, ...], int]:
    """Return the batches of sites and how many seconds each is held; a rollback holds nothing."""
    sites = tuple(filter(None, proposal.facts.get("sites", "").split(", ")))
    declared = wanted.service.environment(wanted.environment)
    rollout = declared.rollout if declared else None
    if rollout is None or wanted.rollback_of:
        return (Batch(sites),), 0
    batches = tuple(Batch(sites) for sites in rollout.batches)
    return batches, int(rollout.hold.total_seconds())


def _validator(service: Service, environment: str) -> str:
    """Return who is to validate there: the named one, else the owner."""
    target = service.environment(environment)
    return str(target.validator) if target and target.validator else service.owner


def _change(result: object) -> Change:
    if not isinstance(result, Change):
        raise TypeError(f"not a change: {type(result).__name__}")
    return result


def _deploy(result: object) -> Deploy:
    if not isinstance(result, Deploy):
        raise TypeError(f"not a deploy: {type(result).__name__}")
    return result


def _further(wanted: Wanted) -> tuple[str, ...]:
    """Return the lines of progress beyond the deploy itself."""
    environment = wanted.service.environment(wanted.environment)
    return (VALIDATE,) if environment is not None and environment.validator else ()
