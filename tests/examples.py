"""How many examples a property is tried with: fewer at the keyboard, all of them in CI."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("WARDROOM_THOROUGH"))


def examples(many: int) -> int:
    """Return `many` in a thorough run, a fifth of it otherwise."""
    return many if THOROUGH else max(many // 5, 5)
