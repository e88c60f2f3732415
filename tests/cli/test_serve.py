"""`wardroom serve` starts, says where it is, offers a prompt, and stops when it is asked to."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import configure
from tests.house_rules.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

SERVE = [sys.executable, "-m", "bot", "serve", "--prompt", "--config"]
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def port(home: Path) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = int(probe.getsockname()[1])
    configure(home, server={"port": free})
    return free


@contextlib.contextmanager
def _started(home: Path, stdin: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*SERVE, str(home / "wardroom.yaml")],
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE if stdin == subprocess.DEVNULL else stdin,
        stderr=subprocess.STDOUT,
        env={**os.environ, "HOME": str(home), "TERM": "xterm"},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _read(screen: int, wanted: bytes, *, seconds: float = 30.0) -> bytes | None:
    """Return what a terminal shows up to some words, without its escapes; None when it does not."""
    shown, deadline = b"", time.monotonic() + seconds
    while wanted not in ESCAPES.sub(b"", shown):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([screen], [], [], left)[0]:
            return None
        shown += os.read(screen, 65536)
    return ESCAPES.sub(b"", shown)


def _type(screen: int, keys: bytes, wanted: bytes) -> bytes:
    """Type until the answer is shown: a terminal drops what is typed while it is being set up."""
    for _ in range(10):
        os.write(screen, keys)
        shown = _read(screen, wanted, seconds=5.0)
        if shown is not None:
            return shown
    raise AssertionError("the prompt does not answer")


def _leave(screen: int, process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-D until the program has gone, reading what it still shows."""
    for _ in range(10):
        os.write(screen, b"\x04")
        with contextlib.suppress(OSError):  # the terminal closes with its last program
            while _read(screen, b"never shown", seconds=1.0) is not None:
                pass
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            return
    raise AssertionError("the prompt does not end")


@pytest.mark.crash
def test_it_says_where_it_is_once_it_answers_and_stops_when_asked(home: Path, port: int) -> None:
    with _started(home, subprocess.DEVNULL) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as ready:
            status = ready.status
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()

    assert line.startswith(f"Wardroom is at http://127.0.0.1:{port}  (Ctrl-C stops it; its log: ")
    assert (status, rest, process.returncode) == (200, b"", 0)
    log = (home / "wardroom.log").read_text("utf-8")
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert "listening" in events


@pytest.mark.crash
def test_a_hang_up_puts_the_policy_files_in_force(home: Path, port: int) -> None:
    def log(wanted: str) -> None:
        deadline = time.monotonic() + 30
        while wanted not in (home / "wardroom.log").read_text("utf-8"):
            assert time.monotonic() < deadline, "it was never said"
            time.sleep(0.05)

    file = home / "policies/site.cedar"
    with _started(home, subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        file.write_text("forbid (")
        process.send_signal(signal.SIGHUP)
        log("the policies stay as they are")
        file.write_text('@id("never") forbid (principal, action, resource) when { false };')
        process.send_signal(signal.SIGHUP)
        log("other policies are in force")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as ready:
            assert json.load(ready)["checks"]["policies"] == "ok"
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert process.returncode == 0


@pytest.mark.crash
def test_at_a_terminal_it_offers_a_prompt_and_leaving_that_stops_it(home: Path, port: int) -> None:
    screen, terminal = pty.openpty()
    with _started(home, terminal) as process:
        os.close(terminal)
        shown = _read(screen, b"engineer >", seconds=60.0) or b""
        answer = _type(screen, b"whoami\r", b"Roles")
        _leave(screen, process)
    os.close(screen)

    assert f"127.0.0.1:{port}".encode() in shown
    assert b"engineer" in answer
    assert process.returncode == 0


def test_a_port_that_is_taken_is_told_before_anything_starts(wardroom: Typing, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configure(home, server={"port": port})

        result = wardroom("serve")

    assert result.exit_code == 1
    assert f"server.port {port}: another program listens there" in result.output
    assert not (home / "wardroom.db").exists()


def test_an_unsafe_configuration_does_not_start(wardroom: Typing, home: Path) -> None:
    configure(home, mode=None)

    result = wardroom("serve")

    assert result.exit_code == 1
    assert "server.public_url: must be the https:// address" in result.output
    assert not (home / "wardroom.db").exists()
