"""Values of ours as JSON text and back: strict, so no row reads as something it is not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.model import Batch, Place, Proposal, Reply, Step

T = TypeVar("T")


class Undecodable(ValueError):
    """Stored text that is not what was written there."""


@dataclass(frozen=True, eq=False)
class Codec(Generic[T]):
    """Writes and reads one type; a field that the type does not have is refused, not dropped."""

    name: str
    _adapter: TypeAdapter[T] = field(repr=False)

    def encode(self, value: T) -> str:
        """Return the value as JSON."""
        return self._adapter.dump_json(value).decode()

    def decode(self, text: str) -> T:
        """Return the value that was encoded; `Undecodable` names the type, never the text."""
        try:
            value = self._adapter.validate_json(text, strict=True)
        except ValidationError as error:
            raise Undecodable(f"not a {self.name}: {error.error_count()} errors") from None
        if _unknown(json.loads(text), self._adapter.dump_python(value, mode="json")):
            raise Undecodable(f"not a {self.name}: it has fields that are not known")
        return value


def _unknown(stored: object, known: object) -> bool:
    """Say whether an object in `stored` has a key that its counterpart lacks."""
    if isinstance(stored, dict) and isinstance(known, dict):
        return any(key not in known or _unknown(item, known[key]) for key, item in stored.items())
    if isinstance(stored, list) and isinstance(known, list):
        return any(_unknown(one, other) for one, other in zip(stored, known, strict=True))
    return False


REPLY = Codec("Reply", TypeAdapter(Reply))
PROPOSAL = Codec("Proposal", TypeAdapter(Proposal))
PLACE = Codec("Place", TypeAdapter(Place | None))
STEPS = Codec("progress list", TypeAdapter(tuple[Step, ...]))
BATCHES = Codec("list of batches", TypeAdapter(tuple[Batch, ...]))
WORDS = Codec("list of words", TypeAdapter(tuple[str, ...]))
