"""Starts a pipeline, once, and takes it back at once where it is not what was approved."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.api import BuildState, IntegrationError, Rejected, Throttled, Unreachable
from bot.vendors import Asked
from integrations.gitlab import names, states
from integrations.gitlab.names import BY_INPUTS, NAME, Pipeline, project_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.vendors import Answer
    from integrations.gitlab.rest import Rest

RUN: Final = (
    "the Developer role and the scope api, and where the tag or branch is protected to be allowed "
    "to create that tag or to merge into that branch"
)
BAD_REQUEST: Final = 400
PAUSES: Final = (0.2, 1.0, 2.0)  # seconds before each look whether a pipeline is cancelled
# How GitLab refuses more pipelines in a minute than its administrator allows, also with HTTP 400.
TOO_MANY: Final = "too many pipelines created"
MINUTE: Final = 60
LONGEST: Final = 160  # characters of a reason that is quoted
# GitLab's reasons (they come with HTTP 400, nothing was started), and the mend of each.
MENDS: Final = {
    "insufficient permissions to set pipeline variables": (
        "the project does not let our account set pipeline variables: in its Settings > CI/CD > "
        "Variables set the minimum role to use pipeline variables to Developer, or have the "
        f"pipeline take inputs and write `{BY_INPUTS}` before its name in the services file"
    ),
    "reference not found": "it has no such tag or branch",
    "ref is ambiguous": "a tag and a branch have that name: rename the branch",
    "insufficient permissions to create a new pipeline": f"the account needs {RUN}",
    "you do not have sufficient permission to run a pipeline": f"the account needs {RUN}",
    "given inputs not defined": (
        "its .gitlab-ci.yml of that tag declares no inputs: add spec:inputs as "
        f"docs/integrations/gitlab.md shows, or leave `{BY_INPUTS}` out of the services file"
    ),
    "pipelines are disabled": "CI/CD is switched off in the project",
    "prevented any jobs from being added": (
        "the rules in its .gitlab-ci.yml add no job for what we sent, which they also do where "
        "the tag was moved"
    ),
}


@dataclass(frozen=True)
class Wanted:
    """A pipeline to start: on a ref that is one commit, with values, under a name of ours."""

    project: str
    ref: str
    commit: str
    by: str  # the name in the services file, perhaps with `inputs:` before it
    title: str
    values: Mapping[str, str]

    @property
    def body(self) -> dict[str, Any]:
        """Return what is sent: pipeline variables, or the same as inputs in lower case."""
        pipeline = self.by.removeprefix(BY_INPUTS)
        given = {"PIPELINE_NAME": self.title, "PIPELINE": pipeline, **self.values}
        if self.by.startswith(BY_INPUTS):
            return {"ref": self.ref, "inputs": {key.lower(): one for key, one in given.items()}}
        variables = [{"key": key, "value": value} for key, value in given.items()]
        return {"ref": self.ref, "variables": variables}


@dataclass(frozen=True)
class Starter:
    """Starts pipelines; `astray` says of each correlation id what could not be taken back."""

    rest: Rest
    astray: dict[str, str] = field(default_factory=dict)

    async def start(self, wanted: Wanted) -> Mapping[str, Any]:
        """Start a pipeline and return its row.

        GitLab runs refs, not commits. So the pipeline that comes back is compared with what was
        approved: one of another commit (the tag was moved) or under another name (it would not
        be found again) is cancelled at once. `Rejected` where none of its jobs had begun,
        `Unreachable` where that is not certain; then `find` goes on to say so.
        """
        row = await self._post(wanted)
        sha = row.get("sha")
        one = Pipeline(wanted.project, int(row["id"]))
        if not names.is_commit(sha):
            raise await self._take_back(wanted, one, f"pipeline {one} says no commit")
        if sha != wanted.commit:
            raise await self._take_back(
                wanted,
                one,
                f"`{wanted.ref}` is commit {str(sha)[:12]} there and not {wanted.commit[:12]}, "
                "which was asked for: somebody moved it",
            )
        name = await self._name(one, wanted.title)
        if name != wanted.title:
            raise await self._take_back(
                wanted,
                one,
                f"pipeline {one} does not bear the name that we gave, so it would not be found "
                "again: its .gitlab-ci.yml has to set workflow:name as docs/integrations/gitlab.md "
                "shows",
            )
        return row

    async def _post(self, wanted: Wanted) -> Mapping[str, Any]:
        asked = Asked(f"a pipeline of {wanted.ref} in {wanted.project}", RUN)
        answer = await self.rest.vendor.change(
            "POST",
            f"{project_path(wanted.project)}/pipeline",
            asked,
            json=wanted.body,
            good=(200, 201, BAD_REQUEST),
        )
        if answer.status == BAD_REQUEST:
            raise _refused(wanted, answer)
        return self.rest.whole(answer.object())

    async def _name(self, one: Pipeline, expected: str) -> object:
        """Return a pipeline's name; what is expected where it cannot be read just now."""
        try:
            return (await self.rest.pipeline(one)).get("name")
        except IntegrationError:
            return expected

    async def _take_back(self, wanted: Wanted, one: Pipeline, why: str) -> IntegrationError:
        for pause in PAUSES:
            await self._cancel(one)
            await asyncio.sleep(pause)
            row = await self._look(one)
            if states.state(row) is BuildState.CANCELLED and not row.get("started_at"):
                text = f"{NAME}: {why}. Pipeline {one} was cancelled before a job of it began."
                return Rejected(text)
            if states.state(row) in states.ENDED:
                break
        text = (
            f"{NAME}: {why}. Pipeline {one} was to be cancelled, but jobs of it have begun or may "
            "still begin: look at it, and cancel it by hand."
        )
        self.astray[names.correlation(wanted.title)] = text
        return Unreachable(text)

    async def _cancel(self, one: Pipeline) -> None:
        """Cancel a pipeline: doing so again does no harm."""
        asked = Asked(f"to cancel pipeline {one}", RUN)
        try:
            await self.rest.vendor.change("POST", f"{one.path}/cancel", asked)
        except IntegrationError:
            return

    async def _look(self, one: Pipeline) -> Mapping[str, Any]:
        try:
            return await self.rest.pipeline(one)
        except IntegrationError:
            return {}


def _refused(wanted: Wanted, answer: Answer) -> IntegrationError:
    said = " ".join(re.sub(r"<[^>]*>", " ", "; ".join(_texts(_json(answer)))).split())
    if TOO_MANY in said.lower():
        text = (
            f"{NAME} was asked for too many pipelines; nothing was started, ask again in a minute."
        )
        return Throttled(text, MINUTE)
    why = next((mend for reason, mend in MENDS.items() if reason in said.lower()), "")
    if not why:
        quoted = f" (it says: {said[:LONGEST].rstrip('.')})" if said else ""
        why = f"it does not accept what was sent{quoted}"
    return Rejected(f"{NAME} starts no pipeline of {wanted.ref} in {wanted.project}: {why}.")


def _json(answer: Answer) -> object:
    try:
        return answer.json()
    except Unreachable:
        return ""


def _texts(found: object) -> list[str]:
    """Return the sentences in GitLab's `{"message": {"base": [...]}}`, or in `{"error": ...}`."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, list):
        return [text for one in found[:5] for text in _texts(one)]
    if isinstance(found, dict):
        return [text for one in list(found.values())[:5] for text in _texts(one)]
    return []
