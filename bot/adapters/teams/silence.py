"""Keeps the Bot Framework's libraries from logging what people write, at any level.

Their deserializer quotes values in warnings. Nothing they say is let through; that they said
something, and where, is.
"""

from __future__ import annotations

import logging

import structlog

LOG = structlog.get_logger(__name__)
LIBRARIES = ("msrest", "botbuilder", "botframework", "azure")


class Withholding(logging.Filter):
    """Drops every record; from WARNING up it says in our own log where it came from."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say nothing of the record but its place."""
        if record.levelno >= logging.WARNING:
            LOG.warning(
                "the Bot Framework's library reports trouble; its words are withheld",
                at=f"{record.filename}:{record.lineno}",
            )
        return False


WITHHOLDING = Withholding()


def silence() -> None:
    """Silence every logger that the libraries have made; they make them when imported."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        # A filter counts for the one logger that it is added to, not for those below it.
        if name.partition(".")[0] in LIBRARIES and isinstance(logger, logging.Logger):
            logger.addFilter(WITHHOLDING)
