"""Bring up the sandbox hospital: `python3 -m sandbox.hospital --home DIR [-- COMMAND...]`.

It runs until it is told to stop, or until COMMAND ends, and leaves no process behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sandbox import facts as hospital_facts
from sandbox import releases, repository, venv, wardroom_config
from sandbox.estate import FIRST_VERSION, SERVICES, places, tag
from sandbox.layout import SOURCE, Layout
from sandbox.loopback import choose, is_free
from sandbox.mortal import wrapped
from sandbox.sentences import Problem, about_disk, require_space
from sandbox.supervisor import CI, Supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEEDED_BYTES = 50_000_000  # a year of builds and deploys takes less
COMMAND_SECONDS, CTRL_C_SECONDS = 15, 3


class Asked(BaseException):
    """Somebody asked the hospital to stop, by Ctrl-C or SIGTERM."""


class Voice:
    """Says what happens: on the screen until the command has it, in the log always."""

    def __init__(self, log: Path) -> None:
        self.on_screen = True
        self._log = log

    def __call__(self, text: str) -> None:
        """Say one line."""
        if self.on_screen:
            with contextlib.suppress(OSError):  # whoever read the screen may have gone
                print(text, flush=True)
        with contextlib.suppress(OSError), self._log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="sandbox.hospital", description=__doc__)
    home = os.environ.get("WARDROOM_HOME", "var")
    parser.add_argument("--home", type=Path, default=Path(home), help="where everything is kept")
    port = int(os.environ.get("PORT", "8080"))
    parser.add_argument("--port", type=int, default=port, help="Wardroom's; 0 takes a free one")
    known = [service.id for service in SERVICES]
    parser.add_argument("--services", type=lambda text: text.split(","), default=known)
    parser.add_argument("--no-prebuild", action="store_true", help="leave CI without builds")
    parser.add_argument("command", nargs="*", help="started once the hospital is up")
    found = parser.parse_args(arguments)
    if not set(found.services) <= set(known):
        parser.error(f"--services takes some of: {', '.join(known)}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Run one hospital; returns the exit code: the command's, or 1 with a sentence."""
    wanted = options(arguments)
    layout = Layout(wanted.home.resolve())
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(stop, _asked)
    try:
        with _only_one(layout):
            voice = Voice(layout.logs / "hospital.log")
            python, facts = prepare(layout, wanted, voice)
            return asyncio.run(run(layout, wanted, voice, python, facts))
    except Problem as problem:
        print(problem, file=sys.stderr)
    except OSError as error:
        print(about_disk(error, layout.home), file=sys.stderr)
    except Asked:
        print("Stopped before the hospital was up.", file=sys.stderr)
    return 1


def _asked(_signal: int, _frame: object) -> None:
    raise Asked


def _only_one(layout: Layout) -> IO[str]:
    """Hold the home for this process, until it ends however it ends."""
    layout.sandbox.mkdir(parents=True, exist_ok=True)
    lock = layout.lock.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise Problem(
            f"A hospital is already running in {layout.home} (process {lock.read().strip()}):"
            " stop it first, or set WARDROOM_HOME to another folder."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def prepare(
    layout: Layout, wanted: argparse.Namespace, voice: Voice
) -> tuple[Path, dict[str, Any]]:
    """Put everything in its place that has to be there before a process starts."""
    repository.require_git()
    port = _web_port(wanted.port)
    require_space(layout.home, NEEDED_BYTES)
    for folder in (layout.logs, layout.ci / "master", layout.ci / "worker", layout.scans):
        folder.mkdir(parents=True, exist_ok=True)
    voice(f"Sandbox hospital in {layout.home}")
    python = venv.ensure(venv.place(layout), voice)
    repository.make(layout)
    hospital_facts.make_passwords(layout)
    facts = hospital_facts.settle(layout, wanted.services, port, voice)
    for name in wanted.services:
        for env in places(name):
            put_first_version(layout, name, env)
    wardroom_config.write(layout, facts)
    return python, facts


def _web_port(port: int) -> int:
    if port == 0:
        return choose(set())
    if not is_free(port):
        raise Problem(
            f"Port {port} is in use by another program: stop that program, or choose another port,"
            f" as in: PORT={port + 1} make run"
        )
    return port


def put_first_version(layout: Layout, name: str, env: str) -> None:
    """Install what shall run where nothing does: the first version, or the one last switched to."""
    if releases.current(layout, name, env) is not None:
        return
    link = layout.current(name, env)
    version = link.readlink().name if link.is_symlink() else FIRST_VERSION
    with tempfile.TemporaryDirectory(dir=layout.sandbox) as folder:
        repository.export(layout, f"refs/tags/{tag(name, version)}", Path(folder))
        releases.install(layout, Path(folder), name, version, env)
    releases.switch(layout, name, version, env)


async def run(
    layout: Layout,
    wanted: argparse.Namespace,
    voice: Voice,
    python: Path,
    facts: Mapping[str, Any],
) -> int:
    """Run the hospital, and the command in it, until one of them ends."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for stop in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(stop, stopping.set)
    supervisor = Supervisor(layout, facts, python, voice)
    helpers: list[asyncio.subprocess.Process] = []
    try:
        await supervisor.start()
        if not await _or_stop(_come_up(supervisor, voice), stopping):
            return 1
        if not wanted.no_prebuild:
            helpers.append(await _prebuild(layout))
        voice(f"The hospital is up. CI: {facts['ci']['url']}  Facts: {layout.facts}")
        if not wanted.command:
            await stopping.wait()
            return 0
        return await _command(wanted.command, layout, voice, stopping)
    finally:
        voice.on_screen = True
        voice("Stopping the hospital")
        for helper in helpers:
            if helper.returncode is None:
                helper.kill()
            await helper.wait()
        await supervisor.stop()


async def _or_stop(work: Any, stopping: asyncio.Event) -> bool:
    """Do the work unless somebody asks to stop before it is done; says whether it was done."""
    doing = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({doing, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if doing.done():
        await doing
        return True
    doing.cancel()
    return False


async def _come_up(supervisor: Supervisor, voice: Voice) -> None:
    began = time.monotonic()

    async def one(name: str) -> None:
        try:
            said = await supervisor.keepers[name].up()
        except Problem as problem:
            if name in CI:
                raise
            voice(str(problem))  # a hospital with one service down is still a hospital
            return
        words = f"{name} {said.get('version', '')}".strip()
        how = ", degraded" if said.get("status") == "degraded" else ""
        voice(f"  {time.monotonic() - began:4.1f} s  {words} is up{how}")

    await asyncio.gather(*(one(name) for name in supervisor.keepers))


async def _prebuild(layout: Layout) -> asyncio.subprocess.Process:
    with (layout.logs / "prebuild.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *wrapped([sys.executable, "-m", "sandbox.ci.prebuild", str(layout.home)]),
            cwd=SOURCE.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )


async def _command(
    command: Sequence[str], layout: Layout, voice: Voice, stopping: asyncio.Event
) -> int:
    """Run the command on our terminal; when asked to stop, it is asked first."""
    voice.on_screen = False
    process = await asyncio.create_subprocess_exec(
        *wrapped(command), env={**os.environ, "WARDROOM_HOME": str(layout.home)}
    )
    if await _or_stop(process.wait(), stopping):
        return process.returncode or 0
    # Ctrl-C has reached the command too: let it answer before it is told a second time.
    if sys.stdin.isatty():
        await _ended(process, CTRL_C_SECONDS)
    if process.returncode is None:
        process.terminate()
    if not await _ended(process, COMMAND_SECONDS):
        process.kill()
        await process.wait()
    return 0


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), seconds)
    return process.returncode is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
