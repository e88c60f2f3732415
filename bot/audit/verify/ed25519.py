"""Ed25519 signatures (RFC 8032, section 5.1): verifying only, by its arithmetic."""

from __future__ import annotations

import hashlib
from typing import Final

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_1: Final = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]  # (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z
_NEUTRAL: Final = (0, 1, 1, 0)


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Say whether an Ed25519 signature is right, in the one form that it may have.

    Refused are S >= L, points that are not written in the one way, and keys of small order, for
    which a signature says nothing.
    """
    key = _sound(public)
    s = int.from_bytes(signature[KEY_BYTES:], "little")
    if key is None or len(signature) != SIGNATURE_BYTES or s >= _L:
        return False
    challenge = hashlib.sha512(signature[:KEY_BYTES] + public + message).digest()
    k = int.from_bytes(challenge, "little") % _L
    minus = (-key[0] % _P, key[1], 1, -key[3] % _P)
    multiples = (_NEUTRAL, _BASE, minus, _sum(_BASE, minus))
    point: _Point = _NEUTRAL
    for bit in range(_L.bit_length() - 1, -1, -1):  # both products in one go: s*B - k*A
        point = _double(point)
        chosen = s >> bit & 1 | (k >> bit & 1) << 1
        if chosen:
            point = _sum(point, multiples[chosen])
    return _compressed(point) == signature[:KEY_BYTES]


def is_sound(public: bytes) -> bool:
    """Say whether a public key can vouch for anything."""
    return _sound(public) is not None


def _sound(public: bytes) -> _Point | None:
    point = _decompressed(public) if len(public) == KEY_BYTES else None
    if point is None:
        return None
    x, y, z, _ = _double(_double(_double(point)))
    return None if x == 0 and y == z else point


def _sum(p: _Point, q: _Point) -> _Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = 2 * p[3] * q[3] * _D % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p: _Point) -> _Point:
    a, b = p[0] * p[0] % _P, p[1] * p[1] % _P
    c = 2 * p[2] * p[2] % _P
    h = a + b
    e = h - (p[0] + p[1]) ** 2 % _P
    g = a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _decompressed(encoded: bytes) -> _Point | None:
    """Return the point that 32 bytes stand for; None where they are not the one way to write it."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * v**3 * pow(u * v**7 % _P, (_P - 5) // 8, _P) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if (v * x * x - u) % _P or (not x and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _compressed(p: _Point) -> bytes:
    inverse = pow(p[2], _P - 2, _P)
    x, y = p[0] * inverse % _P, p[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(KEY_BYTES, "little")


def _base() -> _Point:
    """Return the point that everybody starts from: y = 4/5, x even."""
    y = 4 * pow(5, _P - 2, _P) % _P
    point = _decompressed(y.to_bytes(KEY_BYTES, "little"))
    if point is None:
        raise ArithmeticError("this machine cannot calculate")
    return point


_BASE: Final = _base()
