"""Keeps the Slack libraries from logging what people write, at any level.

They log whole requests, answers and socket frames at DEBUG, and parts of bodies at WARNING. Those
messages may hold patient data, tokens and signatures, so none of them is let through; that the
library spoke, and where, is.
"""

from __future__ import annotations

import logging

import structlog

LOG = structlog.get_logger(__name__)
# Bolt copies a base logger's filters to every logger of its own that it makes.
NAME = "wardroom.slack.library"


class Withholding(logging.Filter):
    """Drops every record; from WARNING up it says in our own log where it came from."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say nothing of the record but its place and the kind of its error."""
        if record.levelno >= logging.WARNING:
            kind = record.exc_info[0] if record.exc_info else None
            LOG.warning(
                "the Slack library reports trouble; its words may hold a message and are withheld",
                at=f"{record.filename}:{record.lineno}",
                error=kind.__name__ if kind else "",
            )
        return False


def silent_logger() -> logging.Logger:
    """Return a logger for the Slack libraries that no logging set-up can make talk.

    It is not registered, so that raising every known logger to DEBUG does not reach it.
    """
    logger = logging.Logger(NAME, level=logging.WARNING)  # noqa: LOG001 - on purpose, see above
    logger.addFilter(Withholding())
    return logger
