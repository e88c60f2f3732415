"""The key that signs the audit log: its owner's alone, and not beside what it vouches for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from bot.audit.keys import KeyFile
from bot.doctor.finding import Finding, fail, ok, warn
from bot.errors import AuditUnavailable

if TYPE_CHECKING:
    from bot.doctor.case import Case

NAME = "key"


async def look(case: Case) -> list[Finding]:
    """Look at the key's file; nothing is made."""
    return [await asyncio.to_thread(_look, case)]


def _look(case: Case) -> Finding:
    audit = case.settings.audit
    try:
        keys = KeyFile(audit.key, audit.origin).load()
    except AuditUnavailable as error:
        text, _, mend = str(error).rpartition("; ")
        return fail(NAME, text, mend.removeprefix("run: "))
    if not keys:
        text = f"{audit.key} is not there yet; the first event makes it"
        return ok(NAME, f"{text}, for {audit.origin}")
    name = keys[0].key.name
    if len(keys) > 1:
        mend = "run again: wardroom audit rotate-key"
        return warn(NAME, f"a rotation of {audit.key} was begun and not finished", mend)
    if name != audit.origin:
        mend = f"set audit.origin to {name}: a log keeps its name"
        return warn(NAME, f"the log is called {name}, not {audit.origin} as the settings say", mend)
    if _is_beside_the_log(case, audit.key) and not case.settings.is_sandbox:
        mend = "move it to another disk and name it: audit: {key: ...} (docs/operations.md, Keys)"
        return warn(NAME, f"{audit.key} lies on the same disk as the log that it signs", mend)
    return ok(NAME, f"{audit.key} signs for {name}, and nobody else can read it")


def _is_beside_the_log(case: Case, key: Path) -> bool:
    """Say whether one stolen disk holds both; a PostgreSQL's disk is taken for another."""
    url = case.settings.database.get_secret_value()
    if not url.startswith("sqlite:///"):
        return False
    file = Path(url.removeprefix("sqlite:///"))
    return file.exists() and file.stat().st_dev == key.stat().st_dev
