"""Implements `bot.ports.Prober` over HTTP, TCP and MLLP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from bot.api import Finding, Login, Rejected, Standing, Unreachable
from integrations.probes import asking, reports
from integrations.probes.answers import MOST_SECONDS, OK, Unanswered, Ungreen, get, read
from integrations.probes.judging import JUDGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.api import Clock, Endpoint, Probe

LONGEST_VERSION = 60
REPORTS = frozenset({"junit", *reports.COUNTS})


@dataclass(frozen=True)
class HttpProber:
    """Asks once and never again by itself; `clock` says how old a backup is.

    `logins` are the accounts that endpoints name.
    """

    client: httpx.AsyncClient
    clock: Clock
    logins: Mapping[str, Login] = field(default_factory=dict)

    async def version(self, probe: Probe) -> str:
        """Return the version that answers; `Unreachable` or `Rejected` with a sentence."""
        try:
            answer = await self.client.get(
                probe.url,
                timeout=min(probe.timeout_seconds, MOST_SECONDS),
                headers={"Accept": "application/json"},
            )
        except httpx.TimeoutException as error:
            raise Unreachable("the version probe got no answer in time") from error
        except httpx.HTTPError as error:
            raise Unreachable("the version probe could not connect") from error
        if answer.status_code != OK:
            raise Rejected(f"the version probe answers HTTP {answer.status_code}")
        return _version(answer)

    async def look(self, probe: Probe) -> Finding:
        """Ask once and say whether the answer is good; raises nothing of the network's."""
        try:
            if probe.target is not None:
                return await self.ask(probe.target)
            if probe.kind == "interface":
                return await _knock(probe)
            return await self._ask(probe)
        except Ungreen as error:
            return Finding(Standing.FAILED, error.text)
        except Unanswered as error:
            return Finding(Standing.UNKNOWN, error.text)

    async def ask(self, endpoint: Endpoint) -> Finding:
        """Ask an endpoint in its own protocol, once; raises nothing of the network's."""
        login = self.logins.get(endpoint.login) if endpoint.login else Login()
        if login is None:  # to go on as nobody would prove something else
            text = "cannot be asked: its login is not among the settings'"
            figures = {"why": "login", "milliseconds": "0"}
            return Finding(Standing.UNKNOWN, text, "login", figures)
        return await asking.ask(self.client, endpoint, login, self.clock.now())

    async def _ask(self, probe: Probe) -> Finding:
        if probe.kind in REPORTS:
            return await self._report(probe)
        judge = JUDGES.get(probe.kind)
        if judge is None:
            raise Unanswered(f"is of the kind {probe.kind}, which nobody can ask")
        body = await get(self.client, probe.url, probe.timeout_seconds)
        if probe.kind == "http" and not probe.at:
            return Finding(Standing.PASSED, f"answers HTTP {OK}")
        return judge(probe, read(body), self.clock.now())

    async def _report(self, probe: Probe) -> Finding:
        body = await get(self.client, probe.url, probe.timeout_seconds, is_report=True)
        # A long one takes a second to read, in which nothing else would be answered.
        if probe.kind == "junit":
            return await asyncio.to_thread(reports.junit, body)
        return await asyncio.to_thread(lambda: reports.vulnerabilities(probe, read(body)))


async def _knock(probe: Probe) -> Finding:
    """Open a connection and close it: nothing is sent, so no receiver takes it for a message."""
    where = urlsplit(probe.url)
    try:
        async with asyncio.timeout(min(probe.timeout_seconds, MOST_SECONDS)):
            _, writer = await asyncio.open_connection(where.hostname, where.port)
    except TimeoutError as error:
        raise Unanswered("does not accept a connection in time") from error
    except (OSError, ValueError) as error:
        raise Unanswered("accepts no connection") from error
    writer.close()
    return Finding(Standing.PASSED, "accepts a connection")


def _version(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError as error:
        raise Rejected("the version probe answers something that is not JSON") from error
    version = body.get("version") if isinstance(body, dict) else None
    if not isinstance(version, str) or not 0 < len(version) <= LONGEST_VERSION:
        raise Rejected("the version probe names no version")
    return version
