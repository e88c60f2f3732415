"""Runbooks: what has to be mended before tonight, and whether last night's pages are there."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.dispatch.authorise import Policies
from bot.doctor.finding import Finding, fail, ok, skip, warn
from bot.errors import WardroomError
from bot.registry import Registry
from bot.runbooks.binder import CONTENTS
from bot.runbooks.lint import Linter
from bot.runbooks.shelf import SHIPPED, Shelf

if TYPE_CHECKING:
    from bot.doctor.case import Case

BOOKS, PAGES = "runbooks", "runbook pages"
OLDEST: Final = timedelta(hours=26)
"""A night, and the hours in which it is tried again."""


async def look(case: Case) -> list[Finding]:
    """Look at the files, then at the pages."""
    return await asyncio.to_thread(lambda: [_books(case), _pages(case)])


def _books(case: Case) -> Finding:
    try:
        roles = Policies(tuple(case.commands), case.settings.policies).roles
    except WardroomError:
        return skip(BOOKS, "the policies cannot be read", "mend the policies first")
    lint = Linter(Registry(tuple(case.commands)), roles)
    volumes = Shelf((SHIPPED, *case.settings.runbooks)).all().values()
    broken = [volume.name for volume in volumes if lint(volume)]
    if broken:
        mend = "wardroom runbook lint says what to mend"
        return warn(BOOKS, f"cannot be used: {', '.join(broken)}", mend)
    today = case.clock.now().date()
    stale = [one.name for one in volumes if one.book and one.book.is_stale(today)]
    if stale:
        mend = "have their owners review them and write the next review_by"
        return warn(BOOKS, f"the review is overdue: {', '.join(stale)}", mend)
    return ok(BOOKS, f"{len(volumes)} can be used")


def _pages(case: Case) -> Finding:
    asked = case.settings.runbooks_export
    if asked is None:
        return ok(PAGES, "are not written every night: there is no runbooks_export in the settings")
    mend = f"wardroom runbook export {asked.folder} writes them now, or says why not"
    if asked.folder.exists() and not os.access(asked.folder, os.W_OK):
        return fail(PAGES, f"{asked.folder} cannot be written", f"chown or chmod {asked.folder}")
    try:
        made = (asked.folder / CONTENTS).stat().st_mtime
    except OSError as error:
        return warn(PAGES, f"there are none in {asked.folder}: {error.strerror}", mend)
    age = case.clock.now() - datetime.fromtimestamp(made, UTC)
    if age > OLDEST:
        hours = int(age.total_seconds() // 3600)
        return warn(PAGES, f"those in {asked.folder} are {hours} hours old", mend)
    return ok(PAGES, f"are in {asked.folder}, written every night at {asked.at:%H:%M}")
