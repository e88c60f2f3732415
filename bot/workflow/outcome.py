"""What a step ended with, as the plain JSON that is remembered for it.

An error of ours is an outcome like any other: it is remembered with its type, so that a body
which catches it takes the same branch after a restart. Anything else is a fault and fails the
workflow; it is kept by its type and place, because its words may quote what somebody typed.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

from bot.errors import (
    AuditUnavailable,
    BadInput,
    ConfigurationError,
    Conflict,
    Incomplete,
    IntegrationError,
    NotAuthorised,
    NotIdentified,
    PhiBlocked,
    Refused,
    Rejected,
    StoreFailed,
    Throttled,
    Unreachable,
    WardroomError,
)
from bot.model import Json, Reason

Outcome = dict[str, Json]


class Fault(Exception):
    """An error that nobody expected: its type and where it was raised."""


def fault_of(error: Exception) -> Fault:
    """Return what may be kept of an error that is not ours."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}"
    return Fault(f"{type(error).__name__} at {where}")


_BUILDERS: Mapping[str, Callable[[Mapping[str, Json]], WardroomError]] = {
    "BadInput": lambda e: BadInput(_text(e), reason=_reason(e), hint=str(e["hint"])),
    "NotIdentified": lambda e: NotIdentified(_text(e)),
    "NotAuthorised": lambda e: NotAuthorised(_text(e), policies=_words(e, "policies")),
    "PhiBlocked": lambda e: PhiBlocked(_text(e), kinds=_words(e, "kinds")),
    "Incomplete": lambda e: Incomplete(_text(e), cast("Mapping[str, str]", e["problems"])),
    "Refused": lambda e: Refused(
        _reason(e), _text(e), policies=_words(e, "policies"), hint=str(e["hint"])
    ),
    "Throttled": lambda e: Throttled(_text(e), int(str(e["seconds"]))),
    "Unreachable": lambda e: Unreachable(_text(e)),
    "Rejected": lambda e: Rejected(_text(e)),
    "IntegrationError": lambda e: IntegrationError(_text(e)),
    "AuditUnavailable": lambda e: AuditUnavailable(_text(e)),
    "StoreFailed": lambda e: StoreFailed(_text(e)),
    "Conflict": lambda e: Conflict(_text(e), reason=_reason(e)),
    "ConfigurationError": lambda e: ConfigurationError(_text(e)),
    "WardroomError": lambda e: WardroomError(_text(e)),
}


async def outcome_of(step: Callable[[], Awaitable[Mapping[str, Json]]]) -> Outcome:
    """Run a step; return its result or its error of ours. Anything else is raised as a `Fault`."""
    try:
        # Through JSON and back, so that a first run and a replay give the body the same value.
        text = json.dumps(await step(), allow_nan=False)
        return {"value": cast("Json", json.loads(text))}
    except WardroomError as error:
        return _encode(error)
    except Exception as error:
        raise fault_of(error) from error


def value_of(outcome: Outcome) -> Json:
    """Return the result, or raise the error, that a step ended with."""
    if "value" in outcome:
        return outcome["value"]
    raise _decode(cast("Mapping[str, Json]", outcome["error"]))


def _encode(error: WardroomError) -> Outcome:
    """Keep an error under the nearest type that can be built again (NeedsForm: Refused)."""
    kind = next(t.__name__ for t in type(error).__mro__ if t.__name__ in _BUILDERS)
    reason = error.reason if isinstance(error, Refused | Conflict) else None
    return {
        "error": {
            "type": kind,
            "text": str(error),
            "reason": reason.value if reason else None,
            "policies": list(error.policies) if isinstance(error, Refused) else [],
            "hint": error.hint if isinstance(error, Refused) else "",
            "kinds": list(error.kinds) if isinstance(error, PhiBlocked) else [],
            "problems": error.problems if isinstance(error, Incomplete) else {},
            "seconds": error.seconds if isinstance(error, Throttled) else 0,
        }
    }


def _decode(error: Mapping[str, Json]) -> WardroomError:
    return _BUILDERS[str(error["type"])](error)


def _text(error: Mapping[str, Json]) -> str:
    return str(error["text"])


def _reason(error: Mapping[str, Json]) -> Reason:
    return Reason(str(error["reason"]))


def _words(error: Mapping[str, Json], name: str) -> tuple[str, ...]:
    return tuple(str(word) for word in cast("list[Json]", error[name]))
