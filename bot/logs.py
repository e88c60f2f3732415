"""Sets up the log: one JSON object per line, on standard error, and never what somebody typed.

Three rules hold at every level, DEBUG included. Libraries are heard from WARNING upwards only, for
below that several of them write whole request bodies. A value under a name that stands for a body
is replaced. An exception is told by its type and place; its own words only where we wrote them,
because a `ValueError` likes to quote what it was given.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.dispatch.phi import MAX_CHARS, mask
from bot.errors import AuditUnavailable, ConfigurationError, Conflict, IntegrationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

OURS = frozenset({"bot", "commands", "integrations"})
BODIES = frozenset({"body", "content", "fields", "message", "params", "payload", "text", "values"})
NOT_LOGGED = "(not logged)"
LONGEST = 500
MOST_FRAMES = 12
OUR_WORDS = (AuditUnavailable, ConfigurationError, Conflict, IntegrationError)


def configure(level: str, file: Path | None = None) -> None:
    """Send what this process logs to a file or standard error, by the three rules."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_exceptions,
        _leave_out_bodies,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler() if file is None else logging.FileHandler(file)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(file),
            ],
            keep_exc_info=False,
        )
    )
    handler.addFilter(_is_heard)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # A record that cannot be formatted would otherwise be printed with its arguments.
    logging.raiseExceptions = False
    sys.excepthook = _tell_uncaught
    threading.excepthook = _tell_uncaught_in_thread


def _renderer(file: Path | None) -> Processor:
    if file is None and sys.stderr.isatty():
        return structlog.dev.ConsoleRenderer()
    return structlog.processors.JSONRenderer()


def _is_heard(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in OURS or record.levelno >= logging.WARNING


def _leave_out_bodies(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: _safe(name, value) for name, value in event.items()}


def _safe(name: str, value: object) -> object:
    if name.startswith("_") or isinstance(value, bool | int | float | None):
        return value
    if name in BODIES:
        return NOT_LOGGED
    if isinstance(value, list | tuple):
        return [_safe("", item) for item in value]
    # Masked before it is cut: half an identifier would not be recognised.
    return mask(str(value)[:MAX_CHARS])[0][:LONGEST]


def _tell_exceptions(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = sys.exception() if given is True else given
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = [_words(one) for one in _chain(error)]
        event["at"] = _frames(error)
    return event


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _words(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, OUR_WORDS):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    return name


def _frames(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return [f"{'/'.join(Path(f.filename).parts[-3:])}:{f.lineno} in {f.name}" for f in frames]


def _tell_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("bot").critical("stopped by an error", exc_info=(kind, error, trace))


def _tell_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value
    if error is not None:
        logging.getLogger("bot").critical(
            "a thread was stopped by an error", exc_info=(type(error), error, args.exc_traceback)
        )
