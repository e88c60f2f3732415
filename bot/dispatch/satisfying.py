"""Finds whose approvals would satisfy the policies, by asking the policies themselves."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.api import Command
from bot.dispatch.authorise import Facts, Judged, Policies
from bot.dispatch.turn import with_approvals
from bot.model import Approval, Principal

MOST_MORE: Final = 5  # approvals that are looked for beyond those there are
_ANY: Final = datetime(2000, 1, 1, tzinfo=UTC)  # of an approval that is assumed, no rule sees when
MOST_ASKED: Final = 2_000  # questions, of a part of a millisecond each


@dataclass(frozen=True)
class Case:
    """Something that `who` would have done, with the approvals that are there or assumed."""

    who: Principal
    command: Command
    facts: Facts
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class Satisfying:
    """Asks the policies about more and more approvals."""

    policies: Policies
    people: Sequence[Principal]

    def counting(self, case: Case) -> list[Principal]:
        """Return everybody whose approval would count and is not there yet."""
        there = {approval.person for approval in case.approvals}
        return [
            person
            for person in self.people
            if person.id not in there
            and self.policies.may_approve(
                person, case.command, case.facts, requester=case.who.id
            ).allowed
        ]

    def given(self, case: Case, more: Sequence[Principal] = ()) -> Facts:
        """Return the facts with the approvals of a case, and some more that are assumed."""
        known = {person.id: person for person in self.people}
        at = case.approvals[0].at if case.approvals else None
        people = [known[one.person] for one in case.approvals] + list(more)
        held = {person.id: self.policies.held(person) for person in people}
        rotas = [self.policies.rotas(person.id, at) for person in people]
        assumed = [self.assumed(case, person, _ANY) for person in more]
        every = frozenset[str]().union(*rotas)
        return with_approvals(case.facts, [*case.approvals, *assumed], held, every)

    def assumed(self, case: Case, person: Principal, at: datetime) -> Approval:
        """Return a person's approval as it would be given: signed, where policy has them sign."""
        wanted = set(self.policies.may_run(case.who, case.command, case.facts).signatures)
        signs = bool(wanted & {"", *self.policies.held(person)})
        roles = tuple(sorted(person.roles))
        return Approval(person.id, roles, at, signed_at=at if signs else None)

    def clears(self, case: Case, judged: Judged, person: Principal) -> bool:
        """Say whether one more approval ends the no of a rule."""
        facts = self.given(case, [person])
        after = self.policies.why_run(case.who, case.command, facts)
        return not any(one.says_no and one.rule.id == judged.rule.id for one in after)

    def example(self, case: Case, counting: Sequence[Principal]) -> list[Principal] | None:
        """Return a smallest set of people whose approvals would do; None where none was found."""
        for chosen in itertools.islice(self._sets(counting), MOST_ASKED):
            facts = self.given(case, chosen)
            if self.policies.may_run(case.who, case.command, facts).allowed:
                return chosen
        return None

    def _sets(self, counting: Sequence[Principal]) -> Iterator[list[Principal]]:
        """Yield sets of people, small ones first; of people whom no policy tells apart only one."""
        by_name = self.policies.looks_at("people") or self.policies.looks_at("approvers")
        alike: dict[object, list[Principal]] = defaultdict(list)
        for person in counting:
            named = person.id if by_name or self.policies.names(person.id) else ""
            alike[person.roles, self.policies.rotas(person.id), named].append(person)
        kinds = list(alike.values())
        for size in range(1, MOST_MORE + 1):
            for chosen in itertools.combinations_with_replacement(range(len(kinds)), size):
                taken = [kinds[kind][:times] for kind, times in _counts(chosen)]
                people = [person for some in taken for person in some]
                if len(people) == size:
                    yield people


def _counts(chosen: Sequence[int]) -> Iterator[tuple[int, int]]:
    for kind, group in itertools.groupby(chosen):
        yield kind, len(list(group))
