"""Explains what policy says to a line, by the parser and the policies that would decide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.api import Caller, Command
from bot.dispatch.authorise import Decision, Facts, Judged, Policies
from bot.dispatch.execute import Executor
from bot.dispatch.parse import Parsed, Parser
from bot.dispatch.satisfying import Case, Satisfying
from bot.dispatch.suggest import question
from bot.dispatch.turn import facts_of
from bot.errors import BadInput, IntegrationError, NeedsForm, Refused
from bot.model import Approval, InputKind, Principal, Reply, Table
from bot.ports import Clock, Directory

UNSAID: Final = "(not said)"
COLUMNS: Final = ("Rule", "Says", "What it says when it says no", "What would satisfy it")
SHOWN: Final = 12  # people that are named in one place
RUNS, NEEDS_APPROVAL, REFUSED = "runs", "needs_approval", "refused"


@dataclass(frozen=True)
class Explainer:
    """Implements `bot.api.PolicyExplainer`; it changes nothing and records nothing by itself."""

    policies: Policies
    parser: Parser
    directory: Directory
    executor: Executor
    clock: Clock

    async def explain(self, caller: Caller, line: str, who: str, approved_by: str) -> Reply:
        """Return what policy says to a line that `who` would type."""
        person = self._who(who) if who else caller.principal
        parsed = self._parsed(line)
        facts, note = await self._facts(parsed, person, caller)
        found = Satisfying(self.policies, self.directory.people())
        case = Case(person, parsed.command, facts)
        approvals, refused = self._assumed(case, found, approved_by)
        case = Case(person, parsed.command, facts, tuple(approvals))
        given = found.given(case)
        decision = self.policies.may_run(person, parsed.command, given)
        judged = self.policies.why_run(person, parsed.command, given)
        counting = found.counting(case) if decision.wants_approval else []
        rows = [self._row(one, case, found, counting) for one in judged]
        verdict, said = _verdict(decision, parsed.command, person)
        fields = [
            ("As", f"{person.id or person.name} ({', '.join(sorted(person.roles)) or 'no role'})"),
            ("Policies", self.policies.version),
            ("Decided by", ", ".join(decision.policies)),
        ]
        if approvals:
            fields.append(("Assumed approvals", ", ".join(one.person for one in approvals)))
        fields += [("Does not count", why) for why in refused]
        if decision.wants_approval:
            fields += self._who_could(case, found, counting)
        if note:
            fields.append(("Not known", note))
        return Reply(
            f"{said} {_OTHERWISE}" if verdict != REFUSED else said,
            title=f"Policy for: {line[:120]}",
            fields=tuple(fields),
            table=Table(COLUMNS, tuple(rows)) if rows else None,
            refs={"verdict": verdict, "reason_code": decision.reason.value},
        )

    def _who(self, name: str) -> Principal:
        person = self.directory.person(name.removeprefix("@").lower())
        if person is not None:
            return person
        if name in self.policies.roles:
            return Principal("", f"somebody with the role {name}", frozenset({name}))
        known = [one.id for one in self.directory.people()]
        raise BadInput(
            f"`{name[:40]}` is neither a person nor a role here."
            f"{question(name, [*known, *self.policies.roles])}"
        )

    def _parsed(self, line: str) -> Parsed:
        """Parse the line; free text that is missing, such as a reason, no policy looks at."""
        try:
            return self.parser.parse(line, None, wire=False)
        except NeedsForm as asked:
            form = asked.form
            fields = {one.name: one.value for one in form.inputs if one.value}
            unsaid = {
                one.name: UNSAID
                for one in form.inputs
                if one.required and one.kind is InputKind.LONG_TEXT and not one.value
            }
            if not unsaid:
                raise
            return self.parser.parse(form.command, {**unsaid, **fields}, wire=False)

    async def _facts(self, parsed: Parsed, who: Principal, caller: Caller) -> tuple[Facts, str]:
        """Return the facts as the road would find them, and what could not be found out."""
        first = facts_of(parsed)
        decision = self.policies.may_run(who, parsed.command, first)
        if parsed.command.propose is None or not (decision.allowed or decision.wants_approval):
            return first, ""
        asked = Caller(who, caller.place, caller.correlation, account=caller.account, dry_run=True)
        try:
            proposal = await self.executor.propose(parsed, asked)
        except (Refused, IntegrationError) as error:
            return first, error.text
        return facts_of(parsed, proposal), ""

    def _assumed(
        self, case: Case, found: Satisfying, approved_by: str
    ) -> tuple[list[Approval], list[str]]:
        good: list[Approval] = []
        refused: list[str] = []
        now: datetime = self.clock.now()
        names = [name.strip().removeprefix("@").lower() for name in approved_by.split(",")]
        for name in dict.fromkeys(filter(None, names)):
            person = self.directory.person(name)
            if person is None:
                known = [one.id for one in self.directory.people()]
                near = question(name, known)
                raise BadInput(f"There is nobody called `{name[:40]}` here.{near}")
            says = self.policies.may_approve(
                person, case.command, case.facts, requester=case.who.id
            )
            if says.allowed:
                good.append(found.assumed(case, person, now))
            else:
                refused.append(f"{person.id}: {'; '.join(says.messages)}")
        return good, refused

    def _row(
        self, judged: Judged, case: Case, found: Satisfying, counting: Sequence[Principal]
    ) -> tuple[str, ...]:
        rule = judged.rule
        says = "no" if judged.says_no else "passes"
        return rule.id, says, judged.sentence, self._satisfied_by(judged, case, found, counting)

    def _satisfied_by(
        self, judged: Judged, case: Case, found: Satisfying, counting: Sequence[Principal]
    ) -> str:
        if not judged.says_no:
            return ""
        if not judged.rule.needs_approval:
            return self._holders(judged, case)
        alone = [person for person in counting if found.clears(case, judged, person)]
        if alone:
            return f"an approval by {_listed(alone)}"
        if counting:
            return f"more approvals; these count: {_listed(counting)}"
        return "nobody here: no person's approval would count"

    def _holders(self, judged: Judged, case: Case) -> str:
        """Return who may ask instead, where it is the role that is missing."""
        able = [
            person
            for person in self.directory.people()
            if not any(
                one.says_no and one.rule.id == judged.rule.id
                for one in self.policies.why_run(person, case.command, case.facts)
            )
        ]
        return f"no approval; {_listed(able)} may ask" if able else "no approval"

    def _who_could(
        self, case: Case, found: Satisfying, counting: Sequence[Principal]
    ) -> list[tuple[str, str]]:
        example = found.example(case, counting)
        would = " and ".join(person.id for person in example) if example else "nobody was found"
        return [("Can approve", _listed(counting) or "nobody"), ("For example", would)]


_OTHERWISE: Final = (
    "Freezes, locks, CI and the other checks are not policy: add `--dry-run` to the command to ask "
    "them too."
)


def _verdict(decision: Decision, command: Command, who: Principal) -> tuple[str, str]:
    name = who.id or who.name
    if decision.allowed:
        return RUNS, f"Policy lets {name} run `{command.name}` here."
    why = "; ".join(decision.messages)
    if decision.wants_approval:
        said = f"Policy lets {name} ask for `{command.name}` here. It still needs: {why}."
        return NEEDS_APPROVAL, said
    return REFUSED, f"Policy does not let {name} run `{command.name}` here: {why}."


def _listed(people: Sequence[Principal]) -> str:
    names = [person.id for person in people]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
