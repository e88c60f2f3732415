"""Puts the web console together: every route, behind the same door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from bot.adapters.web import assets
from bot.adapters.web.audit import AuditPages
from bot.adapters.web.changes import PATH as CHANGES
from bot.adapters.web.changes import ChangePages
from bot.adapters.web.chat import Chat
from bot.adapters.web.door import Door, edge
from bot.adapters.web.feed import KEEP_ALIVE_SECONDS, Feed
from bot.adapters.web.identity import SignIn
from bot.adapters.web.live import Live
from bot.adapters.web.pages import Console, Drawing, templates
from bot.adapters.web.persona import Personas
from bot.adapters.web.report import PATH, ReportPage
from bot.adapters.web.signing import BACK, CONFIRM, GO, OFFER, SigningPages
from bot.adapters.web.wire import refused
from bot.ports import AuditReader, Clock, Directory, Halts, NoticeBoard, Road
from bot.ports.changes import CalendarFiles, EvidenceFiles
from bot.ports.signatures import Signatures
from bot.stores import TopicReader


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the console is made of.

    `live` is its Messenger, made before the Notices that need it. `complete` returns, for a line
    so far, whole lines or next words. `mode` is "sandbox" or "production". `sign_in` is the
    provider at which approvals are signed, None without one.
    """

    live: Live
    road: Road
    notices: NoticeBoard
    topics: TopicReader
    directory: Directory
    audit: AuditReader
    anchored: Callable[[], Awaitable[str]]
    complete: Callable[[str], Sequence[str]]
    mode: str
    public_url: str
    clock: Clock
    evidence: EvidenceFiles | None = None
    calendar: CalendarFiles | None = None
    halts: Halts | None = None
    signatures: Signatures | None = None
    sign_in: SignIn | None = None
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS


def console(parts: Parts) -> APIRouter:
    """Return the console's routes: pages, conversation, events, audit log, assets."""
    router = APIRouter()
    door = Door(parts.mode, parts.public_url)
    feed = Feed(parts.live, parts.topics, parts.clock, parts.keep_alive_seconds)
    _api(router, door, parts, feed)
    _pages(router, door, parts, feed)
    _signing(router, parts)
    serve = assets.Assets(assets.read()).asset
    router.add_route("/static/{name}", serve, methods=["GET"], include_in_schema=False)
    return router


def _api(router: APIRouter, door: Door, parts: Parts, feed: Feed) -> None:
    chat = Chat(parts.road, parts.notices, parts.live, parts.complete, parts.clock)
    for path, method, endpoint in (
        ("/api/chat", "POST", chat.chat),
        ("/api/complete", "POST", chat.suggest),
        ("/api/events", "GET", feed.events),
    ):
        opened = door.opened(endpoint, refused)
        router.add_route(path, opened, methods=[method], include_in_schema=False)


def _pages(router: APIRouter, door: Door, parts: Parts, feed: Feed) -> None:
    personas = Personas(parts.directory, door.is_https)
    drawing = Drawing(templates(), parts.directory, personas)
    report = ReportPage(drawing, parts.road)
    page = Console(drawing, parts.live, feed, parts.complete, parts.halts)
    audit = AuditPages(drawing, parts.road, parts.audit, parts.anchored)
    for path, method, endpoint in (
        ("/", "GET", page.console),
        ("/persona", "POST", personas.choose),
        ("/audit", "GET", audit.get),
        ("/audit", "POST", audit.post),
        (PATH, "GET", report.get),
        ("/audit/{number}", "GET", audit.event),
    ):
        opened = door.opened(endpoint, drawing.closed)
        router.add_route(path, opened, methods=[method], include_in_schema=False)
    _changes(router, door, parts, drawing)


def _changes(router: APIRouter, door: Door, parts: Parts, drawing: Drawing) -> None:
    if parts.evidence is None or parts.calendar is None:
        return
    pages = ChangePages(drawing, parts.road, parts.evidence, parts.calendar)
    for path, endpoint in (
        (CHANGES, pages.week),
        (f"{CHANGES}.ics", pages.file),
        (f"{CHANGES}/{{number}}/evidence", pages.page),
        (f"{CHANGES}/{{number}}/evidence.zip", pages.bundle),
    ):
        opened = door.opened(endpoint, drawing.closed)
        router.add_route(path, opened, methods=["GET"], include_in_schema=False)


def _signing(router: APIRouter, parts: Parts) -> None:
    if parts.sign_in is None or parts.signatures is None:
        return
    asks = (parts.sign_in, parts.signatures, parts.road)
    pages = SigningPages(*asks, templates(), parts.public_url)
    for path, method, endpoint in (
        (BACK, "GET", pages.back),
        (CONFIRM, "GET", pages.confirm),
        (CONFIRM, "POST", pages.sign),
        (OFFER, "GET", pages.offer),
        (GO, "GET", pages.go),
    ):
        # No door before it: it is open in production too, and asks for a sign-in of its own.
        told = edge(pages.told(endpoint), pages.closed, lambda _request: "")
        router.add_route(path, told, methods=[method], include_in_schema=False)
