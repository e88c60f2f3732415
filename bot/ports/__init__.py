"""What the engine asks of the outside, as small Protocols that state their promise."""

from __future__ import annotations

from bot.ports.chats import Messenger, NoticeBoard, Notices, Road, Rooms
from bot.ports.control import Duties, Duty, Glass, Grant, Halt, Halts, OnCall
from bot.ports.engines import InterfaceEngine
from bot.ports.estate import (
    Catalogue,
    ChangeTickets,
    Ci,
    Directory,
    Prober,
    SecurityAlerts,
)
from bot.ports.freezes import Freeze, FreezeException, FreezeKind, Freezes, Touched
from bot.ports.ledger import (
    Anchors,
    AuditProver,
    AuditReader,
    Batched,
    Clock,
    Disclosures,
    Drafting,
    Effect,
    Ledger,
    MonthlyReports,
    Openings,
    Recorded,
    Records,
    Redactions,
    Transaction,
    UsageLog,
)
from bot.ports.news import Hook, News
from bot.ports.tickets import TicketSystem
from bot.ports.work import Engine, Life, Steps, Workflow

__all__ = [
    "Anchors",
    "AuditProver",
    "AuditReader",
    "Batched",
    "Catalogue",
    "ChangeTickets",
    "Ci",
    "Clock",
    "Directory",
    "Disclosures",
    "Drafting",
    "Duties",
    "Duty",
    "Effect",
    "Engine",
    "Freeze",
    "FreezeException",
    "FreezeKind",
    "Freezes",
    "Glass",
    "Grant",
    "Halt",
    "Halts",
    "Hook",
    "InterfaceEngine",
    "Ledger",
    "Life",
    "Messenger",
    "MonthlyReports",
    "News",
    "NoticeBoard",
    "Notices",
    "OnCall",
    "Openings",
    "Prober",
    "Recorded",
    "Records",
    "Redactions",
    "Road",
    "Rooms",
    "SecurityAlerts",
    "Steps",
    "TicketSystem",
    "Touched",
    "Transaction",
    "UsageLog",
    "Workflow",
]
