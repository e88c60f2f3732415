"""A button that opens an address of ours, on every surface; no other address is one."""

from __future__ import annotations

import pytest

from bot.model import Button, Reply, Style
from bot.render import blocks, cards, text
from bot.render.html import html
from tests.render import block_reading, card_reading
from tests.render.html_reading import Page

URL = "https://wardroom.hospital.example/sign/bcdfghjklmnpqrstvwxzbcdfghjklmnpqrstvwxz"
REPLY = Reply("REQ-1 needs your signature.", buttons=(Button("Sign in to sign", url=URL),))


def test_slack_opens_it_and_types_nothing() -> None:
    made = blocks.message(REPLY)
    block_reading.check(made)
    [button] = block_reading.buttons(made)
    assert button["url"] == URL
    assert button["action_id"] == "opens:0"
    assert URL not in button["value"]


def test_teams_opens_it() -> None:
    made = cards.message(REPLY)
    card_reading.check_message(made)
    [button] = card_reading.buttons(made)
    assert (button["type"], button["url"]) == ("Action.OpenUrl", URL)


def test_the_console_links_to_it() -> None:
    page = Page(html(REPLY))
    assert [link["href"] for link in page.all("a")] == [URL]
    assert page.all("a")[0]["rel"] == "noopener"
    assert page.all("button") == []


def test_a_terminal_says_it() -> None:
    said = text.text(REPLY)
    assert f"Sign in to sign: {URL}" in said
    assert "You can type" not in said


def test_a_sandbox_opens_its_own_machine() -> None:
    local = Button("Sign", style=Style.PRIMARY, url="http://127.0.0.1:8080/sign/bcd")
    assert Page(html(Reply("x", buttons=(local,)))).all("a")


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/sign/x",
        "javascript:alert(1)",
        'https://x.example/"><script>',
        "https://x.example/a b",
        "https://x.example/{{DATE()}}",
        "//x.example",
        "https://" + "x" * 3000,
    ],
)
def test_nothing_else_is_opened(url: str) -> None:
    reply = Reply("x", buttons=(Button("Go", "help", url=url),))
    assert Page(html(reply)).all("a") == []
    assert "url" not in block_reading.buttons(blocks.message(reply))[0]
    assert card_reading.of_kind(cards.message(reply).card, "Action.OpenUrl") == []
    assert url not in text.text(reply)
