"""Ids that sort by the time they were made, so that an index of them grows at its end."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Seeded by the system. An id has to be unique, not secret, and asking the system each time costs
# as much as parsing the command it is for.
_bits: Final = random.Random().getrandbits  # noqa: S311 - see above


def fresh(at: datetime) -> str:
    """Return a new UUIDv7 for a moment."""
    return _written((at - _EPOCH) // _MILLISECOND, _bits(80))


def uuid7(ts: int, random_: bytes) -> str:
    """Return the UUIDv7 (RFC 9562) of a time in microseconds and ten random bytes."""
    return _written(ts // 1000, int.from_bytes(random_))


def _written(milliseconds: int, bits: int) -> str:
    number = milliseconds << 80 | bits
    number = number & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
