"""Gets one JSON answer, or says in one sentence why there is none."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Final, NoReturn, TypeAlias, Union

import httpx

MOST_SECONDS: Final = 10  # clinical.md §6: a probe never waits longer
MOST_BYTES: Final = 1 << 20
MOST_OF_A_REPORT: Final = 16 << 20
JSON: Final = "application/json"
OK: Final = 200
REDIRECTS: Final = range(300, 400)
MOST_COUNT: Final = 10**15  # infinity and numbers that are something else are above it
STEP: Final = re.compile(r"\[(\d+)\]|([A-Za-z_][\w-]*)")
Json: TypeAlias = Union[dict[str, "Json"], list["Json"], str, float, bool, None]  # noqa: UP007 - a recursive alias of strings needs Union at run time


class Unanswered(Exception):
    """There is no answer that can be judged; `text` goes on after the name of what was asked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Ungreen(Unanswered):
    """It answers, and says itself that it is not well."""


async def get(
    client: httpx.AsyncClient, url: str, seconds: float, *, is_report: bool = False
) -> bytes:
    """Return the body of a good answer; a web page is none, for it may ask to sign in.

    A report may be longer, and may be XML.
    """
    headers = {"Accept": "application/json, application/xml;q=0.9" if is_report else JSON}
    seconds = min(seconds, MOST_SECONDS)
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream(
                "GET", url, timeout=seconds, headers=headers, follow_redirects=False
            ) as answer,
        ):
            _require_data(answer)
            return await _body(answer, MOST_OF_A_REPORT if is_report else MOST_BYTES)
    except (httpx.TimeoutException, TimeoutError) as error:
        raise Unanswered("did not answer in time") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered("cannot be reached") from error


def _require_data(answer: httpx.Response) -> None:
    code = answer.status_code
    if code in REDIRECTS:
        raise Unanswered(f"sends us elsewhere (HTTP {code}), perhaps to sign in")
    if code != OK:
        raise Ungreen(f"answers HTTP {code}")
    if "html" in answer.headers.get("content-type", "").lower():
        raise Unanswered("answers a web page, perhaps to sign in, and no data")


async def _body(answer: httpx.Response, most: int) -> bytes:
    body = b""
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > most:
            raise Unanswered("answers far more than was asked for")
    begins = body.lstrip()[:15].lower()
    if begins.startswith((b"<!doctype html", b"<html")) or (
        most == MOST_BYTES and begins[:1] == b"<"
    ):
        raise Unanswered("answers a web page, perhaps to sign in, and no data")
    return body


def read(body: bytes) -> Json:
    """Return what a JSON text holds."""
    try:
        found: Json = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unanswered("answers something that is not JSON") from error
    return found


def _no_number(_word: str) -> NoReturn:
    raise ValueError("JSON has no such number")


def at(answer: Json, place: str) -> Json:
    """Return what stands at a place such as `jobs[0].finished`, None where nothing does."""
    found = answer
    for index, key in STEP.findall(place):
        if key and isinstance(found, dict):
            found = found.get(key)
        elif index and isinstance(found, list) and int(index) < len(found):
            found = found[int(index)]
        else:
            return None
    return found


def count_at(answer: Json, place: str) -> float:
    """Return the count at a place."""
    found = at(answer, place)
    if isinstance(found, bool) or not isinstance(found, int | float) or not found <= MOST_COUNT:
        raise Unanswered(f"has no number at `{place}`")
    if found < 0:
        raise Unanswered(f"has a number below zero at `{place}`")
    return found
