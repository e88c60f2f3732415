"""Keeps the Home tab of everybody who has it open: what waits, what runs, what can be started.

Home is drawn from the stores' ports and not by commands down the road: it is drawn again each time
that something on it changes, and the log would say that people typed what nobody typed. It shows
what the person's own `approvals` and `deploy list` may show, and every control on it is a command
that goes down the road when it is pressed. What another replica decides is seen in the store of
topics, which is looked at while anybody has Home open.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import structlog

from bot.adapters.slack.talk import OUTSIDER
from bot.api import Caller
from bot.errors import IntegrationError, StoreFailed
from bot.model import AccountKind, Button, Place, Principal, Style
from bot.render.home import ENTRIES, Entry, Page, Section, home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.adapters.slack.accounts import Accounts
    from bot.adapters.slack.outgoing import Outgoing
    from bot.adapters.slack.payload import Speaker
    from bot.api import Approvals, Command, Deploy, Manual, Request
    from bot.background import Tasks
    from bot.model import Account, Reply
    from bot.ports import Clock, Directory, NoticeBoard
    from bot.stores import DeployStore, TopicReader

LOG = structlog.get_logger(__name__)
LOOK, LOOKED = 5.0, 50  # seconds between two looks at the store, and topics looked at
SPACING = 3.0  # seconds between two drawings of one person's Home
PATIENCE = 10.0  # seconds for one drawing
# Seconds between two people's: a page costs up to 30 ms, and people wait for answers meanwhile.
PAUSE = 0.05
# Slack does not say when Home is left: after a while it is not kept current any more.
OPEN, OPENED = timedelta(minutes=30), 100
RUNNING = 100  # deploys counted at most
LOOKS = 1000  # topics whose last look is remembered
# Offered where the catalogue has them and the person's roles allow them.
QUICK = ("deploy", "rollback", "change open", "incident open", "recent", "tour", "help")
STRANGER = (
    "I do not know whose account this is, so there is nothing to show. "
    "Ask your Wardroom administrator to add it to the people file."
)

More: TypeAlias = Callable[[Principal], Awaitable[Section]]


@dataclass(frozen=True)
class Sources:
    """Where Home gets what it shows; `more` adds sections, such as open incidents.

    What `more` returns is shown as it is: it has to be masked already. `topics` says what changed
    by the hand of another replica.
    """

    directory: Directory
    manual: Manual
    approvals: Approvals
    deploys: DeployStore
    more: tuple[More, ...] = ()
    topics: TopicReader | None = None

    def allowed(self, account: Account) -> Sequence[Command]:
        """Return the commands that the person behind an account may type."""
        person = self.directory.identify(account) if account.kind is AccountKind.MEMBER else None
        return self.manual.allowed(person) if person else ()


class HomeTabs:
    """The Home tabs of this process; holds who has one open and what it shows.

    A Messenger for `TopicNotices.everywhere`: whatever topic changes, the tabs are drawn again.
    """

    def __init__(
        self,
        pages: Pages,
        outgoing: Outgoing,
        tasks: Tasks,
        clock: Clock,
        *,
        console_url: str,
        sleep: Callable[[float], Awaitable[None]],
        topics: TopicReader | None = None,
    ) -> None:
        self._pages, self._outgoing, self._topics = pages, outgoing, topics
        self._tasks, self._clock, self._sleep = tasks, clock, sleep
        self._console_url = console_url
        self._open: OrderedDict[str, tuple[Speaker, datetime]] = OrderedDict()
        self._shown: dict[str, str] = {}
        self._wanted: set[str] = set()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._urgent: set[str] = set()
        self._looks: OrderedDict[str, int] = OrderedDict()
        self._room = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    @property
    def platform(self) -> str:
        """Return a name of its own: nothing is ever addressed to a Home tab."""
        return "slack-home"

    @property
    def spacing(self) -> float:
        """Return 0: the tabs keep their own pace."""
        return 0.0

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:  # noqa: ARG002 - a tab shows what the stores hold, not the reply
        """Draw again what may show the reply's topic."""
        await self.edit(place, reply.topic, reply)
        return reply.topic

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:  # noqa: ARG002 - as above
        """Draw again what may show a topic, unless only its progress is another."""
        look = hash((reply.reason, reply.title, reply.text, reply.fields, reply.buttons))
        if self._looks.get(ref) == look:
            return
        self._looks[ref] = look
        if len(self._looks) > LOOKS:
            self._looks.popitem(last=False)
        self.topic_changed(ref)

    def opened(self, speaker: Speaker) -> None:
        """Draw Home for somebody who looks at it now, and keep it current for a while."""
        self._open.pop(speaker.user, None)
        self._shown.pop(speaker.user, None)
        self._open[speaker.user] = (speaker, self._clock.now() + OPEN)
        while len(self._open) > OPENED:
            self._forget(next(iter(self._open)))
        self._urgent.add(speaker.user)
        self.refresh([speaker.user])
        if self._topics is not None and (self._watching is None or self._watching.done()):
            self._watching = self._tasks.begin(self._watch(self._topics))

    def refresh(self, users: Sequence[str]) -> None:
        """Draw Home again for those of these users who have it open; does not wait for it."""
        for user in users:
            if user not in self._open:
                continue
            if self._clock.now() >= self._open[user][1]:
                self._forget(user)
                continue
            self._wanted.add(user)
            if user not in self._working:
                self._working[user] = self._tasks.begin(self._work(user))

    def topic_changed(self, topic: str) -> None:  # noqa: ARG002 - a new request is on nobody's page yet, so every page is looked at
        """Draw again what may show the topic; a page that stays the same is not sent."""
        self.refresh(list(self._open))

    async def close(self) -> None:
        """Stop drawing."""
        working = [*self._working.values(), *([self._watching] if self._watching else [])]
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def _watch(self, topics: TopicReader) -> None:
        """Look for what other replicas changed, for as long as anybody has Home open."""
        while self._open:
            await self._sleep(LOOK)
            for user, (_, until) in list(self._open.items()):
                if self._clock.now() >= until:
                    self._forget(user)
            try:
                changed = await topics.recent(limit=LOOKED)
            except StoreFailed as error:
                LOG.warning("the topics could not be read for Home", why=type(error).__name__)
                continue
            for topic, reply in changed:
                await self.edit(Place(self.platform), topic, reply)

    def _forget(self, user: str) -> None:
        self._open.pop(user, None)
        self._shown.pop(user, None)

    async def _work(self, user: str) -> None:
        try:
            while user in self._wanted:
                self._wanted.discard(user)
                if user in self._urgent:
                    self._urgent.discard(user)
                    await self._draw(user)
                else:
                    async with self._room:
                        await self._draw(user)
                        await self._sleep(PAUSE)
                await self._sleep(SPACING)
        finally:
            # Nothing is awaited between the last look and this.
            self._wanted.discard(user)
            self._urgent.discard(user)
            del self._working[user]

    async def _draw(self, user: str) -> None:
        known = self._open.get(user)
        if known is None:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                page = await self._pages.of(known[0])
                view = home(page, console_url=self._console_url)
                mark = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
                if self._shown.get(user) == mark:
                    return
                await self._outgoing.publish(user, view)
        except (IntegrationError, TimeoutError) as error:
            LOG.warning("a Home tab could not be drawn in Slack", why=type(error).__name__)
        else:
            if user in self._open:
                self._shown[user] = mark


@dataclass(frozen=True)
class Pages:
    """What each person's Home says now."""

    _sources: Sources | None
    _notices: NoticeBoard
    _accounts: Accounts

    async def of(self, speaker: Speaker) -> Page:
        """Return a person's page; one sentence for outsiders and for nobody we know."""
        account = await self._accounts.account(speaker)
        if account.kind is not AccountKind.MEMBER:
            return Page(OUTSIDER.text)
        if self._sources is None:
            return Page("Type a command, or mention me in a channel.", (_button("help", "Help"),))
        person = self._sources.directory.identify(account)
        if person is None:
            return Page(STRANGER)
        return await self._page_of(person, self._sources)

    async def _page_of(self, person: Principal, sources: Sources) -> Page:
        allowed = {command.name: command for command in sources.manual.allowed(person)}
        sections: list[Section] = []
        if "approvals" in allowed:
            cancels = "cancel" in allowed
            sections += await self._requests(person, sources.approvals, cancels=cancels)
        if "deploy list" in allowed:
            sections.append(await self._deploys(sources.deploys))
        sections += [await more(person) for more in sources.more]
        actions = [_button(name, allowed[name].summary) for name in QUICK if name in allowed]
        return Page(f"Hello {person.name or person.id}.", tuple(actions), tuple(sections))

    async def _requests(
        self, person: Principal, approvals: Approvals, *, cancels: bool
    ) -> tuple[Section, Section]:
        for_me, mine = await approvals.waiting(Caller(person, Place("slack"), "home"))
        waiting = tuple([await self._waiting(r) for r in for_me[:ENTRIES]])
        asked = tuple([await self._mine(r, cancels=cancels) for r in mine[:ENTRIES]])
        first, other = "Nothing waits for you.", "Nothing that you asked for is waiting."
        left = len(for_me) - len(waiting), len(mine) - len(asked)
        return (
            Section("Waiting for your decision", waiting, first, "approvals", left[0]),
            Section("You asked for", asked, other, "approvals", left[1]),
        )

    async def _deploys(self, deploys: DeployStore) -> Section:
        running = await deploys.list(running=True, limit=RUNNING)
        entries = tuple([await self._running(deploy) for deploy in running[:ENTRIES]])
        left = len(running) - len(entries)
        return Section("Running now", entries, "Nothing is running.", "deploy list", left)

    async def _waiting(self, request: Request) -> Entry:
        card = await self._notices.current(request.id)
        if card is None:
            return Entry(request.id, _asked(request), request.expires)
        return Entry(card.title or request.id, _asked(request), request.expires, card.buttons)

    async def _mine(self, request: Request, *, cancels: bool) -> Entry:
        card = await self._notices.current(request.id)
        question = f"Cancel {request.id}? It is not run then."
        button = Button("Cancel", f"cancel {request.id}", Style.DANGER, confirm=question)
        title = card.title if card else ""
        buttons = (button,) if cancels else ()
        return Entry(title or request.id, _asked(request), request.expires, buttons)

    async def _running(self, deploy: Deploy) -> Entry:
        card = await self._notices.current(deploy.id)
        if card is None:
            return Entry(deploy.id, f"{deploy.state.value}, asked by {deploy.requester}")
        details = f"{deploy.id}, asked by {deploy.requester}: {card.text}"
        return Entry(card.title or deploy.id, details, None, card.buttons)


def _asked(request: Request) -> str:
    given = ", ".join(approval.person for approval in request.approvals) or "nobody yet"
    return f"{request.id}, asked by {request.requester}. Approved by: {given}."


def _button(command: str, label: str) -> Button:
    return Button(label.rstrip("."), command)
