"""A replica in a process of its own: it is told what to do over a pipe, and may be killed.

Several of them share a database, a settings file and a CI server, whose jobs are a file.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bot.model import Build, BuildState, Service, StepState
from tests.forked import fork
from tests.house import Chat, opened
from tests.twins import TwinCi

JOB_SECONDS = 60.0  # a job that is held runs for as long as its test does


class SharedCi(TwinCi):
    """A CI server that several processes ask; its jobs run while the file `held` is there.

    Places in the file `sick`, such as `test/clinics`, keep what they run.
    """

    folder: Path

    async def deploy(
        self,
        service: Service,
        version: str,
        commit: str,
        environment: str,
        *,
        correlation: str,
        sites: Sequence[str] = (),
    ) -> Build:
        self._die("before")
        row = [service.id, version, commit, "/".join([environment, *sites]), correlation]
        with (self.folder / "jobs").open("a") as file:
            file.write(f"{json.dumps(row)}\n")
        self._die("during")
        found = await self.find(service, correlation)
        assert found is not None
        return found

    async def find(self, service: Service, correlation: str) -> Build | None:
        del service
        return next((job for job in self._look() if job.correlation == correlation), None)

    async def build(self, build_id: str) -> Build:
        self._die("after")
        return next(job for job in self._look() if job.id == build_id)

    def _die(self, when: str) -> None:
        """End this process as a power cut does, at the trigger that the file counts down to."""
        file = self.folder / f"dies-{when}"
        if not file.exists():
            return
        left = int(file.read_text()) - 1
        file.write_text(str(left))
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _look(self) -> list[Build]:
        state = BuildState.RUNNING if (self.folder / "held").exists() else BuildState.GREEN
        found: list[Build] = []
        sick = self.folder / "sick"
        self.sick = set(sick.read_text().split()) if sick.exists() else set()
        for service, version, commit, environment, correlation in jobs(self.folder):
            number = f"d{len(found) + 1}"
            found.append(Build(number, service, version, commit, state, correlation=correlation))
            if state is BuildState.GREEN:
                name, *sites = environment.split("/")
                places = {f"{name}/{site}" for site in sites} or {name}
                for place in places - self.sick:
                    self.running[service, place] = version
        return found


def jobs(folder: Path) -> list[list[str]]:
    """Return what the CI server was asked for, in order."""
    file = folder / "jobs"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@dataclass
class Rival:
    """One replica, as a test sees it."""

    process: BaseProcess
    pipe: Connection

    @classmethod
    def start(cls, settings: Path) -> Rival:
        ours, theirs = multiprocessing.Pipe()
        rival = cls(fork(live, settings, theirs), ours)
        theirs.close()
        assert rival.answer() == {"up": True}
        return rival

    def begin(self, do: str, **what: Any) -> None:
        """Tell it to do something, without waiting for what comes of it."""
        self.pipe.send({"do": do, **what})

    def answer(self) -> dict[str, Any]:
        """Return what came of what it was told first."""
        assert self.pipe.poll(60), "a replica does not answer"
        answer: dict[str, Any] = self.pipe.recv()
        return answer

    def do(self, do: str, **what: Any) -> dict[str, Any]:
        self.begin(do, **what)
        return self.answer()

    def say(self, text: str, who: str = "engineer") -> dict[str, Any]:
        return self.do("say", text=text, who=who)

    def freeze(self) -> None:
        """Stop it as a machine that is suspended: it lives, and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def close(self) -> None:
        if self.process.is_alive():
            self.thaw()
            self.begin("stop")
            self.process.join(30)
            self.kill()
        self.pipe.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)


def live(settings: Path, pipe: Connection) -> None:
    """Be a replica until told to stop."""
    asyncio.run(_live(settings, pipe))


async def _live(settings: Path, pipe: Connection) -> None:
    ci = SharedCi()
    ci.folder = settings.parent
    async with opened(settings, ci, job=JOB_SECONDS) as chat:
        pipe.send({"up": True})
        while (told := await asyncio.to_thread(pipe.recv))["do"] != "stop":
            pipe.send(await _do(chat, told))


async def _do(chat: Chat, told: dict[str, Any]) -> dict[str, Any]:
    match told["do"]:
        case "say":
            reply = await chat.say(told["text"], as_=told["who"])
            return {"reason": reply.reason.value, "text": reply.text, **reply.refs}
        case "turn":
            chat.clock.turn(seconds=told["seconds"])
        case "look":
            await chat.house.leases.look()
        case "lock":
            held = await chat.house.leases.locks.held("portal", "test")
            lease = held.lease.isoformat() if held and held.lease else ""
            return {"deploy": held.deploy if held else "", "lease": lease}
        case "step":
            return {"running": await _running(chat, told["deploy"])}
        case "start what is due":
            await chat.house.schedule.look()
        case "runs":
            return {"deploys": sorted(chat.house.engine.running("deploy"))}
        case "wait":
            seconds = told.get("seconds", 30.0)
            engine = chat.house.engine
            return {"ended": await engine.wait("deploy", told["deploy"], seconds=seconds)}
        case unknown:
            raise ValueError(unknown)
    return {}


async def _running(chat: Chat, deploy_id: str) -> str:
    """Return which steps of a deploy are under way."""
    deploy = await chat.house.stores.deploys.show(deploy_id)
    steps = deploy.steps if deploy else ()
    return " ".join(step.label for step in steps if step.state is StepState.RUNNING)
