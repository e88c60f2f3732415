"""Writes the log to files that can be verified offline, in the formats that auditors read.

`bundle.py` writes the files; each format is a module of its own: an event in, its bytes out.
"""

from __future__ import annotations

from bot.audit.export.bundle import Exported, export
from bot.audit.export.forms import Format
from bot.audit.export.part import WHOLE, Part

__all__ = ["WHOLE", "Exported", "Format", "Part", "export"]
