"""The machine's clock, held against that of the servers it talks to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bot.doctor.asking import NoAnswer, ask, target
from bot.doctor.finding import Finding, fail, ok, skip, warn

if TYPE_CHECKING:
    from bot.doctor.case import Case

# Slack's signatures and Microsoft's tokens count for five minutes; one is left for the way.
MOST, SMALL = timedelta(minutes=4), timedelta(seconds=30)
MEND = "set the clock by the network: timedatectl set-ntp true (timedatectl status says more)"


async def look(case: Case) -> list[Finding]:
    """Look how far the clock is from the first server that says what time it is."""
    known = case.settings
    urls = [known.slack.api_url] if known.slack else []
    urls += [known.teams.login_url] if known.teams else []
    urls += [provider.url for provider in known.integrations.values()]
    found = [one for one in await asyncio.gather(*(_skew(case, url) for url in urls)) if one]
    if not found:
        asked = ", ".join(target(url)[0] for url in urls) or "nobody: no server is configured"
        return [skip("clock", f"no server said what time it is (asked: {asked})", MEND)]
    host, skew = found[0]
    text = f"{abs(skew).total_seconds():.0f} s {'behind' if skew > timedelta() else 'before'}"
    text = f"{text} that of {host}"
    if abs(skew) > MOST:
        return [fail("clock", f"{text}; Slack and Teams believe five minutes", MEND)]
    if abs(skew) > SMALL:
        return [warn("clock", text, MEND)]
    return [ok("clock", text)]


async def _skew(case: Case, url: str) -> tuple[str, timedelta] | None:
    """Return how much later it is there; the answer's time is to the second."""
    before = case.clock.now()
    try:
        answer = await ask(case.http, case.http.build_request("HEAD", url))
        there = parsedate_to_datetime(answer.headers.get("date", ""))
    except (NoAnswer, ValueError, TypeError):
        return None
    middle = before + (case.clock.now() - before) / 2
    return target(url)[0], there - middle
