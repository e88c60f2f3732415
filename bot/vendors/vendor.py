"""Asks one vendor over HTTP: bounded in time and size, reading again, changing once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
import stamina

from bot.errors import Rejected, Throttled, Unreachable
from bot.vendors import sentences
from bot.vendors.answer import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
ATTEMPTS: Final = 3
FIRST_WAIT, LONGEST_WAIT = 0.2, 2.0  # seconds between two tries to read
LARGEST: Final = 8_000_000  # bytes of one answer; more is cut off there
GOOD: Final = (200, 201, 202, 204)
MOVED: Final = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Asked:
    """What is asked for, in words: "the runs of acme/lab-results", and what one needs for it.

    `needs` is the vendor's own name of the permission, as its documentation writes it.
    """

    what: str
    needs: str = ""


async def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Vendor:
    """One vendor's HTTP interface.

    `name` is what people call it, `block` its block in the settings, `secret` the setting whose
    credential it is asked with, `url` the configured base of every address: nothing that a user or
    an answer says changes the host. `headers` gives the credentials right before each question.
    """

    name: str
    block: str
    url: str
    client: httpx.AsyncClient
    secret: str = "token_file"  # noqa: S105 - the name of a setting, not its value
    headers: Callable[[], Awaitable[Mapping[str, str]]] = field(default=_nothing)
    largest: int = LARGEST

    async def read(
        self,
        path: str,
        asked: Asked,
        *,
        params: Mapping[str, str | int] | None = None,
        accept: str = "application/json",
        good: Collection[int] = GOOD,
        ahead: bool = False,
    ) -> Answer:
        """Return the answer to a GET, which is tried again where that may help.

        `Rejected` (`NotThere`), `Throttled` or `Unreachable`, each with its own sentence. A path
        may be a whole address of an earlier answer: then it has to be at the same host. Where it
        is asked ahead of a change, a vendor that cannot be reached is `Rejected`, as by `change`.
        """
        try:
            return await self._reading(path, asked, params, accept, good)
        except _NeverArrived as error:
            if ahead:
                raise self._undone() from error
            raise

    async def _reading(
        self,
        path: str,
        asked: Asked,
        params: Mapping[str, str | int] | None,
        accept: str,
        good: Collection[int],
    ) -> Answer:
        async for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=ATTEMPTS,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_WAIT,
        ):
            with attempt:
                answer = await self._send("GET", path, asked, accept, params=params)
                if answer.status in good:
                    return answer
                raise sentences.refusal(self, asked, answer)
        raise self._silent(asked)

    async def change(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        json: object = None,
        data: Mapping[str, str] | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        good: Collection[int] = GOOD,
        accept: str = "application/json",
    ) -> Answer:
        """Send something that changes the vendor's state, once.

        `Rejected` says that nothing happened there: the vendor said no, or was never reached.
        `Unreachable` says that it is not known whether it happened: look it up.
        """
        body: dict[str, Any] = {"params": params}
        if json is not None:
            body["json"] = json
        if data is not None:
            body["data"] = dict(data)
        try:
            answer = await self._send(method, path, asked, accept, headers=headers, **body)
        except _NeverArrived as error:
            raise self._undone() from error
        if answer.status not in good:
            raise sentences.refusal(self, asked, answer)
        if answer.is_page and answer.status in GOOD:
            answer.json()  # raises: what answers with a page is not the vendor's API
        return answer

    async def fetch(self, path: str, asked: Asked) -> bytes:
        """Return a file that the vendor keeps elsewhere: one redirect, without our credentials."""
        found = await self._send("GET", path, asked, "*/*")
        if found.status in MOVED:
            address = urljoin(found.url, found.headers.get("location", ""))
            if urlsplit(address).scheme not in ("https", urlsplit(self.url).scheme):
                raise sentences.refusal(self, asked, found)
            found = await self._plain("GET", address, asked, {"Accept": "*/*"})
        if found.status in GOOD and not found.is_page:
            return found.body
        raise sentences.refusal(self, asked, replace(found, status=max(found.status, 302)))

    async def pages(
        self,
        path: str,
        asked: Asked,
        *,
        params: Mapping[str, str | int] | None = None,
        most: int = 10,
    ) -> AsyncIterator[Answer]:
        """Yield page after page, by the `Link` header; at most so many."""
        address, given = path, params
        for _ in range(most):
            answer = await self.read(address, asked, params=given)
            yield answer
            # The address of the next page holds the question's parameters already.
            address, given = answer.following(), None
            if not address:
                return

    async def _send(
        self,
        method: str,
        path: str,
        asked: Asked,
        accept: str,
        *,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> Answer:
        given = {"Accept": accept, **await self.headers(), **(headers or {})}
        return await self._plain(method, self._address(path), asked, given, **body)

    async def _plain(
        self,
        method: str,
        url: str,
        asked: Asked,
        headers: Mapping[str, str],
        **body: Any,
    ) -> Answer:
        request = self.client.build_request(
            method, url, headers=dict(headers), timeout=TIMEOUT, **body
        )
        try:
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                content = await self._content(response)
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _NeverArrived(f"{self.name} cannot be reached at {self._host}.") from error
        except httpx.TimeoutException as error:
            raise self._silent(asked) from error
        except httpx.HTTPError as error:
            raise Unreachable(
                f"{self.name} broke the connection off while answering {asked.what}, so nothing "
                "is known."
            ) from error
        return Answer(self.name, str(response.url), response.status_code, response.headers, content)

    async def _content(self, response: httpx.Response) -> bytes:
        found = bytearray()
        async for piece in response.aiter_bytes():
            found += piece
            if len(found) >= self.largest:
                break
        return bytes(found[: self.largest])

    def _address(self, path: str) -> str:
        base = self.url.rstrip("/")
        if "://" not in path:
            return f"{base}/{path.lstrip('/')}"
        there, here = urlsplit(path), urlsplit(base)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise Unreachable(f"{self.name} points to another host, which is not asked.")
        return path

    def _undone(self) -> Rejected:
        return Rejected(
            f"{self.name} cannot be reached at {self._host}, so nothing was done there."
        )

    def _silent(self, asked: Asked) -> _Silent:
        seconds = TIMEOUT.read or 0
        return _Silent(
            f"{self.name} did not answer within {seconds:.0f} s when asked for {asked.what}."
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc


class _Silent(Unreachable):
    """The time was over: asking again would take as long again."""


class _NeverArrived(Unreachable):
    """No connection came to be: what was to be sent was not."""


def _may_pass(error: Exception) -> bool:
    """Say whether it helps to ask again at once."""
    return isinstance(error, Unreachable) and not isinstance(error, Throttled | _Silent)
