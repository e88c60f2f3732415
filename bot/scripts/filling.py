"""Values of a script: typed, checked, and each put into exactly one argument."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot import documents
from bot.dispatch.tokens import tokens
from bot.errors import BadInput
from bot.model.scripts import HOLE, Argument, Call, ParameterType, Script, ScriptParameter
from bot.render.line import quoted

if TYPE_CHECKING:
    from bot.ports import Catalogue

LONGEST_VALUE: Final = 200
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}")


@dataclass(frozen=True)
class Filler:
    """Reads what somebody typed, against the names that there are."""

    catalogue: Catalogue

    def values(self, script: Script, given: str) -> Mapping[str, str]:
        """Return every parameter's value, from `name=value name=value`; `BadInput` says it all."""
        known = {parameter.name: parameter for parameter in script.parameters}
        values: dict[str, str] = {}
        wrong: list[str] = []
        for token in tokens(given):
            name, sign, value = token.text.partition("=")
            if not sign or name not in known:
                shown = name if sign else token.text
                wrong.append(f"`{shown}` is no parameter{documents.nearest(shown, known)}")
            elif name in values:
                wrong.append(f"`{name}` is given twice")
            else:
                values[name] = value
        for name, parameter in known.items():
            values.setdefault(name, parameter.default)
            if problem := self._problem(parameter, values[name]):
                wrong.append(f"`{name}` {problem}")
        if wrong:
            raise BadInput(f"{'; '.join(wrong)}. Type `{usage(script)}`.")
        return {name: values[name] for name in known}

    def _problem(self, parameter: ScriptParameter, value: str) -> str:
        """Return what is wrong with a value, "" where it is right."""
        if not value:
            return f"is missing: {parameter.description}"
        if len(value) > LONGEST_VALUE or not value.isprintable():
            return f"has to be at most {LONGEST_VALUE} characters that can be printed"
        if value.startswith("-") and not parameter.may_begin_with_dash:
            return "must not begin with `-`: it could be taken for an option"
        return self._of_type(parameter, value)

    def _of_type(self, parameter: ScriptParameter, value: str) -> str:
        kind = parameter.type
        if kind is ParameterType.NUMBER:
            return "" if _NUMBER.fullmatch(value) else "has to be a whole number"
        if kind is ParameterType.WORD:
            if len(value.split()) != 1 or value != value.strip():
                return "has to be one word"
            is_good = not parameter.pattern or re.fullmatch(parameter.pattern, value)
            return "" if is_good else f"does not look like {parameter.description}"
        return _one_of(value, self._names(parameter), kind.value)

    def _names(self, parameter: ScriptParameter) -> Sequence[str]:
        """Return what there is to choose from."""
        services = self.catalogue.services()
        known = {
            ParameterType.SERVICE: [one.id for one in services],
            ParameterType.ENVIRONMENT: self.catalogue.environments(),
            ParameterType.ENDPOINT: [
                endpoint.name
                for service in services
                for environment in service.environments
                for endpoint in environment.endpoints
            ],
        }
        return known.get(parameter.type, parameter.choices)


def filled(script: Script, values: Mapping[str, str]) -> Call:
    """Return what is carried out: each value stands within the one argument that names it."""
    made = [
        Argument(HOLE.sub(lambda match: values[match[1]], item), is_fixed=not HOLE.search(item))
        for item in script.command
    ]
    return Call(script.reach, tuple(made), script.host, script.variables)


def shown(call: Call) -> str:
    """Return the argument list as people read it, with nothing left to guess about its ends."""
    return shlex.join(argument.text for argument in call.arguments)


def typed(values: Mapping[str, str]) -> str:
    """Return values as they are typed."""
    return " ".join(f"{name}={quoted(value)}" for name, value in values.items())


def usage(script: Script) -> str:
    """Return how a script is typed."""
    words = ["script ask" if script.reads else "script run", script.name]
    if script.parameters:
        words += ["with", *(f"{one.name}=..." for one in script.parameters)]
    if not script.reads:
        words.append('--reason "..."')
    return " ".join(words)


def _one_of(value: str, known: Iterable[str], kind: str) -> str:
    names = list(known)
    return "" if value in names else f"is no {kind} that there is{documents.nearest(value, names)}"
