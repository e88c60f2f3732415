"""The roles, and which other roles each brings along: the shipped ones and a site's own."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from bot import documents
from bot.errors import ConfigurationError

FILES: Final = ("roles.yaml", "roles.yml", "roles.json")
"""What a site's own roles are called, next to its .cedar files."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Hierarchy:
    """Every role with the roles that it brings along, and the groups of commands."""

    roles: Mapping[str, Sequence[str]]
    groups: Mapping[str, Sequence[str]]

    def held(self, roles: Collection[str]) -> frozenset[str]:
        """Return these roles and every role that they bring along."""
        found, queue = set[str](), list(roles)
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += self.roles.get(name, ())
        return frozenset(found)

    def written(self) -> str:
        """Return it as one text, the same for the same roles and groups."""
        return json.dumps([self.roles, self.groups], sort_keys=True)


def shipped() -> Hierarchy:
    """Return the roles that come with the product."""
    read = json.loads((resources.files("bot.policy") / "hierarchy.json").read_text("utf-8"))
    return Hierarchy(read["roles"], read["groups"])


def merged(below: Hierarchy, files: Sequence[Path]) -> tuple[Hierarchy, list[str]]:
    """Return the hierarchy with a site's roles added, and a sentence for everything wrong."""
    roles: dict[str, Sequence[str]] = dict(below.roles)
    problems: list[str] = []
    owners: dict[str, Path] = {}
    for file in files:
        try:
            added = _read(file)
        except ConfigurationError as error:
            problems.append(str(error))
            continue
        for name, parents in added.items():
            wrong = _wrong(name, parents, below, owners)
            problems += [f"{file}: {name}: {what}" for what in wrong]
            if not wrong and isinstance(parents, list):
                owners[name] = file
                roles[name] = tuple(parents)
    for name, file in owners.items():
        problems += [f"{file}: {name}: {what}" for what in _unfit(name, roles)]
    return Hierarchy(roles, below.groups), problems


def _read(file: Path) -> Mapping[str, object]:
    document = documents.read(file)
    roles = document.get("roles") if isinstance(document, dict) and len(document) == 1 else None
    if not isinstance(roles, dict):
        example = "roles: {pharmacist: [approver]}"
        raise documents.refuse(file, [f"must hold one block named roles, such as `{example}`"])
    return {str(name): parents for name, parents in roles.items()}


def _wrong(
    name: str, parents: object, below: Hierarchy, owners: Mapping[str, Path]
) -> Iterator[str] | list[str]:
    if not _NAME.fullmatch(name):
        return ["a role is named by lower-case letters, digits and _, such as night_pharmacist"]
    if name in below.roles:
        return ["is a shipped role, which stays as it is; give yours another name"]
    if name in owners:
        return [f"is in {owners[name]} too; one role is one entry"]
    if not isinstance(parents, list) or not all(isinstance(one, str) for one in parents):
        return ["must be a list of the roles that it brings along, such as [approver], or []"]
    return []


def _unfit(name: str, roles: Mapping[str, Sequence[str]]) -> list[str]:
    unknown = [one for one in roles[name] if one not in roles]
    if unknown:
        return [f"there is no role {one}{documents.nearest(one, roles)}" for one in unknown]
    if any(name in Hierarchy(roles, {}).held(roles.get(one, ())) | {one} for one in roles[name]):
        return ["brings itself along; take one of the roles out of the circle"]
    return []
