"""The ticket systems that are played in tests, each by a file of its integration's tests.

`tests/integrations/NAME/ticket_vendor.py` declares `playing` and `failing`:

- `playing()` is an async context manager that gives the provider and the desk behind it: what the
  people over there see and do;
- `failing(fault)` gives a provider to which every request fails so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import httpx

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.model import TicketState
    from bot.ports import TicketSystem
    from tests.contracts.faults import Fault


@dataclass
class Line:
    """The line to a vendor: it may be down, and lose answers to what was done all the same."""

    answer: Callable[[httpx.Request], httpx.Response]
    down: bool = False
    loses: int = 0  # answers to what opens a ticket
    drops: int = 0  # requests that open a ticket, and that never arrive
    refuses: bool = False  # what opens a ticket is refused
    requests: list[httpx.Request] = field(default_factory=list)
    opens: Callable[[httpx.Request], bool] = lambda _: False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        self.requests.append(request)
        if self.opens(request) and self.refuses:
            return httpx.Response(403, json={"error": {"message": "not today"}})
        if self.opens(request) and self.drops:
            self.drops -= 1
            raise httpx.ReadTimeout("nothing came", request=request)
        answer = self.answer(request)
        if self.opens(request) and self.loses:
            self.loses -= 1
            raise httpx.ReadTimeout("nothing came", request=request)
        return answer

    @property
    def asked_to_open(self) -> int:
        """Return how often a ticket was asked for."""
        return sum(map(self.opens, self.requests))


class Desk(Protocol):
    """What the people over there see and do."""

    line: Line

    def numbers(self) -> list[str]:
        """Return every ticket that there is, the oldest first."""
        ...

    def state(self, number: str) -> TicketState:
        """Return where a ticket is."""
        ...

    def words(self, number: str) -> str:
        """Return everything that a ticket says."""
        ...

    def cancel(self, number: str) -> None:
        """Cancel a ticket by hand."""
        ...

    def reject(self, number: str) -> None:
        """Say no to a ticket, as its approvers do."""
        ...

    def approve(self, number: str) -> None:
        """Say yes to a ticket, as its approvers do."""
        ...


class Played(Protocol):
    """One vendor's module."""

    def playing(self) -> AbstractAsyncContextManager[tuple[TicketSystem, Desk]]:
        """Play the vendor as it is when all is well."""
        ...

    def failing(self, fault: Fault) -> AbstractAsyncContextManager[TicketSystem]:
        """Play the vendor with one fault."""
        ...


FOLDER = Path(__file__).parent.parent / "integrations"
PLAYED = tuple(sorted(file.parent.name for file in FOLDER.glob("*/ticket_vendor.py")))


def played(name: str) -> Played:
    """Return the vendor that an integration's tests play."""
    return cast("Played", importlib.import_module(f"tests.integrations.{name}.ticket_vendor"))
