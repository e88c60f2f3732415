"""A process that has tickets follow changes at a vendor on loopback, and may be killed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx

from bot.api import Credentials
from bot.dispatch.foreign import guarded
from bot.dispatch.outbound import masked
from bot.notices import TopicNotices
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from bot.storage.deploys import SqlDeploys
from bot.storage.letters import SqlLetters
from bot.storage.tickets import SqlTickets
from bot.storage.topics import SqlTopics
from bot.tickets.follower import LEASE, Follower
from bot.tickets.hearing import Hearing
from integrations.servicenow import connect
from tests.contracts.ticket_house import Log
from tests.databases import NOON, FixedClock

ROUNDS = 6


def follow(url: str, port: int, *, later: bool) -> None:
    """Follow what is in the database; `later` than a lease and whatever the vendor settles in."""
    asyncio.run(_follow(url, port, later=later))


async def _follow(url: str, port: int, *, later: bool) -> None:
    database = Database.open(url)
    async with httpx.AsyncClient() as client:
        given = Credentials(url=f"http://127.0.0.1:{port}/", user="wardroom", password="s3cret")
        system = guarded(connect(given, client))
        clock = FixedClock(NOON)
        step = LEASE + system.settles + timedelta(seconds=1)
        if later:
            clock.moment += step
        tickets = SqlTickets(database, clock, system.name)
        kept = tickets, ChangeRegister(database, clock, tickets)
        notices = TopicNotices(SqlTopics(database), SqlLetters(database), clock, masked)
        hearing = Hearing(system.name, *kept, SqlDeploys(database), Log(database), notices)
        follower = Follower(system, *kept, hearing, clock)
        for _ in range(ROUNDS):
            await follower.round()
            clock.moment += step
    database.close()
