"""A policy's annotations, and what the policies came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.dispatch.authorise.facts import Facts
from bot.model import Reason

APPROVAL: Final = "approval"  # the one thing that a rule can say it needs
SIGNED: Final = ("signed", "signer_roles")


@dataclass(frozen=True)
class Rule:
    """A policy's annotations: what a user reads and what could satisfy it.

    `file` and `line` are where it begins; `action` is "run", "approve" or "" for any.
    """

    id: str
    message: str = ""
    needs_approval: bool = False
    counts: bool = False
    reason: Reason = Reason.NOT_AUTHORISED
    role: str = ""
    wants_signature: bool = False
    file: str = ""
    line: int = 0
    action: str = ""
    forbids: bool = True
    is_shipped: bool = False


@dataclass(frozen=True)
class Decision:
    """What the policies say; `policies` are the deciding ids, `messages` their sentences.

    `signatures` has, for every rule that asks for a signed approval, whose it must be: a role, or
    "" for anybody's. `version` is that of the policies which decided.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    reason: Reason = Reason.OK
    wants_approval: bool = False
    signatures: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class Judged:
    """A rule that is about what was asked, the sentence that it says, and whether it says no."""

    rule: Rule
    sentence: str
    says_no: bool


def both(first: Decision, second: Decision) -> Decision:
    """Return what two decisions about one thing come to: each of them has to be satisfied."""
    if first.allowed or second.allowed:
        return second if first.allowed else first
    hard = next((one for one in (first, second) if not one.wants_approval), None)
    if hard is not None:
        return hard
    return replace(
        first,
        policies=_each(first.policies, second.policies),
        messages=_each(first.messages, second.messages),
        signatures=_each(first.signatures, second.signatures),
    )


def _each(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*first, *second]))


def sentence(rule: Rule, words: Mapping[str, str], facts: Facts) -> str:
    """Return what somebody reads of a rule that says no."""
    said = rule.message.format_map(words) or rule.id
    return f"{said} ({facts.approvals} given)" if rule.counts and facts.approvals else said


def denial(
    rules: Sequence[Rule], words: Mapping[str, str], facts: Facts, *, version: str
) -> Decision:
    """Return the decision of rules that say no; approvals can mend it where all ask for them."""
    if not rules:
        # Default deny, or a request that does not fit the schema: there is no rule to name.
        return Decision(
            allowed=False,
            messages=(f"no policy allows `{words['command']}` here",),
            reason=Reason.NOT_AUTHORISED,
            version=version,
        )
    hard = [rule for rule in rules if not rule.needs_approval]
    return Decision(
        allowed=False,
        policies=tuple(rule.id for rule in rules),
        messages=tuple(sentence(rule, words, facts) for rule in hard or rules),
        reason=hard[0].reason if hard else Reason.PENDING_APPROVAL,
        wants_approval=not hard,
        signatures=tuple(rule.role for rule in rules if rule.wants_signature),
        version=version,
    )
