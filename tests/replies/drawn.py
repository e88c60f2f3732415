"""Draws a reply in every way there is, and checks each as its platform does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.render import blocks, cards
from bot.render.html import html
from bot.render.text import text
from tests.render import block_reading, card_reading
from tests.render.html_reading import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.model import Reply

CONSOLE = "https://wardroom.test/"
WORD = re.compile(r"[^\W\d_]{2,}")


def slack(reply: Reply) -> None:
    """Check the message, and the modal of a form, by Slack's models, schema and limits."""
    block_reading.check(blocks.message(reply, console_url=CONSOLE))
    if reply.form is not None:
        block_reading.check_view(blocks.modal(reply.form))


def teams(reply: Reply) -> None:
    """Check the card, and the dialog of a form, by the cards' schema and Teams' limits."""
    drawn = cards.message(reply, console_url=CONSOLE, refresh_for=("29:1",))
    card_reading.check_message(drawn)
    card_reading.check_nothing_acts(drawn.card)
    if reply.form is not None:
        card_reading.check(cards.dialog(reply.form))


def console(reply: Reply) -> None:
    """Check that the fragment is well-formed, and nothing but one article."""
    page = Page(html(reply))
    assert [name for name, _ in page.elements].count("article") == 1


def plain(reply: Reply) -> None:
    """Check that the text alone says something, wherever it stands for the rest."""
    drawn = blocks.message(reply), cards.message(reply)
    for said in (reply.text, text(reply), *(one.text for one in drawn)):
        is_said = len(said.split()) > 1 and WORD.search(said)
        assert is_said, f"{said!r} alone says nothing"


WAYS: tuple[Callable[[Reply], None], ...] = (slack, teams, console, plain)
