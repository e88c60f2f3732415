"""What people have to say in an emergency: enough that a reviewer can follow it."""

from __future__ import annotations

from typing import Final

from bot.errors import BadInput

LEAST: Final = 20
"""Characters of a reason, after trimming (SEC-06)."""

_LETTERS: Final = 5  # different ones: "aaaa aaaa ..." and "xyxyxy..." say nothing
_WORDS: Final = 3


def a_reason(text: str, option: str = "--reason") -> str:
    """Return a reason without what surrounds it; BadInput where it says too little."""
    said = text.strip()
    if len(said) < LEAST:
        raise BadInput(
            f"`{option}` needs at least {LEAST} characters, and these are {len(said)}: say what is "
            "wrong and what you are about to do about it."
        )
    if len({letter for letter in said.casefold() if letter.isalnum()}) < _LETTERS:
        raise BadInput(
            f"`{option}` says nothing: say what is wrong and what you are about to do about it."
        )
    return said


def a_sentence(text: str, option: str) -> str:
    """Return findings without what surrounds them; BadInput where they are no sentence."""
    said = a_reason(text, option)
    if len(said.split()) < _WORDS:
        raise BadInput(f"`{option}` needs a sentence: say what you looked at and what you found.")
    return said
