"""What a visitor and a screen reader rely on."""

from __future__ import annotations

import unittest
from html.parser import HTMLParser

from portal import NOTICES, page


class Outline(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.lang: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.lang = dict(attrs).get("lang")


class FrontPage(unittest.TestCase):
    def test_the_page_says_its_language_and_has_one_heading(self) -> None:
        outline = Outline(page(NOTICES, "1"))
        self.assertEqual(outline.lang, "en")
        self.assertEqual(outline.tags.count("h1"), 1)

    def test_every_notice_is_an_item_of_the_list(self) -> None:
        self.assertEqual(Outline(page(NOTICES, "1")).tags.count("li"), len(NOTICES))

    def test_a_notice_cannot_bring_its_own_markup(self) -> None:
        self.assertNotIn("script", Outline(page(("<script>x</script>",), "1")).tags)

    def test_the_page_names_its_version(self) -> None:
        self.assertIn("Portal 7.8.9", page(NOTICES, "7.8.9"))


if __name__ == "__main__":
    unittest.main()
