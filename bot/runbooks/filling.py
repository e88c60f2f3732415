"""Puts values into what a runbook says: `{{ service }}`, and `{{ steps.where.state }}` of a step.

Only such names stand between braces: no filter, no call, no statement. In a command a value is
quoted together with the word that it stands in, so that whatever it holds it stays that one
argument and becomes no second word and no option.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from bot.dispatch.tokens import Token, tokens
from bot.errors import BadInput
from bot.render.line import quoted

Values: TypeAlias = Mapping[str, object]
Path: TypeAlias = tuple[str, ...]

_ENVIRONMENT: Final = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_HOLE: Final = re.compile(r"\{\{\s*([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){0,2})\s*\}\}")
_BRACES: Final = re.compile(r"\{[{%#]|[%#}]\}")
_MARK: Final = re.compile("\ue000([0-9]+)\ue001")  # of a private use: in nobody's words
_SHELL: Final = re.compile(r"[;|&<>`]|\$\(|\$\{")
_IN_CONDITIONS: Final = (
    nodes.Template,
    nodes.Output,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.List,
    nodes.Tuple,
)


def used(text: str) -> Sequence[Path]:
    """Return the names that a text uses; `BadInput` where something else is between braces."""
    if _BRACES.search(_HOLE.sub("", text)):
        raise BadInput(
            "only a name stands between braces: `{{ service }}` or `{{ steps.where.state }}`"
        )
    return [tuple(name.split(".")) for name in _HOLE.findall(text)]


def asked(condition: str) -> Sequence[Path]:
    """Return the names that a condition uses; `BadInput` where it is more than a comparison."""
    try:
        tree = _ENVIRONMENT.parse("{{ (" + condition + ") }}")
    except TemplateError as error:
        raise BadInput(f"is no condition: {error.message}") from error
    found: list[Path] = []
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _IN_CONDITIONS):
            raise BadInput(
                "a condition compares names with values: `steps.where.state == 'failed'`, with "
                "`and`, `or`, `not` and `in`"
            )
    inner = {id(one.node) for one in tree.find_all(nodes.Getattr)}
    for kind in (nodes.Name, nodes.Getattr):
        found += [_path(one) for one in tree.find_all(kind) if id(one) not in inner]
    return found


def text(template: str, values: Values) -> str:
    """Return a text with its values; `BadInput` names one that there is not."""
    used(template)
    return _HOLE.sub(lambda match: _value(match[1], values), template)


def command(template: str, values: Values) -> str:
    """Return a command with its values, each of them within one argument."""
    return _command(template, lambda name: _value(name, values))


def holds(condition: str, values: Values) -> bool:
    """Say whether a condition holds; `BadInput` names a value that there is not."""
    if not condition:
        return True
    asked(condition)
    try:
        return bool(_ENVIRONMENT.compile_expression(condition, undefined_to_none=False)(**values))
    except TemplateError as error:
        raise BadInput(f"`{condition}` cannot be told: {error.message}.") from error


def blank(template: str) -> str:
    """Return a text as it stands on paper: with a place to fill in for each value."""
    return _HOLE.sub(lambda match: f"<{match[1].removeprefix('steps.')}>", template)


def _command(template: str, value: Callable[[str], str]) -> str:
    used(template)
    names: list[str] = []

    def mark(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"\ue000{len(names) - 1}\ue001"

    line = _HOLE.sub(mark, template)
    return " ".join(_argument(token, line, lambda at: value(names[at])) for token in tokens(line))


def _argument(token: Token, line: str, value: Callable[[int], str]) -> str:
    """Return one argument as it is typed; one that holds a value is quoted whole."""
    if not token.quoted and _SHELL.search(token.text):
        raise BadInput(f"`{token.text}`: a step is one chat command, and no shell is behind it")
    if not _MARK.search(token.text):
        return line[token.start : token.end]
    if not token.quoted and token.text.startswith("-"):
        raise BadInput("a value is an argument of its own: `--option {{ name }}`")
    return quoted(_MARK.sub(lambda match: value(int(match[1])), token.text))


def _value(name: str, values: Values) -> str:
    found: object = values
    try:
        for part in name.split("."):
            found = found[part] if isinstance(found, Mapping) else None
    except KeyError as error:
        raise BadInput(f"There is no value `{name}`.") from error
    return str(found)


def _path(node: nodes.Node) -> Path:
    if isinstance(node, nodes.Getattr):
        return (*_path(node.node), node.attr)
    return (node.name,) if isinstance(node, nodes.Name) else ("",)
