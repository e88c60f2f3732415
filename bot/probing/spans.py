"""How long something lasted, in words."""

from __future__ import annotations

from typing import Final

UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
ROUGH: Final = 2  # of a unit: below that the next smaller one says more


def lasting(seconds: int) -> str:
    """Return "40 s", "14 min", "3 h" or "5 d", rounded down."""
    for size, unit in UNITS:
        if seconds >= size * ROUGH:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
