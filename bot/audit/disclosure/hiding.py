"""Takes the sensitive texts out of an event's fields and leaves their digests."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bot.audit.disclosure.sdjwt import ALGORITHM, DIGESTS, SALT_SIZE, SHA256, Disclosure
from bot.model import Json

MOST: Final = 256
"""Sensitive texts of one event."""


@dataclass(frozen=True)
class Hidden:
    """A text that was taken out: where it stood (`params.reason`), and what opens its digest."""

    field: str
    disclosure: Disclosure


def hide(fields: dict[str, Json], sensitive: Collection[str]) -> list[Hidden]:
    """Replace these fields, where there are any, by salted digests, in place.

    The digests stand in alphabetical order, which says nothing about their texts.
    """
    hidden: list[Hidden] = []
    for field in sorted(sensitive)[:MOST]:
        outer, _, name = field.rpartition(".")
        group = fields.get(outer) if outer else fields
        if not isinstance(group, dict) or not group.get(name):
            continue
        made = Disclosure.of(name, group.pop(name), os.urandom(SALT_SIZE))
        hidden.append(Hidden(field, made))
        before = group.get(DIGESTS, [])
        digests = [*before, made.digest] if isinstance(before, list) else [made.digest]
        group[DIGESTS] = sorted(digests, key=str)
    if hidden:
        fields[ALGORITHM] = SHA256
    return hidden
