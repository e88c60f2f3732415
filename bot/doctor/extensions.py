"""A site's own commands and integrations, listed apart from ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot import extensions
from bot.doctor.finding import Finding, fail, ok

if TYPE_CHECKING:
    from pathlib import Path

    from bot.doctor.case import Case

GROUP = "extensions"


async def look(case: Case) -> list[Finding]:
    """Look what each folder adds, and whether it keeps our rules."""
    folders = case.settings.extensions
    if not folders:
        return [ok(GROUP, "nothing of your own beside ours (docs/extending.md shows how)")]
    return [await asyncio.to_thread(_one, case, folder) for folder in folders]


def _one(case: Case, folder: Path) -> Finding:
    wrong = extensions.problems(folder, strict=not case.settings.is_sandbox)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return fail(GROUP, f"{folder} cannot be used: the server refuses to start", wrong[0] + more)
    found = extensions.look(folder)
    commands = ", ".join(found.commands) or "none"
    integrations = ", ".join(found.integrations) or "none"
    return ok(GROUP, f"{folder} adds commands: {commands}; integrations: {integrations}")
