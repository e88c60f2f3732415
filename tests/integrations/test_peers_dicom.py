"""The DICOM probe agrees with nodes that others wrote: pynetdicom, Orthanc and DCMTK."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pynetdicom
import pytest
from pynetdicom import evt

from tests.integrations.dicom_programs import PATIENCE, dcmtk, ended, orthanc, storescp
from tests.integrations.endpoint_peers import FAILED, PASSED, asked

VERIFICATION = "1.2.840.10008.1.1"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SERVICES = Path("sandbox/services").resolve()
Settle = Callable[[pynetdicom.AE], None]


@contextmanager
def node(
    settle: Settle = lambda _: None,
    *,
    context: str = VERIFICATION,
    on: tuple[tuple[Any, Callable[[Any], Any]], ...] = (),
) -> Iterator[int]:
    """Run a node of pynetdicom that calls itself ARCHIVE; yields its port."""
    ae = pynetdicom.AE(ae_title="ARCHIVE")
    ae.add_supported_context(context)
    settle(ae)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=list(on))
    assert server is not None
    assert server.socket is not None
    try:
        yield server.socket.getsockname()[1]
    finally:
        # What still talks would be told of an abort in the middle of its own end.
        for association in server.active_associations:
            association.join(PATIENCE)
        server.shutdown()


def wants_its_own_title(ae: pynetdicom.AE) -> None:
    ae.require_called_aet = True


def knows_others_only(ae: pynetdicom.AE) -> None:
    ae.require_calling_aet = ["MODALITY"]


async def test_pynetdicom_answers_the_echo() -> None:
    with node(wants_its_own_title) as port:
        found = await asked("dicom", port, called="ARCHIVE")
    assert (found.standing, found.detail) == (PASSED, "answers the echo")


@pytest.mark.parametrize(
    ("settle", "why"),
    [
        (wants_its_own_title, "called_unknown"),
        (knows_others_only, "calling_unknown"),
    ],
)
async def test_pynetdicom_rejects_a_wrong_title(settle: Settle, why: str) -> None:
    with node(settle) as port:
        found = await asked("dicom", port, called="ELSEWHERE")
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_pynetdicom_without_verification_is_no_wrong_title() -> None:
    with node(context=CT_STORAGE) as port:
        found = await asked("dicom", port, called="ARCHIVE")
    assert (found.standing, found.figures["why"]) == (FAILED, "refused_service")


async def test_pynetdicom_aborts() -> None:
    with node(on=((evt.EVT_ACCEPTED, lambda event: event.assoc.abort()),)) as port:
        found = await asked("dicom", port, called="ARCHIVE")
    assert (found.standing, found.figures["why"]) == (FAILED, "aborted")


async def test_pynetdicom_answers_another_status() -> None:
    with node(on=((evt.EVT_C_ECHO, lambda _: 0x0122),)) as port:
        found = await asked("dicom", port, called="ARCHIVE")
    assert (found.standing, found.value) == (FAILED, "0x0122")


async def test_pynetdicom_that_never_answers_the_echo_is_not_waited_for() -> None:
    over = threading.Event()

    def stays_silent(_event: Any) -> int:
        over.wait(PATIENCE)
        return 0

    with node(on=((evt.EVT_C_ECHO, stays_silent),)) as port:
        found = await asked("dicom", port, called="ARCHIVE", seconds=0.3)
        over.set()
    assert (found.standing, found.figures["why"]) == (FAILED, "timeout")


async def test_pynetdicom_that_was_shut_down_is_refused() -> None:
    with node() as port:
        pass
    found = await asked("dicom", port, called="ARCHIVE")
    assert (found.standing, found.figures["why"]) == (FAILED, "refused")


async def test_orthanc_agrees_on_who_is_who(tmp_path: Path) -> None:
    async with orthanc(tmp_path) as port:
        well = await asked("dicom", port, called="ARCHIVE")
        called = await asked("dicom", port, called="ELSEWHERE")
        calling = await asked("dicom", port, called="ARCHIVE", calling="STRANGER")
    assert (well.standing, well.detail) == (PASSED, "answers the echo")
    assert (called.standing, called.figures["why"]) == (FAILED, "called_unknown")
    # It takes anybody's association, and ends it at the question.
    assert (calling.standing, calling.figures["why"]) == (FAILED, "aborted")
    assert "does it know our AE title" in calling.detail
    shut = await asked("dicom", port, called="ARCHIVE")
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")


@pytest.mark.parametrize(
    ("options", "standing", "why"),
    [
        ((), PASSED, ""),
        (("--implicit",), PASSED, ""),
        (("--max-pdu", "4096"), PASSED, ""),
        (("--reject",), PASSED, ""),  # we say which implementation we are
        (("--refuse",), FAILED, "rejected"),
    ],
)
async def test_dcmtk_agrees(
    options: tuple[str, ...], standing: object, why: str, tmp_path: Path
) -> None:
    async with storescp(tmp_path, *options) as port:
        found = await asked("dicom", port, called="ARCHIVE", seconds=10)
    assert (found.standing, found.figures.get("why", "")) == (standing, why)


async def test_dcmtk_is_answered_by_the_archive_of_the_sandbox() -> None:
    echo = dcmtk("echoscu")
    opened = "from pacs import Archive; a = Archive(); print(a.open(0), flush=True); input()"
    paths = os.pathsep.join(map(str, (SERVICES, SERVICES / "pacs")))
    archive = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        opened,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert archive.stdout is not None
        async with asyncio.timeout(PATIENCE):
            port = int(await archive.stdout.readline())
            asking = await asyncio.create_subprocess_exec(
                echo, "-aec", "ZZPACS", "127.0.0.1", str(port)
            )
            assert await asking.wait() == 0
        found = await asked("dicom", port, called="ZZPACS")
        assert found.standing is PASSED
    finally:
        await ended(archive)
