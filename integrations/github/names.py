"""What may stand in an address that we ask GitHub for: repositories, workflows, refs, builds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Rejected
from bot.vendors.git import COMMIT, REF

if TYPE_CHECKING:
    from bot.api import CiTarget, Service

REPO: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,100}")
FILE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.ya?ml")
BUILD: Final = re.compile(
    rf"(?P<repo>{REPO.pattern})/(?:(?P<run>[1-9][0-9]{{0,18}})"
    rf"|(?P<workflow>{FILE.pattern})/(?P<correlation>[A-Za-z0-9][A-Za-z0-9._-]{{3,99}}))"
)


@dataclass(frozen=True)
class Place:
    """What a build's id says: a run of a repository, or what a workflow was asked for with."""

    repo: str
    run: str = ""
    workflow: str = ""
    correlation: str = ""

    def __str__(self) -> str:
        """Return the id."""
        rest = self.run or f"{self.workflow}/{self.correlation}"
        return f"{self.repo}/{rest}"


def place(build_id: str) -> Place:
    """Return what an id of ours says; `Rejected` where it is none."""
    match = BUILD.fullmatch(build_id)
    if match is None:
        raise Rejected(
            f"`{build_id[:80]}` is no build of GitHub's: an id is as acme/portal/30433642, and "
            "`ci status SERVICE` lists them."
        )
    return Place(**match.groupdict(default=""))


def target_of(service: Service) -> CiTarget:
    """Return where a service is built, with a repository that may be asked for."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the services file.")
    if not REPO.fullmatch(service.ci.repo):
        raise Rejected(
            f"`{service.ci.repo[:80]}` is no repository on GitHub: ci.repo of {service.id} is as "
            "acme/portal."
        )
    return service.ci


def workflow(file: str, service: Service, setting: str) -> str:
    """Return a workflow's file name; `Rejected` where it cannot be one."""
    if not FILE.fullmatch(file):
        raise Rejected(
            f"`{file[:80]}` is no workflow file: ci.{setting} of {service.id} is its name in "
            ".github/workflows, as ci.yml."
        )
    return file


def names_of(target: CiTarget, ref: str) -> tuple[str, ...]:
    """Return what a version, tag or branch may be called in git, in the order of preference."""
    tag = target.tag.format(version=ref)
    if not all(REF.fullmatch(name) and ".." not in name for name in (ref, tag)):
        raise Rejected(f"`{ref[:40]}` cannot be a version.")
    return tuple(dict.fromkeys((f"tags/{tag}", f"tags/{ref}", f"heads/{ref}")))


def is_commit(text: object) -> bool:
    """Say whether that is a whole commit id."""
    return isinstance(text, str) and bool(COMMIT.fullmatch(text))
