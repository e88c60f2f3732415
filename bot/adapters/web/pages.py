"""The console's pages, drawn on the server: the conversation, and why a page is closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.adapters.web.feed import Feed
from bot.adapters.web.live import Live
from bot.adapters.web.persona import Personas
from bot.errors import StoreFailed
from bot.model import Json, Reason, Reply
from bot.moments import written
from bot.ports import Directory, Halts
from bot.render.html import html, paragraphs

FOLDER = Path(__file__).parent / "templates"


def templates() -> Environment:
    """Return the templates: every value is escaped, and a missing one is an error."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawn"] = _drawn
    environment.filters["paragraphs"] = paragraphs
    return environment


def _drawn(reply: Reply) -> Markup:
    # The renderer escapes every value; this is the one place that says so to the templates.
    return Markup(html(reply))  # noqa: S704 - as above


@dataclass(frozen=True)
class Drawing:
    """Draws a template inside the frame that every page has."""

    environment: Environment
    directory: Directory
    personas: Personas

    def page(
        self, name: str, request: Request, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page of the console for whoever speaks."""
        frame = {
            "page": request.url.path,
            "people": self.directory.people(),
            "persona": self.personas.current(request),
        }
        text = self.environment.get_template(name).render(**frame, **values)
        return HTMLResponse(text, status_code=status)

    def closed(self, reason: Reason, why: str, status: int) -> HTMLResponse:
        """Return the page that says why nothing is shown; it names nobody and no service."""
        text = self.environment.get_template("closed.html").render(why=why, reason=reason.value)
        return HTMLResponse(text, status_code=status)


@dataclass(frozen=True)
class Console:
    """The conversation page."""

    drawing: Drawing
    live: Live
    feed: Feed
    complete: Callable[[str], Sequence[str]]
    halts: Halts | None = None

    async def console(self, request: Request) -> Response:
        """Answer `GET /`: what is known now; the stream takes over from there."""
        after = self.live.last_id
        messages = await self.feed.recent()
        return self.drawing.page(
            "console.html",
            request,
            after=after,
            halted=await self._halted(),
            messages=[_with_markup(one) for one in messages],
            waiting=[one for one in messages if one["reason"] == Reason.PENDING_APPROVAL.value],
            hints=verbs(self.complete),
        )

    async def _halted(self) -> str:
        """Return who stopped everything, since when and why; "" while nothing is stopped."""
        if self.halts is None:
            return ""
        try:
            halt = await self.halts.current()
        except StoreFailed:
            return "Whether everything is stopped cannot be told, which counts as stopped."
        if halt is None:
            return ""
        by = ", ".join(halt.by)
        return f"Everything is stopped since {written(halt.since)} by {by}: {halt.reason}"


def verbs(complete: Callable[[str], Sequence[str]]) -> list[str]:
    """Return the first words of all commands; completion gives a few lines at a time."""
    begun = (line for letter in ascii_lowercase for line in complete(letter))
    return list(dict.fromkeys(line.split(" ")[0] for line in begun))


def _with_markup(message: Mapping[str, Json]) -> Mapping[str, object]:
    return {**message, "html": Markup(str(message["html"]))}  # noqa: S704 - drawn by bot.render.html
