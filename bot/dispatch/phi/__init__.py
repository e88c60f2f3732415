"""The PHI guard: finds patient data in a text, masks it, and explains it without repeating it.

Pure: standard library only, no state, no clock, no network, nothing stored.
"""

from __future__ import annotations

from bot.dispatch.phi.explaining import explain
from bot.dispatch.phi.kinds import KINDS, Kind
from bot.dispatch.phi.masking import JsonLike, mask, mask_value
from bot.dispatch.phi.scanning import scan
from bot.dispatch.phi.verdict import MAX_CHARS, Finding, Tier, Verdict

__all__ = [
    "KINDS",
    "MAX_CHARS",
    "Finding",
    "JsonLike",
    "Kind",
    "Tier",
    "Verdict",
    "explain",
    "mask",
    "mask_value",
    "scan",
]
