"""Presses and dialogs: what Teams waits for an answer to, and we build that answer ourselves.

botbuilder puts a Python exception into an answer that failed; every body here is plain JSON.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import structlog
from botbuilder.core import TurnContext  # type: ignore[import-untyped]  # the library is not typed

from bot.adapters.teams import payload
from bot.adapters.teams.outgoing import CARD
from bot.adapters.teams.talk import is_public
from bot.adapters.teams.turns import answer
from bot.background import described, soon
from bot.model import AccountKind, Form, Json, Reason, Reply
from bot.render import card_kit, cards
from bot.render.card_sheet import shown
from bot.render.plain import cut

if TYPE_CHECKING:
    from bot.adapters.teams.activity import Activity
    from bot.adapters.teams.outgoing import Outgoing
    from bot.adapters.teams.payload import Said
    from bot.adapters.teams.talk import Talk
    from bot.background import Tasks

Data: TypeAlias = Mapping[str, Any]  # a JSON object of a card's
Answer: TypeAlias = tuple[HTTPStatus, Mapping[str, Json] | None]

LOG = structlog.get_logger(__name__)
MESSAGE: Final = "application/vnd.microsoft.activity.message"
ERROR: Final = "application/vnd.microsoft.error"
WORKING, OUTDATED = (
    "Working on it.",
    "This card is outdated, and what it shows is not known here any more.",
)
FORM_SENT = "Fill in the form that was sent to you."
# Endings that the person at a form can mend there and then.
MENDABLE = {Reason.BAD_INPUT, Reason.AMBIGUOUS, Reason.NOT_FOUND, Reason.PHI_BLOCKED}
ACTION: Final = "adaptiveCard/action"
TITLE = 100  # characters of a dialog's title
TOAST = 300  # characters; it is shown for a moment
REFUSAL = 600  # characters on top of a dialog


class Invokes:
    """Card actions and dialogs, by the name of the invoke."""

    def __init__(self, talk: Talk, tasks: Tasks, outgoing: Outgoing, patience: float) -> None:
        self._talk, self._tasks = talk, tasks
        self._outgoing, self._patience = outgoing, patience

    async def take(self, turn: TurnContext) -> None:
        """Answer an invoke; what fails is said under a reference, and never by its words."""
        activity = turn.activity
        known = {
            ACTION: self._action,
            "task/fetch": self._fetch,
            "task/submit": self._submit,
        }.get(activity.name or "")
        if known is None:
            return
        try:
            status, body = await known(activity, _inner(activity, "value"))
        except Exception as error:  # noqa: BLE001 - the edge: somebody waits for an answer
            ref = secrets.token_hex(2)
            LOG.error("a Teams request failed", ref=ref, error=described(error))  # noqa: TRY400 - a traceback quotes bodies
            status, body = _failed(activity.name, f"Something failed (ref {ref}).")
        answer(turn, status, body)

    async def _action(self, activity: Activity, value: Data) -> Answer:
        """Type what a button types; the answer is for the person who pressed it alone."""
        action = _inner(value, "action")
        verb, data = action.get("verb"), _inner(action, "data")
        if verb == cards.REFRESH:
            return await self._refresh(activity, data)
        said = payload.press(activity, data) if verb in (cards.TYPES, cards.ASKS) else None
        if said is None:
            return _card_error(HTTPStatus.BAD_REQUEST, "This is no button of ours.")
        reply = await self._asked(said, activity)
        return _toast(WORKING if reply is None else self._told(said, reply))

    async def _refresh(self, activity: Activity, data: Data) -> Answer:
        """Answer with the newest state of what the card shows, to members only.

        A client says which topic it wants, and could say any: it gets the one that it was shown.
        """
        seen = payload.said(activity, "")
        account = await self._talk.account(seen, payload.reference(activity))
        if account.kind is not AccountKind.MEMBER:
            return _card_error(HTTPStatus.FORBIDDEN, "Only members of this organisation see this.")
        topic, ref = data.get(cards.TOPIC), activity.reply_to_id or ""
        is_text = isinstance(topic, str)
        newest = await self._talk.current(str(topic), seen.place, ref) if is_text else None
        if newest is None:
            return _card_error(HTTPStatus.NOT_FOUND, OUTDATED)
        card = self._outgoing.draw(newest, refresh_for=(seen.speaker.id,)).card
        return HTTPStatus.OK, {"statusCode": int(HTTPStatus.OK), "type": CARD, "value": card}

    async def _fetch(self, activity: Activity, value: Data) -> Answer:
        """Open the dialog with a command's form: the command typed bare is answered with it."""
        said = payload.opening(activity, _inner(value, "data"))
        if said is None:
            return HTTPStatus.BAD_REQUEST, None
        reply = await self._asked(said, activity)
        if reply is not None and reply.form is not None:
            return _dialog(reply.form)
        return _message(WORKING if reply is None else self._told(said, reply))

    async def _submit(self, activity: Activity, value: Data) -> Answer:
        """Run a submitted form; what can be mended is said in the dialog, which stays open."""
        data = _inner(value, "data")
        said = payload.submission(activity, data)
        if said is None:
            return HTTPStatus.BAD_REQUEST, None
        reply = await self._asked(said, activity)
        if reply is None:
            return _message(WORKING)
        form = await self._form(said, reply, activity) if reply.reason in MENDABLE else None
        if form is not None:
            # What the guard stopped is not sent back, not even to whoever wrote it.
            is_kept = reply.reason is not Reason.PHI_BLOCKED
            entered = payload.entered(data) if is_kept else {}
            return _dialog(_filled(form, entered), refusal=reply.text)
        told = self._told(said, reply)
        return (HTTPStatus.OK, None) if is_public(reply) else _message(told)

    async def _asked(self, said: Said, activity: Activity) -> Reply | None:
        """Return the answer, or None where it takes longer and will be shown by itself."""
        asking = self._tasks.begin(self._talk.ask(said, payload.reference(activity)))
        reply = await soon(asking, self._patience)
        if reply is None:
            self._tasks.begin(self._talk.show_later(said, asking))
        return reply

    async def _form(self, said: Said, reply: Reply, activity: Activity) -> Form | None:
        if reply.form is not None:
            return reply.form
        bare = replace(said, fields=None, delivery=f"{said.delivery}:form")
        asking = self._tasks.begin(self._talk.ask(bare, payload.reference(activity)))
        again = await soon(asking, self._patience)
        return again.form if again is not None else None

    def _told(self, said: Said, reply: Reply) -> str:
        """Begin to show a reply; returns what the person who waits is told meanwhile."""
        is_brief = _is_brief(reply)
        self._tasks.begin(self._talk.show(said, reply, is_told=is_brief))
        return FORM_SENT if reply.form is not None else cut(self._outgoing.draw(reply).text, TOAST)


def _is_brief(reply: Reply) -> bool:
    """Say whether a reply is nothing but a sentence or two."""
    parts = (reply.fields, reply.items, reply.table, reply.code, reply.progress, reply.buttons)
    return not any(parts) and reply.form is None and len(reply.text) <= TOAST


def _filled(form: Form, entered: Mapping[str, str]) -> Form:
    inputs = (replace(one, value=entered.get(one.name, one.value)) for one in form.inputs)
    return replace(form, inputs=tuple(inputs))


def _dialog(form: Form, *, refusal: str = "") -> Answer:
    card = cards.dialog(form)
    if refusal:
        said = card_kit.rich(card_kit.run(cut(shown(refusal), REFUSAL), bold=True))
        body = card["body"]
        card = {**card, "body": [said, *(body if isinstance(body, list) else [])]}
    value: dict[str, Json] = {
        "title": cut(shown(form.title or form.command), TITLE),
        "width": "medium",
        "height": "medium",
        "card": {"contentType": CARD, "content": card},
    }
    return HTTPStatus.OK, {"task": {"type": "continue", "value": value}}


def _message(text: str) -> Answer:
    return HTTPStatus.OK, {"task": {"type": "message", "value": text}}


def _toast(text: str) -> Answer:
    body: Mapping[str, Json] = {"statusCode": int(HTTPStatus.OK), "type": MESSAGE, "value": text}
    return HTTPStatus.OK, body


def _card_error(status: HTTPStatus, text: str) -> Answer:
    """Return a refusal of a press; to Teams itself the answer went well."""
    value: Mapping[str, Json] = {"code": status.phrase.replace(" ", ""), "message": text}
    return HTTPStatus.OK, {"statusCode": int(status), "type": ERROR, "value": value}


def _failed(name: str, text: str) -> Answer:
    if name == ACTION:
        return _card_error(HTTPStatus.INTERNAL_SERVER_ERROR, text)
    return _message(text)


def _inner(body: object, name: str) -> Data:
    value = body.get(name) if isinstance(body, Mapping) else getattr(body, name, None)
    return value if isinstance(value, Mapping) else {}
