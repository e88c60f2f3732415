"""Checks the policy files as they are, and puts them in force: whole, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.api import Done
from bot.dispatch.authorise import Policies
from bot.dispatch.authorise.policies import changed, missing_roles
from bot.dispatch.authorise.ruleset import Ruleset
from bot.errors import BadInput, ConfigurationError, Refused
from bot.model import Principal, Proposal, Reason, Reply
from bot.ports import Directory
from bot.ports.control import OnCall
from bot.stores.reloads import Reloads

VERB: Final = "policy reload"
NOTHING: Final = "no rule"


@dataclass
class PolicyKeeper:
    """Implements `bot.api.PolicyFiles`.

    `reloads` is how the other replicas hear of it. What leans on the policies is read with them,
    and raises `ConfigurationError`: `read_people` given the roles that there would be, `read_rotas`
    (who is on call) given the people that there would be, `others` given the roles. `after` is
    called once other policies are in force. `trouble` says why this replica has other policies than
    those that were put in force, "" where it has not.
    """

    policies: Policies
    directory: Directory
    oncall: OnCall
    reloads: Reloads
    read_people: Callable[[Collection[str]], Directory]
    read_rotas: Callable[[Sequence[Principal]], Collection[str]]
    others: Sequence[Callable[[Collection[str]], object]] = ()
    after: Callable[[], None] = lambda: None
    is_signing: bool = False
    trouble: str = ""

    async def check(self) -> Reply:
        """Return what is wrong with the files as they are now, and what reloading would change."""
        found, problems = await self.read()
        rules = self.policies.rules
        own = sum(not rule.is_shipped for rule in rules.rules.values())
        force = f"In force: {rules.version}, {len(rules.rules)} rules, {own} of your own."
        fields = [("In force", rules.version)]
        if self.trouble:
            fields.append(("Behind", self.trouble))
        if found is not None:
            fields.append(("On disk", found.version))
        if problems:
            count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
            return Reply(
                f"{count} to mend in the files on disk; until then they cannot be put in force. "
                f"{force}",
                reason=Reason.BAD_INPUT,
                title="Policy check",
                fields=(*fields, ("On disk", "cannot be put in force")),
                items=tuple(problems),
            )
        if found is None:
            raise AssertionError("what cannot be read has a problem")
        hints = tuple(self._hints(found))
        if found.version == rules.version:
            text = f"The files are whole and are what is in force. {force}"
        else:
            text = f"The files are whole. `{VERB}` would put {found.version} in force: "
            text += f"{said(changed(rules, found))}. {force}"
        return Reply(text, title="Policy check", fields=tuple(fields), items=hints)

    async def propose_reload(self) -> Proposal:
        """Say which policies would be in force; BadInput lists what is wrong with them."""
        found = await self._whole()
        rules = self.policies.rules
        diff = changed(rules, found)
        facts = {"policies": found.version, "replaces": rules.version}
        facts |= {name: ", ".join(ids) or NOTHING for name, ids in diff.items()}
        return Proposal(VERB, {}, facts, f"Put policies {found.version} in force: {said(diff)}")

    async def reload(self, proposal: Proposal) -> Done:
        """Put exactly the proposed policies in force, once that is recorded."""
        found, before = await self._whole(), self.policies.version
        if found.version != proposal.facts["policies"]:
            raise Refused(
                Reason.SUPERSEDED,
                f"The policy files are {found.version} by now, not {proposal.facts['policies']}. "
                f"Type `{VERB}` again.",
            )
        if found.version == before:
            return await self._same(before)
        told = Reply(
            f"Policies {found.version} are in force, and {before} are not any more: "
            f"{said(self.diff(found))}. What waits for approval is judged by "
            "them from now on.",
            refs={"policies": found.version, "replaces": before},
        )

        async def put(reply: Reply, _results: tuple[object, ...]) -> Reply:
            self.put(found)
            return reply

        return Done((self.reloads.note(found.version),), lambda _results: told, put)

    async def _same(self, version: str) -> Done:
        """Change nothing here; have replicas follow that took others meanwhile."""
        latest = await self.reloads.latest()
        if latest is None or latest.version == version:
            same = Reply(f"Nothing to do: the files are what is in force, {version}.")
            return Done((), lambda _results: same)
        told = Reply(f"Policies {version} are in force here already; the other replicas follow.")

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            self.trouble = ""
            return reply

        return Done((self.reloads.note(version),), lambda _results: told, tell)

    def diff(self, found: Ruleset) -> Mapping[str, Sequence[str]]:
        """Return which rules others would add, remove and change."""
        return changed(self.policies.rules, found)

    def put(self, found: Ruleset) -> None:
        """Put policies in force here; that is recorded already."""
        self.policies.use(found)
        self.trouble = ""
        self.after()

    async def read(self) -> tuple[Ruleset | None, list[str]]:
        """Return the policies as the files are now, and everything that is wrong with them."""
        return await asyncio.to_thread(self._read)

    async def _whole(self) -> Ruleset:
        found, problems = await self.read()
        if problems or found is None:
            listed = "; ".join(problems)
            raise BadInput(f"The policies stay as they are: {listed}. `policy check` lists it.")
        return found

    def _read(self) -> tuple[Ruleset | None, list[str]]:
        found: Ruleset | None = None
        problems: list[str] = []
        try:
            found = self.policies.read()
        except ConfigurationError as error:
            problems += _each(error)
        roles = self.policies.roles if found is None else frozenset(found.hierarchy.roles)
        # Whoever comes with a new role may be on a new rota, which a new rule may ask for.
        people, rotas = self.directory.people(), self.oncall.all()
        try:
            people = self.read_people(roles).people()
        except ConfigurationError as error:
            problems += _each(error)
        try:
            rotas = sorted(self.read_rotas(people))
        except ConfigurationError as error:
            problems += _each(error)
        for read in self.others:
            try:
                read(roles)
            except ConfigurationError as error:
                problems += _each(error)
        if found is not None:
            problems += missing_roles(people, found)
            problems += _unknown_rotas(found, rotas)
            if not self.is_signing and any(r.wants_signature for r in found.rules.values()):
                problems.append(
                    "a rule asks for signed approvals, and the settings have no `oidc` block to "
                    "sign in with; docs/signed-approvals.md says how to set it up"
                )
        return found, problems

    def _hints(self, found: Ruleset) -> Iterator[str]:
        """Yield what is no mistake and may still surprise."""
        for name, rule in found.rules.items():
            where = f"{rule.file}:{rule.line}"
            notes = found.bodies[name]["annotations"]
            if isinstance(notes, dict) and not notes.get("id"):
                yield f"{where}: has no @id, so the record calls it {rule.id}; give it one"
            if rule.forbids and not rule.message:
                yield f"{where}: {rule.id} has no @message, so people read its id; say why in one"
        known = {person.id for person in self.directory.people()}
        for person in sorted(found.people - known):
            yield f"a rule names {person}, and nobody active in the people file is called that"


def _unknown_rotas(found: Ruleset, known: Sequence[str]) -> Iterator[str]:
    for rule, rota in found.rotas():
        if rota not in known:
            listed = ", ".join(known) or "none"
            yield (
                f"{rule.file}:{rule.line}: {rule.id}: there is no rota {rota} in oncall.yaml, so "
                f"nobody is ever on call for it (known: {listed})"
            )


def _each(error: ConfigurationError) -> list[str]:
    """Return an error's problems, each with the file that it is in."""
    first, *listed = str(error).split("\n  - ")
    place = first.rpartition(": ")[0]
    own = place == "policies"
    return [one if own else f"{place}: {one}" for one in listed] or [first]


def said(diff: Mapping[str, Sequence[str]]) -> str:
    """Return a difference as a sentence goes on."""
    parts = [f"{name} {', '.join(ids)}" for name, ids in diff.items() if ids]
    return "; ".join(parts) or "the same rules, written otherwise"
