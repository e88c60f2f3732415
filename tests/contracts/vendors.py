"""The vendors that are played in tests: each integration's tests declare theirs, found by file.

`tests/integrations/NAME/vendor.py` declares `playing` and `failing`:

- `playing()` is an async context manager that gives the provider and a service `portal` (class A)
  whose versions 1.4.1 and 1.4.2 were built green and 1.5.0 red, and that has no 9.9.9; what is
  started waits, runs and ends green as it is looked at. The vendor's side keeps state and answers
  as the vendor documents, so that what is asked for can be found again;
- `failing(fault)` gives the same where every request fails so.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.model import Service
    from bot.ports import Ci
    from tests.contracts.faults import Fault


class Played(Protocol):
    """One vendor's module."""

    def playing(self) -> AbstractAsyncContextManager[tuple[Ci, Service]]:
        """Play the vendor as it is when all is well."""
        ...

    def failing(self, fault: Fault) -> AbstractAsyncContextManager[tuple[Ci, Service]]:
        """Play the vendor with one fault."""
        ...


FOLDER = Path(__file__).parent.parent / "integrations"
PLAYED = tuple(sorted(file.parent.name for file in FOLDER.glob("*/vendor.py")))


def played(name: str) -> Played:
    """Return the vendor that an integration's tests play."""
    return cast("Played", importlib.import_module(f"tests.integrations.{name}.vendor"))
