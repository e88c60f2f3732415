"""Fills a command's parameters by their types; a missing provider refuses to start."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_type_hints

from bot.errors import ConfigurationError

T = TypeVar("T")


def bind(
    function: Callable[..., Awaitable[T]],
    providers: Mapping[type, object],
    per_call: tuple[type, ...],
) -> Callable[[Mapping[type, object]], Awaitable[T]]:
    """Return `function` waiting only for the values that differ by call, given by their type.

    `ConfigurationError` names the parameter whose type nothing provides.
    """
    where = f"{function.__module__}.{function.__name__}"
    fixed: dict[str, object] = {}
    open_: dict[str, type] = {}
    for name, wanted in _wanted(function):
        if wanted in per_call:
            open_[name] = wanted
        elif wanted in providers:
            fixed[name] = providers[wanted]
        else:
            raise ConfigurationError(f"{where}: nothing provides `{name}: {wanted}`")

    def call(values: Mapping[type, object]) -> Awaitable[T]:
        now: dict[str, Any] = {name: values[kind] for name, kind in open_.items()}
        return function(**fixed, **now)

    return call


@cache  # what a function asks for never changes, and to find it out is a third of a start
def _wanted(function: Callable[..., object]) -> Sequence[tuple[str, Any]]:
    hints = get_type_hints(function)
    return [(name, hints[name]) for name in inspect.signature(function).parameters]
