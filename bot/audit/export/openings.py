"""Writes the openings of what is exported beside it, for who asks for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from bot.audit.disclosure.rows import sealed
from bot.audit.disclosure.sdjwt import ALGORITHM
from bot.audit.disclosure.vault import Unopenable, Vault
from bot.audit.reading import Row

_PART: Final = 500
_MARK: Final = f'"{ALGORITHM}":'.encode()


def with_openings(
    connection: Connection, vault: Vault, rows: Iterable[Row], write: Callable[[bytes], None]
) -> Iterator[Row]:
    """Hand the rows on, writing what opens their digests; what was redacted is not there."""
    waiting = iter(rows)
    while part := list(islice(waiting, _PART)):
        found: dict[int, list[str]] = {}
        for opening in sealed(connection, [row[0] for row in part if _MARK in row[1]]):
            try:
                text = vault.open(opening).text
            except Unopenable:
                continue  # `audit verify` names it
            found.setdefault(opening[0], []).append(text)
        for seq, texts in found.items():
            said = {"seq": seq, "disclosures": texts}
            write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
        yield from part
