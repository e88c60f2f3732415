"""May this person do this? Cedar decides, closed by default; policies are data.

Relies on cedarpy for: deny overrides permit, no match is a denial, and a request that does not
fit the schema is neither (`NoDecision`). Anything but `Allow` is a denial here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

import cedarpy

from bot.errors import ConfigurationError
from bot.model import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bot.api import Command
    from bot.model import Principal


@dataclass(frozen=True)
class Facts:
    """What a policy may look at, beside who asks and for which command."""

    service: str = ""
    environment: str = ""
    safety_class: str = ""
    change: bool = False
    dry_run: bool = False
    approvals: int = 0
    approver_roles: frozenset[str] = frozenset()
    signed: int = 0
    signer_roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """A policy's annotations: what a user reads and what could satisfy it."""

    id: str
    message: str = ""
    needs_approval: bool = False
    counts: bool = False
    reason: Reason = Reason.NOT_AUTHORISED
    role: str = ""
    wants_signature: bool = False


@dataclass(frozen=True)
class Decision:
    """What the policies say; `policies` are the deciding ids, `messages` their sentences.

    `signatures` has, for every rule that asks for a signed approval, whose it must be: a role, or
    "" for anybody's.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    reason: Reason = Reason.OK
    wants_approval: bool = False
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Parsed:
    """Policies and their schema as Cedar holds them, and what is written in them."""

    policies: cedarpy.PolicySet
    schema: cedarpy.Schema
    rules: Mapping[str, Rule]
    people: frozenset[object]
    attributes: frozenset[object]


@lru_cache(maxsize=8)  # reading the same text again takes longer than all the rest of a start
def _parsed(text: str, schema_text: str) -> _Parsed:
    try:
        schema = cedarpy.Schema.from_str(schema_text)
        policies = cedarpy.PolicySet.from_str(text)
        result = cedarpy.validate_policies(text, schema_text)
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise ConfigurationError(f"policies: {error}; mend the Cedar files") from error
    if not result.validation_passed:
        names = result.id_annotations_by_policy_id
        problems = "; ".join(
            f"{names.get(e.policy_id, e.policy_id)}: {e.error}" for e in result.errors
        )
        raise ConfigurationError(f"policies: {problems}; mend the Cedar files")
    notes = {name: body["annotations"] for name, body in parsed["staticPolicies"].items()}
    parts = list(_parts(parsed))
    return _Parsed(
        policies,
        schema,
        rules={
            name: _rule(name, note, signed=_looks_at_signatures(parsed["staticPolicies"][name]))
            for name, note in notes.items()
        },
        people=frozenset(part["id"] for part in parts if part.get("type") == "Person"),
        attributes=frozenset(part["attr"] for part in parts if isinstance(part.get("attr"), str)),
    )


@dataclass
class Policies:
    """The policies in force: the shipped ones and a site's own, validated whole at start."""

    commands: Sequence[Command]
    site: Sequence[Path] = ()
    version: str = field(init=False)

    def __post_init__(self) -> None:
        """Parse and validate everything, or refuse to start."""
        shipped = resources.files("bot.policy")
        schema_text = (shipped / "wardroom.cedarschema").read_text("utf-8")
        texts = [(shipped / "wardroom.cedar").read_text("utf-8")]
        for path in self.site:
            files = sorted(path.glob("*.cedar")) if path.is_dir() else [path]
            texts += [_read(file) for file in files]
        hierarchy = json.loads((shipped / "hierarchy.json").read_text("utf-8"))
        self._roles: Mapping[str, Sequence[str]] = hierarchy["roles"]
        self._groups: Mapping[str, Sequence[str]] = hierarchy["groups"]
        text = "\n".join(texts)
        self.version = hashlib.sha256((schema_text + text).encode()).hexdigest()[:12]
        self._read = _parsed(text, schema_text)
        self._by_name = {command.name: command for command in self.commands}
        self._entities = lru_cache(maxsize=512)(self._build_entities)
        # Policies and entities hold still while we run, and none asks for the time: the same
        # question has the same answer. Asked 16 at a time, Cedar is half of a short command.
        self._decided = lru_cache(maxsize=4096)(self._decide)
        self._disclosing = lru_cache(maxsize=512)(self._may_disclose)
        self._reviewing = lru_cache(maxsize=512)(self._may_review)

    @property
    def roles(self) -> frozenset[str]:
        """Return the names of all roles."""
        return frozenset(self._roles)

    def may_run(self, who: Principal, command: Command, facts: Facts) -> Decision:
        """Decide whether `who` may have `command` carried out with the approvals given so far."""
        return self._decided(who.id, who.roles, command.name, facts, None)

    def may_approve(
        self, who: Principal, command: Command, facts: Facts, *, requester: str
    ) -> Decision:
        """Decide whether `who`'s yes or no to a request of `requester` counts."""
        return self._decided(who.id, who.roles, command.name, facts, requester)

    def may_disclose(self, who: Principal) -> bool:
        """Say whether a person may read, and find by words, what others wrote freely."""
        return self._disclosing(who.id, who.roles)

    def may_review(self, who: Principal, kind: str, *, subject: str) -> Decision:
        """Decide whether `who` may close a review, by its kind, of what `subject` did."""
        return self._reviewing(who.id, who.roles, kind, subject)

    def holds(self, who: Principal, role: str) -> bool:
        """Say whether a person holds a role, directly or through the hierarchy."""
        return role in self.held(who)

    def held(self, who: Principal) -> frozenset[str]:
        """Return every role that a person holds, directly or through the hierarchy."""
        found, queue = set[str](), list(who.roles)
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += self._roles.get(name, ())
        return frozenset(found)

    def names(self, person: str) -> bool:
        """Say whether a policy names a person, who may then do more or less than their roles."""
        return person in self._read.people

    @property
    def wants_signatures(self) -> bool:
        """Say whether any rule asks for a signed approval."""
        return any(rule.wants_signature for rule in self._read.rules.values())

    def looks_at(self, attribute: str) -> bool:
        """Say whether a policy looks at an attribute, such as `service`, of what is asked."""
        return attribute in self._read.attributes

    def _decide(
        self,
        person: str,
        roles: frozenset[str],
        command: str,
        facts: Facts,
        requester: str | None,
    ) -> Decision:
        """Ask Cedar: whether to run, or with a `requester` whether to approve."""
        if requester is None:
            action, context = "run", _context(facts) | _run_context(facts)
        else:
            action, context = "approve", _context(facts) | {"requester": _ref("Person", requester)}
        result = cedarpy.is_authorized(
            {
                "principal": _ref("Person", person),
                "action": _ref("Action", action),
                "resource": _ref("Command", command),
                "context": context,
            },
            self._read.policies,
            self._entities(person, roles),
            self._read.schema,
        )
        rules = [self._read.rules[name] for name in sorted(result.diagnostics.reasons)]
        if result.allowed:
            return Decision(allowed=True, policies=tuple(rule.id for rule in rules))
        return _denial(rules, self._by_name[command], facts)

    def _may_disclose(self, person: str, roles: frozenset[str]) -> bool:
        asked = {
            "principal": _ref("Person", person),
            "action": _ref("Action", "disclose"),
            "resource": _ref("Log", "audit"),
            "context": {},
        }
        known = self._entities(person, roles)
        return cedarpy.is_authorized(asked, self._read.policies, known, self._read.schema).allowed

    def _may_review(
        self, person: str, roles: frozenset[str], kind: str, subject: str
    ) -> Decision:
        asked = {
            "principal": _ref("Person", person),
            "action": _ref("Action", "review"),
            "resource": _ref("Review", kind),
            "context": {"subject": _ref("Person", subject)},
        }
        known = self._entities(person, roles)
        result = cedarpy.is_authorized(asked, self._read.policies, known, self._read.schema)
        rules = [self._read.rules[name] for name in sorted(result.diagnostics.reasons)]
        named = tuple(rule.id for rule in rules)
        if result.allowed:
            return Decision(allowed=True, policies=named)
        messages = tuple(rule.message or rule.id for rule in rules) or ("no policy allows it",)
        return Decision(
            allowed=False, policies=named, messages=messages, reason=Reason.NOT_AUTHORISED
        )

    def _build_entities(self, person: str, roles: frozenset[str]) -> cedarpy.Entities:
        unknown = roles - self.roles
        held = sorted(roles - unknown)
        rows = [_entity("Person", person, parents=[("Role", role) for role in held])]
        rows += [
            _entity("Role", role, parents=[("Role", parent) for parent in parents])
            for role, parents in self._roles.items()
        ]
        rows += [
            _entity(
                "Command",
                command.name,
                parents=[
                    ("Group", g) for g, names in self._groups.items() if command.name in names
                ],
                attrs={
                    "risk": command.risk.value,
                    "role": {"__entity": _ref("Role", command.role)},
                },
            )
            for command in self.commands
        ]
        return cedarpy.Entities.from_json_str(json.dumps(rows), self._read.schema)


def _parts(policies: Mapping[str, object] | Sequence[object]) -> Iterator[Mapping[str, object]]:
    """Yield every object inside parsed policies: what they name and look at is among them."""
    if isinstance(policies, dict):
        yield policies
    for part in policies.values() if isinstance(policies, dict) else policies:
        if isinstance(part, dict | list):
            yield from _parts(part)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigurationError(f"policies: {file}: {error.strerror}") from error


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _entity(
    kind: str,
    name: str,
    *,
    parents: Iterable[tuple[str, str]] = (),
    attrs: Mapping[str, object] | None = None,
) -> dict[str, object]:
    return {
        "uid": _ref(kind, name),
        "attrs": dict(attrs or {}),
        "parents": [_ref(*parent) for parent in parents],
    }


def _context(facts: Facts) -> dict[str, object]:
    named = {
        "service": facts.service,
        "environment": facts.environment,
        "safety_class": facts.safety_class,
    }
    return {name: value for name, value in named.items() if value}


def _run_context(facts: Facts) -> dict[str, object]:
    return {
        "change": facts.change,
        "dry_run": facts.dry_run,
        "approvals": {
            "total": facts.approvals,
            "roles": [_ref("Role", role) for role in sorted(facts.approver_roles)],
            "signed": facts.signed,
            "signer_roles": [_ref("Role", role) for role in sorted(facts.signer_roles)],
        },
    }


def _looks_at_signatures(policy: Mapping[str, object]) -> bool:
    return any(part.get("attr") in ("signed", "signer_roles") for part in _parts(policy))


def _rule(name: str, note: Mapping[str, str], *, signed: bool) -> Rule:
    return Rule(
        id=note.get("id", name),
        message=note.get("message", ""),
        needs_approval=note.get("needs") == "approval",
        counts="approvals" in note,
        reason=Reason(note.get("reason", Reason.NOT_AUTHORISED)),
        role=note.get("role", ""),
        wants_signature=signed,
    )


def _denial(rules: Sequence[Rule], command: Command, facts: Facts) -> Decision:
    if not rules:
        # Default deny, or a request that does not fit the schema: there is no rule to name.
        return Decision(
            allowed=False,
            messages=(f"no policy allows `{command.name}` here",),
            reason=Reason.NOT_AUTHORISED,
        )
    words = {
        "command": command.name,
        "role": command.role,
        "service": facts.service,
        "environment": facts.environment,
        "safety_class": facts.safety_class,
    }
    hard = [rule for rule in rules if not rule.needs_approval]
    said = hard or rules
    return Decision(
        allowed=False,
        policies=tuple(rule.id for rule in rules),
        messages=tuple(_sentence(rule, words, facts) for rule in said),
        reason=hard[0].reason if hard else Reason.PENDING_APPROVAL,
        wants_approval=not hard,
        signatures=tuple(rule.role for rule in rules if rule.wants_signature),
    )


def _sentence(rule: Rule, words: Mapping[str, str], facts: Facts) -> str:
    said = rule.message.format_map(words) or rule.id
    return f"{said} ({facts.approvals} given)" if rule.counts and facts.approvals else said
