"""What every integration over HTTP shares: asking a vendor, and its failures as clear sentences."""

from __future__ import annotations

from bot.vendors.answer import Answer
from bot.vendors.sentences import NotThere
from bot.vendors.vendor import Asked, Vendor

__all__ = ["Answer", "Asked", "NotThere", "Vendor"]
