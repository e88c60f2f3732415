"""Policies and their schema as Cedar holds them, checked whole before anything is decided by them.

Relies on cedarpy for: policies are named policy0, policy1 and so on in the order of their text.
"""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import Final, TypeAlias

import cedarpy

from bot import documents
from bot.dispatch.authorise.hierarchy import Hierarchy
from bot.dispatch.authorise.rule import APPROVAL, SIGNED, Rule
from bot.dispatch.authorise.sources import MEND, SHIPPED, Clause, Sources
from bot.errors import ConfigurationError
from bot.model import Reason

Part: TypeAlias = Mapping[str, object]
WORDS: Final = ("command", "role", "service", "environment", "safety_class")
"""What a rule's message may name in braces."""


@dataclass(frozen=True)
class Ruleset:
    """Policies in the form that decides, and what is written in them.

    `rules` and `bodies` are by Cedar's own name for a policy; `attributes` are those that any of
    them looks at.
    """

    version: str
    policies: cedarpy.PolicySet
    schema: cedarpy.Schema
    rules: Mapping[str, Rule]
    bodies: Mapping[str, Part]
    people: frozenset[str]
    attributes: frozenset[str]
    hierarchy: Hierarchy

    def without_exceptions(self) -> cedarpy.PolicySet:
        """Return the policies without what each says after `unless`: they say no where they apply.

        A policy without `unless` is as it was.
        """
        bare = {
            name: {**body, "conditions": [one for one in _conditions(body) if _is_when(one)]}
            for name, body in self.bodies.items()
        }
        whole = {"staticPolicies": bare, "templates": {}, "templateLinks": []}
        return cedarpy.PolicySet.from_json_str(json.dumps(whole))

    def rotas(self) -> Iterator[tuple[Rule, str]]:
        """Yield every rota that a rule names, where it looks for one in a set of them."""
        for name, body in self.bodies.items():
            for part in parts(body):
                found = part.get("contains")
                if isinstance(found, dict) and _attribute(found.get("left")) == "rotas":
                    right = found.get("right")
                    value = right.get("Value") if isinstance(right, dict) else None
                    if isinstance(value, str):
                        yield self.rules[name], value


def compiled(sources: Sources, commands: Collection[str]) -> Ruleset:
    """Return the policies ready to decide; `ConfigurationError` lists every problem at once."""
    problems = list(sources.problems)
    try:
        found = _compiled(sources.schema, sources.clauses, frozenset(commands))
    except _Unfit as error:
        problems += error.problems
    else:
        problems += _unknown(found, sources.hierarchy, commands)
    if problems:
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        raise ConfigurationError(f"policies: {count} to mend{lines}")
    return Ruleset(
        version=sources.version,
        policies=found.policies,
        schema=found.schema,
        rules=found.rules,
        bodies=found.bodies,
        people=found.people,
        attributes=found.attributes,
        hierarchy=sources.hierarchy,
    )


class _Unfit(Exception):
    """What does not parse or does not fit the schema, one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(*problems)
        self.problems = tuple(problems)


@dataclass(frozen=True)
class _Compiled:
    policies: cedarpy.PolicySet
    schema: cedarpy.Schema
    rules: Mapping[str, Rule]
    bodies: Mapping[str, Part]
    people: frozenset[str]
    attributes: frozenset[str]
    named: Sequence[_Named]


@dataclass(frozen=True)
class _Named:
    """What one rule names: entities by kind and id, and attributes that it asks for."""

    rule: Rule
    entities: Sequence[tuple[str, str]]
    asked: Sequence[str]


@lru_cache(maxsize=8)  # reading the same text again takes longer than all the rest of a start
def _compiled(schema: str, clauses: tuple[Clause, ...], commands: frozenset[str]) -> _Compiled:
    del commands  # in the key alone: what is checked against them is checked again
    text = "\n".join(clause.text for clause in clauses)
    try:
        made = cedarpy.PolicySet.from_str(text)
        checked = cedarpy.validate_policies(text, schema)
        bodies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    except ValueError as error:
        raise _Unfit(list(_unreadable(clauses)) or [f"{error}; {MEND}"]) from error
    for body in bodies.values():
        body.setdefault("annotations", {})  # Cedar leaves them out where a policy has none
    places = {f"policy{number}": clause for number, clause in enumerate(clauses)}
    if bodies.keys() != places.keys():
        raise _Unfit([f"a template is no policy: write whole rules; {MEND}"])
    problems = [
        f"{places[one.policy_id].where}: {_plain(one.error)}; {MEND}" for one in checked.errors
    ]
    rules: dict[str, Rule] = {}
    for name, body in bodies.items():
        problems += _wrong_notes(places[name], body["annotations"])
        if not problems:
            rules[name] = _rule(places[name], body)
    twice = [rule for rule, times in Counter(r.id for r in rules.values()).items() if times > 1]
    problems += [f'two rules are called @id("{name}"); give each its own' for name in twice]
    if problems:
        raise _Unfit(problems)
    return _Compiled(
        policies=made,
        schema=cedarpy.Schema.from_str(schema),
        rules=rules,
        bodies=bodies,
        people=frozenset(name for kind, name in _entities(bodies) if kind == "Person"),
        attributes=frozenset(_attributes(bodies)),
        named=[_named(rules[name], body) for name, body in bodies.items()],
    )


def _named(rule: Rule, body: Part) -> _Named:
    asked = [
        found.get("attr") for part in parts(body) if isinstance(found := part.get("has"), dict)
    ]
    return _Named(rule, sorted(_entities(body)), [name for name in asked if isinstance(name, str)])


def _unreadable(clauses: Sequence[Clause]) -> Iterator[str]:
    """Yield where each rule that does not parse begins: Cedar alone says only what is wrong."""
    for clause in clauses:
        try:
            cedarpy.policies_to_json_str(clause.text)
        except ValueError as error:
            yield f"{clause.where}: the rule that begins here: {error}; {MEND}"


def _wrong_notes(clause: Clause, notes: Mapping[str, str]) -> Iterator[str]:
    if notes.get("needs", APPROVAL) != APPROVAL:
        yield f'{clause.where}: @needs can only be "{APPROVAL}"; mend or remove it'
    if notes.get("reason", Reason.NOT_AUTHORISED) not in set(Reason):
        known = documents.nearest(notes["reason"], [reason.value for reason in Reason])
        yield f"{clause.where}: there is no reason {notes['reason']}{known}"
    try:
        named = [field for _, field, _, _ in string.Formatter().parse(notes.get("message", ""))]
    except ValueError:
        yield f"{clause.where}: @message has a brace that is not closed; mend the sentence"
        return
    for field in named:
        if field is not None and field not in WORDS:
            known = documents.nearest(field, WORDS)
            yield f"{clause.where}: @message cannot name {{{field}}}{known}"


def _unknown(found: _Compiled, hierarchy: Hierarchy, commands: Collection[str]) -> Iterator[str]:
    """Yield what a rule names and nothing is called: such a rule holds nobody, or everybody."""
    known: Mapping[str, Collection[str]] = {
        "Role": hierarchy.roles,
        "Group": hierarchy.groups,
        "Command": commands,
    }
    attributes = {*ATTRIBUTES, *WORDS}
    for one in found.named:
        rule = one.rule
        where = f"{rule.file}:{rule.line}"
        if rule.role and rule.role not in hierarchy.roles:
            near = documents.nearest(rule.role, hierarchy.roles)
            yield f"{where}: @role: there is no role {rule.role}{near}"
        for kind, entity in one.entities:
            if kind in known and entity not in known[kind]:
                near = documents.nearest(entity, known[kind])
                yield f"{where}: there is no {kind.lower()} {entity}{near}"
        for attribute in one.asked:
            if attribute not in attributes:
                near = documents.nearest(attribute, attributes)
                yield f"{where}: nothing has an attribute {attribute}{near}"


ATTRIBUTES: Final = (
    *("risk", "role", "service", "environment", "safety_class", "criticality", "tags", "sites"),
    *("rollback", "change", "change_type", "change_risk", "clinical_impact", "incident"),
    *("authors", "unknown_authors", "dry_run", "break_glass", "approvals", "local", "requester"),
    *("approvers", "deployer", "rotas", "total", "roles", "people", "signed", "signer_roles"),
    *("weekday", "minute", "date", "zone", "holiday", "subject"),
)
"""Every attribute of the schema; a test compares the two."""


def parts(body: object) -> Iterator[Part]:
    """Yield every object inside a parsed policy: what it names and looks at is among them."""
    if isinstance(body, dict):
        yield body
        for part in body.values():
            yield from parts(part)
    elif isinstance(body, list):
        for part in body:
            yield from parts(part)


def _entities(bodies: object) -> set[tuple[str, str]]:
    return {
        (str(part["type"]), str(part["id"])) for part in parts(bodies) if {"type", "id"} <= {*part}
    }


def _attributes(bodies: object) -> Iterator[str]:
    for part in parts(bodies):
        attribute = part.get("attr")
        if isinstance(attribute, str):
            yield attribute


def _attribute(part: object) -> str:
    access = part.get(".") if isinstance(part, dict) else None
    return str(access.get("attr")) if isinstance(access, dict) else ""


def _rule(clause: Clause, body: Part) -> Rule:
    notes = body["annotations"]
    if not isinstance(notes, dict):
        raise TypeError("annotations are an object")
    called = f"{PurePath(clause.file).name}:{clause.line}"
    return Rule(
        id=notes.get("id") or called,
        message=notes.get("message", ""),
        needs_approval=notes.get("needs") == APPROVAL,
        counts="approvals" in notes,
        reason=Reason(notes.get("reason", Reason.NOT_AUTHORISED)),
        role=notes.get("role", ""),
        wants_signature=any(one in SIGNED for one in _attributes(body)),
        file=clause.file,
        line=clause.line,
        action=_action(body),
        forbids=body["effect"] == "forbid",
        is_shipped=clause.file == SHIPPED,
    )


def _action(body: Part) -> str:
    scope = body["action"]
    entity = scope.get("entity") if isinstance(scope, dict) else None
    return str(entity["id"]) if isinstance(entity, dict) else ""


def _conditions(body: Part) -> Sequence[object]:
    found = body["conditions"]
    return found if isinstance(found, list) else []


def _is_when(condition: object) -> bool:
    return isinstance(condition, dict) and condition.get("kind") == "when"


def _plain(said: str) -> str:
    """Return Cedar's sentence without its own number for the policy."""
    begin, colon, rest = said.partition(", ")
    return rest if colon and "policy" in begin else said
