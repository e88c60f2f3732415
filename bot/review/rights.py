"""Who may do what: every command that changes something, put to the policies in every case."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.dispatch.authorise import Facts, about
from bot.dispatch.grammar import grammar
from bot.model import Environment, Risk, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.api import Command
    from bot.dispatch.authorise import Policies
    from bot.model import Principal
    from bot.ports import Catalogue

SOMEBODY_ELSE = ""  # no person's id: whoever asked for what is to be approved


@dataclass(frozen=True)
class Case:
    """One situation as policies can tell it from others; it is that of so many services."""

    facts: Facts
    services: int


@dataclass(frozen=True)
class Rights:
    """What somebody may do, by command: where, in words; what they may not do is not in it."""

    runs: Mapping[str, str]
    approves: Mapping[str, str]


@dataclass(frozen=True)
class RightsTable:
    """Asks the policies, which are the only ones that know."""

    commands: Sequence[Command]
    policies: Policies
    catalogue: Catalogue

    def changing(self) -> Sequence[Command]:
        """Return the commands that change something."""
        return [command for command in self.commands if command.risk is not Risk.READ]

    def of(self, people: Sequence[Principal]) -> Mapping[str, Rights]:
        """Return everybody's rights; whom no policy names is asked about once for all their like.

        Slow: a decision takes a part of a millisecond, and there are hundreds.
        """
        cases = {command.name: self._cases(command) for command in self.changing()}
        alike: dict[tuple[frozenset[str], str], list[Principal]] = defaultdict(list)
        for person in people:
            name = person.id if self.policies.names(person.id) else ""
            alike[person.roles, name].append(person)
        runs = {key: self._runs(some[0], cases) for key, some in alike.items()}
        asked = {
            (name, case.facts)
            for found in runs.values()
            for name, parts in found.items()
            for case, alone in parts
            if not alone
        }
        rights: dict[str, Rights] = {}
        for key, some in alike.items():
            approves = self._approves(some[0], cases, asked)
            said = Rights(
                {name: _where(cases[name], parts) for name, parts in runs[key].items() if parts},
                {name: _where(cases[name], parts) for name, parts in approves.items() if parts},
            )
            rights |= dict.fromkeys([person.id for person in some], said)
        return rights

    def _runs(
        self, person: Principal, cases: Mapping[str, Sequence[Case]]
    ) -> Mapping[str, Sequence[tuple[Case, bool]]]:
        """Return by command the cases that somebody may ask for, and whether alone."""
        found: dict[str, list[tuple[Case, bool]]] = {}
        for command in self.changing():
            for case in cases[command.name]:
                says = self.policies.may_run(person, command, case.facts)
                if says.allowed or says.wants_approval:
                    found.setdefault(command.name, []).append((case, says.allowed))
        return found

    def _approves(
        self,
        person: Principal,
        cases: Mapping[str, Sequence[Case]],
        asked: Iterable[tuple[str, Facts]],
    ) -> Mapping[str, Sequence[tuple[Case, bool]]]:
        """Return by command the cases, of those that need approval, in which a yes counts."""
        wanted = set(asked)
        found: dict[str, list[tuple[Case, bool]]] = {}
        for command in self.changing():
            for case in cases[command.name]:
                if (command.name, case.facts) in wanted and self.policies.may_approve(
                    person, command, case.facts, requester=SOMEBODY_ELSE
                ).allowed:
                    found.setdefault(command.name, []).append((case, True))
        return found

    def _cases(self, command: Command) -> Sequence[Case]:
        kinds = {parameter.kind for parameter in grammar(command).parameters}
        if Service not in kinds:
            return [Case(Facts(change=True), 0)]
        seen: dict[Facts, list[Facts]] = defaultdict(list)
        for service in self.catalogue.services():
            environments = [one.name for one in service.environments]
            for environment in environments if Environment in kinds else [""]:
                facts = replace(about(service, environment), change=True)
                seen[self.policies.told_apart(facts)].append(facts)
        return [Case(alike[0], len(alike)) for alike in seen.values()]


def _where(cases: Sequence[Case], parts: Sequence[tuple[Case, bool]]) -> str:
    """Return where something may be done: "test; production with approval for 2 of 5 services"."""
    said: list[str] = []
    for environment in dict.fromkeys(case.facts.environment for case, _ in parts):
        every = sum(c.services for c in cases if c.facts.environment == environment)
        for alone in (True, False):
            mine = [c for c, a in parts if a is alone and c.facts.environment == environment]
            services = sum(case.services for case in mine)
            words = [environment, "" if alone else "with approval"]
            if services != every:
                words.append(f"for {services} of {every} services")
            if mine:
                said.append(" ".join(filter(None, words)))
    return "; ".join(filter(None, said))
