"""A command's grammar, read from its typed arguments: positionals, options, form, usage."""

from __future__ import annotations

import enum
import types
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import click

from bot.model import (
    EndpointKind,
    EngineChannel,
    Environment,
    Form,
    FreeText,
    Id,
    Input,
    InputKind,
    OneOf,
    Option,
    Risk,
    Secret,
    Service,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydantic.fields import FieldInfo

    from bot.api import Command
    from bot.ports import Catalogue


@dataclass(frozen=True)
class Parameter:
    """One argument of a command, as its author declared it."""

    name: str
    kind: type
    required: bool
    positional: bool
    word: str = ""
    free: bool = False
    prefix: str = ""
    help: str = ""
    secret: str = ""
    words: tuple[str, ...] = ()

    @property
    def flag(self) -> bool:
        """Say whether the argument is a switch."""
        return self.kind is bool

    @property
    def option(self) -> str:
        """Return how the argument is named on the line; `for_` is `--for`, which Python keeps."""
        return "--" + self.name.rstrip("_").replace("_", "-")

    def __str__(self) -> str:
        """Return the argument as the usage line shows it."""
        meta = self.name.rstrip("_").upper().replace("_", "-")
        if self.positional:
            shown = f"{self.word} {meta}" if self.word else meta
        else:
            shown = self.option if self.flag else f"{self.option} {meta}"
        return shown if self.required else f"[{shown}]"


# Whatever changes something can be rehearsed; no command declares this itself.
DRY_RUN = Parameter("dry_run", bool, required=False, positional=False)


@dataclass(frozen=True)
class Grammar:
    """How one command is typed."""

    command: Command
    parameters: tuple[Parameter, ...]
    click: click.Command

    @property
    def positionals(self) -> tuple[Parameter, ...]:
        """Return the arguments given by place, in order."""
        return tuple(p for p in self.parameters if p.positional)

    @property
    def options(self) -> tuple[Parameter, ...]:
        """Return the arguments given by name."""
        return tuple(p for p in self.parameters if not p.positional)

    @property
    def usage(self) -> str:
        """Return one line such as `deploy SERVICE VERSION to ENVIRONMENT --reason REASON`."""
        return " ".join([self.command.name, *map(str, self.parameters)])

    def form(
        self, catalogue: Catalogue, values: Mapping[str, str], needed: Collection[str] = ()
    ) -> Form:
        """Return the form that asks for the arguments, with what is known filled in.

        `needed` are optional ones that have to be given all the same.
        """
        asked = [replace(p, required=True) if p.name in needed else p for p in self.parameters]
        return Form(
            command=self.command.name,
            title=self.command.summary.rstrip("."),
            inputs=tuple(_input(p, catalogue, values.get(p.name, "")) for p in asked if not p.flag),
        )


@lru_cache(maxsize=512)
def grammar(command: Command) -> Grammar:
    """Return a command's grammar; the same every time."""
    parameters = tuple(_parameter(n, f) for n, f in command.args.model_fields.items())
    if command.risk is not Risk.READ:
        parameters += (DRY_RUN,)
    ordered = sorted(parameters, key=lambda p: not p.positional)
    return Grammar(command, tuple(ordered), _click(command.name, ordered))


def channels(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names by which channels of interface engines are meant."""
    return tuple(
        endpoint.name
        for service in catalogue.services()
        for environment in service.environments
        for endpoint in environment.endpoints
        if endpoint.kind is EndpointKind.ENGINE
    )


def _parameter(name: str, info: FieldInfo) -> Parameter:
    marks = {type(mark): mark for mark in info.metadata}
    free, word, option = marks.get(FreeText), marks.get(Word), marks.get(Option)
    prefix, secret, words = marks.get(Id), marks.get(Secret), marks.get(OneOf)
    required = info.is_required()
    # A free-text argument that is required and not marked as an option ends the line by place.
    return Parameter(
        name=name,
        kind=_bare(info.annotation),
        required=required,
        positional=option is None and (required or word is not None or free is not None),
        word=word.word if isinstance(word, Word) else "",
        free=free is not None,
        prefix=prefix.prefix if isinstance(prefix, Id) else "",
        help=_help(free, option),
        secret=secret.shape if isinstance(secret, Secret) else "",
        words=words.words if isinstance(words, OneOf) else (),
    )


def _help(free: object, option: object) -> str:
    for mark in (option, free):
        if isinstance(mark, (Option, FreeText)) and mark.help:
            return mark.help
    return ""


def _bare(annotation: Any) -> type:
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _bare(kinds[0])
    return annotation if isinstance(annotation, type) else str


def _click(name: str, parameters: Sequence[Parameter]) -> click.Command:
    # Parse only: everything is an optional string here, so that what is missing is said at once.
    made: list[click.Parameter] = []
    for parameter in parameters:
        if parameter.positional:
            made.append(click.Argument([parameter.name], required=False))
        elif parameter.flag:
            made.append(click.Option([parameter.option], is_flag=True))
        else:
            made.append(click.Option([parameter.option, parameter.name], type=str))
    return click.Command(
        name, params=made, add_help_option=False, context_settings={"allow_extra_args": True}
    )


def _input(parameter: Parameter, catalogue: Catalogue, value: str) -> Input:
    choices = parameter.words
    if parameter.kind is Service:
        choices = tuple(service.id for service in catalogue.services())
    elif parameter.kind is EngineChannel:
        choices = channels(catalogue)
    elif parameter.kind is Environment:
        choices = tuple(catalogue.environments())
    elif issubclass(parameter.kind, enum.Enum):
        choices = tuple(str(member.value) for member in parameter.kind)
    kind = InputKind.LONG_TEXT if parameter.free else InputKind.TEXT
    return Input(
        name=parameter.name,
        label=parameter.name.rstrip("_").replace("_", " ").capitalize(),
        kind=InputKind.CHOICE if choices else kind,
        choices=choices,
        required=parameter.required,
        hint=parameter.help,
        value="" if parameter.secret else value,
    )
