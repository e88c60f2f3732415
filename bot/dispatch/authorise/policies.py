"""The policies in force, and what they say.

Relies on cedarpy for: deny overrides permit, no match is a denial, and a request that does not
fit the schema is neither (`NoDecision`). Anything but `Allow` is a denial here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import cedarpy

from bot.api import Command
from bot.dispatch.authorise import sources
from bot.dispatch.authorise.entities import entities
from bot.dispatch.authorise.facts import (
    UNSEEN,
    Facts,
    approving,
    reference,
    running,
    validating,
)
from bot.dispatch.authorise.rule import Decision, Judged, both, denial, sentence
from bot.dispatch.authorise.ruleset import Ruleset, compiled
from bot.model import Principal, Reason, Risk
from bot.ports import Clock
from bot.ports.control import Glass, OnCall, SiteTime


@dataclass(frozen=True)
class Sight:
    """Where policies see what is not asked but is so: the time, who is on call, a break-glass."""

    clock: Clock
    time: SiteTime
    oncall: OnCall
    glass: Glass | None = None


@dataclass(frozen=True)
class _Question:
    """What Cedar is asked, and by that what an answer is remembered for."""

    action: str
    person: str
    roles: frozenset[str]
    command: str
    facts: Facts
    requester: str = ""
    rotas: frozenset[str] = frozenset()


class _Standing:
    """One set of policies with what it has decided so far; never changed, only replaced."""

    def __init__(self, rules: Ruleset, commands: Sequence[Command]) -> None:
        self.rules = rules
        self.commands = {command.name: command for command in commands}
        self.sees_time = "local" in rules.attributes
        self.sees_rotas = "rotas" in rules.attributes
        self.entities = lru_cache(maxsize=512)(self._entities)
        # Policies and entities hold still while we run, and the time is a part of the question
        # where one looks at it: the same question has the same answer. Asked 16 at a time, Cedar
        # is half of a short command.
        self.decide = lru_cache(maxsize=4096)(self._decide)
        self.may_disclose = lru_cache(maxsize=512)(self._may_disclose)
        self.may_review = lru_cache(maxsize=512)(self._may_review)
        self._bare: cedarpy.PolicySet | None = None

    def judged(self, asked: _Question) -> tuple[Judged, ...]:
        """Return every rule that is about what is asked, in the order of the files."""
        if self._bare is None:
            self._bare = self.rules.without_exceptions()
        about = self._reasons(asked, self._bare)
        no = self._reasons(asked, self.rules.policies)
        words = self._words(asked)
        return tuple(
            Judged(rule, sentence(rule, words, asked.facts), says_no=name in no)
            for name, rule in self.rules.rules.items()
            if rule.forbids and name in about | no
        )

    def _reasons(self, asked: _Question, policies: cedarpy.PolicySet) -> frozenset[str]:
        return frozenset(self._ask(asked, policies).diagnostics.reasons)

    def _ask(self, asked: _Question, policies: cedarpy.PolicySet) -> cedarpy.AuthzResult:
        return cedarpy.is_authorized(
            {
                "principal": reference("Person", asked.person),
                "action": reference("Action", asked.action),
                "resource": reference("Command", asked.command),
                "context": _context(asked),
            },
            policies,
            self.entities(asked.person, asked.roles),
            self.rules.schema,
        )

    def _decide(self, asked: _Question) -> Decision:
        result = self._ask(asked, self.rules.policies)
        rules = [self.rules.rules[name] for name in sorted(result.diagnostics.reasons)]
        version = self.rules.version
        if result.allowed:
            return Decision(allowed=True, policies=tuple(r.id for r in rules), version=version)
        return denial(rules, self._words(asked), asked.facts, version=version)

    def _words(self, asked: _Question) -> Mapping[str, str]:
        facts = asked.facts
        return {
            "command": asked.command,
            "role": self.commands[asked.command].role,
            "service": facts.service,
            "environment": facts.environment,
            "safety_class": facts.safety_class,
        }

    def _may_disclose(self, person: str, roles: frozenset[str]) -> bool:
        return self._about(person, roles, "disclose", reference("Log", "audit"), {}).allowed

    def _may_review(self, person: str, roles: frozenset[str], kind: str, subject: str) -> Decision:
        about = {"subject": reference("Person", subject)}
        result = self._about(person, roles, "review", reference("Review", kind), about)
        rules = [self.rules.rules[name] for name in sorted(result.diagnostics.reasons)]
        version, named = self.rules.version, tuple(rule.id for rule in rules)
        if result.allowed:
            return Decision(allowed=True, policies=named, version=version)
        said = tuple(rule.message or rule.id for rule in rules) or ("no policy allows it",)
        no = Reason.NOT_AUTHORISED
        return Decision(allowed=False, policies=named, messages=said, reason=no, version=version)

    def _about(
        self,
        person: str,
        roles: frozenset[str],
        action: str,
        resource: Mapping[str, str],
        context: Mapping[str, object],
    ) -> cedarpy.AuthzResult:
        """Ask about something that is no command."""
        return cedarpy.is_authorized(
            {
                "principal": reference("Person", person),
                "action": reference("Action", action),
                "resource": dict(resource),
                "context": dict(context),
            },
            self.rules.policies,
            self.entities(person, roles),
            self.rules.schema,
        )

    def _entities(self, person: str, roles: frozenset[str]) -> cedarpy.Entities:
        rules = self.rules
        commands = list(self.commands.values())
        return entities(person, roles, rules.hierarchy, commands, rules.schema)


class Policies:
    """The policies in force: the shipped ones and a site's own, validated whole before they are.

    `sight` is what they see beside what is asked; without it there is no time and nobody on call.
    """

    def __init__(
        self, commands: Sequence[Command], site: Sequence[Path] = (), sight: Sight | None = None
    ) -> None:
        """Parse and validate everything, or refuse to start."""
        self._commands, self._site = commands, site
        self._sight = sight
        self._standing = _Standing(self.read(), commands)

    def read(self) -> Ruleset:
        """Return the policies as the files are now; `ConfigurationError` lists every problem."""
        return compiled(sources.read(self._site), [command.name for command in self._commands])

    def use(self, rules: Ruleset) -> None:
        """Put other policies in force, from the next question on."""
        self._standing = _Standing(rules, self._commands)

    def see(self, sight: Sight) -> None:
        """Look at the time, the rotas and the break-glasses from now on."""
        self._sight = sight

    @property
    def rules(self) -> Ruleset:
        """Return the policies in force, as they are written."""
        return self._standing.rules

    @property
    def version(self) -> str:
        """Return what tells the policies in force from others."""
        return self.rules.version

    @property
    def roles(self) -> frozenset[str]:
        """Return the names of all roles."""
        return frozenset(self.rules.hierarchy.roles)

    def command(self, name: str) -> Command:
        """Return a command by its name."""
        return self._standing.commands[name]

    def may_run(self, who: Principal, command: Command, facts: Facts) -> Decision:
        """Decide whether `who` may have `command` carried out with the approvals given so far.

        What is planned for later has to be allowed now, and as things are at that moment.
        """
        standing = self._standing
        now, *then = self._moments(standing, who, command, facts)
        decision = standing.decide(now)
        for asked in then:
            decision = both(decision, standing.decide(asked))
        return decision

    def may_approve(
        self,
        who: Principal,
        command: Command,
        facts: Facts,
        *,
        requester: str,
        at: datetime | None = None,
    ) -> Decision:
        """Decide whether `who`'s yes or no to a request of `requester` counts.

        It is judged as of the moment of the click, which is now unless `at` says otherwise.
        """
        standing = self._standing
        return standing.decide(
            self._approving(standing, who, command, facts, requester=requester, at=at)
        )

    def may_validate(
        self, who: Principal, command: Command, facts: Facts, *, requester: str
    ) -> Decision:
        """Decide whether `who` may say that what `requester` had carried out is clinically good."""
        standing = self._standing
        asked = self._approving(standing, who, command, facts, requester=requester)
        return standing.decide(replace(asked, action="validate"))

    def why_run(self, who: Principal, command: Command, facts: Facts) -> tuple[Judged, ...]:
        """Return every rule about running this, and whether it says no."""
        standing = self._standing
        found: dict[str, Judged] = {}
        for asked in self._moments(standing, who, command, facts):
            for one in standing.judged(asked):
                if one.rule.id not in found or one.says_no:
                    found[one.rule.id] = one
        return tuple(found.values())

    def why_approve(
        self, who: Principal, command: Command, facts: Facts, *, requester: str
    ) -> tuple[Judged, ...]:
        """Return every rule about whether this person's approval counts, and whether it says no."""
        standing = self._standing
        return standing.judged(self._approving(standing, who, command, facts, requester=requester))

    def may_disclose(self, who: Principal) -> bool:
        """Say whether a person may read, and find by words, what others wrote freely."""
        return self._standing.may_disclose(who.id, who.roles)

    def may_review(self, who: Principal, kind: str, *, subject: str) -> Decision:
        """Decide whether `who` may close a review, by its kind, of what `subject` did."""
        return self._standing.may_review(who.id, who.roles, kind, subject)

    def holds(self, who: Principal, role: str) -> bool:
        """Say whether a person holds a role, directly or through the hierarchy."""
        return role in self.held(who)

    def held(self, who: Principal) -> frozenset[str]:
        """Return every role that a person holds, directly or through the hierarchy."""
        return self.rules.hierarchy.held(who.roles)

    def rotas(self, person: str, at: datetime | None = None) -> frozenset[str]:
        """Return what somebody is on call for; nothing where no policy looks at that."""
        if self._sight is None or not self._standing.sees_rotas:
            return frozenset()
        return self._sight.oncall.rotas(person, at or self._sight.clock.now())

    def names(self, person: str) -> bool:
        """Say whether a policy names a person, who may then do more or less than their roles."""
        return person in self.rules.people

    @property
    def wants_signatures(self) -> bool:
        """Say whether any rule asks for a signed approval."""
        return any(rule.wants_signature for rule in self.rules.rules.values())

    def looks_at(self, attribute: str) -> bool:
        """Say whether a policy looks at an attribute, such as `service`, of what is asked."""
        return attribute in self.rules.attributes

    def told_apart(self, facts: Facts) -> Facts:
        """Return the facts without what no policy looks at: cases that are alike are then equal."""
        looked_at = self.rules.attributes
        blank = Facts()
        kept = {"approvals", "approver_roles", "signed", "signer_roles", "safety_class"}
        unseen = {
            name: getattr(blank, name)
            for name in blank.__dataclass_fields__
            if name not in {*kept, *looked_at, "environment", "change", "dry_run"}
        }
        return replace(facts, **unseen)

    def _moments(
        self, standing: _Standing, who: Principal, command: Command, facts: Facts
    ) -> Iterator[_Question]:
        """Yield the question as of now, and as of a planned moment where policies see the time."""
        planned, facts = facts.planned, replace(facts, planned=None)
        yield self._running(standing, who, command, facts)
        sight = self._sight
        if sight and standing.sees_time and planned is not None and planned > sight.clock.now():
            yield self._running(standing, who, command, facts, planned)

    def _running(
        self,
        standing: _Standing,
        who: Principal,
        command: Command,
        facts: Facts,
        at: datetime | None = None,
    ) -> _Question:
        sight = self._sight
        # What only reads is asked for all day long, and no break-glass makes it more.
        if sight is not None and sight.glass is not None and command.risk is not Risk.READ:
            grant = sight.glass.now(who.id, sight.clock.now())
            # One that is over by a planned moment lets nothing through then.
            is_over = grant is not None and at is not None and at >= grant.until
            if grant is not None and grant.service == facts.service and not is_over:
                facts = replace(facts, break_glass=True, incident=facts.incident or grant.incident)
        facts = self._timed(standing, facts, at)
        return _Question("run", who.id, who.roles, command.name, facts)

    def _approving(
        self,
        standing: _Standing,
        who: Principal,
        command: Command,
        facts: Facts,
        *,
        requester: str,
        at: datetime | None = None,
    ) -> _Question:
        rotas = self.rotas(who.id, at)
        facts = self._timed(standing, replace(facts, planned=None), at)
        return _Question("approve", who.id, who.roles, command.name, facts, requester, rotas)

    def _timed(self, standing: _Standing, facts: Facts, at: datetime | None) -> Facts:
        sight = self._sight
        if sight is None or not standing.sees_time or facts.local is not UNSEEN:
            return facts
        return replace(facts, local=sight.time.local(facts.sites, at or sight.clock.now()))


def changed(old: Ruleset, new: Ruleset) -> Mapping[str, Sequence[str]]:
    """Return the ids of the rules that were added, removed and changed."""
    before, after = _by_id(old), _by_id(new)
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(
            name for name in before.keys() & after.keys() if before[name] != after[name]
        ),
    }


def missing_roles(people: Collection[Principal], rules: Ruleset) -> Iterator[str]:
    """Yield a sentence for everybody who holds a role that these policies do not have."""
    for person in people:
        for role in sorted(person.roles - rules.hierarchy.roles.keys()):
            yield f"{person.id} holds the role {role}, which would be gone; add it or take it away"


def _by_id(rules: Ruleset) -> Mapping[str, object]:
    found: dict[str, object] = {rule.id: rules.bodies[name] for name, rule in rules.rules.items()}
    roles = rules.hierarchy.roles
    return found | {f"role {name}": list(parents) for name, parents in roles.items()}


def _context(asked: _Question) -> Mapping[str, object]:
    if asked.action == "run":
        return running(asked.facts)
    made = approving if asked.action == "approve" else validating
    return made(asked.facts, asked.requester, asked.rotas)
