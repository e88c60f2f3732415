"""A job's log as people read it: without colours, section marks and what was written over."""

from __future__ import annotations

import re
from typing import Final

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SECTION: Final = re.compile(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?\r?")
# A runner may begin each line with its time and stream (docs.gitlab.com, "CI/CD job logs").
_STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \d\d[OE][ +]?")


def tail(text: str, lines: int) -> str:
    """Return the last lines of a log."""
    kept = [line for line in map(_readable, text.split("\n")) if line is not None]
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept[-lines:]) if lines > 0 else ""


def _readable(line: str) -> str | None:
    """Return what a terminal would show of a line, None where it is a mark alone."""
    shown = _SECTION.sub("", _COLOUR.sub("", _STAMP.sub("", line)))
    is_mark = shown != line and not shown.strip() and "section_" in line
    return None if is_mark else shown.rstrip("\r").rpartition("\r")[2].rstrip()
