"""This machine's clock, disks and units: real datagrams, a real disk, programs on PATH."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.probes import disk, ntp, program, systemd
from integrations.probes.wire import Unwell
from tests.integrations.endpoint_peers import FAILED, PASSED, SECRET, UNKNOWN, asked

# The clock


class _Served(asyncio.DatagramProtocol):
    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if answer := self.answer(data):
            self.transport.sendto(answer, addr)


@asynccontextmanager
async def serving(answer: Callable[[bytes], bytes]) -> AsyncIterator[int]:
    """Have a time server answer so; yields its port."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Served(answer), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def telling(
    ahead: float = 0.0, *, first: int = 0b00_100_100, stratum: int = 2, reference: bytes = b"GPS\0"
) -> Callable[[bytes], bytes]:
    """Return a time server whose clock is so many seconds ahead of ours."""

    def answer(question: bytes) -> bytes:
        assert question[0] == 0b00_100_011
        assert not any(question[1:40])  # it says nothing of us
        since_1900 = time.time() + ahead + 2_208_988_800
        stamp = struct.pack(">II", int(since_1900) % 2**32, int(since_1900 % 1 * 2**32))
        head = struct.pack(">BBbbII", first, stratum, 6, -20, 0, 0) + reference
        return head + stamp + question[40:48] + stamp + stamp

    return answer


async def test_a_clock_that_goes_right_passes() -> None:
    async with serving(telling()) as port:
        found = await asked("clock", port, fail_above_ms=60_000)
    assert (found.standing, found.figures["stratum"]) == (PASSED, "2")
    assert abs(int(found.figures["offset_ms"])) <= int(found.figures["delay_ms"]) / 2 + 1


@pytest.mark.parametrize(("ahead", "words"), [(90.0, "ahead of"), (-90.0, "behind")])
async def test_a_clock_that_is_off_has_failed_in_either_direction(ahead: float, words: str) -> None:
    async with serving(telling(ahead)) as port:
        found = await asked("clock", port, fail_above_ms=60_000)
        tolerant = await asked("clock", port, fail_above_ms=120_000)
    assert (found.standing, found.figures["why"]) == (FAILED, "drift")
    assert words in found.detail
    wrong = abs(int(found.figures["offset_ms"]) - ahead * 1000)
    assert wrong <= int(found.figures["delay_ms"]) / 2 + 1
    assert tolerant.standing is PASSED


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (telling(stratum=0, reference=b"RATE"), "kiss_of_death"),
        (telling(stratum=0, reference=b"ZZTE"), "kiss_of_death"),
        (telling(first=0b11_100_100), "unsynchronised"),
        (telling(stratum=16), "unsynchronised"),
        (telling(first=0b00_100_011), "garbage"),
        (lambda question: telling()(question)[:47], "garbage"),
        (lambda question: telling()(bytes(question[:40]) + bytes(8)), "garbage"),
        (lambda question: telling()(question)[:32] + bytes(16), "garbage"),
        (lambda _: SECRET.encode() * 9, "garbage"),
    ],
)
async def test_what_tells_no_time_is_told_apart(answer: Callable[[bytes], bytes], why: str) -> None:
    async with serving(answer) as port:
        found = await asked("clock", port)
    assert (found.standing, found.figures["why"]) == (FAILED, why)
    assert "ZZTE" not in found.detail


async def test_a_kiss_of_death_says_what_is_wanted() -> None:
    async with serving(telling(stratum=0, reference=b"RATE")) as port:
        found = await asked("clock", port)
    assert found.detail == "is asked too often from here (RATE): ask it more seldom"


async def test_a_silent_time_server_is_not_waited_for() -> None:
    async with serving(lambda _: b"") as port:
        found = await asked("clock", port, seconds=0.1)
    assert (found.standing, found.figures["why"]) == (FAILED, "timeout")


async def test_a_port_without_a_time_server_refuses() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.connect(("127.0.0.1", 9))  # so it takes nothing from anybody else
        found = await asked("clock", taken.getsockname()[1])
    assert (found.standing, found.figures["why"]) == (FAILED, "refused")


def test_the_end_of_the_ntp_era_changes_nothing() -> None:
    sent, cookie = 2**64 - 2**31, 7  # half a second before the counter of 2036 begins again
    came = (sent + 2**32) % 2**64
    packet = ntp.PACKET.pack(0b00_100_100, 1, 0, 0, 0, 0, 0, 0, cookie, 2**31, 2**31)
    found = ntp.compared(packet, cookie, sent, came)
    assert (found.offset_ms, found.delay_ms) == (500, 1000)


# A disk


async def test_a_disk_says_how_full_it_is(tmp_path: Path) -> None:
    found = await asked("disk", host="", path=str(tmp_path), fail_above_percent=100)
    assert found.standing is PASSED
    counted = os.statvfs(tmp_path)
    used = counted.f_blocks - counted.f_bfree
    percent = -(-100 * used // (used + counted.f_bavail))
    assert abs(int(found.figures["percent"]) - percent) <= 1
    assert int(found.figures["free_bytes"]) > 0


async def test_a_path_that_is_not_there_has_failed(tmp_path: Path) -> None:
    found = await asked("disk", host="", path=str(tmp_path / "no"))
    assert (found.standing, found.figures["why"]) == (FAILED, "path")


@pytest.mark.parametrize(
    ("said", "standing", "why", "percent"),
    [
        ("4096 1000 100 50 1000 900\n", FAILED, "full", "95"),
        ("4096 1000 500 500 1000 50\n", FAILED, "inodes", "50"),
        ("4096 1000 500 500 0 0\n", PASSED, None, "50"),
        ("4096 0 0 0 0 0\n", PASSED, None, "0"),
    ],
)
def test_blocks_and_inodes_are_judged(
    said: str, standing: object, why: str | None, percent: str
) -> None:
    found = disk.judged(said, 90)
    assert (found.standing, found.figures.get("why"), found.figures["percent"]) == (
        standing,
        why,
        percent,
    )


# A unit of systemd


def on_path(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a systemctl before the machine's own, which needs a machine that systemd has started."""
    file = folder / "systemctl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    found = {**program.ENVIRONMENT, "PATH": f"{folder}:{program.ENVIRONMENT['PATH']}"}
    monkeypatch.setattr(program, "ENVIRONMENT", found)


SHOWN = """[ "$*" = "{command}" ] || exit 9
cat <<END
LoadState=loaded
ActiveState={active}
SubState={sub}
Result={result}
NRestarts={n}
END"""


def shown(**words: str) -> str:
    command = " ".join((*systemd.ASKED[1:], "mirth.service"))
    known = {"active": "active", "sub": "running", "result": "success", "n": "0", **words}
    return SHOWN.format(command=command, **known)


@pytest.mark.parametrize(
    ("words", "standing", "detail"),
    [
        ({}, PASSED, "is active (running)"),
        ({"n": "3"}, PASSED, "is active (running), restarted 3 times by systemd"),
        ({"active": "inactive", "sub": "dead"}, FAILED, "is inactive (dead)"),
        (
            {"active": "failed", "sub": "failed", "result": "exit-code"},
            FAILED,
            "is failed (failed); its last run ended with exit-code",
        ),
        ({"sub": "ZZTEST"}, PASSED, "is active (other)"),
    ],
)
async def test_a_unit_says_what_it_does(
    words: dict[str, str],
    standing: object,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_path(tmp_path, shown(**words), monkeypatch)
    found = await asked("systemd", host="", unit="mirth.service")
    assert (found.standing, found.detail) == (standing, detail)


@pytest.mark.parametrize(
    ("script", "standing", "why"),
    [
        ("exit 1", UNKNOWN, "no_systemd"),
        ("printf 'LoadState=not-found\\nActiveState=inactive\\n'", FAILED, "no_unit"),
        ("echo ZZTEST", FAILED, "garbage"),
        ("exec yes ZZTEST", UNKNOWN, "garbage"),
        ("exec sleep 60", FAILED, "timeout"),
    ],
)
async def test_a_systemctl_that_says_nothing_of_use_is_told_apart(
    script: str, standing: object, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path(tmp_path, script, monkeypatch)
    seconds = 0.3 if why == "timeout" else 10
    found = await asked("systemd", host="", unit="mirth.service", seconds=seconds)
    assert (found.standing, found.figures["why"]) == (standing, why)


async def test_a_program_that_is_cancelled_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    os.mkfifo(note)
    task = asyncio.create_task(program.ran(("sh", "-c", f"echo $$ > {note}; exec sleep 60")))
    pid = int(await asyncio.to_thread(note.read_text))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_program_inherits_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WARDROOM_SLACK__SIGNING_SECRET", "ZZTEST")
    status, said = await program.ran(("env",))
    assert status == 0
    assert dict(line.split("=", 1) for line in said.splitlines()) == program.ENVIRONMENT


async def test_a_program_that_is_not_there_cannot_be_run() -> None:
    with pytest.raises(Unwell) as caught:
        await program.ran(("no-such-program-here",))
    assert caught.value.standing is UNKNOWN
