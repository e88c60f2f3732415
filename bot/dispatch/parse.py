"""Turns text, or a typed form, into a command and typed arguments before anything happens.

click splits options from arguments; it never invokes anything (stack.md §7).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from bot.dispatch.grammar import DRY_RUN, Grammar, Parameter, channels, grammar
from bot.dispatch.single import identifier, member, number, short, switch
from bot.dispatch.suggest import question
from bot.dispatch.tokens import Token, tokens, unwire
from bot.errors import BadInput, Incomplete, NeedsForm
from bot.model import EngineChannel, Environment, Principal, Reason, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.api import Command, args
    from bot.ports import Catalogue, Directory
    from bot.registry import Registry

HELP, ASKS_HELP = "help", "--help"
SLASH = re.compile("/[A-Za-z]")  # how commands begin elsewhere; it means the same here
HIDDEN = "***"  # what a record says of a secret


@dataclass(frozen=True)
class Parsed:
    """A command and its typed arguments; `values` are the same as strings, for the record.

    `dry_run` asks for every check and no change.
    """

    command: Command
    args: args
    values: Mapping[str, str]
    dry_run: bool = False


@dataclass(frozen=True)
class Parser:
    """Knows the commands and the names that their arguments may take."""

    registry: Registry
    catalogue: Catalogue
    directory: Directory

    def parse(self, text: str, fields: Mapping[str, str] | None, *, wire: bool) -> Parsed:
        """Return what was meant, or refuse with one sentence; `wire` marks Slack's encoding."""
        words = tokens(text, wire=wire)
        if words and SLASH.match(words[0].text):
            words[0] = replace(words[0], text=words[0].text[1:])
        if not words or self._asks_help(words):
            text = " ".join([HELP, *(word.text for word in words[:-1])])
            words = tokens(text)
        self._refuse_secrets(words, "\n".join([text, *(fields or {}).values()]))
        command, rest = self._command(words)
        shape = grammar(command)
        if fields is None:
            return self._typed(shape, _split(shape, rest, text, wire=wire), rest)
        known = {p.name for p in shape.parameters}
        given = {name: value for name, value in fields.items() if name in known and value != ""}
        return self._typed(shape, given, rest)

    def replay(self, name: str, values: Mapping[str, str]) -> Parsed:
        """Return a recorded command again, resolved against today's names."""
        command = self.registry.get(name)
        if command is None:
            raise BadInput(f"`{name}` is not a command any more.", reason=Reason.SUPERSEDED)
        return self._typed(grammar(command), dict(values), ())

    def _refuse_secrets(self, words: Sequence[Token], text: str) -> None:
        """Refuse a secret that is typed anywhere but where it belongs: it would be recorded."""
        for shape, command in self._secrets:
            if shape.search(text) and words[0].text.lower() != command:
                raise BadInput(f"That is a secret and was not kept. Type it after `{command}`.")

    @cached_property
    def _secrets(self) -> Sequence[tuple[re.Pattern[str], str]]:
        """Return what secrets look like, and the command that takes each."""
        return [
            (re.compile(parameter.secret), command.name)
            for command in self.registry.commands
            for parameter in grammar(command).parameters
            if parameter.secret
        ]

    def _asks_help(self, words: Sequence[Token]) -> bool:
        """Say whether a line is a command's name and `--help`, and nothing else."""
        *name, last = [word.text for word in words]
        if last != ASKS_HELP or not name:
            return last == ASKS_HELP
        is_command = self.registry.get(" ".join(name)) is not None
        return is_command or (len(name) == 1 and bool(self.registry.under(name[0].lower())))

    def _command(self, words: Sequence[Token]) -> tuple[Command, Sequence[Token]]:
        typed = [word.text for word in words]
        found = self.registry.find(typed)
        if found is not None:
            command, length = found
            return command, words[length:]
        verb = typed[0].lower()
        group = self.registry.under(verb)
        if group:
            raise self._no_such_subcommand(verb, typed[1:], group)
        raise BadInput(
            f"There is no command `{short(typed[0])}`."
            f"{question(verb, self.registry.verbs())} Type `help` for what you can do.",
            reason=Reason.UNKNOWN_COMMAND,
        )

    def _no_such_subcommand(
        self, verb: str, rest: Sequence[str], group: Sequence[Command]
    ) -> BadInput:
        names = [command.name for command in group]
        listed = ", ".join(f"`{name}`" for name in names)
        if not rest:
            return BadInput(f"`{verb}` is one of: {listed}. Add the second word.")
        second = [name.split()[1] for name in names]
        return BadInput(
            f"There is no command `{verb} {short(rest[0])}`.{question(rest[0], second)} "
            f"There is: {listed}.",
            reason=Reason.UNKNOWN_COMMAND,
        )

    def _typed(self, shape: Grammar, given: dict[str, str], rest: Sequence[Token]) -> Parsed:
        made, wrong = self._values(shape, given)
        dry_run = made.pop(DRY_RUN.name, False) is True
        missing = [p for p in shape.parameters if p.required and p.name not in given]
        if missing and shape.command.asks:
            asked = shape.command.asks(given)
            missing += [p for p in shape.parameters if p.name in asked and p.name not in given]
        if len(wrong) == 1 and not missing:
            raise next(iter(wrong.values()))
        if missing or wrong:
            raise self._problems(shape, given, wrong, missing, bare=not rest)
        try:
            arguments = shape.command.args.model_validate(made)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or shape.command.name
            raise BadInput(f"`{name}`: {first['msg']}. Usage: `{shape.usage}`.") from error
        values = {n: _written(v) for n, v in made.items()}
        values |= {p.name: HIDDEN for p in shape.parameters if p.secret and values.get(p.name)}
        if dry_run:
            values[DRY_RUN.name] = _written(dry_run)
        return Parsed(shape.command, arguments, values, dry_run=dry_run)

    def asked_again(self, parsed: Parsed, incomplete: Incomplete) -> NeedsForm:
        """Return the form of a command that was given too little, filled in with what was."""
        shape, wrong = grammar(parsed.command), incomplete.problems
        kept = {name: value for name, value in parsed.values.items() if name not in wrong}
        return NeedsForm(incomplete.text, shape.form(self.catalogue, kept, wrong))

    def _values(
        self, shape: Grammar, given: Mapping[str, str]
    ) -> tuple[dict[str, object], dict[str, BadInput]]:
        """Return the typed values, and what is wrong with the others: all of it is said at once."""
        made: dict[str, object] = {}
        wrong: dict[str, BadInput] = {}
        for parameter in shape.parameters:
            name = parameter.name
            if name not in given:
                continue
            try:
                made[name] = self._value(shape, parameter, given[name])
            except BadInput as problem:
                wrong[name] = problem
        try:
            self._check_environment(made)
        except BadInput as problem:
            wrong["environment"] = problem
        return made, wrong

    def _problems(
        self,
        shape: Grammar,
        given: Mapping[str, str],
        wrong: Mapping[str, BadInput],
        missing: Sequence[Parameter],
        *,
        bare: bool,
    ) -> NeedsForm:
        # What was typed wrong is said before what was not typed at all.
        said = [problem.text for problem in wrong.values()]
        if missing:
            names = " and ".join(
                f"`{p.name.upper()}`" if p.positional else f"`{p.option}`" for p in missing
            )
            begin = f"`{shape.command.name}` needs" if bare else "Still missing:"
            said.append(f"{begin} {names}.")
        said.append(f"For example: `{shape.command.examples[0]}`")
        kept = {name: value for name, value in given.items() if name not in wrong}
        needed = {*wrong, *(p.name for p in missing)}
        return NeedsForm(" ".join(said), shape.form(self.catalogue, kept, needed))

    def _value(self, shape: Grammar, parameter: Parameter, text: str) -> object:
        kind = parameter.kind
        known: dict[type, Callable[[str], object]] = {
            Service: partial(self._service, shape),
            Environment: self._environment,
            Principal: self._person,
            EngineChannel: self._channel,
            int: partial(number, parameter),
            bool: switch,
        }
        resolve = known.get(kind)
        if resolve is not None:
            return resolve(text)
        if issubclass(kind, enum.Enum):
            return member(parameter, kind, text)
        return identifier(parameter, text) if parameter.prefix else text

    def _service(self, shape: Grammar, text: str) -> Service:
        service = self.catalogue.service(text.lower())
        if service is not None:
            return service
        known = [service.id for service in self.catalogue.services()]
        siblings = [
            c.name.split()[1] for c in self.registry.under(shape.command.name) if " " in c.name
        ]
        hint = question(text, [*known, *siblings]) or f" There is: {', '.join(known)}."
        raise BadInput(f"There is no service `{short(text)}`.{hint}")

    def _environment(self, text: str) -> Environment:
        known = self.catalogue.environments()
        if text.lower() in known:
            return Environment(text.lower())
        hint = question(text, known) or f" There is: {', '.join(known)}."
        raise BadInput(f"There is no environment `{short(text)}`.{hint}")

    def _person(self, text: str) -> Principal:
        person = self.directory.person(text.removeprefix("@").lower())
        if person is not None:
            return person
        known = [person.id for person in self.directory.people()]
        raise BadInput(f"There is nobody called `{short(text)}` here.{question(text, known)}")

    def _channel(self, text: str) -> EngineChannel:
        channel = self.catalogue.channel(text.lower())
        if channel is not None:
            return channel
        known = channels(self.catalogue)
        if not known:
            hint = " No service declares one: docs/interface-engines.md says how to."
        else:
            hint = question(text, known) or f" There is: {', '.join(known)}."
        raise BadInput(f"There is no channel `{short(text)}`.{hint}", reason=Reason.NOT_FOUND)

    def _check_environment(self, made: Mapping[str, object]) -> None:
        services = [v for v in made.values() if isinstance(v, Service)]
        wanted = [v for v in made.values() if isinstance(v, Environment)]
        for service in services:
            for environment in wanted:
                if service.environment(environment.name) is None:
                    has = ", ".join(env.name for env in service.environments)
                    raise BadInput(
                        f"{service.id} has no environment `{environment.name}`. It has: {has}."
                    )


def _split(shape: Grammar, words: Sequence[Token], text: str, *, wire: bool) -> dict[str, str]:
    line = _Line(shape, text, wire=wire)
    arguments = line.arguments(words)
    if not arguments:
        return {}  # click requires nothing, here
    try:
        context = shape.click.make_context(shape.command.name, arguments)
    except click.NoSuchOption as error:
        known = [p.option for p in shape.options]
        hint = question(error.option_name, known) or (
            f" It takes: {', '.join(known)}." if known else " It takes no options."
        )
        raise BadInput(
            f"`{shape.command.name}` has no option `{short(error.option_name)}`.{hint}"
        ) from error
    except click.UsageError as error:
        raise BadInput(f"{error.format_message()} Usage: `{shape.usage}`.") from error
    if context.args:
        extra = " ".join(line.kept.get(word, word) for word in context.args)
        raise BadInput(f"Nothing is known to do with `{short(extra)}`. Usage: `{shape.usage}`.")
    return _given(context.params, line.kept)


def _given(params: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in params.items():
        if value is True:
            found[name] = "true"
        elif isinstance(value, str):
            found[name] = kept.get(value, value)
    return found


class _Line:
    """Hands click a list of words in which quoted and free text can not be taken for options."""

    def __init__(self, shape: Grammar, text: str, *, wire: bool) -> None:
        self.shape, self.text, self.wire = shape, text, wire
        self.kept: dict[str, str] = {}
        self._options = {p.option: p for p in shape.options}

    def arguments(self, words: Sequence[Token]) -> list[str]:
        made: list[str] = []
        waiting = list(self.shape.positionals)
        at = 0
        while at < len(words):
            word = words[at]
            if self._is_option(word):
                parameter = self._options.get(word.text)
                made.append(word.text)
                at += 1
                if parameter is not None and not parameter.flag:
                    is_last = not any(p.required for p in waiting)
                    at = self._take(parameter, words, at, made, to_the_end=is_last)
                continue
            place = waiting[0] if waiting else None
            if place and place.word and _says(word, place.word) and at + 1 < len(words):
                at += 1
                continue
            at = (
                self._take(waiting.pop(0), words, at, made)
                if waiting
                else self._keep(word, at, made)
            )
        return made

    def _is_known_option(self, word: Token) -> bool:
        return not word.quoted and word.text.partition("=")[0] in self._options

    def _is_option(self, word: Token) -> bool:
        return not word.quoted and word.text.startswith("--") and len(word.text) > len("--")

    def _take(
        self,
        parameter: Parameter,
        words: Sequence[Token],
        at: int,
        made: list[str],
        *,
        to_the_end: bool = True,
    ) -> int:
        if at >= len(words):
            return at
        if not parameter.free:
            return self._keep(words[at], at, made)
        end = at + 1
        # `--reason "try it" portal ...`: what is still needed by place follows the quotes.
        is_whole = words[at].quoted and not to_the_end
        while not is_whole and end < len(words) and not self._is_known_option(words[end]):
            end += 1
        self._hold(self._free(words[at:end]), made)
        return end

    def _free(self, words: Sequence[Token]) -> str:
        if len(words) == 1 and words[0].quoted:
            return words[0].text
        raw = self.text[words[0].start : words[-1].end]
        return unwire(raw) if self.wire else raw

    def _keep(self, word: Token, at: int, made: list[str]) -> int:
        self._hold(word.text, made)
        return at + 1

    def _hold(self, value: str, made: list[str]) -> None:
        sign = f"\x00{len(self.kept)}"
        self.kept[sign] = value
        made.append(sign)


def _says(word: Token, connective: str) -> bool:
    return not word.quoted and word.text.lower() == connective


def _written(value: object) -> str:
    if isinstance(value, (Service, Principal)):
        return value.id
    if isinstance(value, Environment):
        return value.name
    if isinstance(value, EngineChannel):
        return value.endpoint.name
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value) if isinstance(value, enum.Enum) else str(value)
