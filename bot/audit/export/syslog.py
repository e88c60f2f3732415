"""Syslog messages (RFC 5424), and the frames that carry them over a stream (RFC 5425)."""

from __future__ import annotations

import re
from typing import Final

from bot.audit.export.meaning import host_of
from bot.model import Event

PRIORITY: Final = "<85>"
"""Security and authorization messages, notice: IHE ITI-20 asks for it (ITI TF-2, 3.20.4.1.2)."""

_APPLICATION: Final = "Wardroom"
_ODD: Final = re.compile(r"[^!-~]")


def message(event: Event, message_id: str, content: str) -> bytes:
    """Return a message with the event's time and replica, without structured data."""
    host, process = host_of(str(event.data.get("replica", "")))
    header = [
        f"{PRIORITY}1",
        event.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        _named(host, 255),
        _APPLICATION,
        _named(process, 128),
        _named(message_id, 32),
        "-",
        content,
    ]
    return " ".join(header).encode()


def framed(message: bytes) -> bytes:
    """Return a message with its length before it (RFC 5425, 4.3)."""
    return b"%d %s" % (len(message), message)


def _named(value: str, longest: int) -> str:
    """Return a field of the header: printable ASCII, or a dash where there is nothing."""
    return _ODD.sub("_", value)[:longest] or "-"
