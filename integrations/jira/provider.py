"""Jira as a ticket system: issues that are found by a label, and moved by the names of statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.api import (
    TICKET_WANTED,
    IntegrationError,
    Rejected,
    Ticket,
    TicketApproval,
    TicketState,
    Unreachable,
)
from bot.vendors import Asked
from integrations.jira import states
from integrations.jira.rest import AGENT, BROWSE, CREATE, EDIT, TRANSITION
from integrations.jira.states import ENDED
from integrations.jira.wording import fields, opening

if TYPE_CHECKING:
    from bot.api import Change, TicketMapping
    from integrations.jira.rest import Rest
    from integrations.jira.states import Names

KEY: Final = re.compile(r"[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,9}")
CORRELATION: Final = re.compile(r"[a-z0-9-]{8,100}")
MOST_STEPS: Final = 8
# Jira's search shows an issue seconds to minutes after it was made, and promises no more.
SETTLES: Final = timedelta(minutes=30)


@dataclass(frozen=True)
class Jira:
    """Implements `bot.api.TicketSystem` with one project."""

    rest: Rest
    mapping: TicketMapping
    names: Names
    name: str = "Jira"
    settles: timedelta = SETTLES

    async def find(self, correlation: str) -> Ticket | None:
        """Return the issue with our label; the search may be late, which `settles` allows for."""
        if not CORRELATION.fullmatch(correlation):
            raise Rejected(f"`{correlation[:40]}` is no correlation id of ours.")
        jql = f'project = "{self.mapping.project}" AND labels = "{correlation}" ORDER BY created'
        rows = await self.rest.search(jql, Asked(f"the issue of {correlation}", BROWSE))
        ours = [row for row in rows if correlation in _fields(row).get("labels", ())]
        return await self._ticket(ours[0]) if ours else None

    async def create(self, change: Change, correlation: str) -> Ticket:
        """Open an issue; sent once."""
        said = fields(change, is_cloud=self.rest.is_cloud)
        asked = Asked(f"an issue for {change.number} in {self.mapping.project}", CREATE)
        key = await self.rest.create({**opening(self.mapping, correlation), **said}, asked)
        if not KEY.fullmatch(key):
            raise Unreachable("Jira answered a new issue with something that is no key.")
        try:
            return await self._ticket(await self.rest.issue(key, _of(key)))
        except IntegrationError:
            # It is there, whatever became of our reading it.
            return Ticket(key, self._url(key), TicketState.UNKNOWN)

    async def update(self, number: str, change: Change) -> Ticket:
        """Set our fields and go on towards the change's state, as far as the workflow lets us."""
        return await self._brought(number, change)

    async def close(self, number: str, change: Change) -> Ticket:
        """Move an issue to its end; `Rejected` where its workflow does not offer one."""
        ticket = await self._brought(number, change)
        if ticket.state not in ENDED:
            raise Rejected(
                f"Jira keeps {number} in {ticket.state.replace('_', ' ')}: its workflow offers us "
                f"no way to {TICKET_WANTED[change.state].value}. Its approvals may be missing, the "
                "account's permission Transition issues, or the status's name in tickets.states."
            )
        return ticket

    async def read(self, number: str) -> Ticket:
        """Return an issue as it is now."""
        return await self._ticket(await self.rest.issue(_key(number), _of(number)))

    async def conflicts(self, number: str) -> Sequence[str] | None:
        """Return None: Jira offers no interface to calendars of changes."""
        _key(number)
        return None

    async def look(self) -> str:
        """Read the project."""
        asked = Asked(f"the project {self.mapping.project}", BROWSE)
        return f"the project {await self.rest.project(self.mapping.project, asked)}"

    async def _brought(self, number: str, change: Change) -> Ticket:
        row = await self.rest.issue(_key(number), _of(number))
        state = self._state(row)
        if state in ENDED:
            return await self._ticket(row)
        said = fields(change, is_cloud=self.rest.is_cloud)
        await self.rest.edit(number, said, Asked(number, EDIT))
        wanted = TICKET_WANTED[change.state]
        for _ in range(MOST_STEPS):
            if state is wanted or state in ENDED:
                break
            offered = await self.rest.transitions(number, _of(number))
            following = self.names.following(offered, state, wanted, change.result)
            if not following:
                break
            await self.rest.move(number, following, Asked(f"a move of {number}", TRANSITION))
            row = await self.rest.issue(number, _of(number))
            state = self._state(row)
        return await self._ticket(row)

    def _state(self, row: Mapping[str, Any]) -> TicketState:
        return self.names.of(_fields(row).get("status"))

    async def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        key = str(row.get("key", ""))
        if not KEY.fullmatch(key):
            raise Unreachable("Jira answered an issue without its key.")
        return Ticket(
            number=key,
            url=self._url(key),
            state=self._state(row),
            approval=await self._approval(key),
        )

    def _url(self, key: str) -> str:
        return f"{self.rest.vendor.url.rstrip('/')}/browse/{key}"

    async def _approval(self, key: str) -> TicketApproval:
        try:
            rows = await self.rest.approvals(key, Asked(f"the approvals of {key}", AGENT))
        except Rejected:
            return TicketApproval.UNKNOWN  # the state alone says enough to go on
        return states.approval(rows)


def _fields(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = row.get("fields")
    return found if isinstance(found, Mapping) else {}


def _key(number: str) -> str:
    if not KEY.fullmatch(number):
        raise Rejected(f"`{number[:40]}` is no key of an issue.")
    return number


def _of(number: str) -> Asked:
    return Asked(number, BROWSE)
