"""What can go wrong between us and a vendor over HTTP, as the vendor or the network does it."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import respx

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(enum.Enum):
    """One way in which every request to a vendor fails."""

    UNAUTHORIZED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    THROTTLED = 429
    THROTTLED_UNTIL = 430  # 429 with Retry-After
    BROKEN = 500
    HANG = "hang"
    DOWN = "down"
    CUT = "cut"
    PAGE = "page"
    SIGN_IN = "sign in"

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request so, or raise what httpx raises."""
        match self:
            case Fault.HANG:
                raise httpx.ReadTimeout("nothing came", request=request)
            case Fault.DOWN:
                raise httpx.ConnectError("refused", request=request)
            case Fault.CUT:
                return httpx.Response(200, text='{"id": 1, "sta', headers=JSON)
            case Fault.PAGE:
                return httpx.Response(200, html="<!doctype html><title>Welcome</title>")
            case Fault.SIGN_IN:
                return httpx.Response(302, headers={"location": "https://login.example/?next=x"})
            case Fault.THROTTLED_UNTIL:
                return httpx.Response(429, headers={"retry-after": "17"}, json={})
            case _:
                return httpx.Response(int(self.value), json={"message": "because of the moon"})


JSON = {"content-type": "application/json"}


@contextmanager
def every_request(fault: Fault) -> Iterator[respx.MockRouter]:
    """Have every request of every client fail so until the block ends."""
    with respx.mock(assert_all_called=False) as router:
        router.route().mock(side_effect=fault.answer)
        yield router
