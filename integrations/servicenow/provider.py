"""ServiceNow as a ticket system: the Change Management API, and the Table API to find and read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.api import (
    TICKET_WANTED,
    ChangeResult,
    ChangeState,
    ChangeType,
    Rejected,
    Ticket,
    TicketState,
    Unreachable,
)
from bot.vendors import Asked
from integrations.servicenow import states
from integrations.servicenow.rest import READ, WRITE, value
from integrations.servicenow.states import CLOSE_CODES, ENDED, Choices
from integrations.servicenow.wording import LONG, fields, moment

if TYPE_CHECKING:
    from bot.api import Change, TicketMapping
    from integrations.servicenow.rest import Rest

FIELDS: Final = (
    "sys_id,number,state,approval,type,correlation_id,cmdb_ci,conflict_status,conflict_last_run"
)
CHOICES: Final = (
    "name=change_request^elementINstate,close_code,risk^inactive=false^language=en"
    "^ORDERBYelement^ORDERBYsequence"
)
NUMBER: Final = re.compile(r"[A-Z]{2,8}[0-9]{4,12}")
SYS_ID: Final = re.compile(r"[0-9a-f]{32}")
CORRELATION: Final = re.compile(r"[a-z0-9-]{8,100}")
MOST_STEPS: Final = 8  # states on the way from new to closed, and some of a site's own
# An instance ends a REST request after 60 s by itself; until then one may still be carried out.
SETTLES: Final = timedelta(minutes=5)
# `conflict_status` in lower case: of a change that has some, and of one that has none.
CONFLICT, NO_CONFLICT = "conflict", "no conflict"
CHECKED_IN, CHECK_AGAIN = 8.0, 0.5  # seconds for a check of the calendars, and between two looks


@dataclass
class ServiceNow:
    """Implements `bot.api.TicketSystem`; the choices of the instance are read once."""

    rest: Rest
    mapping: TicketMapping
    name: str = "ServiceNow"
    settles: timedelta = SETTLES
    _choices: Choices | None = field(default=None, init=False, repr=False)

    async def find(self, correlation: str) -> Ticket | None:
        """Return the change request with our `correlation_id`, straight from the table."""
        if not CORRELATION.fullmatch(correlation):
            raise Rejected(f"`{correlation[:40]}` is no correlation id of ours.")
        await self._known()  # what opening one needs as well: better missed now than afterwards
        query = f"correlation_id={correlation}^ORDERBYsys_created_on"
        asked = Asked(f"the change request of {correlation}", READ)
        rows = await self.rest.rows("change_request", query, FIELDS, asked, most=5)
        # An instance may leave out what it does not understand of a query, and return anything.
        ours = [row for row in rows if value(row, "correlation_id") == correlation]
        return await self._ticket(ours[0]) if ours else None

    async def create(self, change: Change, correlation: str) -> Ticket:
        """Open a change request of the change's type; sent once."""
        choices = await self._known()
        known = {
            "correlation_id": correlation,
            "correlation_display": f"Wardroom {change.number}",
        }
        asked = Asked(f"a change request for {change.number}", WRITE)
        if change.type is ChangeType.STANDARD and (kind := self._template(change)):
            window = {
                "start_date": moment(change.window_start),
                "end_date": moment(change.window_end),
            }
            row = await self.rest.create(kind, asked, body={**known, **window}, in_url=True)
        else:
            kind = change.type.value if change.type is not ChangeType.STANDARD else "normal"
            said = fields(change, self.mapping, choices)
            row = await self.rest.create(kind, asked, body={**self.mapping.fields, **said, **known})
        # It is there: nothing more is asked for that could be refused.
        return await self._ticket({**row, "conflict_status": ""})

    async def update(self, number: str, change: Change) -> Ticket:
        """Set our fields and go on towards the change's state, as far as the instance lets us."""
        row = await self._row(number)
        choices = await self._known()
        if choices.state(row) in ENDED:
            return await self._ticket(row)
        said = fields(change, self.mapping, choices)
        row = await self.rest.change(value(row, "sys_id"), _to(number), said)
        row = await self._towards(row, number, TICKET_WANTED[change.state])
        await self._check_conflicts(row, change)
        return await self._ticket(row)

    async def close(self, number: str, change: Change) -> Ticket:
        """Close or cancel a change request, with its code and notes."""
        row = await self._row(number)
        choices = await self._known()
        if choices.state(row) in ENDED:
            return await self._ticket(row)
        said = f"{change.close_note or change.state.value} ({change.number} of Wardroom)"[:LONG]
        if change.state is ChangeState.CANCELLED:
            row = await self._towards(row, number, TicketState.CANCELLED, {"work_notes": said})
        else:
            result = change.result or ChangeResult.SUCCESSFUL
            code = choices.of("close_code", CLOSE_CODES[result])
            closing = {"close_code": code, "close_notes": said}
            row = await self._towards(row, number, TicketState.REVIEW)
            row = await self._towards(row, number, TicketState.CLOSED, closing)
        if choices.state(row) not in ENDED:
            raise Rejected(
                f"ServiceNow keeps {number} in {choices.state(row).replace('_', ' ')}: what it "
                "wants first (its approvals, its conditions) is missing there."
            )
        return await self._ticket(row)

    async def read(self, number: str) -> Ticket:
        """Return a change request as it is now, with the kinds of its conflicts."""
        row = await self._row(number)
        return await self._ticket(row)

    async def conflicts(self, number: str) -> Sequence[str] | None:
        """Have the instance check its calendars now, and return what its check then found.

        That the check has ended is told by `conflict_last_run` alone: the answers of the endpoint
        itself differ from release to release. Without a configuration item nothing is compared.
        """
        row = await self._row(number)
        if not value(row, "cmdb_ci"):
            return None
        before, refused = value(row, "conflict_last_run"), ""
        try:
            await self.rest.check_conflicts(value(row, "sys_id"), _conflicts_of(number))
        except Rejected as error:
            refused = f" ({error.text})"  # one may run already; else it does not end, either
        for _ in range(int(CHECKED_IN / CHECK_AGAIN)):
            row = await self._row(number)
            if value(row, "conflict_last_run") != before:
                return await self._conflicts(row)
            await asyncio.sleep(CHECK_AGAIN)
        raise Unreachable(
            f"ServiceNow's check of its calendars for {number} did not end within "
            f"{CHECKED_IN:.0f} s{refused}."
        )

    async def look(self) -> str:
        """Read the states of changes and one change request."""
        choices = await self._known()
        asked = Asked("change requests", READ)
        rows = await self.rest.rows("change_request", "ORDERBYDESCsys_created_on", FIELDS, asked)
        newest = value(rows[0], "number") if rows else "none yet"
        return f"{len(choices.states)} states of changes; the newest change request is {newest}"

    async def _towards(
        self,
        row: Mapping[str, Any],
        number: str,
        wanted: TicketState,
        said: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """Go from state to state, as far as the instance offers."""
        choices, sys_id = await self._known(), value(row, "sys_id")
        for _ in range(MOST_STEPS):
            here = value(row, "state")
            if choices.states.get(here) is wanted:
                break
            offered = await self.rest.next_states(sys_id, _of(number))
            following = states.steps(offered, choices, here, wanted)
            if not following:
                break
            is_last = choices.states.get(following[0]) is wanted
            body = {"state": following[0], **(said if said and is_last else {})}
            moved = await self.rest.change(sys_id, _to(number), body)
            row = {**row, **moved}
            if value(row, "state") == here:
                break
        return row

    async def _check_conflicts(self, row: Mapping[str, Any], change: Change) -> None:
        """Start the instance's own check of its calendars; it needs a configuration item."""
        if change.service not in self.mapping.items:
            return
        asked = _conflicts_of(value(row, "number"))
        try:
            await self.rest.check_conflicts(value(row, "sys_id"), asked)
        except Rejected:
            return  # it may run already, or be switched off: the ticket is what it is

    async def _conflicts(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        status = value(row, "conflict_status").strip().lower()
        if status != CONFLICT:
            return () if status == NO_CONFLICT else (Ticket.UNCHECKED,)
        asked = Asked(f"the conflicts of {value(row, 'number')}", READ)
        query = f"change={value(row, 'sys_id')}"
        found = await self.rest.rows("conflict", query, "type", asked, most=50)
        return tuple(sorted({value(one, "type") for one in found if value(one, "type")}))

    async def _row(self, number: str) -> Mapping[str, Any]:
        if not NUMBER.fullmatch(number):
            raise Rejected(f"`{number[:40]}` is no number of a change request.")
        rows = await self.rest.rows("change_request", f"number={number}", FIELDS, _of(number))
        for row in rows:
            if value(row, "number") == number:
                return row
        raise Rejected(f"ServiceNow has no {number} (or hides it: the account needs {READ}).")

    async def _ticket(self, row: Mapping[str, Any]) -> Ticket:
        choices, sys_id = await self._known(), value(row, "sys_id")
        number = value(row, "number")
        if not SYS_ID.fullmatch(sys_id) or not NUMBER.fullmatch(number):
            raise Unreachable("ServiceNow answered a change request without its number or sys_id.")
        base = self.rest.vendor.url.rstrip("/")
        return Ticket(
            number=number,
            url=f"{base}/nav_to.do?uri=change_request.do?sys_id={sys_id}",
            state=choices.state(row),
            approval=states.approval(row),
            conflicts=await self._conflicts(row),
        )

    async def _known(self) -> Choices:
        if self._choices is None:
            asked = Asked("the choices of change_request (sys_choice)", READ)
            wanted = "element,label,value"
            rows = await self.rest.rows("sys_choice", CHOICES, wanted, asked, most=300)
            self._choices = Choices.read(rows, self.mapping)
        return self._choices

    def _template(self, change: Change) -> str:
        found = self.mapping.templates.get(change.template, "")
        if found and not SYS_ID.fullmatch(found):
            raise Rejected(f"tickets.templates.{change.template} is no sys_id of ServiceNow.")
        return f"standard/{found}" if found else ""


def _conflicts_of(number: str) -> Asked:
    return Asked(f"the conflicts of {number}", WRITE)


def _of(number: str) -> Asked:
    return Asked(number, READ)


def _to(number: str) -> Asked:
    return Asked(number, WRITE)
