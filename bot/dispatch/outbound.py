"""The guard on the way out: no reply, record or card leaves with patient data in it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from bot.dispatch import phi

if TYPE_CHECKING:
    from bot.model import Reply

V = TypeVar("V")


def masked(reply: Reply) -> Reply:
    """Return the reply with every string of it masked."""
    clean: Reply = _walk(reply)
    return clean


def masked_text(text: str) -> str:
    """Return a text with patient data masked, the warn tier too: it is about to be stored."""
    clean, verdict = phi.mask(text)
    if verdict.tier is phi.Tier.CLEAN:
        return clean
    warned = [f for f in phi.scan(clean).findings if f.tier is phi.Tier.WARN]
    for finding in sorted(warned, key=lambda f: f.start, reverse=True):
        clean = f"{clean[: finding.start]}[possible patient data removed]{clean[finding.end :]}"
    return clean


def _walk(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return phi.mask(value)[0] if value else value
    if isinstance(value, tuple):
        return tuple(_walk(item) for item in value)
    if isinstance(value, Mapping):
        return {_walk(key): _walk(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        changes = {name: _walk(getattr(value, name)) for name in names}
        return dataclasses.replace(value, **changes)
    return value
