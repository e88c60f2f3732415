"""Pictures: fetched from plain https addresses only, and always said in words too."""

from __future__ import annotations

import pytest

from bot.model import Image, Reply
from bot.render import blocks, cards
from bot.render.html import html
from bot.render.picture import address
from bot.render.text import text
from bot.storage.codec import REPLY
from tests.render import block_reading, card_reading
from tests.render.html_reading import Page
from tests.render.samples import ATTACKS

URL = "https://charts.test/adt.png?from=1&to=2"
CHART = Reply("The queue of adt-feed.", image=Image(URL, "12 messages wait"))
REFUSED = (
    "",
    "http://charts.test/a.png",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "//charts.test/a.png",
    "https://",
    "https:///a.png",
    "https://charts.test/a b.png",
    'https://charts.test/"onerror="x',
    "https://charts.test/{{x}}",
    "https://charts.test/${x}",
    "https://charts.test/\u202egnp.a",
    "https://charts.test/\n",
    "https://charts.test/" + "x" * 2000,
    *ATTACKS,
)


def test_a_picture_is_drawn_with_what_it_shows_in_words() -> None:
    slack, teams, page = blocks.message(CHART), cards.message(CHART), Page(html(CHART))
    block_reading.check(slack)
    [drawn] = [part for part in slack.blocks if part["type"] == "image"]
    assert drawn == {"type": "image", "image_url": URL, "alt_text": "12 messages wait"}
    card_reading.check_message(teams)
    [shown] = card_reading.of_kind(teams.card, "Image")
    assert (shown["url"], shown["altText"]) == (URL, "12 messages wait")
    [image] = page.all("img")
    assert (image["src"], image["alt"]) == (URL, "12 messages wait")
    assert image["referrerpolicy"] == "no-referrer"
    assert text(CHART) == f"The queue of adt-feed.\n\n12 messages wait: {URL}"
    for said in (slack.text, teams.text):
        assert "12 messages wait: https://charts.test/adt.png" in said


@pytest.mark.parametrize("url", REFUSED)
def test_another_address_is_not_fetched_but_its_words_are_said(url: str) -> None:
    reply = Reply("x", image=Image(url, "12 messages wait"))
    assert address(Image(url, "x")) == ""
    slack, teams, page = blocks.message(reply), cards.message(reply), Page(html(reply))
    block_reading.check(slack)
    card_reading.check_message(teams)
    assert not [part for part in slack.blocks if part["type"] == "image"]
    assert card_reading.of_kind(teams.card, "Image") == []
    assert page.all("img") == []
    for said in (block_reading.words(slack), card_reading.words(teams.card), "".join(page.said)):
        assert "12 messages wait" in said
    assert text(reply) == "x\n\n12 messages wait"


@pytest.mark.parametrize("alt", ["", " ", "\u202a", "y" * 5000, *ATTACKS])
def test_whatever_a_picture_is_said_to_show_makes_a_message(alt: str) -> None:
    reply = Reply("x", image=Image(URL, alt))
    slack, teams = blocks.message(reply), cards.message(reply)
    block_reading.check(slack)
    card_reading.check_message(teams)
    card_reading.check_nothing_acts(teams.card)
    [image] = Page(html(reply)).all("img")
    assert image["src"] == URL


def test_a_picture_is_kept_with_its_message() -> None:
    assert REPLY.decode(REPLY.encode(CHART)) == CHART
