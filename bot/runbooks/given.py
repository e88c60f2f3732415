"""What is given to a runbook when it begins: each value checked as its parameter says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot import documents
from bot.api import endpoints
from bot.dispatch.tokens import tokens
from bot.errors import BadInput
from bot.runbooks.document import MOST
from bot.runbooks.several import split

if TYPE_CHECKING:
    from bot.ports import Catalogue
    from bot.runbooks.document import Parameter, Runbook


def values(book: Runbook, given: str, catalogue: Catalogue) -> dict[str, str]:
    """Return the value of each parameter; `BadInput` says everything that is wrong with them."""
    known = {parameter.name: parameter for parameter in book.parameters}
    found: dict[str, str] = {}
    wrong: list[str] = []
    for token in tokens(given):
        name, sign, value = token.text.partition("=")
        if name not in known or not sign:
            shown = name if sign else token.text
            wrong.append(f"`{shown}` is no parameter{documents.nearest(shown, known)}")
        else:
            found[name] = value
    for name, parameter in known.items():
        found.setdefault(name, parameter.default)
        problem = _problem(parameter, found[name], catalogue)
        if problem:
            wrong.append(f"`{name}` {problem}")
    if wrong:
        usage = " ".join(f"{name}=..." for name in known)
        raise BadInput(f"{'; '.join(wrong)}. Type `runbook run {book.name} with {usage}`.")
    return found


def _problem(parameter: Parameter, value: str, catalogue: Catalogue) -> str:
    """Return what is wrong with the value of a parameter, "" where it is right."""
    if not value:
        return f"is missing: {parameter.description}"
    if parameter.type != "list":
        return _wrong(parameter.type, parameter, value, catalogue)
    words = split(value)
    if not 0 < len(words) <= MOST:
        return f"has to be 1 to {MOST} words with commas between them"
    found = (_wrong(parameter.of, parameter, word, catalogue) for word in words)
    return "; ".join(filter(None, found))


def _wrong(of: str, parameter: Parameter, value: str, catalogue: Catalogue) -> str:
    match of:
        case "service":
            return _one_of(value, [one.id for one in catalogue.services()], of)
        case "environment":
            return _one_of(value, catalogue.environments(), of)
        case "endpoint":
            kind = parameter.kind
            known = [one.name for one in endpoints(catalogue) if kind in (None, one.kind)]
            return _one_of(value, known, f"{kind.value} endpoint" if kind else of)
        case "choice":
            return _one_of(value, parameter.choices, of)
        case "number":
            is_number = value.isascii() and value.isdigit()
            return "" if is_number else "has to be a whole number"
    return "" if len(value.split()) == 1 else "has to be one word"


def _one_of(value: str, known: Sequence[str], kind: str) -> str:
    if value in known:
        return ""
    return f"is no {kind} that there is: {value}{documents.nearest(value, known)}"
