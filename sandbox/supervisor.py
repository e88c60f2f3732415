"""Owns every process of the hospital, and does what deploys and tests ask over the control port."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sandbox import reception, releases
from sandbox.estate import places, service
from sandbox.keeper import Keeper, Program
from sandbox.layout import SOURCE, Layout
from sandbox.loopback import HOST, get_json
from sandbox.repository import DEAF
from sandbox.sentences import Problem

Say = Callable[[str], None]
CI = ("ci master", "ci worker")


class Supervisor:
    """The hospital's processes by name: "ci master", "ci worker", "lab-results test", ..."""

    def __init__(self, layout: Layout, facts: Mapping[str, Any], python: Path, say: Say) -> None:
        self._layout = layout
        programs = [
            *ci_programs(layout, facts, python),
            sign_in_program(layout, facts["sign_in"], python),
            *service_programs(layout, facts, python),
        ]
        self.keepers = {program.name: Keeper(program, say) for program in programs}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Start everything at once."""
        self._server = await reception.listen(self._layout, self.handle)
        for keeper in self.keepers.values():
            keeper.start()

    async def stop(self) -> None:
        """Stop everything at once, and wait until it has ended."""
        if self._server is not None:
            self._server.close()
            self._layout.control.unlink(missing_ok=True)
        await asyncio.gather(*(keeper.stop() for keeper in self.keepers.values()))

    async def handle(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do `restart`, `stop`, `start` or `status` for a process, or for "ci" as a whole."""
        verb = {"restart": self._restart, "stop": self._stop, "start": self._start}.get(
            str(request.get("do"))
        )
        if request.get("do") == "status":
            return {
                name: {"pid": keeper.pid, "starts": keeper.starts}
                for name, keeper in self.keepers.items()
            }
        if verb is None:
            raise Problem("The supervisor knows restart, stop, start and status.")
        return await verb(self._named(str(request.get("what"))))

    def _named(self, what: str) -> Sequence[Keeper]:
        names = CI if what == "ci" else (what,)
        if not all(name in self.keepers for name in names):
            raise Problem(f"There is no {what} here; there are: {', '.join(self.keepers)}.")
        return [self.keepers[name] for name in names]

    async def _restart(self, keepers: Sequence[Keeper]) -> dict[str, Any]:
        *_, last = await asyncio.gather(*(keeper.restart() for keeper in keepers))
        return last

    async def _stop(self, keepers: Sequence[Keeper]) -> dict[str, Any]:
        await asyncio.gather(*(keeper.stop() for keeper in keepers))
        return {}

    async def _start(self, keepers: Sequence[Keeper]) -> dict[str, Any]:
        before = [keeper.starts for keeper in keepers]
        for keeper in keepers:
            keeper.start()
        waits = zip(keepers, before, strict=True)
        *_, last = await asyncio.gather(*(keeper.up(count) for keeper, count in waits))
        return last


def environment(layout: Layout, **more: str) -> dict[str, str]:
    """Return the environment of a process: ours without what Python would be misled by."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | {"WARDROOM_SANDBOX_HOME": str(layout.home), "PYTHONUNBUFFERED": "1"} | more


def ci_programs(layout: Layout, facts: Mapping[str, Any], python: Path) -> list[Program]:
    """Return the Buildbot master and worker, which answer once they have found each other.

    And what shows what CI's scans have found.
    """

    async def joined() -> Mapping[str, Any] | None:
        try:
            answer = await get_json(facts["ci"]["port"], "/api/v2/workers")
        except (OSError, ValueError):
            return None
        return {} if any(worker["connected_to"] for worker in answer["workers"]) else None

    def program(name: str) -> Program:
        tac = str(SOURCE / "ci" / f"{name}.tac")
        command = [str(python.with_name("twistd")), "--nodaemon", "--no_save", "--pidfile="]
        return Program(
            name=f"ci {name}",
            command=lambda: [*command, "-y", tac],
            env=lambda: environment(layout, PYTHONPATH=str(SOURCE.parent), **DEAF),
            folder=layout.ci / name,
            log=layout.logs / f"ci-{name}.log",
            answers=joined,
        )

    return [program("master"), program("worker"), _shelf(layout, facts["ci"]["scans_port"])]


def _shelf(layout: Layout, port: int) -> Program:
    """Return what shows the results of CI's scans: files, to be read by anybody on loopback."""

    async def listens() -> Mapping[str, Any] | None:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return None
        writer.close()
        return {}

    module = ["-m", "http.server", "--bind", HOST, "--directory", str(layout.scans), str(port)]
    return Program(
        name="ci scans",
        command=lambda: [sys.executable, *module],
        env=lambda: environment(layout),
        folder=layout.scans,
        log=layout.logs / "ci-scans.log",
        answers=listens,
    )


def sign_in_program(layout: Layout, facts: Mapping[str, Any], python: Path) -> Program:
    """Return the page on which people sign in, to sign what they approve."""

    async def answers() -> Mapping[str, Any] | None:
        try:
            await get_json(facts["port"], "/keys")
        except (OSError, ValueError):
            return None
        return {}

    return Program(
        name="sign-in",
        command=lambda: [str(python), "-m", "sandbox.sign_in", str(layout.home)],
        env=lambda: environment(layout, PYTHONPATH=str(SOURCE.parent)),
        folder=layout.sign_in,
        log=layout.logs / "sign-in.log",
        answers=answers,
    )


def service_programs(layout: Layout, facts: Mapping[str, Any], python: Path) -> list[Program]:
    """Return each service in each environment; the current release is what starts."""
    return [
        _service_program(layout, python, name, env, facts["services"][name][env]["status_port"])
        for name in facts["services"]
        for env in places(name)
    ]


def _service_program(layout: Layout, python: Path, name: str, env: str, port: int) -> Program:
    def release() -> Path:
        found = releases.current(layout, name, env)
        if found is None:
            raise Problem(f"{name} was never deployed to {env}.")
        return found

    async def answers() -> Mapping[str, Any] | None:
        try:
            said: Mapping[str, Any] = await get_json(port, "/version")
        except (OSError, ValueError):
            return None
        return said if said.get("status") != "starting" else None

    return Program(
        name=f"{name} {env}",
        command=lambda: [str(python), str(release() / service(name).script)],
        env=lambda: environment(
            layout, PYTHONPATH=str(release()), SERVICE_CONFIG=str(layout.site(name, env))
        ),
        folder=layout.place(name, env),
        log=layout.logs / f"{name}-{env}.log",
        answers=answers,
    )
