"""Reads YAML documents strictly, and says what is wrong with one in sentences that name a path."""

from __future__ import annotations

import difflib
import re
import typing
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.errors import ConfigurationError

try:
    from yaml import CSafeLoader as SafeLoader  # ten times quicker
except ImportError:  # PyYAML was built where there was no libyaml
    from yaml import SafeLoader  # type: ignore[assignment] # the same interface

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


T = TypeVar("T")


class Block(BaseModel):
    """A mapping in a document: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Strict(SafeLoader):
    """Refuses a key that is given twice, where YAML would silently keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.MarkedYAMLError(None, None, f"{key} is given twice", key_node.start_mark)
            seen.add(key if isinstance(key, str) else str(key))
        return super().construct_mapping(node, deep=deep)


def read(path: Path) -> object:
    """Return what a YAML file holds; `ConfigurationError` with the file and line otherwise."""
    (found,) = _loaded(path, lambda text: [yaml.load(text, Loader=_Strict)])  # noqa: S506 - a SafeLoader
    return found


def parsed(text: str) -> object:
    """Return what a YAML text holds that was read from a file once."""
    return yaml.load(text, Loader=_Strict)  # noqa: S506 - a SafeLoader


def read_with_text(path: Path) -> tuple[object, str]:
    """Return what a YAML file holds, and the very text that it was read from."""
    ((found, text),) = _loaded(path, lambda text: [(yaml.load(text, Loader=_Strict), text)])  # noqa: S506 - a SafeLoader
    return found, text


def _loaded(path: Path, load: Callable[[str], Iterable[T]]) -> Sequence[T]:
    try:
        return list(load(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path}: {_plain(error)}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}{_where(error)}; mend that line") from error


def read_all(path: Path) -> Sequence[object]:
    """Return every document of a YAML file, which `---` parts; `ConfigurationError` as `read`."""
    return _loaded(path, lambda text: yaml.load_all(text, Loader=_Strict))


def matching(pattern: str, sentence: str) -> AfterValidator:
    """Return the check that a text is exactly of a shape, and what it says when it is not."""
    shape = re.compile(pattern)

    def check(value: str) -> str:
        if not shape.fullmatch(value):
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


def refuse(path: Path, problems: Sequence[str]) -> ConfigurationError:
    """Return the error that lists every problem of a document."""
    count = "1 thing" if len(problems) == 1 else f"{len(problems)} things"
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return ConfigurationError(f"{path}: {count} to mend{lines}")


def sentences(
    error: ValidationError, model: type[BaseModel], at: Sequence[str | int] = ()
) -> list[str]:
    """Return one sentence per problem, each naming the path; never the value, it may be secret."""
    found: list[str] = []
    for detail in error.errors(include_url=False, include_input=False):
        place = _dotted((*at, *detail["loc"]))
        sentence = f"{place}: {_sentence(detail, model)}" if place else _sentence(detail, model)
        if sentence not in found:
            found.append(sentence)
    return found


def label(row: object, number: int) -> str:
    """Return what to call a row of a list: its id, or "entry 3" where it has none."""
    name = row.get("id") if isinstance(row, dict) else None
    return name if isinstance(name, str) and name else f"entry {number}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean x?)", or what is known when nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    if close:
        return f" (did you mean {close[0]}?)"
    return f" (known: {', '.join(names)})" if names else ""


def inner(annotation: object) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `Slack | None` or `dict[str, Provider]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := inner(part))), None)


_NOT_A_BLOCK = "must hold settings of its own, one `name: value` per line, indented"
_NOT_A_LIST = "must be a list: [one, two], or one `- item` per line"
_BY_KIND = {
    "string_type": 'must be text; put it in quotes ("...")',
    "model_type": _NOT_A_BLOCK,
    "model_attributes_type": _NOT_A_BLOCK,
    "dict_type": _NOT_A_BLOCK,
    "tuple_type": _NOT_A_LIST,
    "list_type": _NOT_A_LIST,
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, message = detail["type"], detail["msg"]
    if kind == "missing":
        return f"is missing; set it{_or_a_file(detail, model)}"
    if kind == "extra_forbidden":
        known = _fields_at(model, detail["loc"][:-1])
        return (
            f"there is no such setting{nearest(str(detail['loc'][-1]), known)}; mend or remove it"
        )
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    plain = message.replace("Input should", "should").replace("String should", "should")
    return _BY_KIND.get(kind, plain[:1].lower() + plain[1:])


def _or_a_file(detail: ErrorDetails, model: type[BaseModel]) -> str:
    name = f"{detail['loc'][-1]}_file"
    if name in _fields_at(model, detail["loc"][:-1]):
        return f", or name the file that holds it in {name}"
    return ""


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> Collection[str]:
    current: type[BaseModel] = model
    for step in loc:
        field = current.model_fields.get(str(step))
        found = inner(field.annotation) if field else None
        current = found or current
    return current.model_fields.keys()


def _dotted(loc: Sequence[str | int]) -> str:
    text = ""
    for step in loc:
        if step != "[key]":
            text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f" line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return ": is not valid YAML"


def _plain(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    return (error.strerror or "cannot be read").lower()
