"""Disclosures and their digests, exactly as RFC 9901 (SD-JWT) defines them for object properties.

A disclosure is base64url of the JSON array [salt, name, value]; its digest, base64url of SHA-256
over the disclosure's ASCII, stands in the array `_sd` of the object that the property was taken
out of. `_sd_alg` beside the outermost names the hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.model import Json

DIGESTS: Final = "_sd"
ALGORITHM: Final = "_sd_alg"
SHA256: Final = "sha-256"
SALT_SIZE: Final = 16
"""Bytes: a digest cannot be tried out, whatever is guessed about its text."""

_RESERVED: Final = frozenset({DIGESTS, "..."})
_PARTS: Final = 3


@dataclass(frozen=True)
class Disclosure:
    """What opens one digest; `text` is the disclosure as RFC 9901 writes it."""

    text: str
    name: str
    value: Json

    @classmethod
    def of(cls, name: str, value: Json, salt: bytes) -> Disclosure:
        """Make the disclosure of a property."""
        whole = json.dumps([_encoded(salt), name, value], ensure_ascii=True)
        return cls(_encoded(whole.encode("ascii")), name, value)

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Read a disclosure of an object's property; ValueError for anything else."""
        try:
            padded = text + "=" * (-len(text) % 4)
            whole = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise ValueError("this is no disclosure") from None
        if not isinstance(whole, list) or len(whole) != _PARTS:
            raise ValueError("a property's disclosure has a salt, a name and a value")
        salt, name, value = whole
        if not isinstance(salt, str) or not isinstance(name, str) or name in _RESERVED:
            raise ValueError("a disclosure's salt and name are texts, and not every name may be")
        return cls(text, name, value)

    @property
    def digest(self) -> str:
        """Return what stands in the record for it."""
        return digest(self.text)


def digest(text: str) -> str:
    """Return the digest of a disclosure's text."""
    return _encoded(hashlib.sha256(text.encode("ascii")).digest())


def digests_of(fields: Mapping[str, Json]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every digest in an event's fields, with the path of the object that it stands in."""
    yield from _digests(fields, ())


def revealed(
    fields: Mapping[str, Json], disclosures: Iterable[Disclosure]
) -> tuple[dict[str, Json], list[Disclosure]]:
    """Put back what the disclosures open; return the fields and the disclosures that open nothing.

    Digests that nothing opens stay; a name that stands there already opens nothing.
    """
    by_digest = {each.digest: each for each in disclosures}
    opened = _revealed(fields, by_digest)
    if not any(True for _ in digests_of(opened)):
        opened.pop(ALGORITHM, None)
    return opened, list(by_digest.values())


def _revealed(fields: Mapping[str, Json], by_digest: dict[str, Disclosure]) -> dict[str, Json]:
    whole: dict[str, Json] = {}
    for name, value in fields.items():
        whole[name] = _revealed(value, by_digest) if isinstance(value, Mapping) else value
    left: list[Json] = []
    for each in _list(fields.get(DIGESTS)):
        found = by_digest.get(each) if isinstance(each, str) else None
        if found is None or found.name in fields:
            left.append(each)
        else:
            whole[found.name] = by_digest.pop(found.digest).value
    if left:
        whole[DIGESTS] = left
    else:
        whole.pop(DIGESTS, None)
    return whole


def _digests(
    fields: Mapping[str, Json], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in fields.items():
        if name == DIGESTS:
            yield from ((path, each) for each in _list(value) if isinstance(each, str))
        elif isinstance(value, Mapping):
            yield from _digests(value, (*path, name))


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
