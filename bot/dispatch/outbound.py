"""The guard on the way out: no reply, record or card leaves with patient data in it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.dispatch import phi

if TYPE_CHECKING:
    from bot.model import Reply

_SHORT: Final = 200  # characters of a text that is worth remembering
_REMEMBERED: Final = 4096

# Short texts that were found clean: labels, names and states come again in every reply. Nothing
# else is remembered, so that what the guard takes out leaves no trace here either.
_clean: set[str] = set()


def masked(reply: Reply) -> Reply:
    """Return the reply with every string of it masked; the same one where nothing has to be."""
    if all(is_clean(text) for text in _texts(reply)):
        return reply
    clean: Reply = masked_value(reply)
    return clean


def is_clean(text: str) -> bool:
    """Say whether the guard would leave a text as it is; quick for a short one seen before."""
    if not text or text in _clean:
        return True
    found = phi.mask(text)[0] == text
    if found and len(text) <= _SHORT:
        if len(_clean) >= _REMEMBERED:
            _clean.clear()
        _clean.add(text)
    return found


def _texts(value: object) -> Iterator[str]:
    """Yield every text of a value that `masked_value` would come to; this runs for every reply."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if type(found) is str:
            yield found
        elif isinstance(found, tuple):
            waiting += found
        elif not found or isinstance(found, enum.Enum):
            continue
        elif isinstance(found, str):
            yield found
        elif isinstance(found, Mapping):
            waiting += found
            waiting += found.values()
        elif dataclasses.is_dataclass(found):
            waiting += filter(None, vars(found).values())  # most parts of a reply are empty


def masked_text(text: str) -> str:
    """Return a text with patient data masked, the warn tier too: it is about to be stored."""
    clean, verdict = phi.mask(text)
    if verdict.tier is phi.Tier.CLEAN:
        return clean
    warned = [f for f in phi.scan(clean).findings if f.tier is phi.Tier.WARN]
    for finding in sorted(warned, key=lambda f: f.start, reverse=True):
        clean = f"{clean[: finding.start]}[possible patient data removed]{clean[finding.end :]}"
    return clean


def masked_value(value: Any) -> Any:
    """Return a value with every string in it masked: texts, sequences, mappings, dataclasses."""
    if isinstance(value, enum.Enum):
        return value
    if isinstance(value, str):
        return phi.mask(value)[0] if value else value
    if isinstance(value, tuple | list):
        return tuple(masked_value(item) for item in value)
    if isinstance(value, Mapping):
        return {masked_value(key): masked_value(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        changes = {name: masked_value(getattr(value, name)) for name in names}
        return dataclasses.replace(value, **changes)
    return value
