"""One answer of a vendor, read to its end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from bot.errors import Unreachable


@dataclass(frozen=True)
class Answer:
    """What a vendor answered; `name` is what people call it, `url` what was asked."""

    name: str
    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded body; `Unreachable` where it is no JSON, or was cut off."""
        if self.is_page:
            raise Unreachable(
                f"{self.name} answered a web page instead of JSON: check that the configured "
                "url is the address of its API."
            )
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Unreachable(
                f"{self.name} sent an answer that is cut off or no JSON, so nothing is known."
            ) from error

    def object(self) -> dict[str, Any]:
        """Return the decoded body where it is a JSON object; `Unreachable` where it is none."""
        made = self.json()
        if not isinstance(made, dict):
            raise self.odd()
        return made

    def rows(self, name: str = "") -> list[dict[str, Any]]:
        """Return the list of objects that the body is, or has under a name."""
        made = self.object().get(name) if name else self.json()
        if not isinstance(made, list) or not all(isinstance(row, dict) for row in made):
            raise self.odd()
        return made

    def odd(self) -> Unreachable:
        """Return the error for an answer of another shape than the vendor documents."""
        return Unreachable(
            f"{self.name} answered something that is not understood, so nothing is known."
        )

    @property
    def is_page(self) -> bool:
        """Say whether this is a page for a browser, which what is empty is not."""
        kind: str = self.headers.get("content-type", "")
        return kind.lower().startswith("text/html") and bool(self.body.strip())

    def following(self) -> str:
        """Return the address of the next page (RFC 8288, `rel="next"`), "" after the last one.

        Only one at the same host: an answer never chooses whom we send our credentials to.
        """
        for link in self.headers.get("link", "").split(","):
            target, _, how = link.partition(";")
            if 'rel="next"' in how.replace(" ", "").lower():
                address = urljoin(self.url, target.strip().strip("<>"))
                return address if _origin(address) == _origin(self.url) else ""
        return ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
