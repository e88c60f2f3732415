"""Places outside that hold the log to what it once was.

A log that is replaced as a whole, or cut, or rewritten with its own key still verifies: only what
somebody else remembers of it can tell. Each anchor keeps the newest signed checkpoint; at the start
and after it, what it kept is compared with what the log is now.
"""

from bot.audit.anchors.anchor import Anchor, Disagrees, Grown
from bot.audit.anchors.channel import Channel
from bot.audit.anchors.keeper import Keeper, State
from bot.audit.anchors.made import made
from bot.audit.anchors.stores import CheckpointFile, CheckpointRow
from bot.audit.anchors.view import LogView
from bot.audit.anchors.witness import CosignerKey, Witness

__all__ = [
    "Anchor",
    "Channel",
    "CheckpointFile",
    "CheckpointRow",
    "CosignerKey",
    "Disagrees",
    "Grown",
    "Keeper",
    "LogView",
    "State",
    "Witness",
    "made",
]
