"""Azure DevOps' REST API: which address, which version, page after page."""

from __future__ import annotations

import math
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bot.api import Rejected, Throttled
from bot.vendors import Asked

if TYPE_CHECKING:
    from bot.vendors import Answer, Vendor

NAME: Final = "Azure DevOps"
BLOCK: Final = "integrations.azure"
VERSION, OLDER = "7.1", "7.0"
# How a server refuses a version: one that it does not have yet, or has as a preview only.
TOO_NEW: Final = re.compile(r"REST API version|under preview")
LONGEST_PAUSE: Final = 300  # seconds; the window in which use is counted
MORE: Final = "x-ms-continuationtoken"
# What one needs, as Azure DevOps names the scope of a token and the permission of its account.
READ_BUILDS: Final = "the scope Build (Read) and the permission View builds"
RUN: Final = "the scope Build (Read & execute) and the permission Queue builds on the pipeline"
READ_CODE: Final = "the scope Code (Read) and the permission Read on the repository"
READ_TESTS: Final = "the scope Test Management (Read) and the permission View test runs"
# What Azure DevOps lets a project and a repository be called ("Naming restrictions").
_NEVER: Final = r"\x00-\x1f\\/:*?\"<>|;#${},+=\[\]"
_CALLED: Final = re.compile(rf"[^{_NEVER}\s._][^{_NEVER}]{{0,63}}")


@dataclass(frozen=True)
class Page:
    """One page of a list, and whether there is another one."""

    rows: list[dict[str, Any]]
    more: bool


@dataclass
class Pause:
    """How long Azure DevOps has asked to be left alone beside a good answer; `now` in seconds.

    It answers such questions late from then on, and 429 at last ("Rate and usage limits").
    """

    now: Callable[[], float] = time.monotonic
    _until: float = 0.0

    def note(self, answer: Answer) -> None:
        """Note what an answer asks for."""
        after = answer.headers.get("retry-after", "")
        if after.isdecimal():
            self._until = self.now() + min(int(after), LONGEST_PAUSE)

    def keep(self) -> None:
        """Raise `Throttled` while the time is not over."""
        left = math.ceil(self._until - self.now())
        if left > 0:
            raise Throttled(f"{NAME} asks us to come back in {left} s.", left)


@dataclass
class Spoken:
    """Which version of the interface the other side speaks; an older Server says so itself."""

    version: str = VERSION

    def learn(self, error: Rejected) -> bool:
        """Go on with the older version where that is why something was refused."""
        if self.version == OLDER or not TOO_NEW.search(error.text):
            return False
        self.version = OLDER
        return True


@dataclass(frozen=True)
class Rest:
    """Asks one organisation (Services) or one project collection (Server)."""

    vendor: Vendor
    pause: Pause = field(default_factory=Pause)
    spoken: Spoken = field(default_factory=Spoken)

    async def get(
        self,
        project: str,
        path: str,
        asked: Asked,
        query: Mapping[str, str | int] | None = None,
        *,
        accept: str = "application/json",
        ahead: bool = False,
    ) -> Answer:
        """Return the answer about something of a project."""
        where = _below(project, path)
        while True:
            params = {**(query or {}), "api-version": self.spoken.version}
            try:
                answer = await self.vendor.read(
                    where, asked, params=params, accept=accept, ahead=ahead
                )
            except Rejected as error:
                if not self.spoken.learn(error):
                    raise
            else:
                self.pause.note(answer)
                return answer

    async def pages(
        self,
        project: str,
        path: str,
        asked: Asked,
        query: Mapping[str, str | int],
        *,
        most: int,
        ahead: bool = False,
    ) -> AsyncIterator[Page]:
        """Yield page after page of a list, at most so many."""
        token = ""
        for _ in range(most):
            given = {**query, "continuationToken": token} if token else query
            answer = await self.get(project, path, asked, given, ahead=ahead)
            token = answer.headers.get(MORE, "")
            yield Page(answer.rows("value"), bool(token))
            if not token:
                return

    async def post(self, project: str, path: str, asked: Asked, body: object) -> Answer:
        """Ask for something to be done, once."""
        where, params = _below(project, path), {"api-version": self.spoken.version}
        try:
            return await self.vendor.change("POST", where, asked, json=body, params=params)
        except Rejected as error:
            self.spoken.learn(error)  # for the next time: what changes anything is sent once
            raise


def is_name(text: str) -> bool:
    """Say whether a project or a repository can be called so."""
    return bool(_CALLED.fullmatch(text)) and not text.endswith((".", " "))


def segment(text: str) -> str:
    """Return a name as one part of an address; `Rejected` where nothing can be called so."""
    if not is_name(text):
        raise Rejected(f"`{text[:40]}` cannot be the name of anything in Azure DevOps.")
    return quote(text, safe="")


def _below(project: str, path: str) -> str:
    return f"{segment(project)}/_apis/{path}"
