"""What Jenkins leaves of an object by the `tree` of a question (hudson.model.Api)."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"\w+")
_RANGE = re.compile(r"\{(\d*),(\d*)\}")


def pruned(found: Any, tree: str) -> Any:
    """Return what a tree names of an object; `_class` is always there, a missing field never."""
    return _cut(found, _parsed(tree)) if tree else found


Tree = dict[str, tuple["Tree", tuple[int, int] | None]]


def _parsed(text: str) -> Tree:
    tree, rest = _fields(text)
    assert not rest, f"the tree is malformed at {rest}"
    return tree


def _fields(text: str) -> tuple[Tree, str]:
    made: Tree = {}
    while found := _NAME.match(text):
        text = text[found.end() :]
        below: Tree = {}
        if text.startswith("["):
            below, text = _fields(text[1:])
            assert text.startswith("]"), f"a bracket is open before {text}"
            text = text[1:]
        span = None
        if ranged := _RANGE.match(text):
            span = (int(ranged[1] or 0), int(ranged[2] or 10**9))
            text = text[ranged.end() :]
        made[found[0]] = (below, span)
        if not text.startswith(","):
            break
        text = text[1:]
    return made, text


def _cut(found: Any, tree: Tree) -> Any:
    if isinstance(found, list):
        return [_cut(one, tree) for one in found]
    if not isinstance(found, dict):
        return found
    made = {"_class": found["_class"]} if "_class" in found else {}
    for name, (below, span) in tree.items():
        if name in found:
            value = found[name]
            if span is not None:
                assert isinstance(value, list)
                value = value[span[0] : span[1]]
            made[name] = _cut(value, below) if below else value
    return made
