"""The product as a process, beside a real hospital."""

from __future__ import annotations

from tests.end_to_end.chats import chats
from tests.end_to_end.ward import gate, unstarted, ward

__all__ = ["chats", "gate", "unstarted", "ward"]
