"""A whole Wardroom that serves its signing pages, a sign-in provider, and somebody's browser."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.model import Reply
from bot.serving import sign_in, web_app
from tests.databases import FixedClock
from tests.fakes.oidc import CLIENT, SECRET, FakeProvider, providing
from tests.house import Chat, opened, write_site
from tests.serving import NO_TLS, served

C = "deploy pacs 1.4.2 to production --reason storage fix"
POLICY = """
@id("class-c-signed")
@message("production of a class C service needs an approval that a clinical safety officer signed")
@needs("approval")
@role("clinical_safety_officer")
forbid (principal, action == Action::"run", resource in Group::"deploys")
when {
  context has environment && context.environment == "production"
  && context has safety_class && context.safety_class == "C"
}
unless { context.approvals.signer_roles.contains(Role::"clinical_safety_officer") };
"""
LINK = re.compile(r"https?://\S+/sign/[a-z]{40}")


class Switch:
    """A server whose application is made once its address is known."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self.app(scope, receive, send)


@dataclass
class Page:
    """What a browser shows at the end of its redirects."""

    status: int
    text: str
    url: str

    @property
    def said(self) -> str:
        """Return the page's words."""
        return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", self.text).split()))


class Browser:
    """Somebody's browser: keeps cookies, follows redirects, presses the button of a page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.seen: list[str] = []

    async def open(self, url: str, *, until: str = "") -> Page:
        """Open an address and follow where it leads, up to an address with `until` in it."""
        response = await self.client.get(url)
        self.seen.append(url)
        while response.is_redirect:
            url = str(httpx.URL(url).join(response.headers["location"]))
            if until and until in url:
                return Page(response.status_code, "", url)
            response = await self.client.get(url)
            self.seen.append(url)
        return Page(response.status_code, response.text, url)

    async def follow(self, link: str, *, until: str = "") -> Page:
        """Open a link and press what it offers."""
        await self.open(link)
        return await self.open(f"{link}/go", until=until)

    async def press(self, page: Page, *, origin: str = "") -> Page:
        """Press the button of a page that shows what is signed."""
        found = re.search(r'name="proof" value="([^"]+)"', page.text)
        assert found, page.said
        parts = urlsplit(page.url)
        headers = {"origin": origin or f"{parts.scheme}://{parts.netloc}"}
        response = await self.client.post(page.url, data={"proof": found[1]}, headers=headers)
        return Page(response.status_code, response.text, page.url)


@dataclass
class Desk:
    """Everything of a signature: the chat, the provider, and whoever has a browser."""

    provider: FakeProvider
    url: str
    file: Path
    switch: Switch
    stack: AsyncExitStack
    running: AsyncExitStack
    chat: Chat = field(init=False)

    async def start(self) -> None:
        """Start Wardroom, and serve it."""
        clock = self.provider.clock
        self.chat = await self.running.enter_async_context(opened(self.file, clock=clock))
        client = httpx.AsyncClient(trust_env=False, verify=NO_TLS)
        asking = sign_in(self.chat.settings, await self.running.enter_async_context(client), clock)
        self.switch.app = web_app(self.chat.settings, self.chat.house, (), asking)

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.running.aclose()
        await self.start()

    async def browser(self) -> Browser:
        """Return a browser that nobody has used."""
        client = httpx.AsyncClient(trust_env=False, verify=NO_TLS, follow_redirects=False)
        return Browser(await self.stack.enter_async_context(client))

    async def asked(self, *approvers: str) -> Reply:
        """Ask for a class C deploy and have people approve it; returns the last answer."""
        return await self.chat.approved(C, *approvers)

    async def link(self, person: str = "safety-officer", request: str = "REQ-1") -> str:
        """Approve as a person and return the link that comes of it."""
        return link_in(await self.chat.say(f"approve {request}", as_=person))

    async def counted(self, request: str = "REQ-1") -> list[str]:
        """Return who has approved a request."""
        found = await self.chat.house.stores.requests.show(request)
        assert found is not None
        return [approval.person for approval in found.approvals]


def link_in(reply: Reply) -> str:
    """Return the link that an answer holds."""
    found = LINK.search(reply.text)
    assert found is not None, reply.text
    return found[0]


def write_signing_site(folder: Path, database: str, url: str, issuer: str, **oidc: str) -> Path:
    """Write a hospital whose class C needs a signature; returns the settings file."""
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "signed.cedar").write_text(POLICY)
    block = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, **oidc}
    file = write_site(
        folder, database, server={"port": 0, "public_url": url}, policies=["policies"], oidc=block
    )
    people = json.loads((folder / "people.yaml").read_text())
    for person in people:
        person["oidc"] = {"subject": f"sub-{person['id']}"}
        person["email"] = f"{person['id']}@hospital.example"
    (folder / "people.yaml").write_text(json.dumps(people))
    return file


@asynccontextmanager
async def signing(folder: Path, database: str, **oidc: str) -> AsyncIterator[Desk]:
    """Run all of it until the block ends."""
    clock, switch = FixedClock(), Switch()
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(providing(clock))
        url = await stack.enter_async_context(served(switch))
        file = write_signing_site(folder, database, url, provider.issuer, **oidc)
        running = await stack.enter_async_context(AsyncExitStack())
        made = Desk(provider, url, file, switch, stack, running)
        await made.start()
        yield made


@pytest.fixture
async def desk(launched_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A hospital whose class C deploys need a clinical safety officer's signature."""
    async with signing(tmp_path, launched_url) as made:
        yield made
