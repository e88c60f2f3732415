"""Where a pipeline and its executions are in AWS: the names that people write, and our ids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Rejected

if TYPE_CHECKING:
    from bot.api import CiTarget, Service

ACCOUNT: Final = "{account}"  # in role_arn: a pipeline's own account, as it is written before it
# PipelineName and the UUID of PipelineExecutionId, by the API reference of CodePipeline.
_PIPELINE: Final = r"(?:(?P<account>\d{12})/)?(?P<name>[A-Za-z0-9.@_-]{1,100})"
_PLACE: Final = re.compile(_PIPELINE, re.ASCII)
_EXECUTION: Final = re.compile(
    rf"{_PIPELINE}/(?P<execution>[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", re.ASCII
)
_ROLE: Final = re.compile(
    r"arn:aws[a-z-]*:iam::(?:\d{12}|\{account\}):role/[\w+=,.@/-]{1,576}", re.ASCII
)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline; without an account it is in the one that our credentials are of."""

    name: str
    account: str = ""

    def __str__(self) -> str:
        """Return it as the services file writes it."""
        return f"{self.account}/{self.name}" if self.account else self.name


@dataclass(frozen=True)
class Execution:
    """One execution of a pipeline."""

    pipeline: Pipeline
    id: str

    def __str__(self) -> str:
        """Return what people type for it."""
        return f"{self.pipeline}/{self.id}"


def role_problem(role: str) -> str:
    """Return what is wrong with the ARN of a role, "" where nothing is."""
    if not role or _ROLE.fullmatch(role):
        return ""
    return "must be arn:aws:iam::ACCOUNT:role/NAME, with ACCOUNT of 12 digits or {account}"


def target_of(service: Service) -> CiTarget:
    """Return where a service is built; `Rejected` where the services file does not say it."""
    if service.ci is None:
        raise Rejected(f"{service.id} has no CI in the services file.")
    return service.ci


def pipeline_of(service: Service, builder: str) -> Pipeline:
    """Return the pipeline that a service names; `Rejected` where that cannot be one."""
    found = _PLACE.fullmatch(builder)
    if found is None:
        raise Rejected(
            f"`{builder[:80]}` of {service.id} is no pipeline: write its name, or ACCOUNT/NAME."
        )
    return Pipeline(found["name"], found["account"] or "")


def execution_of(build_id: str) -> Execution:
    """Return where a build is by its id; `Rejected` where that is none of ours."""
    found = _EXECUTION.fullmatch(build_id)
    if found is None:
        raise Rejected(
            f"`{build_id[:80]}` is no build of AWS CodePipeline: it is a pipeline and an execution "
            "id, as `ci status SERVICE` shows it."
        )
    return Execution(Pipeline(found["name"], found["account"] or ""), found["execution"])


def pipelines_asked(service: Service) -> list[Pipeline]:
    """Return what the service is deployed and built by, each once."""
    target = target_of(service)
    deploys = [target.deploys_by(each.name) for each in service.environments]
    named = [name for name in (*deploys, target.deploy_builder) if "{environment}" not in name]
    return [pipeline_of(service, name) for name in dict.fromkeys([*named, target.builder])]
