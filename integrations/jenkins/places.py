"""Where a job and a build are in Jenkins: the path that people write, the URL, and our ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit

from bot.api import Rejected
from bot.vendors.git import ref_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.api import CiTarget, Service

PROVIDER: Final = "jenkins"  # what `ci.provider` calls this integration
TAG: Final = "{tag}"  # in a builder: the job that a multibranch pipeline has for the tag
QUEUED: Final = "q"  # clinical/lab-results/q39 is number 39 of the queue, and no build yet
# Jenkins' Jenkins.checkGoodName refuses most of what this leaves out. A multibranch pipeline
# writes a slash of a branch as %2F, so % is in; a blank is written as %20 in an id.
_SEGMENT: Final = r"(?!\.{1,2}(?:/|$))[\w.+%~=,()-][\w .+%~=,()-]{0,199}"
_JOB: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,19}}")
_BUILD: Final = re.compile(
    rf"(?P<job>[^\s]{{1,800}})/(?P<queued>{QUEUED}?)(?P<number>[1-9]\d{{0,9}})"
)


@dataclass(frozen=True)
class Place:
    """One build of a job, or what waits in the queue to become one."""

    job: str
    number: int
    is_queued: bool = False

    @property
    def id(self) -> str:
        """Return what people type for it."""
        return f"{written(self.job)}/{QUEUED if self.is_queued else ''}{self.number}"

    @property
    def path(self) -> str:
        """Return its path below the configured address."""
        return f"{job_path(self.job)}/{self.number}"


def written(job: str) -> str:
    """Return a job's path without blanks."""
    return job.replace(" ", "%20")


def job_path(job: str) -> str:
    """Return the URL path of a job: clinical/lab-results is job/clinical/job/lab-results."""
    return "/".join(f"job/{quote(part, safe='')}" for part in job.split("/"))


def job_at(url: str) -> str:
    """Return the job that a URL of Jenkins' is of, whatever address and context path it has."""
    parts = urlsplit(url).path.strip("/").split("/")
    # From the end, as a context path may hold a part that is called "job" too.
    names: list[str] = []
    while len(parts) > 1 and parts[-2] == "job":
        names.append(unquote(parts[-1]))
        parts = parts[:-2]
    return "/".join(reversed(names))


def place_of(build_id: str) -> Place:
    """Return where a build is by its id; `Rejected` where that is none of ours."""
    found = _BUILD.fullmatch(build_id)
    job = found["job"].replace("%20", " ") if found else ""
    if found is None or not found["number"].isascii() or not _JOB.fullmatch(job):
        raise Rejected(
            f"`{build_id[:80]}` is no build of Jenkins: it is a job's path and a number, as "
            "`ci status SERVICE` shows it."
        )
    return Place(job, int(found["number"]), is_queued=bool(found["queued"]))


def target_of(service: Service) -> CiTarget:
    """Return where a service is built; `Rejected` where the services file does not say it."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the services file.")
    return service.ci


def job_of(service: Service, builder: str, ref: str) -> str:
    """Return the job that builds a ref; a multibranch pipeline has one for each tag.

    `Rejected` where it cannot be a job's path, or where a commit alone names no job.
    """
    tag = ref_name(target_of(service), ref)
    if TAG in builder and not tag:
        raise Rejected(
            f"{service.id} is built by a job for each tag, and a commit alone names none: say the "
            "version."
        )
    return _checked(service, builder.replace(TAG, tag.replace("/", "%2F")))


def folder_of(service: Service, builder: str) -> tuple[str, bool]:
    """Return the job, or the multibranch pipeline whose jobs build the tags, and which it is."""
    if TAG not in builder:
        return _checked(service, builder), False
    folder, _, last = builder.rpartition("/")
    if last != TAG or TAG in folder:
        raise _wrong(service, builder)
    return _checked(service, folder), True


def jobs_asked(service: Service) -> Iterator[str]:
    """Yield the jobs here that deploy and build the service, each once, `{tag}` still in them.

    What another provider builds or deploys has no job here.
    """
    target = target_of(service)
    jobs: list[str] = []
    if (target.deploy_provider or target.provider) == PROVIDER:
        deploys = [target.deploys_by(each.name) for each in service.environments]
        jobs += [name for name in (*deploys, target.deploy_builder) if "{environment}" not in name]
    if target.provider == PROVIDER:
        jobs.append(target.builder)
    yield from dict.fromkeys(jobs)


def _checked(service: Service, job: str) -> str:
    if not _JOB.fullmatch(job):
        raise _wrong(service, job)
    return job


def _wrong(service: Service, job: str) -> Rejected:
    return Rejected(
        f"`{job[:80]}` of {service.id} is no job's path: write folder/job, or folder/pipeline/"
        f"{TAG} for a multibranch pipeline."
    )
