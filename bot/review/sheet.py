"""What an access review looks like: a line for everybody, or a line for each command of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import Button, Reply, Table, Used
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.api import Command, Known
    from bot.model import Event, Principal, Usage
    from bot.review.rights import Rights

EVERYBODY = (
    "Person",
    "Roles (people file)",
    "Accounts",
    "May change",
    "May approve",
    "Did",
    "Denied",
    "Never did",
)
ONE = ("Command", "May", "May approve", "Did", "Denied", "Last")
NEVER, NOTHING = "never", "nothing"


@dataclass(frozen=True)
class Member:
    """A person, what they may do, their accounts, and every role they hold through others."""

    person: Principal
    rights: Rights
    accounts: Sequence[Known]
    held: frozenset[str] = frozenset()


def of_all(
    members: Sequence[Member], usage: Usage, reader: str, changing: Sequence[Command]
) -> Reply:
    """Return a line for each person, and for whoever did something and has no access any more."""
    verbs = [command.name for command in changing]
    known = {member.person.id for member in members}
    gone = sorted({person for person, verb in usage.used if person and person not in known})
    rows = [_row(member, usage, verbs, reader) for member in members]
    rows += [_gone(person, usage, verbs) for person in gone]
    return Reply(
        f"{len(members)} people have access. {_period(usage)} `audit review PERSON` says more "
        f"of one; `audit review sign --to {usage.size} --findings ...` signs this.",
        title="Access review",
        fields=_facts(usage),
        items=tuple(f"{seq}, {written(at)}: {said}" for seq, at, said in usage.changes),
        table=Table(EVERYBODY, tuple(rows)),
        buttons=(Button("Sign", f"audit review sign --to {usage.size}", asks="findings"),),
    )


def of_one(member: Member, usage: Usage, verbs: Iterable[str]) -> Reply:
    """Return a line for each command that one person may ask for, did, or was denied."""
    person, rights = member.person, member.rights
    inherited = ", ".join(sorted(member.held - person.roles)) or "no others"
    rows = [
        (
            verb,
            _may(rights.runs, verb),
            _may(rights.approves, verb, yes="yes"),
            str(used.times or NEVER),
            str(used.denied or ""),
            written(used.last) if used.last else "",
        )
        for verb in verbs
        if (used := usage.used.get((person.id, verb), Used()))
        and (verb in rights.runs or verb in rights.approves or used != Used())
    ]
    return Reply(
        f"What {person.id} may do and did. {_period(usage)}",
        title=f"Access of {person.id}",
        fields=(
            ("Roles", f"{_roles(person)} (people file); through them {inherited}"),
            *(("Account", _account(known)) for known in member.accounts),
        ),
        table=Table(ONE, tuple(rows)),
    )


def who(event: Event) -> str:
    """Return the person of an event."""
    actor = event.data.get("actor")
    return str(actor.get("person", "")) if isinstance(actor, Mapping) else ""


def param(event: Event, name: str) -> str:
    """Return a parameter of an event, "" where it has none."""
    params = event.data.get("params")
    return str(params.get(name, "")) if isinstance(params, Mapping) else ""


def _row(member: Member, usage: Usage, verbs: Sequence[str], reader: str) -> tuple[str, ...]:
    person, rights = member.person, member.rights
    mine = " (you: somebody else reviews this line)" if person.id == reader else ""
    linked = sum(1 for known in member.accounts if known.since)
    accounts = [f"{len(member.accounts) - linked} in the people file"]
    never = [verb for verb in rights.runs if not _used(usage, person.id, verb).times]
    return (
        f"{person.id}{mine}",
        _roles(person),
        ", ".join([*accounts, *([f"{linked} linked"] if linked else [])]),
        _grouped(rights.runs),
        _grouped(rights.approves),
        _did(person.id, usage, verbs),
        _denied(person.id, usage),
        ", ".join(never),
    )


def _gone(person: str, usage: Usage, verbs: Sequence[str]) -> tuple[str, ...]:
    did, denied = _did(person, usage, verbs), _denied(person, usage)
    return f"{person} (no access any more)", "", "", NOTHING, NOTHING, did, denied, ""


def _roles(person: Principal) -> str:
    return ", ".join(sorted(person.roles)) or "none"


def _account(known: Known) -> str:
    name = f"{known.account.platform} {known.account.user}"
    return f"{name} (linked {written(known.since)})" if known.since else f"{name} (people file)"


def _used(usage: Usage, person: str, verb: str) -> Used:
    return usage.used.get((person, verb), Used())


def _did(person: str, usage: Usage, verbs: Iterable[str]) -> str:
    found = [(verb, _used(usage, person, verb).times) for verb in verbs]
    return ", ".join(f"{verb} {times}" for verb, times in found if times) or NOTHING


def _denied(person: str, usage: Usage) -> str:
    return str(sum(used.denied for (one, _), used in usage.used.items() if one == person) or "")


def _grouped(rights: Mapping[str, str]) -> str:
    """Return commands with where they may be done, those that are alike together."""
    alike: dict[str, list[str]] = defaultdict(list)
    for verb, where in rights.items():
        alike[where].append(verb)
    parts = [f"{', '.join(some)}{f' ({where})' if where else ''}" for where, some in alike.items()]
    return "; ".join(parts) or NOTHING


def _may(rights: Mapping[str, str], verb: str, *, yes: str = "everywhere") -> str:
    return (rights[verb] or yes) if verb in rights else ""


def _period(usage: Usage) -> str:
    if usage.since is None:
        return "Nothing happened since the last review."
    return f"What they did is counted since {written(usage.since)}."


def _facts(usage: Usage) -> tuple[tuple[str, str], ...]:
    rows = [("Events", f"{usage.first} to {usage.size}, each hashed again")]
    if usage.damaged:
        rows.append(
            ("WARNING", f"event {', '.join(map(str, usage.damaged))} is damaged: not counted")
        )
    versions = [f"{v} since {written(at)}" for v, at in usage.policies.items()]
    rows.append(("Policies in force", "; ".join(versions) or "nothing was decided"))
    shown = len(usage.changes)
    more = f", the newest {shown} of them below" if shown < usage.changed else ""
    rows.append(("Changes of who may do what", f"{usage.changed}{more}"))
    return tuple(rows)
