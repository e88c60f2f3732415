"""The structure of what was drawn, without its words: checked against a schema once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import jsonschema

# Where words stand; the schemas know no rule for them but that they are text.
WORDS = frozenset(
    {
        *("text", "fallback", "alt_text", "image_url", "value", "url", "private_metadata"),
        *("action_id", "block_id", "altText", "fallbackText", "label", "placeholder", "verb"),
        *("errorMessage", "id", "initial_value"),
    }
)
DATA = "data"  # what a button holds for us is free as a whole


def skeleton(part: Any) -> Any:
    """Return a part with words for its words, and things of one structure once in a list."""
    if isinstance(part, dict):
        return {key: _value(key, value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        made = [skeleton(item) for item in part]
        return list({json.dumps(item, sort_keys=True): item for item in made}.values())
    return 1 if type(part) is int else part


def _value(key: str, value: Any) -> Any:
    if key in WORDS and isinstance(value, str):
        return "words" if value else ""
    if key == DATA and isinstance(value, dict):
        return {}
    return skeleton(value)


class Checked:
    """A schema that is asked about each structure once."""

    def __init__(self, validator: jsonschema.protocols.Validator) -> None:
        self._ask: Callable[[str], None] = lru_cache(maxsize=4096)(
            lambda written: validator.validate(json.loads(written))
        )

    def validate(self, made: dict[str, Any] | Sequence[Any]) -> None:
        """Raise ValidationError where the schema refuses what was made."""
        self._ask(json.dumps(skeleton(made), sort_keys=True))
