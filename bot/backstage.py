"""Reads Backstage's descriptor files (`catalog-info.yaml`): who owns what, and what it depends on.

An entity is one of our services by the annotation `wardroom/service`, else by its name. A reference
is `[kind:][namespace/]name` in any case; the kind of an owner is `group` unless it is given, that
of an API `api`, the namespace that of the entity. What a Component consumes it depends on, and so
on whoever provides that API. What is not described in the files is said, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot import documents
from bot.errors import ConfigurationError

ANNOTATION: Final = "wardroom/service"
_PART: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
_REF: Final = re.compile(rf"(?:({_PART}):)?(?:({_PART})/)?({_PART})")
_KINDS: Final = frozenset({"component", "api", "system", "resource"})
_DEFAULT: Final = "default"


@dataclass(frozen=True)
class Entity:
    """One entity: its full reference, the service that it is, and what it refers to."""

    ref: str
    service: str
    owner: str
    depends_on: tuple[str, ...]
    consumes: tuple[str, ...]
    provides: tuple[str, ...]
    where: str


@dataclass(frozen=True)
class Described:
    """What the files say of our services; `notes` are references that lead nowhere in them."""

    owners: Mapping[str, str] = field(default_factory=dict)
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(paths: Sequence[Path], services: Iterable[str]) -> Described:
    """Return what the files say of some services; `ConfigurationError` names path and entity."""
    entities = [entity for path in paths for entity in _entities(path)]
    known = set(services)
    by_ref: dict[str, Entity] = {}
    by_service: dict[str, Entity] = {}
    for entity in entities:
        if entity.ref in by_ref:
            twice = f"{entity.ref} is there twice: {by_ref[entity.ref].where}, {entity.where}"
            raise ConfigurationError(f"backstage: {twice}; one entity is one entry")
        by_ref[entity.ref] = entity
        if entity.service in known:
            earlier = by_service.setdefault(entity.service, entity)
            if earlier is not entity:
                raise ConfigurationError(
                    f"{entity.where}: {entity.ref} and {earlier.ref} are both the service "
                    f"{entity.service}; give one of them the annotation {ANNOTATION}"
                )
    return _described(by_ref, by_service)


def _described(by_ref: Mapping[str, Entity], by_service: Mapping[str, Entity]) -> Described:
    providers: dict[str, list[str]] = {}
    for name, entity in by_service.items():
        for api in entity.provides:
            providers.setdefault(api, []).append(name)
    services = {entity.ref: name for name, entity in by_service.items()}
    notes: list[str] = []
    depends: dict[str, tuple[str, ...]] = {}
    for name, entity in by_service.items():
        found: list[str] = []
        for ref in (*entity.depends_on, *entity.consumes):
            if ref in services:
                found.append(services[ref])
            found += providers.get(ref, ())
            if ref not in by_ref:
                notes.append(f"{entity.where}: {entity.ref} refers to {ref}, which no file has")
        depends[name] = tuple(dict.fromkeys(one for one in found if one != name))
    return Described(
        owners={name: entity.owner for name, entity in by_service.items() if entity.owner},
        depends_on=depends,
        where={name: entity.where for name, entity in by_service.items()},
        notes=tuple(notes),
    )


def _entities(path: Path) -> Iterator[Entity]:
    for number, row in enumerate(documents.read_all(path), 1):
        if row is None:
            continue  # a file may end with `---`
        where = f"{path} entry {number}"
        if not isinstance(row, dict) or not isinstance(row.get("kind"), str):
            raise ConfigurationError(f"{where}: is no entity of Backstage; it needs a kind")
        if row["kind"].lower() in ("component", "api"):
            yield _entity(row, row["kind"].lower(), where)
        elif row["kind"].lower() in _KINDS:
            yield _bare(row, row["kind"].lower(), where)


def _bare(row: Mapping[str, object], kind: str, where: str) -> Entity:
    """Return what is only referred to: a resource, a system."""
    ref, _ = _named(row, kind, where)
    return Entity(ref, "", "", (), (), (), where)


def _entity(row: Mapping[str, object], kind: str, where: str) -> Entity:
    ref, metadata = _named(row, kind, where)
    namespace = ref.partition(":")[2].partition("/")[0]
    annotations = _block(metadata, "annotations", where)
    service = annotations.get(ANNOTATION, metadata["name"] if kind == "component" else "")
    spec = _block(row, "spec", where)
    owner = spec.get("owner", "")
    if not isinstance(owner, str) or not isinstance(service, str):
        raise ConfigurationError(f"{where}: owner and {ANNOTATION} must be text")

    def refs(name: str, default: str) -> tuple[str, ...]:
        found = spec.get(name) or []
        if not isinstance(found, list):
            raise ConfigurationError(f"{where}: spec.{name} must be a list of references")
        return tuple(_ref(one, default, namespace, f"{where}: spec.{name}") for one in found)

    return Entity(
        ref=ref,
        service=service.lower(),
        owner=_short(_ref(owner, "group", namespace, f"{where}: spec.owner")) if owner else "",
        depends_on=refs("dependsOn", ""),
        consumes=refs("consumesApis", "api"),
        provides=refs("providesApis", "api"),
        where=where,
    )


def _named(row: Mapping[str, object], kind: str, where: str) -> tuple[str, Mapping[str, object]]:
    metadata = _block(row, "metadata", where)
    name, namespace = metadata.get("name"), metadata.get("namespace", _DEFAULT)
    if not isinstance(name, str) or not re.fullmatch(_PART, name):
        raise ConfigurationError(f"{where}: metadata.name is missing, or no name")
    if not isinstance(namespace, str) or not re.fullmatch(_PART, namespace):
        raise ConfigurationError(f"{where}: metadata.namespace is no name")
    return f"{kind}:{namespace}/{name}".lower(), metadata


def _block(row: Mapping[str, object], name: str, where: str) -> Mapping[str, object]:
    found = row.get(name) or {}
    if not isinstance(found, dict):
        raise ConfigurationError(f"{where}: {name} must hold `name: value`, one a line, indented")
    return found


def _ref(text: object, kind: str, namespace: str, where: str) -> str:
    match = _REF.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ConfigurationError(f"{where}: {text!r} is no reference like component:default/name")
    if not (match[1] or kind):
        raise ConfigurationError(f"{where}: {text!r} must begin with its kind, like component:")
    return f"{match[1] or kind}:{match[2] or namespace}/{match[3]}".lower()


def _short(ref: str) -> str:
    """Return an owner as people call it: its name, where it is a group of the usual namespace."""
    return ref.removeprefix(f"group:{_DEFAULT}/")
