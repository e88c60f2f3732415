"""Draws a reply's buttons on a card, and reads back what a press of one types.

Adaptive Cards 1.5 have no confirmation: a button that has to ask first opens a small card under
itself, which holds the question and the button that counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.model import Style
from bot.render import card_kit as kit
from bot.render.capabilities import TEAMS
from bot.render.card_sheet import sendable, shown, size
from bot.render.line import answered
from bot.render.opening import opened
from bot.render.plain import cut
from bot.render.sheet import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model import Button, Form, Json, Reply
    from bot.render.kit import Part
    from bot.render.sheet import Sheet

PRIMARY: Final = 6  # Teams shows no more in a row; the others go into a menu
# Ours: more buttons, or longer ones, than a person reads; bytes of UTF-16 for all of them.
BUTTONS, LABEL, COMMAND, QUESTION, TYPED = TEAMS.buttons, 75, 2000, 300, 3000
CONTROLS_SIZE: Final = 24_000

# What a press sends: a verb, and data under these names.
TYPES, ASKS, OPENS, FORM, REFRESH, TOPIC = "types", "asks", "opens", "form", "refresh", "topic"
ANSWER: Final = "answer"  # the input's id, where it is not the argument's name
# What is filled in comes back beside our own data, so that no input may have one of these names.
TAKEN: Final = frozenset({TYPES, ASKS, OPENS, FORM, TOPIC, ANSWER, "verb", "msteams"})

MISSING: Final = "This has to be filled in."
STYLES: Final = {Style.PLAIN: "", Style.PRIMARY: "positive", Style.DANGER: "destructive"}


def actions(reply: Reply, sheet: Sheet) -> list[Part]:
    """Return the reply's buttons; what would take the card apart is left out and said so."""
    primary = next((b for b in reply.buttons if b.style is Style.PRIMARY), None)
    drawn: list[Part] = [_opens(reply.form)] if reply.form is not None else []
    left, ids = CONTROLS_SIZE, set(TAKEN)
    for button in reply.buttons[:BUTTONS]:
        is_second = button.style is Style.PRIMARY and button is not primary
        part = _button(button, "" if is_second else STYLES[button.style], ids)
        left -= size(part)
        if left < 0 or len(button.command) > COMMAND:
            sheet.is_cut = True
            break
        drawn.append(part)
    sheet.is_cut |= len(reply.buttons) > BUTTONS
    menu: list[Part] = [{**part, "mode": "secondary"} for part in drawn[PRIMARY:]]
    return drawn[:PRIMARY] + menu


def typed(data: Mapping[str, object]) -> str:
    """Return the line that a press types, "" for what is no press of ours."""
    command, asks = data.get(TYPES), data.get(ASKS)
    if not isinstance(command, str):
        return ""
    if not isinstance(asks, str):
        return command
    answer = data.get(str(data.get(ANSWER, asks)))
    return answered(command, asks, answer if isinstance(answer, str) else "")


def _opens(form: Form) -> Part:
    data: dict[str, Json] = {"msteams": {"type": "task/fetch"}, OPENS: sendable(form.command)}
    return kit.submit("Fill in the form", data)


def _button(button: Button, style: str, ids: set[str]) -> Part:
    label = _seen(button.label, LABEL) or _seen(button.command, LABEL) or NOTHING
    if address := opened(button):
        return kit.opens(label, address)
    question = _seen(button.confirm, QUESTION)
    if button.style is Style.DANGER and not button.asks:
        question = question or _seen(f"This types: {button.command}", QUESTION)
    body = [kit.rich(kit.run(question))] if question else []
    data: dict[str, Json] = {TYPES: sendable(button.command)}
    if button.asks:
        # The native clients refuse a whole card in which two inputs have one id.
        name = _own(button.asks, ids)
        data[ASKS] = button.asks
        if name != button.asks:
            data[ANSWER] = name
        body.append(_asked(button.asks, name))
    counts = kit.execute(label, ASKS if button.asks else TYPES, data, style)
    return kit.show(label, body, counts, style) if body else counts


def _seen(said: str, limit: int) -> str:
    return cut(shown(said.strip()[: limit + 1]).strip(), limit)


def _own(asks: str, ids: set[str]) -> str:
    names = (asks if number == 1 else f"{asks}-{number}" for number in range(1, len(ids) + 2))
    name = next(name for name in names if name not in ids)
    ids.add(name)
    return name


def _asked(argument: str, name: str) -> Part:
    label = _seen(argument.replace("_", " ").capitalize(), LABEL)
    return kit.field(name, label, "", MISSING, kit.typed("", is_long=True, limit=TYPED))
