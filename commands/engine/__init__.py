"""The channels of interface engines: looked at, started, stopped, paused, resumed."""

from __future__ import annotations
