"""Syslog over TLS (RFC 5425): a connection for each batch, ended in order.

The protocol has no acknowledgement. What comes closest is the end of the TLS session: ours follows
everything that was sent, so a receiver that answers it, as the protocol asks (4.4), has read all of
it. A connection that is only closed shows nothing, and an alert is a refusal. Neither asyncio nor
`SSLSocket.unwrap` tells a fatal alert from an orderly end, so the records pass through our hands.
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
            session = _Session(bare, self.context, self.host)
            session.send(data)
            session.end()

    async def close(self) -> None:
        """Hold nothing open: each batch has a connection of its own."""


def _read_to_end(bare: socket.socket) -> None:
    while bare.recv(_REST):
        continue


class _Session:
    """A TLS session of which we know how it ended."""

    def __init__(self, bare: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._bare = bare
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        while not self._is_done(self._tls.do_handshake):
            self._receive()
        self._flush()

    def send(self, data: bytes) -> None:
        """Send everything."""
        self._tls.write(data)
        self._flush()

    def end(self) -> None:
        """Say that nothing follows and wait for the same; raises OSError for any other end."""
        if self._read():  # also so that `unwrap` finds nothing left that it could take for the end
            raise ConnectionError("it ended the session before everything was sent")
        self._is_done(self._tls.unwrap)
        self._flush()
        while not self._read():
            self._receive()

    def _is_done(self, step: Callable[[], object]) -> bool:
        try:
            step()
        except ssl.SSLWantReadError:
            return False
        return True

    def _read(self) -> bool:
        """Read on, and say whether they have ended the session."""
        try:
            while self._tls.read(_REST):
                continue
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLZeroReturnError:
            return True
        return True

    def _receive(self) -> None:
        self._flush()
        got = self._bare.recv(_REST)
        if got:
            self._in.write(got)
        else:
            self._in.write_eof()

    def _flush(self) -> None:
        if self._out.pending:
            self._bare.sendall(self._out.read())
