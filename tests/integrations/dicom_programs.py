"""DICOM nodes that others wrote, as processes: Orthanc, and DCMTK's storescp behind a listener."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

ORTHANC: Final = (shutil.which("Orthanc"), "/usr/sbin/Orthanc")
TRIES: Final = 5
PATIENCE: Final = 60  # only how long a busy machine may take before a test gives up


def program(*places: str | None) -> str:
    """Return the first of some programs; skips the test, or fails it where that is forbidden."""
    found = next((one for one in places if one and Path(one).is_file()), None)
    if found is not None:
        return found
    why = "there is no Orthanc or DCMTK here: install orthanc and dcmtk"
    if os.environ.get("WARDROOM_REQUIRE_DICOM") == "1":
        pytest.fail(f"WARDROOM_REQUIRE_DICOM=1, but {why}")
    pytest.skip(why)


def dcmtk(name: str) -> str:
    """Return a program of DCMTK."""
    return program(shutil.which(name), f"/usr/bin/{name}")


async def ended(process: asyncio.subprocess.Process) -> None:
    """End a process that a test started."""
    if process.returncode is None:
        process.kill()
    await process.wait()


@asynccontextmanager
async def orthanc(folder: Path) -> AsyncIterator[int]:
    """Run an Orthanc that knows one modality and answers to one title; yields its port."""
    found = program(*ORTHANC)
    for _ in range(TRIES):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        process = await _orthanc(found, folder, port)
        if await _has_started(process):
            try:
                yield port
            finally:
                await ended(process)
            return
        await ended(process)  # somebody else took the port in between
    pytest.fail("Orthanc does not start")


async def _orthanc(found: str, folder: Path, port: int) -> asyncio.subprocess.Process:
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpServerEnabled": False,
        "Plugins": [],
        "DicomPort": port,
        "DicomAet": "ARCHIVE",
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowEcho": False,
        "DicomModalities": {"wardroom": ["WARDROOM", "127.0.0.1", 104]},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    return await asyncio.create_subprocess_exec(
        found,
        str(folder / "orthanc.json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


async def _has_started(process: asyncio.subprocess.Process) -> bool:
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            if b"Orthanc has started" in line:
                return True
    return False


@asynccontextmanager
async def storescp(folder: Path, *options: str) -> AsyncIterator[int]:
    """Have DCMTK's storescp answer whoever connects, as inetd would start it; yields the port."""
    found = dcmtk("storescp")
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.setblocking(False)

        async def answer() -> None:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            with connection:
                connection.setblocking(True)
                process = await asyncio.create_subprocess_exec(
                    found,
                    "--inetd",
                    *options,
                    stdin=connection.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    cwd=folder,
                )
            stack.push_async_callback(ended, process)

        task = asyncio.create_task(answer())
        try:
            yield listener.getsockname()[1]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
