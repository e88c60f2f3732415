"""Durable execution over DBOS: the only module that imports it.

What is relied on, and which private names: docs/adr/0005-durable-execution-by-dbos.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, NoReturn, TypeVar

import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, WorkflowStatus
from dbos import _serialization as dbos_serialization
from dbos import _workflow_commands as dbos_workflow_commands
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import WardroomError
from bot.model import Json
from bot.ports import Effect, Life, Transaction, Workflow
from bot.storage.database import Database, sql
from bot.workflow.activity import Activity
from bot.workflow.claim import Claim, take_claim
from bot.workflow.connections import open_engine, prepare_caller
from bot.workflow.outcome import Fault, Outcome, fault_of, outcome_of, value_of

T = TypeVar("T")

_log = logging.getLogger(__name__)
_library_log = logging.getLogger("dbos")
# With a handler of its own the library would print to the console, past our logging.
_library_log.addHandler(logging.NullHandler())

_APPLICATION: Final = "wardroom"
# A constant: the default is a hash of the source, so an upgrade would strand what is under way.
_VERSION: Final = "1"
_QUEUE: Final = "wardroom"
# Each look costs a few milliseconds of CPU for ever; a person hardly notices these.
POLL_SECONDS: Final = 1.0
# The library looks for delays and timeouts, of which we use neither.
_SWEEP_SECONDS: Final = 5.0
_NOTIFY_SECONDS: Final = 0.2
_THREADS: Final = 16
_ADOPT_SECONDS: Final = 5.0
_WAIT_POLL_SECONDS: Final = 0.1
_PENDING: Final = "PENDING"
_FAILED: Final = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_ENDED: Final = frozenset({"SUCCESS", "CANCELLED", *_FAILED})


@dataclass(frozen=True)
class Failure:
    """A workflow that failed; `error` is one line for operators."""

    workflow: str
    key: str
    error: str
    at: datetime


class DurableEngine:
    """Runs registered workflows; implements `bot.ports.Engine`.

    One per process. Bodies and steps run in the loop that called `launch`, at most `concurrency`
    workflows at once; the others wait in the database.
    """

    _current: ClassVar[DurableEngine | None] = None

    def __init__(
        self,
        database: Database,
        *,
        concurrency: int = 32,
        grace_seconds: float = 3.0,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._database = database
        self._concurrency = concurrency
        # The library's own limit is soft: a changed one counts from its second look on.
        self._slots = asyncio.Semaphore(concurrency)
        self._grace_seconds = grace_seconds
        self._poll_seconds = poll_seconds
        self._bodies: dict[str, Workflow] = {}
        self._activity = Activity()
        self._here: set[tuple[str, str]] = set()
        self._claim: Claim | None = None
        self._connections: sqlalchemy.Engine | None = None
        self._client: DBOSClient | None = None
        self._adopter: asyncio.Task[None] | None = None

    def register(self, name: str, body: Workflow) -> None:
        """Give a workflow its body; before `launch`, which may resume it at once."""
        if self._claim is not None or name in self._bodies or not name or ":" in name:
            raise ValueError(f"workflow {name!r} cannot be registered: twice, too late or misnamed")
        self._bodies[name] = body

    async def launch(self) -> None:
        """Claim the database, prepare the library's tables, resume what a kill cut short.

        `ConfigurationError` when another process works in this SQLite folder.
        """
        if DurableEngine._current is not None:
            raise RuntimeError("this process runs a workflow engine already")
        self._claim = await _off_loop(lambda: take_claim(self._database))
        DurableEngine._current = self
        try:
            await self._launch_library(self._claim.executor)
        except BaseException:
            await self.close()
            raise
        self._adopter = asyncio.create_task(self._adopt_forever(self._claim))

    async def close(self) -> None:
        """Stop: steps that run may finish within the grace, everything resumes at next launch."""
        if self._claim is None:
            return
        if self._adopter is not None:
            self._adopter.cancel()
            await asyncio.wait([self._adopter])
        # The library warns of every task that is cancelled, which is how it is asked to stop.
        _library_log.setLevel(logging.ERROR)
        await self._activity.stop(self._grace_seconds)
        # Off the loop: the library's threads may be waiting for the loop to take a workflow.
        await _off_loop(self._release)
        await self._activity.stop(0)  # such a workflow: it was parked before its first step
        # The library left its own, closed, thread pool as the loop's default.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        self._claim = self._connections = self._client = self._adopter = None
        self._activity = Activity()
        DurableEngine._current = None

    def start(self, workflow: str, key: str) -> Effect[None]:
        """Start a registered workflow for `key` in the caller's transaction; once per key."""
        if workflow not in self._bodies:
            raise ValueError(f"no workflow is registered as {workflow!r}")

        def effect(tx: Transaction) -> None:
            if self._client is None:
                raise RuntimeError("the workflow engine is not running")
            connection = sql(tx)
            prepare_caller(connection)
            self._client.enqueue_in_transaction(
                connection,
                {
                    "workflow_name": workflow,
                    "queue_name": _QUEUE,
                    "workflow_id": f"{workflow}:{key}",
                    "app_version": _VERSION,
                },
                key,
            )

        return effect

    async def wait(self, workflow: str, key: str, *, seconds: float) -> bool:
        """Wait until the workflow has ended, at most `seconds`; say whether it has."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            found = await DBOS.list_workflows_async(
                workflow_ids=[f"{workflow}:{key}"], load_input=False, load_output=False
            )
            if any(status.status in _ENDED for status in found):
                return True
            left = deadline - loop.time()
            if left <= 0:
                return False
            await asyncio.sleep(min(_WAIT_POLL_SECONDS, self._poll_seconds, left))

    def running(self, workflow: str) -> frozenset[str]:
        """Return the keys of the workflows that this process is running."""
        return frozenset(key for name, key in self._here if name == workflow)

    async def life(self, workflow: str, key: str) -> Life:
        """Say what is known of a workflow, whichever replica has it."""
        if self._claim is None:
            raise RuntimeError("the workflow engine is not running")
        found = await DBOS.list_workflows_async(
            workflow_ids=[f"{workflow}:{key}"], load_input=False, load_output=False
        )
        if not found or found[0].status in _ENDED:
            return Life.OVER
        if found[0].status != _PENDING:
            return Life.WAITING
        executor = found[0].executor_id or ""
        if executor == self._claim.executor:
            return Life.RUNNING if (workflow, key) in self._here else Life.ORPHANED
        return await asyncio.to_thread(_life_of, self._claim, executor)

    async def failed(self, *, limit: int = 20) -> Sequence[Failure]:
        """Return workflows that failed, newest first."""
        found = await DBOS.list_workflows_async(
            status=_FAILED, sort_desc=True, limit=limit, load_input=False
        )
        return [_failure(status) for status in found]

    async def _launch_library(self, executor: str) -> None:
        dbos_serialization.DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[method-assign,assignment] # the library has no setting for it
        serializer = DBOSPortableJSONSerializer()
        self._connections = open_engine(self._database)
        dbos_workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _SWEEP_SECONDS  # noqa: SLF001 - it has no setting
        library = DBOS(
            config=DBOSConfig(
                name=_APPLICATION,
                system_database_engine=self._connections,
                application_version=_VERSION,
                executor_id=executor,
                serializer=serializer,
                max_executor_threads=_THREADS,
                # Workflows send each other nothing; a short sleep lets `close` be quick.
                use_listen_notify=False,
                notification_listener_polling_interval_sec=min(_NOTIFY_SECONDS, self._poll_seconds),
                log_level="WARNING",
            )
        )
        loop = asyncio.get_running_loop()
        # While nobody runs our loop for a moment it would take one of its own, where a body finds
        # none of what is ours and nothing can cancel it: then it waits for ours instead.
        library._background_event_loop.target_loop = lambda: loop  # type: ignore[method-assign] # noqa: SLF001 - it has no setting
        for name, body in self._bodies.items():
            DBOS.workflow(name=name)(self._durable(name, body))
        DBOS.launch()
        await DBOS.register_queue_async(
            _QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=self._poll_seconds,
            on_conflict="always_update",
        )
        self._client = DBOSClient(
            system_database_engine=self._connections,
            serializer=serializer,
            application_name=_APPLICATION,
            lazy=True,
        )

    def _durable(self, name: str, body: Workflow) -> Callable[[str], Coroutine[None, None, None]]:
        """Wrap a body so that it is followed while it runs and its fault is said once."""

        async def run(key: str) -> None:
            task = asyncio.current_task()
            if task is None:
                raise RuntimeError("a workflow body runs in a task")
            activity = self._activity
            activity.runs.add(task)
            self._here.add((name, key))
            try:
                async with self._slots:
                    await activity.pass_or_park()
                    await body(_DurableSteps(activity, f"{name}:{key}"), key)
            except (WardroomError, Fault) as error:
                _log.error("workflow %s:%s failed: %s", name, key, _say(error))
                raise
            except Exception as error:
                fault = fault_of(error)
                _log.error("workflow %s:%s failed: %s", name, key, _say(fault))
                raise fault from error
            finally:
                activity.runs.discard(task)
                self._here.discard((name, key))

        return run

    def _release(self) -> None:
        DBOS.destroy(destroy_registry=True)
        if self._client is not None:
            self._client.destroy()
        if self._connections is not None:
            self._connections.dispose()
        if self._claim is not None:
            self._claim.release()

    async def _adopt_forever(self, claim: Claim) -> None:
        """Take over the workflows of processes that are gone; PostgreSQL only."""
        while not self._database.is_sqlite:
            try:
                await asyncio.to_thread(claim.renew)
                await asyncio.to_thread(_adopt, claim)
            except (SQLAlchemyError, dbos_error.DBOSException) as error:
                _log.warning("cannot look for orphaned workflows: %s", type(error).__name__)
            await asyncio.sleep(_ADOPT_SECONDS)


class _DurableSteps:
    """The steps of one run; implements `bot.ports.Steps`."""

    def __init__(self, activity: Activity, workflow: str) -> None:
        self._activity = activity
        self._workflow = workflow
        self._names: set[str] = set()

    async def run(self, name: str, step: Callable[[], Awaitable[Mapping[str, Json]]]) -> Json:
        """Run a step once to completion, or return what it returned; our errors likewise."""
        if name in self._names:
            raise ValueError(f"{self._workflow} has two steps called {name!r}: names identify them")
        self._names.add(name)

        async def attempt() -> Outcome:
            return await outcome_of(step)

        await self._activity.pass_or_park()
        with self._activity.step():
            outcome = await DBOS.run_step_async({"name": name, "retries_allowed": False}, attempt)
        await self._activity.pass_or_park()
        return value_of(outcome)

    async def sleep(self, seconds: float) -> None:
        """Sleep durably: a restart sleeps only what is left."""
        await self._activity.pass_or_park()
        await DBOS.sleep_async(seconds)


async def _off_loop(work: Callable[[], T]) -> T:
    """Run `work` in a thread of its own: the loop's pool belongs to the library meanwhile."""
    with ThreadPoolExecutor(1, thread_name_prefix="workflow") as thread:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def _life_of(claim: Claim, executor: str) -> Life:
    with claim.adopting(executor) as gone:
        return Life.ORPHANED if gone else Life.RUNNING


def _adopt(claim: Claim) -> None:
    """Queue again what processes that are gone were running; blocks."""
    running = DBOS.list_workflows(status=_PENDING, load_input=False, load_output=False)
    others = {status.executor_id for status in running if status.executor_id}
    for executor in others - {claim.executor}:
        with claim.adopting(executor) as gone:
            if gone:
                _resume(executor)


def _resume(executor: str) -> None:
    # Listed again under the executor's lock: what an earlier adopter took is no longer its.
    orphans = DBOS.list_workflows(
        status=_PENDING, executor_id=executor, load_input=False, load_output=False
    )
    if orphans:
        _log.warning("adopting %d workflows of %s, which is gone", len(orphans), executor)
        DBOS.resume_workflows([orphan.workflow_id for orphan in orphans], queue_name=_QUEUE)


def _say(error: Exception) -> str:
    """Say what may be logged of a failure: a sentence of ours may quote what somebody typed."""
    return str(error) if isinstance(error, Fault) else type(error).__name__


def _failure(status: WorkflowStatus) -> Failure:
    workflow, _, key = status.workflow_id.partition(":")
    kind = getattr(status.error, "name", "")
    milliseconds = status.completed_at or status.updated_at or 0
    said = str(status.error or "it was cut short too often")
    return Failure(
        workflow=workflow,
        key=key,
        error=said if kind in {"", Fault.__name__} else f"{kind}: {said}",
        at=datetime.fromtimestamp(milliseconds / 1000, UTC),
    )


def _refuse_pickle(_serializer: object, _text: str) -> NoReturn:
    """Stand in for the library's own reader of pickles, which it takes for any row that says so.

    Whoever can write a row of the database must not thereby run code in this process.
    """
    raise ValueError("a workflow row holds a pickle; Wardroom writes none and reads none")
