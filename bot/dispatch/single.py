"""Reads one value as it was typed; `BadInput` is one sentence that says what to type instead."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from bot.dispatch.suggest import question
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.dispatch.grammar import Parameter

SHOWN: Final = 40  # characters of somebody's input that an error sentence repeats


def member(parameter: Parameter, kind: type[enum.Enum], text: str) -> enum.Enum:
    """Return the member of a closed list that a word names, in any case."""
    known = {str(member.value): member for member in kind}
    member = known.get(text.lower().replace("-", "_"))
    if member is None:
        hint = question(text, known) or f" There is: {', '.join(known)}."
        raise BadInput(f"`{short(text)}` is no {parameter.name.replace('_', ' ')}.{hint}")
    return member


def switch(text: str) -> bool:
    """Say whether a word means yes."""
    return text.lower() in ("true", "yes", "on", "1")


def number(parameter: Parameter, text: str) -> int:
    """Return a whole number; `#12` is one too."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len("999999999999")):
        raise BadInput(f"`{parameter.name}` is a whole number, not `{short(text)}`.")
    return int(digits)


def identifier(parameter: Parameter, text: str) -> str:
    """Return an id such as REQ-12 as it is written, however it was typed."""
    prefix, _, number = text.upper().partition("-")
    if prefix != parameter.prefix or not (number.isascii() and number.isdigit()):
        raise BadInput(
            f"`{short(text)}` is no {parameter.prefix} number: "
            f"type it like `{parameter.prefix}-12`."
        )
    return f"{prefix}-{int(number)}"


def short(text: str) -> str:
    """Return somebody's input, cut to what an error sentence repeats."""
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
