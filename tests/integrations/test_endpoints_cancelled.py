"""A question that is taken back leaves nothing open, whatever it was in the middle of."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.api import Login
from tests.integrations.endpoint_peers import PASSWORD, asked, listening

ACCOUNT = Login("it", PASSWORD)
ASKED: dict[str, dict[str, Any]] = {
    "ldap": {"account": ACCOUNT},
    "database": {"account": ACCOUNT, "system": "postgresql", "database": "lab"},
    "sftp": {"account": ACCOUNT, "path": "/out", "host_key": f"SHA256:{'a' * 43}"},
    "systemd": {"account": ACCOUNT, "unit": "a.service", "host_key": f"SHA256:{'a' * 43}"},
}


@pytest.mark.parametrize("kind", ASKED)
async def test_cancelling_hangs_up(kind: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        begun.set()
        try:
            while await reader.read(1 << 16):
                pass
        finally:
            ended.set()

    async with listening(talk) as port:
        task = asyncio.create_task(asked(kind, port, **ASKED[kind]))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended.wait()
