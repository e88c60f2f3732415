"""Show patients the way: the hospital's public page."""

from __future__ import annotations

import html

import runtime
import web

NOTICES = ("Visitors are welcome from 14:00 to 20:00.", "The pharmacy is open day & night.")


def page(notices: tuple[str, ...], version: str) -> str:
    """Return the front page."""
    items = "\n".join(f"<li>{html.escape(notice)}</li>" for notice in notices)
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        "<title>Sandbox hospital</title></head>\n<body><main>\n<h1>Sandbox hospital</h1>\n"
        f"<ul>\n{items}\n</ul>\n<footer>Portal {html.escape(version)}</footer>\n"
        "</main></body>\n</html>\n"
    )


async def start(site: runtime.Site, health: runtime.Health) -> runtime.Work:
    """Serve the front page."""
    front = web.Page(page(NOTICES, health.version).encode(), "text/html; charset=utf-8")
    return await web.serve({"/": lambda: front}, site.port)


if __name__ == "__main__":
    runtime.main("portal", start)
