"""What the engine keeps, as small Protocols; `bot/storage` implements them.

Every write is an `Effect`: it happens in the same transaction as the audit event that says so.
Reads are plain coroutines. All times are aware and in UTC.
"""

from __future__ import annotations

from bot.stores.deploys import DeployStore
from bot.stores.emergency import Grants, HaltStore
from bot.stores.freezes import AddedFreeze, AddedFreezes, FeedCopies, FeedCopy
from bot.stores.locks import Locks
from bot.stores.messages import (
    Letter,
    Letters,
    Reference,
    References,
    TopicReader,
    Topics,
    letter_key,
)
from bot.stores.people import Link, LinkCode, Links, SavedSearch, SavedSearches
from bot.stores.requests import Deliveries, Requests, Tasks
from bot.stores.signatures import Signings
from bot.stores.tickets import Following, TicketReader, Tickets
from bot.stores.validations import Validations

__all__ = [
    "AddedFreeze",
    "AddedFreezes",
    "Deliveries",
    "DeployStore",
    "FeedCopies",
    "FeedCopy",
    "Following",
    "Grants",
    "HaltStore",
    "Letter",
    "Letters",
    "Link",
    "LinkCode",
    "Links",
    "Locks",
    "Reference",
    "References",
    "Requests",
    "SavedSearch",
    "SavedSearches",
    "Signings",
    "Tasks",
    "TicketReader",
    "Tickets",
    "TopicReader",
    "Topics",
    "Validations",
    "letter_key",
]
