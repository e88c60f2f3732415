"""Says which pictures a surface may be told to fetch, and draws one that it could not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.render import kit

if TYPE_CHECKING:
    from bot.model import Image
    from bot.render.kit import Part

LONGEST: Final = 2000  # Slack takes 3000 characters; what a browser takes is less
# Nothing that a card's template, an attribute or a link's markup could be made of.
ADDRESS: Final = re.compile(r"https://[A-Za-z0-9][^\s<>\"'`{}|\\^\x00-\x1f\x7f-\uffff]*")


def address(image: Image) -> str:
    """Return where a picture is, or "" for an address that is not fetched: not https, not plain."""
    is_plain = len(image.url) <= LONGEST and ADDRESS.fullmatch(image.url)
    return image.url if is_plain else ""


def linked(block: Part) -> Part:
    """Return a block of Slack's as it is; a picture as what it shows in words, and a link to it."""
    if block["type"] != "image":
        return block
    said = kit.words(f"{block['alt_text']} ")
    return kit.rich([kit.section(said, kit.link(str(block["image_url"]), "Open the picture"))])[0]
