"""Syslog over TLS (RFC 5425): a connection for each batch, ended in order.

The protocol has no acknowledgement. What comes closest is the end of the TLS session: ours follows
everything that was sent, so a receiver that answers it, as the protocol asks (4.4), has read all of
it. A connection that is only closed shows nothing: so ends, too, a session that was refused.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.audit.export.syslog import framed
from bot.audit.forward.target import Undelivered
from bot.model import Event

PORT: Final = 6514
_SECONDS: Final = 10.0  # without anything from the receiver
_REST: Final = 4_096


@dataclass(frozen=True)
class SyslogTarget:
    """A syslog receiver; without a `context` the connection is not encrypted (a sandbox only)."""

    host: str
    port: int
    message: Callable[[Event], bytes]
    context: ssl.SSLContext | None
    patience: float = _SECONDS

    async def send(self, events: Sequence[Event]) -> None:
        """Send a batch and end the session; see `Target.send`."""
        data = b"".join(framed(self.message(event)) for event in events)
        try:
            # In a thread: asyncio does not tell a session that was ended from one that was refused.
            await asyncio.to_thread(self._send, data)
        except OSError as error:
            why = error.strerror or str(error) or type(error).__name__
            raise Undelivered(f"{self.host}:{self.port}: {why}") from error

    def _send(self, data: bytes) -> None:
        with socket.create_connection((self.host, self.port), self.patience) as bare:
            if self.context is None:
                bare.sendall(data)
                bare.shutdown(socket.SHUT_WR)
                _read_to_end(bare)
                return
            with self.context.wrap_socket(bare, server_hostname=self.host) as session:
                session.sendall(data)
                session.unwrap()  # sends our end of the session, and waits for theirs

    async def close(self) -> None:
        """Hold nothing open: each batch has a connection of its own."""


def _read_to_end(bare: socket.socket) -> None:
    while bare.recv(_REST):
        continue
