"""The console's wire format: what a browser or the terminal sends, and a message as JSON."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.errors import BadInput
from bot.model import Account, Invocation, Json, Place, Reason, Reply
from bot.render.html import html
from bot.render.json import answer
from bot.render.plain import clean, cut

PLATFORM = "web"
CONSOLE = Place(PLATFORM, "console")

MAX_BODY = 64 * 1024
MAX_TEXT = 16_000
MAX_FIELDS = 40
MAX_SUMMARY = 160

Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PersonId = Annotated[str, StringConstraints(max_length=100)]
FieldName = Annotated[str, StringConstraints(max_length=100)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]


class Asked(BaseModel):
    """What a client sends to `POST /api/chat`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: Text
    person: PersonId | None = Field(default=None, alias="as")
    nonce: Nonce | None = None
    fields: Annotated[dict[FieldName, Text], Field(max_length=MAX_FIELDS)] | None = None


class Typed(BaseModel):
    """What a client sends to `POST /api/complete`: the line so far.

    In a body and not in the address: a half-typed line may hold what proxies must not log.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    text: Annotated[str, StringConstraints(max_length=400)]


async def body(request: Request) -> bytes:
    """Return a request's body; `BadInput` when it is larger than anything we take."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MAX_BODY:
            raise BadInput(f"That is too much at once: send at most {MAX_BODY // 1024} KiB.")
    return bytes(found)


def asked(raw: bytes) -> Asked:
    """Return what was asked; `BadInput` says what is wrong and never repeats what was sent."""
    try:
        return Asked.model_validate_json(raw)
    except ValidationError as error:
        raise BadInput(_what_is_wrong(raw, error)) from error


def typed(raw: bytes) -> Typed:
    """Return the line so far; `BadInput` as above."""
    try:
        return Typed.model_validate_json(raw)
    except ValidationError as error:
        raise BadInput(_what_is_wrong(raw, error)) from error


def fresh() -> str:
    """Return a nonce for one submission."""
    return secrets.token_urlsafe(12)


def invocation(
    text: str, person: str, nonce: str, fields: Mapping[str, str] | None = None
) -> Invocation:
    """Return what the road takes; the same nonce again is the same delivery."""
    return Invocation(
        text=text,
        account=Account(PLATFORM, person),
        place=CONSOLE,
        delivery=f"{PLATFORM}:{nonce}",
        fields=fields,
    )


def message(ref: str, reply: Reply, at: datetime) -> dict[str, Json]:
    """Return a message as every client of the console gets it."""
    return {
        **answer(reply),
        "html": html(reply),
        "summary": summary(reply),
        "topic": reply.topic,
        "buttons": [asdict(button) for button in reply.buttons],
        "form": asdict(reply.form) if reply.form else None,
        "ref": ref,
        "at": at.isoformat(timespec="seconds"),
    }


def summary(reply: Reply) -> str:
    """Return a message in one short line that names its topic, for lists and to be read out."""
    line = clean(reply.title or reply.text.strip().partition("\n")[0])
    if reply.topic and reply.topic not in line:
        line = f"{reply.topic}: {line}"
    return cut(line, MAX_SUMMARY)


def refused(reason: Reason, text: str, status: int) -> JSONResponse:
    """Return a refusal of the door's own in the form of an answer; the text is one sentence."""
    return JSONResponse({**answer(Reply(text, reason)), "text": text}, status_code=status)


def _what_is_wrong(raw: bytes, error: ValidationError) -> str:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "The body is not UTF-8 text."
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "The body is not JSON."
    where = first["loc"][0] if first["loc"] else ""
    return SENTENCES.get(
        str(where), 'The body is one JSON object with "text" and, if need be, "as".'
    )


SENTENCES = {
    "text": f'"text" is what you would type: a string of at most {MAX_TEXT} characters.',
    "as": '"as" is the id of a person: a string.',
    "nonce": '"nonce" is 1 to 64 letters, digits, "-" or "_", new for each submission.',
    "fields": f'"fields" is a form: at most {MAX_FIELDS} names, each with a string.',
}
