"""Every logger at DEBUG for one test, and as it was for the next: logging each row is slow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


def _all() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logger for logger in known if isinstance(logger, logging.Logger)]


def all_to_debug() -> None:
    """Turn every logger that exists to DEBUG, whatever its library set."""
    for logger in _all():
        logger.setLevel(logging.DEBUG)
        logger.propagate = True


@contextmanager
def restored() -> Iterator[None]:
    """Put every logger back, those too that are made meanwhile."""
    before = {logger: (logger.level, logger.propagate) for logger in _all()}
    try:
        yield
    finally:
        for logger in _all():
            level, propagates = before.get(logger, (logging.NOTSET, True))
            logger.setLevel(level)
            logger.propagate = propagates
