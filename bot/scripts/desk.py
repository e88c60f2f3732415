"""What people ask about scripts and do with them; implements `bot.api.Scripts`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.errors import BadInput, NotAuthorised, Refused
from bot.model import Principal, Proposal, Reason, Reply, Standing, Table
from bot.model.scripts import Script, ScriptRun
from bot.moments import written
from bot.scripts.card import card, said
from bot.scripts.carrying import Came, End, carry
from bot.scripts.filling import Filler, filled, shown, typed, usage
from bot.scripts.flow import WORKFLOW, exit_words
from bot.scripts.output import clean, figures, tail

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.notices import TopicNotices
    from bot.ports import Catalogue, Clock, Engine, Transaction
    from bot.ports.scripts import Reacher
    from bot.scripts.passing import Passing
    from bot.scripts.shelf import Shelf
    from bot.stores.scripts import ScriptRuns

NONE: Final = "This site has no scripts: docs/scripts.md says how to let some be run."
COLUMNS: Final = ("Name", "What for", "Owner", "Where", "Changes something", "Acts on")
RUNS: Final = ("Run", "Script", "State", "Asked by", "At")
RUNBOOK: Final = "runbook"
"""The platform from which a run of a runbook types."""
AT_ONCE: Final = 8
"""Scripts that are asked at the same time: each is a process or a connection."""


@dataclass(frozen=True, kw_only=True)
class ScriptDesk:
    """Answers about scripts, asks those that read, begins those that change something."""

    shelf: Shelf
    runs: ScriptRuns
    reacher: Reacher
    passing: Passing
    catalogue: Catalogue
    engine: Engine
    notices: TopicNotices
    clock: Clock
    holds: Callable[[Principal, str], bool]
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def list(self) -> Reply:
        """Return every script."""
        found = [self.shelf.scripts[name] for name in sorted(self.shelf.scripts)]
        if not found:
            return Reply(NONE)
        many = "1 script" if len(found) == 1 else f"{len(found)} scripts"
        text = f"{many}: `script show NAME` says what one does and takes."
        return Reply(text, title="Scripts", table=Table(COLUMNS, tuple(map(_row, found))))

    def show(self, name: str) -> Reply:
        """Return one script."""
        script = self.shelf.get(name)
        text = f"{script.summary} Type `{usage(script)}`."
        fields = tuple(_fields(script))
        return Reply(text, title=script.name, fields=fields, refs={"script": script.name})

    async def propose(self, name: str, given: str, reason: str) -> Proposal:
        """Return exactly what would be run."""
        script = self.shelf.get(name)
        if script.reads:
            raise BadInput(f"{script.name} changes nothing: type `{usage(script)}`.")
        if not reason.strip():
            raise BadInput("Say why: `--reason ...` is what the approvers and the record read.")
        found = Filler(self.catalogue).values(script, given)
        arguments = clean(shown(filled(script, found)), script.secrets)
        values = {"name": script.name, "reason": reason}
        if found:
            values["parameters"] = typed(found)
        facts = {
            "runs": arguments,
            "host": script.place,
            "script_digest": script.digest[:16],
            **self._acted_on(script),
        }
        where = f"{script.service} in {script.environment}"
        return Proposal("script run", values, facts, f"Run {script.name} for {where}: {arguments}")

    async def check(self, proposal: Proposal, caller: Caller) -> tuple[tuple[str, str], ...]:
        """Refuse what must not be run now."""
        script = self.shelf.get(proposal.values["name"])
        _require_open(script, caller)
        self._require_role(script, caller)
        for one in await self.runs.list(open_only=True, limit=100):
            if one.script == script.name:
                raise Refused(
                    Reason.LOCKED,
                    f"{said(one)} Wait for it, or `script stop {one.id} --reason ...`.",
                )
        who, why = caller.principal.id, proposal.values["reason"]
        return await self.passing(script.service, script.environment, who, why)

    def start(self, proposal: Proposal, caller: Caller) -> Done:
        """Keep the run and start its durable flow."""
        script = self.shelf.get(proposal.values["name"])
        given = Filler(self.catalogue).values(script, proposal.values.get("parameters", ""))
        new = ScriptRun(
            id="",
            script=script.name,
            digest=script.digest,
            given=dict(given),
            shown=proposal.facts["runs"],
            host=script.place,
            service=script.service,
            environment=script.environment,
            person=caller.principal.id,
            reason=proposal.values["reason"],
            place=caller.place,
            correlation=caller.correlation,
            request=caller.request,
            asked=self.clock.now(),
        )

        def begin(tx: Transaction) -> ScriptRun:
            run = self.runs.open(new)(tx)
            self.engine.start(WORKFLOW, run.id)(tx)
            self.notices.keep(run.id, card(run))(tx)
            return run

        return self._done(begin)

    async def ask(self, caller: Caller, name: str, given: str) -> Reply:
        """Run a script that only reads, and return what it found."""
        script = self.shelf.get(name)
        if not script.reads:
            raise BadInput(f"{script.name} changes something: type `{usage(script)}`.")
        _require_open(script, caller)
        self._require_role(script, caller)
        call = filled(script, Filler(self.catalogue).values(script, given))
        async with self.turn:
            came = await carry(self.reacher, script, call)
        return _answer(script, came)

    async def stop(self, caller: Caller, run_id: str, why: str) -> Done:
        """Ask for the end of a run."""
        run = await self._run(run_id)
        if run.is_over:
            raise Refused(Reason.DUPLICATE, said(run))

        def effect(tx: Transaction) -> ScriptRun:
            stopped = self.runs.stop(run_id, by=caller.principal.id, why=why)(tx)
            self.notices.keep(run_id, card(stopped))(tx)
            return stopped

        return self._done(effect)

    async def status(self, run_id: str) -> Reply:
        """Return one run; without an id the last ones."""
        if run_id:
            return replace(card(await self._run(run_id)), topic="", reason=Reason.OK)
        found = await self.runs.list(open_only=False)
        if not found:
            return Reply("No script was run yet.")
        rows = tuple((r.id, r.script, r.state.value, r.person, written(r.asked)) for r in found)
        text = f"The last {len(rows)} runs of scripts." if len(rows) > 1 else "1 run of a script."
        return Reply(text, title="Runs of scripts", table=Table(RUNS, rows))

    def _done(self, effect: Callable[[Transaction], ScriptRun]) -> Done:
        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(reply.topic)
            return reply

        return Done((effect,), lambda results: card(_as_run(results[0])), tell)

    async def _run(self, run_id: str) -> ScriptRun:
        run = await self.runs.show(run_id)
        if run is None:
            raise BadInput(f"There is no run {run_id} of a script.", reason=Reason.NOT_FOUND)
        return run

    def _acted_on(self, script: Script) -> dict[str, str]:
        """Return what policies look at: the service that a script acts on, as it is now."""
        service = self.catalogue.service(script.service)
        facts = {"service": script.service, "environment": script.environment}
        if service is not None:
            facts |= {
                "safety_class": service.safety_class,
                "criticality": service.criticality,
                "tags": ", ".join(sorted(service.tags)),
                "sites": ", ".join(sorted(service.sites)),
            }
        return {name: value for name, value in facts.items() if value}

    def _require_role(self, script: Script, caller: Caller) -> None:
        if script.roles and not any(self.holds(caller.principal, role) for role in script.roles):
            raise NotAuthorised(f"{script.name} is for a {' or a '.join(script.roles)}.")


def _require_open(script: Script, caller: Caller) -> None:
    if caller.place.platform == RUNBOOK and not script.runbooks:
        raise BadInput(f"{script.name} may not be used in runbooks: its entry does not say so.")


def _answer(script: Script, came: Came) -> Reply:
    """Return what a script that reads has found; `refs` have it for whoever decides by it."""
    if came.end is End.DONE:
        standing = Standing.FAILED if came.code else Standing.PASSED
        text = f"{script.name} on {script.place} ended with {exit_words(came.code)}"
    else:
        standing = Standing.UNKNOWN
        why = clean(came.text, script.secrets) or came.end.value.replace("_", " ")
        text = f"{script.name} on {script.place} could not be asked: {why.rstrip('.')}"
    found = figures(came.kept.text, script.figures)
    code = {} if came.code is None else {"exit_code": str(came.code)}
    return Reply(
        f"{text}: {standing.value}.",
        title=f"{script.name}: {standing.value}",
        fields=tuple(found.items()),
        code=tail(came.kept.text),
        refs={**found, **code, "script": script.name, "standing": standing.value},
    )


def _row(script: Script) -> tuple[str, ...]:
    changes = "no" if script.reads else "yes"
    acts = f"{script.service} {script.environment}".strip()
    return (script.name, script.summary, script.owner, script.place, changes, acts)


def _fields(script: Script) -> Iterator[tuple[str, str]]:
    yield "Owner", script.owner
    yield "Runs", clean(" ".join(script.command), script.secrets)
    yield "Where", script.place
    yield "Changes something", "no" if script.reads else "yes"
    if script.service:
        yield "Acts on", f"{script.service} {script.environment}".strip()
    for one in script.parameters:
        more = one.choices or ((one.pattern,) if one.pattern else ())
        kind = f"{one.type.value}{': ' if more else ''}{', '.join(more)}"
        default = f", {one.default} unless said" if one.default else ""
        yield f"Takes {one.name}", f"{one.description} ({kind}{default})"
    if script.figures:
        yield "Figures", ", ".join(script.figures)
    if script.variables:
        yield "Variables", ", ".join(script.variables)
    if script.roles:
        yield "Who", " or ".join(script.roles)
    yield "Longest", f"{script.timeout_seconds} seconds"
    yield "In runbooks", "yes" if script.runbooks else "no"


def _as_run(result: object) -> ScriptRun:
    if not isinstance(result, ScriptRun):
        raise TypeError(f"not a run of a script: {type(result).__name__}")
    return result
