"""The people, roles and commands as Cedar's entities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import cedarpy

from bot.api import Command
from bot.dispatch.authorise.facts import reference
from bot.dispatch.authorise.hierarchy import Hierarchy


def entities(
    person: str,
    roles: frozenset[str],
    hierarchy: Hierarchy,
    commands: Sequence[Command],
    schema: cedarpy.Schema,
) -> cedarpy.Entities:
    """Return one person among all roles and commands; a role that is none is not held."""
    held = sorted(roles & hierarchy.roles.keys())
    rows = [_entity("Person", person, parents=[("Role", role) for role in held])]
    rows += [
        _entity("Role", role, parents=[("Role", parent) for parent in parents])
        for role, parents in hierarchy.roles.items()
    ]
    rows += [_command(command, hierarchy) for command in commands]
    return cedarpy.Entities.from_json_str(json.dumps(rows), schema)


def _command(command: Command, hierarchy: Hierarchy) -> dict[str, object]:
    groups = [name for name, members in hierarchy.groups.items() if command.name in members]
    return _entity(
        "Command",
        command.name,
        parents=[("Group", name) for name in groups],
        attrs={"risk": command.risk.value, "role": {"__entity": reference("Role", command.role)}},
    )


def _entity(
    kind: str,
    name: str,
    *,
    parents: Iterable[tuple[str, str]] = (),
    attrs: Mapping[str, object] | None = None,
) -> dict[str, object]:
    return {
        "uid": reference(kind, name),
        "attrs": dict(attrs or {}),
        "parents": [reference(*parent) for parent in parents],
    }
