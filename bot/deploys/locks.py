"""Locks that people take: with a reason, for a time, and never opened behind their back.

A lock ends by its time, by its owner, or by somebody who holds the role `unlocker` and says why.
Its owner is told of the latter on the service's channels and in their own chat with us, where we
know one. Every end is an event in the transaction that makes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import Done
from bot.errors import AuditUnavailable, BadInput, Conflict, NotAuthorised, StoreFailed
from bot.model import Draft, Kind, Lock, Place, Reason, Reply, Table, Visibility
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.api import Caller
    from bot.calendars.owners import OwnChats
    from bot.model import Principal, Service
    from bot.ports import Clock, Ledger, Notices, Transaction
    from bot.stores import Locks

UNLOCKER: Final = "unlocker"
LASTS: Final = "2h"
LONGEST: Final = timedelta(hours=24)
_SHORTEST: Final = timedelta(minutes=1)
_TIME: Final = re.compile(r"(?=\d)(?:(\d{1,3}) ?h)? ?(?:(\d{1,4}) ?m(?:in)?)?", re.ASCII)
_COLUMNS: Final = ("Service", "Environment", "Held by", "Until", "Why")
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LockDesk:
    """Takes locks and ends them; implements `bot.api.Locksmith`."""

    locks: Locks
    own_chats: OwnChats
    holds: Callable[[Principal, str], bool]
    ledger: Ledger
    notices: Notices
    clock: Clock

    async def lock(
        self, caller: Caller, service: Service, environment: str, reason: str, lasts: str
    ) -> Done:
        """Lock an environment for the caller, or hold it on."""
        if not reason.strip():
            raise BadInput("Say why: `--reason ...` is what everybody who is kept out will read.")
        now = self.clock.now()
        if not caller.dry_run:
            # So that the end of an expired one is an event of its own, before this one begins.
            await self.expire_due()
        until = now + _length(lasts)
        wanted = Lock(service.id, environment, caller.principal.id, reason, now, until)

        def say(_results: tuple[object, ...]) -> Reply:
            return Reply(
                f"{environment} of {service.id} is locked for {wanted.person} until "
                f"{written(until)}: nobody else deploys there. `unlock {service.id} "
                f"{environment}` ends that."
            )

        return Done((self.locks.take(wanted),), say)

    async def unlock(self, caller: Caller, service: Service, environment: str, reason: str) -> Done:
        """End a person's lock; somebody else's with a role, a reason and a word to its owner."""
        lock = await self.locks.held(service.id, environment)
        where = f"{environment} of {service.id}"
        if lock is None or not lock.person_at(self.clock.now()):
            raise BadInput(_not_locked(where, lock), reason=Reason.NOT_FOUND)
        if lock.person == caller.principal.id:
            said = f"{where} is open again."
            return Done((self.locks.release(lock),), lambda _results: Reply(said))
        self._require(caller, lock, where, reason)
        topic, told = _notice(lock, caller.principal.id, reason)
        places = [*_channels(service), *await self.own_chats(lock.person)]

        def release(tx: Transaction) -> None:
            self.locks.release(lock)(tx)
            self.notices.keep(topic, told)(tx)
            for place in places:
                self.notices.promise(topic, place)(tx)

        async def tell(reply: Reply, _results: tuple[object, ...]) -> Reply:
            await self.notices.tell(topic)
            return reply

        said = f"{where} is open again; {lock.person} is told that you unlocked it, and why."
        return Done((release,), lambda _results: Reply(said), tell)

    async def list(self, service: str = "") -> Reply:
        """Return what is held now: by whom, why and until when."""
        now = self.clock.now()
        held = await self.locks.list(service=service)
        rows = [row for lock in held for row in _rows(lock, lock.person_at(now))]
        if not rows:
            return Reply("Nothing is locked, and nothing is being deployed.")
        return Reply(f"{len(rows)} held.", title="Locks", table=Table(_COLUMNS, tuple(rows)))

    async def expire_due(self) -> int:
        """End people's locks whose time is over, each with its event; return how many."""
        ended = 0
        for lock in await self.locks.expired(self.clock.now()):
            draft = Draft(
                kind=Kind.SYSTEM,
                verb="lock expiry",
                correlation=f"lock-{lock.service}-{lock.environment}-{_stamp(lock)}",
                service=lock.service,
                environment=lock.environment,
                params={"owner": lock.person, "until": written(lock.until) if lock.until else ""},
                reason=Reason.EXPIRED,
                text=f"{lock.person}'s lock of {lock.environment} of {lock.service} expired",
            )
            try:
                await self.ledger.append(draft, self.locks.release(lock))
            except Conflict:
                continue  # it was ended or held on in the same moment
            ended += 1
        return ended

    async def look(self) -> None:
        """End what is due; the job that does so tries again."""
        try:
            await self.expire_due()
        except (AuditUnavailable, StoreFailed):
            LOG.warning("expired locks are ended once the audit log can be written")

    def _require(self, caller: Caller, lock: Lock, where: str, reason: str) -> None:
        if not self.holds(caller.principal, UNLOCKER):
            raise NotAuthorised(
                f"{where} is locked by {lock.person}. Ending somebody else's lock needs the role "
                f"{UNLOCKER}; ask {lock.person}, a release manager or an incident commander."
            )
        if not reason.strip():
            raise BadInput(
                f"{where} is locked by {lock.person}. Say why you end it: add `--reason ...`; "
                f"{lock.person} will read it."
            )


def _length(lasts: str) -> timedelta:
    match = _TIME.fullmatch(lasts.strip().lower())
    if match is None:
        raise BadInput(f"`{lasts[:20]}` is no length of time: say `2h`, `90m` or `1h30m`.")
    hours, minutes = (int(part or 0) for part in match.groups())
    length = timedelta(hours=hours, minutes=minutes)
    if not _SHORTEST <= length <= LONGEST:
        longest = int(LONGEST.total_seconds() // 3600)
        raise BadInput(
            f"A lock lasts from a minute to {longest} hours. What has to last longer is a freeze: "
            "`freeze add`."
        )
    return length


def _not_locked(where: str, lock: Lock | None) -> str:
    if lock is not None and lock.deploy:
        return (
            f"Nobody has locked {where}; {lock.deploy} is using it. It is free when that has "
            f"ended: `deploy status {lock.deploy}`."
        )
    return f"{where} is not locked. `lock list` shows what is."


def _notice(lock: Lock, by: str, reason: str) -> tuple[str, Reply]:
    """Return the message to the owner of a lock that somebody else ended, and its topic."""
    until = written(lock.until) if lock.until else "it was opened"
    text = (
        f"{lock.person}: {by} unlocked {lock.environment} of {lock.service}, which you had locked "
        f"until {until}. Reason: {reason}"
    )
    topic = f"LOCK-{lock.service}-{lock.environment}-{_stamp(lock)}"
    return topic, Reply(text, title="Unlocked by somebody else", visibility=Visibility.PUBLIC)


def _stamp(lock: Lock) -> str:
    return f"{lock.since:%Y%m%dT%H%M%S}" if lock.since else "0"


def _channels(service: Service) -> list[Place]:
    parted = (name.partition(":") for name in service.channels)
    return [Place(platform, channel) for platform, _, channel in parted]


def _rows(lock: Lock, owner: str) -> list[tuple[str, ...]]:
    there = (lock.service, lock.environment)
    rows: list[tuple[str, ...]] = []
    if owner:
        rows.append((*there, owner, written(lock.until) if lock.until else "", lock.reason))
    if lock.deploy:
        rows.append((*there, lock.deploy, "it ends", f"`deploy status {lock.deploy}`"))
    return rows
