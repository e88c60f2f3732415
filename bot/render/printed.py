"""Draws replies as one HTML file to print or to file away: a sheet of paper each, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from bot.render.html import html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Reply

STYLE: Final = Markup(
    """
:root { font: 10pt/1.45 system-ui, sans-serif; color: #111; background: #fff; }
body { max-width: 48rem; margin: 1.5rem auto; padding: 0 1rem; }
article + article { break-before: page; margin-top: 3rem; }
h3 { font-size: 1.4rem; margin: 0 0 0.6rem; }
dl > div { display: grid; grid-template-columns: 8rem 1fr; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; font-size: 9pt; }
th, td { padding: 0.25rem 0.5rem; border-bottom: 1px solid #bbb; }
th, td { text-align: left; vertical-align: top; }
tr { break-inside: avoid; }
@page { margin: 1.5cm; }
@media print { body { margin: 0; padding: 0; max-width: none; } }
"""
)
PAGE: Final = Markup(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}\n</body>\n</html>\n"
)


def printed(title: str, replies: Sequence[Reply]) -> str:
    """Return a whole document; every value in it is escaped."""
    # The renderer escapes every value; this is where its fragments become a page.
    sheets = Markup("\n").join(Markup(html(reply)) for reply in replies)  # noqa: S704 - as above
    return str(PAGE.format(title, STYLE, sheets))
