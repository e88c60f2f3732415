"""People who ask, decide, leave and come back in any order, and a process that is cut off.

Drives a whole house over one SQLite file, as the test of the request state machine needs it: what
they do is data, so that several of them can do it at once, and the process can end meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import uuid
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from bot.lookback import every
from bot.model import Account, AuditQuery, Request, RequestState
from tests.databases import FixedClock
from tests.house import PEOPLE, Chat, opened, write_site
from tests.twins import TwinCi

Roles: TypeAlias = Mapping[str, frozenset[str]]
NOBODY: Roles = {name: frozenset() for name in PEOPLE}
EVERYBODY: Roles = {name: frozenset(roles) for name, roles in PEOPLE.items()}
APPROVERS = {"engineer", "release_manager", "incident_commander", "clinical_safety_officer"}
RELEASE, SAFETY = "release_manager", "clinical_safety_officer"


@dataclass(frozen=True)
class Act:
    """One line that somebody types, so and so many times as one delivery."""

    who: str
    line: str
    request: int = 0  # 0 where the line names none; else the place of a request, from 1
    door: str = "terminal"
    times: int = 1

    def account(self) -> Account:
        if self.door == "slack":
            return Account("slack", f"U{[*PEOPLE].index(self.who) + 1:04}", "T0001")
        return Account("terminal", self.who)


@dataclass
class Hospital:
    """A house that can be cut off, and what was seen of it."""

    template: Path
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="wardroom-")))
    ci: TwinCi = field(default_factory=TwinCi)
    clock: FixedClock = field(default_factory=FixedClock)
    roles: list[Roles] = field(default_factory=lambda: [EVERYBODY])
    ended: dict[str, Request] = field(default_factory=dict)
    approved_under: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copy(self.template, self.folder / "wardroom.db")
        self.file = write_site(self.folder, f"sqlite:///{self.folder / 'wardroom.db'}")
        self.looked = 0  # how many versions of the people file there were at the last look
        self.stack = AsyncExitStack()
        self.chat: Chat

    async def open(self) -> None:
        """Start the process."""
        self.chat = await self.stack.enter_async_context(opened(self.file, self.ci, self.clock))

    async def cut_off(self) -> None:
        """End the process wherever it is: nothing is finished, nothing is said."""
        engine = self.chat.house.engine
        engine._grace_seconds = 0
        journeys = [task for task in asyncio.all_tasks() if "_journey" in repr(task.get_coro())]
        for task in journeys:
            task.cancel()
        await asyncio.gather(*journeys, return_exceptions=True)
        await self.stack.aclose()

    async def reopen(self) -> None:
        await self.cut_off()
        await self.open()

    def close(self) -> None:
        shutil.rmtree(self.folder)

    async def do(self, acts: Iterable[Act], *also: Coroutine[Any, Any, object]) -> None:
        """Do it all at once."""
        known = [request.id for request in await self.requests()]
        lines = [self._typed(act, known) for act in acts]
        await asyncio.gather(*(each for line in lines for each in line), *also)

    def _typed(self, act: Act, known: Sequence[str]) -> list[Coroutine[Any, Any, object]]:
        line = act.line
        if act.request:
            named = known[(act.request - 1) % len(known)] if known else "REQ-1"
            line = line.format(request=named)
        delivery = f"{act.door}:{uuid.uuid4().hex}"
        say = self.chat.say
        return [
            say(line, delivery=delivery, account=act.account()) for _ in range(max(act.times, 1))
        ]

    async def people(self, roles: Roles) -> None:
        """Change who holds which roles; whoever holds none is deactivated."""
        rows = json.loads((self.folder / "people.yaml").read_text())
        for row in rows:
            row["roles"], row["active"] = sorted(roles[row["id"]]), bool(roles[row["id"]])
        new = self.folder / "people.new"
        new.write_text(json.dumps(rows))
        new.replace(self.folder / "people.yaml")
        self.roles.append(roles)
        await self.chat.house.directory.look()

    async def expire(self) -> None:
        await self.chat.house.desk.expire_due()

    async def requests(self) -> list[Request]:
        """Return every request, the oldest first."""
        found: list[Request] = []
        while request := await self.chat.house.stores.requests.show(f"REQ-{len(found) + 1}"):
            found.append(request)
        return found

    async def look(self) -> None:
        """Hold what is there against what must always be so."""
        known = {request.id: request for request in await self.requests()}
        for name, before in self.ended.items():
            now = replace(known[name], approvals=before.approvals)
            assert now == before, "an end is an end"
        self.ended |= {n: r for n, r in known.items() if r.state is not RequestState.PENDING}
        for request in known.values():
            people = [approval.person for approval in request.approvals]
            assert request.requester not in people, "nobody approves their own request"
            assert len(people) == len(set(people)), "one human counts once"
            if request.state is RequestState.APPROVED:
                assert request.decided_at is not None
                assert request.decided_at < request.expires, "silence means not run"
                self.approved_under.setdefault(request.id, self.looked)
        self._look_at_jobs(known)
        self.looked = len(self.roles) - 1

    def _look_at_jobs(self, known: Mapping[str, Request]) -> None:
        correlations = [job.correlation for job in self.ci.jobs]
        assert len(correlations) == len(set(correlations)), "no run executes twice"
        named = [correlation.rpartition("-")[0] for correlation in correlations]
        assert len(named) == len(set(named)), "no request runs twice"
        for name in named:
            request = known[name]
            assert request.state is RequestState.APPROVED, f"{name} ran and is {request.state}"
            since = self.approved_under[name]
            assert any(_enough(request, roles) for roles in self.roles[since:]), (
                f"{name} ran without its approvals: {request.approvals}"
            )

    async def settle(self) -> None:
        """Let everything come to its end: what waits expires, what runs ends."""
        engine = self.chat.house.engine
        for request in await self.requests():
            if request.state is RequestState.APPROVED:
                assert await engine.wait("carry-out", request.id, seconds=20)
        for deploy in await self.chat.house.stores.deploys.list(limit=500):
            assert await engine.wait("deploy", deploy.id, seconds=20)
        await self.look()
        self.clock.turn(hours=5)
        await self.expire()
        await self.look()
        assert RequestState.PENDING not in {r.state for r in await self.requests()}

    async def tell(self) -> None:
        """Hold the log against the store: it is whole, and tells the same story."""
        verdict = await self.chat.house.trail.audit.verify()
        assert verdict.ok, verdict.problems
        log = [event async for event in every(self.chat.house.trail.audit, AuditQuery(limit=500))]
        self.log = [event.data for event in log]
        triggered = self._events(verb="deploy trigger", kind="effect")
        for request in await self.requests():
            state = request.state
            ran = self._events(request=request.id, verb="deploy", kind="effect_outcome")
            assert len(ran) == (state is RequestState.APPROVED), (request.id, state, ran)
            expired = self._events(request=request.id, kind="ended", reason="expired")
            assert len(expired) == (state is RequestState.EXPIRED), request.id
            for verb, ending in (
                ("reject", RequestState.REJECTED),
                ("cancel", RequestState.CANCELLED),
            ):
                found = self._events(request=request.id, verb=verb, kind="outcome", reason="ok")
                assert len(found) == (state is ending), (request.id, verb, state)
            intents = [event for event in triggered if event.get("request") == request.id]
            jobs = [j for j in self.ci.jobs if j.correlation.startswith(f"{request.id}-")]
            assert len(intents) >= len(jobs), "no record, no action"

    def _events(self, **fields: str) -> list[Mapping[str, Any]]:
        """Return the log's events that have these fields."""
        return [each for each in self.log if fields.items() <= each.items()]


def _enough(request: Request, roles: Roles) -> bool:
    """Say whether a request has what the shipped policy wants, told here in other words."""
    service = request.proposal.values["service"]
    holders = [roles[approval.person] for approval in request.approvals]
    if service == "portal":
        return any(RELEASE in held for held in holders)
    if service == "pacs":
        safe = [held for held in holders if held & {RELEASE, SAFETY}]
        both = any(SAFETY in held for held in safe) and any(RELEASE in held for held in safe)
        return len(safe) >= 2 and both
    able = [held for held in holders if held & APPROVERS]
    return len(able) >= 2 and any(RELEASE in held for held in able)
