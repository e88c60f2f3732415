"""Answer DICOM verification (C-ECHO), as an image archive does for its modalities."""

from __future__ import annotations

import asyncio
import collections
from typing import Any

import runtime
from pynetdicom import AE, evt  # type: ignore[import-not-found]  # the hospital's environment only
from pynetdicom.sop_class import Verification  # type: ignore[import-not-found]  # the same

TITLE = "ZZPACS"
SUCCESS = 0x0000


class Archive:
    """The archive's front door: it counts who knocked and answers verification."""

    def __init__(self, title: str = TITLE) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self._ae = AE(ae_title=title)
        self._ae.add_supported_context(Verification)
        self._ae.network_timeout = 30
        self._server: Any = None

    def open(self, port: int) -> int:
        """Start listening on loopback; returns the port."""
        handlers = [(evt.EVT_C_ECHO, self._echo)]
        self._server = self._ae.start_server(
            ("127.0.0.1", port), block=False, evt_handlers=handlers
        )
        return int(self._server.socket.getsockname()[1])

    def close(self) -> None:
        """Stop listening."""
        self._ae.shutdown()

    def _echo(self, _event: object) -> int:
        self.counts["echoes"] += 1
        return SUCCESS


def verify(port: int, called: str = TITLE) -> bool:
    """Ask the archive on a port for verification, as a modality would."""
    modality = AE(ae_title="ZZMODALITY")
    modality.add_requested_context(Verification)
    modality.connection_timeout = modality.acse_timeout = modality.dimse_timeout = 5
    association = modality.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return False
    try:
        status = association.send_c_echo()
        return "Status" in status and status.Status == SUCCESS
    finally:
        association.release()


async def start(site: runtime.Site, health: runtime.Health) -> runtime.Work:
    """Open the archive, and be up only once a modality's own question was answered."""
    archive = Archive()
    archive.open(site.port)
    health.counts["echoes"] = lambda: archive.counts["echoes"]
    if not await asyncio.to_thread(verify, site.port):
        raise ValueError("the archive does not answer a modality")
    return archive


if __name__ == "__main__":
    runtime.main("pacs", start)
