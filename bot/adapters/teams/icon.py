"""Draws our mark, the letter W, as the two PNG images that a Teams app needs."""

from __future__ import annotations

import math
import struct
import zlib
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

COLOUR_SIZE, OUTLINE_SIZE = 192, 32  # pixels, as Teams asks for them
ACCENT: Final = "#0b5c8a"  # the console's own
WHITE: Final = (255, 255, 255)

# The console's icon, in units of a square of 32: the corners of the letter, half its stroke.
SQUARE, CENTRE, STROKE = 32, 16.0, 1.3
CORNERS: Final = ((7.0, 10.0), (11.0, 22.0), (16.0, 13.0), (21.0, 22.0), (25.0, 10.0))
# Teams may cut the coloured icon's edge off, up to a fifth of each side, and never the outline's.
COLOUR_SCALE, OUTLINE_SCALE = 0.9, 1.4


@lru_cache(maxsize=1)
def colour() -> bytes:
    """Return the icon for the store and the chat list: the mark in white on our colour."""
    back = tuple(bytes.fromhex(ACCENT[1:]))
    rows = (
        bytes(part for cover in row for part in (*_mixed(back, cover), 255))
        for row in _coverage(COLOUR_SIZE, COLOUR_SCALE)
    )
    return _png(COLOUR_SIZE, b"".join(b"\0" + row for row in rows))


@lru_cache(maxsize=1)
def outline() -> bytes:
    """Return the icon for the side bar: the mark in white on nothing."""
    rows = (
        bytes(part for cover in row for part in (*WHITE, round(255 * cover)))
        for row in _coverage(OUTLINE_SIZE, OUTLINE_SCALE)
    )
    return _png(OUTLINE_SIZE, b"".join(b"\0" + row for row in rows))


def _mixed(back: tuple[int, ...], cover: float) -> Iterator[int]:
    return (round(under + (over - under) * cover) for under, over in zip(back, WHITE, strict=True))


def _coverage(pixels: int, scale: float) -> Iterator[list[float]]:
    """Yield rows of how much of each pixel the mark covers, from 0 to 1."""
    unit = SQUARE / pixels / scale  # units of the drawing to a pixel
    for row in range(pixels):
        y = CENTRE + (row + 0.5 - pixels / 2) * unit
        across = (CENTRE + (column + 0.5 - pixels / 2) * unit for column in range(pixels))
        yield [min(max(0.5 + (STROKE - _distance(x, y)) / unit, 0.0), 1.0) for x in across]


def _distance(x: float, y: float) -> float:
    """Return how far a point is from the letter's line."""
    return min(_to_line(x, y, one, other) for one, other in pairwise(CORNERS))


def _to_line(x: float, y: float, one: tuple[float, float], other: tuple[float, float]) -> float:
    wide, high = other[0] - one[0], other[1] - one[1]
    along = ((x - one[0]) * wide + (y - one[1]) * high) / (wide * wide + high * high)
    along = min(max(along, 0.0), 1.0)
    return math.hypot(x - one[0] - along * wide, y - one[1] - along * high)


def _png(pixels: int, rows: bytes) -> bytes:
    """Return a square image of 8-bit RGBA rows, each led by its filter, which is none."""
    head = struct.pack(">IIBBBBB", pixels, pixels, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
