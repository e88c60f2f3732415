"""Mends Buildbot 4.2 and 4.3, whose REST answers can lose pieces when the master is busy.

They write JSON from a worker thread, piece by piece, into a connection that only the main thread
may touch. Here the thread only encodes; the main thread writes, once.
"""

from __future__ import annotations

from typing import Any

# Both live in the hospital's own environment, where this module runs.
from buildbot.www.rest import V2RootResource  # type: ignore[import-not-found] # not in ours
from twisted.internet import reactor, threads  # type: ignore[import-not-found] # the same


def _write(request: Any, content: bytes) -> None:
    if request.finished or request.channel is None:
        return  # the caller has hung up
    request.setHeader(b"content-length", str(len(content)).encode())
    if request.method != b"HEAD":
        request.write(content)


def _write_json_data(request: Any, encoder: Any, data: object) -> None:
    content = encoder.encode(data).encode()
    threads.blockingCallFromThread(reactor, _write, request, content)


def mend() -> None:
    """Have this process answer whole."""
    V2RootResource._write_json_data = staticmethod(_write_json_data)  # noqa: SLF001 - the mend
