"""Talks to a running Wardroom over its web door; every trouble is one sentence."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.model import Json, Reason

TIMEOUT = httpx.Timeout(60.0, connect=3.0)
PAUSE = 0.3  # before the one retry
STREAM_TIMEOUT = httpx.Timeout(45.0, connect=3.0)  # several keep-alives missed

NOT_RUNNING = (
    "Wardroom is not running at {url}. Start it with `make run` or `wardroom serve`, "
    "or name another address with --url."
)
NO_ADDRESS = "{url} is not an address: type it like --url http://127.0.0.1:8080."
NOT_WARDROOM = "What answers at {url} is not Wardroom: check --url."
NO_ANSWER = (
    "Wardroom at {url} took the command and did not answer, so it is not known whether it ran. "
    "`audit search` says."
)


class Choice(BaseModel):
    """One input of a form that the server asks for."""

    model_config = ConfigDict(frozen=True)

    name: str
    label: str
    choices: tuple[str, ...] = ()
    required: bool = True
    hint: str = ""
    value: str = ""


class Asking(BaseModel):
    """A form that the server asks for."""

    model_config = ConfigDict(frozen=True)

    command: str
    title: str
    inputs: tuple[Choice, ...]


class Answer(BaseModel):
    """What the server said: the contract's object, and what a prompt can use beside it."""

    model_config = ConfigDict(frozen=True)

    reason: Reason
    text: str
    request: str | None = None
    refs: Mapping[str, str] = Field(default_factory=dict)
    topic: str = ""
    ref: str = ""
    form: Asking | None = None
    is_ours: bool = Field(default=False, exclude=True)

    def contract(self) -> dict[str, Json]:
        """Return the object of `chat --json`."""
        return {
            "reason": self.reason.value,
            "text": self.text,
            "request": self.request,
            "refs": dict(self.refs),
        }


@dataclass(frozen=True)
class Server:
    """A running Wardroom, as seen from here."""

    url: str
    client: httpx.AsyncClient = field(repr=False)

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator[Self]:
        """Return the server at an address; nothing is asked of it yet."""
        # No proxy of the environment stands between two programs of this machine.
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
            yield cls(url.rstrip("/"), client)

    async def ask(self, text: str, person: str, fields: Mapping[str, str] | None = None) -> Answer:
        """Type a command; a connection lost on the way is tried once more, and still runs once."""
        body: dict[str, Json] = {"text": text, "as": person, "nonce": secrets.token_urlsafe(16)}
        if fields is not None:
            body["fields"] = dict(fields)
        for is_first in (True, False):
            try:
                return self._answer(await self._post("/api/chat", body))
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                return _ours(Reason.BAD_INPUT, NO_ADDRESS.format(url=self.url))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if is_first:
                    return _ours(Reason.UNAVAILABLE, NOT_RUNNING.format(url=self.url))
            except (httpx.ReadError, httpx.RemoteProtocolError):
                if is_first:
                    await asyncio.sleep(PAUSE)
            except httpx.HTTPError:
                break
        return _ours(Reason.UNKNOWN_OUTCOME, NO_ANSWER.format(url=self.url))

    async def trouble(self) -> Answer | None:
        """Return why no prompt can be offered here, or None when all is well."""
        try:
            response = await self._post("/api/complete", {"text": ""})
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return _ours(Reason.BAD_INPUT, NO_ADDRESS.format(url=self.url))
        except httpx.HTTPError:
            return _ours(Reason.UNAVAILABLE, NOT_RUNNING.format(url=self.url))
        return None if response.is_success else self._answer(response)

    async def suggest(self, text: str) -> list[str]:
        """Return whole lines that continue a line; none when there is any trouble."""
        try:
            response = await self._post("/api/complete", {"text": text})
            found = response.json() if response.is_success else {}
        except (httpx.HTTPError, ValueError):
            return []
        return [str(line) for line in found.get("lines", [])]

    async def events(self, last: str) -> AsyncIterator[tuple[str, Answer | None]]:
        """Yield each event's id and message; the first one is None: the stream is open.

        Raises httpx.HTTPError when the connection is lost or refused.
        """
        headers = {"last-event-id": last} if last else {}
        address = f"{self.url}/api/events"
        async with self.client.stream(
            "GET", address, headers=headers, timeout=STREAM_TIMEOUT
        ) as response:
            response.raise_for_status()
            yield last, None
            async for id_, data in _parsed(response.aiter_lines()):
                last = id_ or last
                if data and data != "{}":
                    yield last, Answer.model_validate_json(data)
                else:
                    yield last, None

    async def _post(self, path: str, body: Mapping[str, Json]) -> httpx.Response:
        return await self.client.post(self.url + path, json=body)

    def _answer(self, response: httpx.Response) -> Answer:
        try:
            return Answer.model_validate_json(response.content)
        except ValidationError:
            return _ours(Reason.UNAVAILABLE, NOT_WARDROOM.format(url=self.url))


async def _parsed(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """Yield each server-sent event as its id and data."""
    id_, data = "", ""
    async for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            id_ = value
        elif name == "data":
            data = value
        elif not line:
            yield id_, data
            id_, data = "", ""


def _ours(reason: Reason, text: str) -> Answer:
    return Answer(reason=reason, text=text, is_ours=True)


def contract_line(answer: Answer) -> str:
    """Return the object of `chat --json` as one line."""
    return json.dumps(answer.contract(), ensure_ascii=False)
