"""The form of an event: the one way in which its bytes may say what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from bot.audit.verify.findings import Findings
from bot.audit.verify.walk import named_event, seq_of

_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_EXACT: Final = 2**53  # below it a whole number is the same in every reader of JSON


def read_each(bodies: Iterable[bytes], findings: Findings, first: int | None) -> Iterator[bytes]:
    """Return events as they are, noting those that two readers could read differently.

    `first` is the number of the first, where none is missing between it and the last.
    """
    for place, body in enumerate(bodies):
        why = why_odd(body)
        if why:
            seq = seq_of(body) if first is None else first + place
            findings.add("FORM", f"{named_event(seq)} is not as a log writes it: {why}", seq)
        yield body


def why_odd(body: bytes) -> str:
    """Return why bytes are not an event as a log writes it; "" where they are.

    That is an object of JSON with sorted keys, none twice, no space between, ASCII alone, and in
    it no number but whole ones below 2**53, no NUL and no half of a surrogate pair.
    """
    try:
        event = json.loads(
            body.decode("ascii"), parse_float=_refuse, parse_constant=_refuse, parse_int=_whole
        )
        json.dumps(event, ensure_ascii=False).encode("utf-8")
        written = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeError:
        return "a character that is none"
    except RecursionError:
        return "nested too deeply"
    except ValueError as error:
        return str(error) if type(error) is ValueError else "no JSON"
    if _NUL.search(body):
        return "NUL"
    return "" if written == body and isinstance(event, dict) else "written in another way"


def _refuse(literal: str) -> Any:
    raise ValueError(f"the number {literal[:20]}")


def _whole(literal: str) -> int:
    if len(literal) > len(str(_EXACT)) or abs(int(literal)) >= _EXACT:
        raise ValueError("a number that is too large")
    return int(literal)
