"""How projects, refs, builds and our pipelines are named; nothing else is put into an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bot.api import Rejected
from bot.vendors.git import COMMIT, REF

if TYPE_CHECKING:
    from bot.api import CiTarget, Service

NAME: Final = "GitLab"
BLOCK: Final = "integrations.gitlab"
DEPLOY: Final = "Wardroom deploy"
BUILD: Final = "Wardroom build"
BY_INPUTS: Final = "inputs:"
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}"
_PROJECT: Final = re.compile(rf"{_PART}(?:/{_PART}){{1,20}}")
_BUILD: Final = re.compile(rf"(?P<project>{_PROJECT.pattern})/(?P<number>[1-9][0-9]{{0,18}})")
_CORRELATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,149}")


@dataclass(frozen=True)
class Pipeline:
    """One pipeline; written as `group/project/4711`, which is a build's id."""

    project: str
    number: int

    def __str__(self) -> str:
        """Return the id that people type after `ci log`."""
        return f"{self.project}/{self.number}"

    @property
    def path(self) -> str:
        """Return its path in the API."""
        return f"{project_path(self.project)}/pipelines/{self.number}"


def pipeline(build_id: str) -> Pipeline:
    """Return the pipeline of a build's id; `Rejected` for an id that was not made here."""
    found = _BUILD.fullmatch(build_id)
    if found is None:
        raise Rejected(
            f"`{build_id[:80]}` is no build of {NAME}: an id is a project's path and a pipeline's "
            "number, as `ci status SERVICE` shows it."
        )
    return Pipeline(found["project"], int(found["number"]))


def target(service: Service) -> CiTarget:
    """Return where a service is built; `Rejected` unless it names a project's path."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the estate file.")
    repo = service.ci.repo
    if not _PROJECT.fullmatch(repo):
        raise Rejected(
            f"`ci.repo` of {service.id} is no path of a {NAME} project: write it as in the "
            "project's address, group/project."
        )
    return service.ci


def project_path(project: str) -> str:
    """Return a project's path in the API."""
    return f"projects/{quote(project, safe='')}"


def is_ref(name: str) -> bool:
    """Say whether a tag or branch may have this name."""
    return REF.fullmatch(name) is not None and ".." not in name


def is_commit(value: object) -> bool:
    """Say whether this is a whole commit id."""
    return isinstance(value, str) and COMMIT.fullmatch(value) is not None


def title(kind: str, correlation: str) -> str:
    """Return the name that a pipeline of ours bears, by which it is found again."""
    if not _CORRELATION.fullmatch(correlation):
        raise Rejected(f"`{correlation[:40]}` cannot be a part of a pipeline's name.")
    return f"{kind} {correlation}"


def correlation(name: object) -> str:
    """Return the correlation id in a pipeline's name, "" in a name that is none of ours."""
    for kind in (DEPLOY, BUILD):
        if isinstance(name, str) and name.startswith(f"{kind} "):
            return name.removeprefix(f"{kind} ")
    return ""
