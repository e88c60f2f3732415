"""The machine that the command line runs on: its clock, its name, who sits at it."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime


class MachineClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


def reader() -> str:
    """Return the account name of who types, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "unknown"


def replica() -> str:
    """Return this machine's name, as the log's events have it."""
    return f"{socket.gethostname()}:cli"
