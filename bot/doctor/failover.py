"""Where messages are shown while a platform is down: the other platform must be set up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.doctor import slack, teams
from bot.doctor.finding import Finding, fail, ok

if TYPE_CHECKING:
    from bot.doctor.case import Case

NAME = "failover"


async def look(case: Case) -> list[Finding]:
    """Look whether each place can be written to."""
    known = case.settings
    if not known.elsewhere:
        return [ok(NAME, "none is set; messages wait until their platform is back")]
    is_set = {"slack": known.slack is not None, "teams": known.teams is not None}
    found: list[Finding] = []
    for platform, place in known.elsewhere.items():
        missing = [name for name in (platform, place.platform) if not is_set[name]]
        if missing:
            text = f"failover.{platform} needs {' and '.join(missing)}, which is not set up"
            mend = f"take the line out of the settings; or docs/install-{missing[0]}.md says how"
            found.append(fail(NAME, text, mend))
            continue
        lines = slack.channel_lines if place.platform == "slack" else teams.channel_lines
        found += await lines(case, NAME, [place.channel])
    return found
