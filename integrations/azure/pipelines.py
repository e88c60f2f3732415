"""A pipeline by what the services file calls it: its number, or its name with its folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.api import Rejected
from bot.vendors import Asked
from integrations.azure.builds import is_number
from integrations.azure.rest import READ_BUILDS

if TYPE_CHECKING:
    from bot.api import CiTarget, Service
    from integrations.azure.rest import Rest

OURS: Final = "azure"  # what the services file calls this provider
NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}")
# A wildcard would find other pipelines as well.
NAME: Final = re.compile(r"[^\x00-\x1f*?]{1,255}")


async def pipeline_of(rest: Rest, project: str, called: str, *, ahead: bool = False) -> int:
    """Return a pipeline's number; `Rejected` where there is none, or more than one."""
    if NUMBER.fullmatch(called):
        return int(called)
    found = await _named(rest, project, called, ahead=ahead)
    if not found:
        raise Rejected(
            f"Azure DevOps has no pipeline `{called[:80]}` in {project} (or hides it: the account "
            f"needs {READ_BUILDS})."
        )
    if len(found) > 1:
        raise Rejected(
            f"Azure DevOps has several pipelines `{called[:80]}` in {project}: write the number "
            "of the one, or its folder too."
        )
    return found[0]


def pipelines(service: Service, target: CiTarget) -> list[str]:
    """Return what a service calls the pipelines in which a run of ours can be."""
    names: set[str] = set()
    if target.provider == OURS:
        names.add(target.builder)
    if (target.deploy_provider or target.provider) == OURS:
        environments = [one.name for one in service.environments]
        names |= {target.deploys_by(name) for name in environments} or {target.deploy_builder}
    if not names:
        raise Rejected(f"{service.id} is neither built nor deployed by {OURS}.")
    return sorted(names)


async def _named(rest: Rest, project: str, called: str, *, ahead: bool = False) -> list[int]:
    *folders, name = re.split(r"[\\/]", called.strip("\\/"))
    if not NAME.fullmatch(called) or not name:
        raise Rejected(f"`{called[:80]}` cannot be the name of a pipeline.")
    asked = Asked(f"pipeline {called[:80]} of {project}", READ_BUILDS)
    query = {"name": name, **({"path": "\\" + "\\".join(folders)} if folders else {})}
    answer = await rest.get(project, "build/definitions", asked, query, ahead=ahead)
    rows = [row for row in answer.rows("value") if str(row.get("name")).lower() == name.lower()]
    return [row["id"] for row in rows if is_number(row.get("id"))]
