"""The anchors that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import httpx

from bot.audit.anchors.stores import CheckpointFile, CheckpointRow
from bot.audit.anchors.witness import CosignerKey, Witness
from bot.audit_settings import AnchorPlace
from bot.errors import ConfigurationError
from bot.storage.database import Database

if TYPE_CHECKING:
    from bot.audit.anchors.anchor import Anchor
    from bot.audit_settings import Audit


Poster: TypeAlias = Callable[[str, AnchorPlace], "Anchor"]
"""Returns the anchor that posts checkpoints in a channel, of that name."""


def made(audit: Audit, post: Poster | None = None) -> list[Anchor]:
    """Return them in the order of the settings; nothing is asked yet.

    Without `post`, as on the command line, channels are left out. ConfigurationError for a
    witness's key that is none.
    """
    found: list[Anchor] = []
    for name, place in audit.anchors.items():
        if not place.channel:
            found.append(_asked(name, place, audit.origin))
        elif post is not None:
            found.append(post(name, place))
    return found


def _asked(name: str, place: AnchorPlace, origin: str) -> Anchor:
    if place.file is not None:
        return CheckpointFile(name, place.file, place.seconds)
    if place.database is not None:
        database = Database.open(place.database.get_secret_value())
        return CheckpointRow(name, database, origin, place.seconds)
    try:
        key = CosignerKey.parse(place.witness_key)
    except ValueError as error:
        raise ConfigurationError(f"audit.anchors.{name}.witness_key: {error}") from error
    return Witness(name, str(place.witness), key, place.seconds, httpx.AsyncClient())
