"""Draws a Reply as a fragment of HTML: semantic, escaped, without script or style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bot.model import InputKind, Style
from bot.moments import split
from bot.render.opening import opened
from bot.render.picture import address as pictured
from bot.render.plain import clean
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model import Button, Form, Image, Input, Reply, Step, Table

# Markup.format escapes every value it is given; only the templates below are trusted.
EMPTY = Markup("")
NEWLINE = Markup("<br>")


def html(reply: Reply) -> str:
    """Return the reply as one `article`; its controls carry commands in `data-command`."""
    return str(
        Markup('<article class="reply" data-reason="{}"{}>{}</article>').format(
            reply.reason.value, _attribute("data-topic", reply.topic), _body(reply)
        )
    )


def _body(reply: Reply) -> Markup:
    return _join(
        (
            _if(reply.title, Markup("<h3>{}</h3>")),
            paragraphs(reply.text),
            _if(status(reply), Markup('<p class="status">{}</p>')),
            _image(reply.image) if reply.image else EMPTY,
            _fields(reply),
            _items(reply),
            _table(reply.table, reply.title) if reply.table else EMPTY,
            _if(reply.code.strip("\n"), Markup('<pre tabindex="0"><code>{}</code></pre>')),
            _progress(reply),
            _form(reply.form) if reply.form else EMPTY,
            _buttons(reply),
        )
    )


def paragraphs(said: str) -> Markup:
    """Return text as paragraphs, escaped; what stands in backticks is code."""
    parts = (part.strip("\n") for part in clean(said).split("\n\n"))
    return _join(
        Markup("<p>{}</p>").format(_join(map(_inline, part.split("\n")), NEWLINE))
        for part in parts
        if part.strip()
    )


def _inline(line: str) -> Markup:
    """Return one line with what stands in backticks as code; odd or empty ones stay as they are."""
    parts = line.split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        return _timed(line)
    return _join(
        Markup("<code>{}</code>").format(part) if number % 2 else _timed(part)
        for number, part in enumerate(parts)
    )


def _timed(said: str) -> Markup:
    """Return text in which a moment says what it is: the page shows it in the reader's zone."""
    return _join(
        Markup.escape(part)
        if isinstance(part, str)
        else Markup('<time datetime="{:%Y-%m-%dT%H:%M:%SZ}">{}</time>').format(part.at, part.text)
        for part in split(said)
    )


def _image(image: Image) -> Markup:
    url = pictured(image)
    if not url:
        return _if(image.alt, Markup("<p>{}</p>"))
    return Markup('<img src="{}" alt="{}" loading="lazy" referrerpolicy="no-referrer">').format(
        url, clean(image.alt)
    )


def _fields(reply: Reply) -> Markup:
    rows = (
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(clean(label), _inline(clean(value)))
        for label, value in reply.fields
    )
    return _around(_join(rows), Markup("<dl>{}</dl>"))


def _items(reply: Reply) -> Markup:
    rows = (Markup("<li>{}</li>").format(_inline(clean(item))) for item in reply.items)
    return _around(_join(rows), Markup("<ul>{}</ul>"))


def _table(table: Table, title: str) -> Markup:
    if not table.rows:
        return EMPTY
    head = _join(Markup('<th scope="col">{}</th>').format(clean(name)) for name in table.columns)
    body = _join(
        Markup("<tr>{}</tr>").format(
            _join(Markup("<td>{}</td>").format(_timed(clean(c))) for c in row)
        )
        for row in table.rows
    )
    # A wide table scrolls inside its own region, which the keyboard has to be able to reach.
    return Markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="{}">'
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(clean(title) or "Table", head, body)


def _progress(reply: Reply) -> Markup:
    return _around(_join(map(_step, reply.progress)), Markup('<ol class="steps">{}</ol>'))


def _step(step: Step) -> Markup:
    detail = EMPTY
    if step.detail.strip():
        detail = Markup(' <span class="detail">{}</span>').format(_timed(clean(step.detail)))
    return Markup('<li data-state="{}"><span class="state">{}:</span> {}{}</li>').format(
        step.state.value, STATES[step.state], _timed(clean(step.label)), detail
    )


def _buttons(reply: Reply) -> Markup:
    drawn = _join(map(_button, reply.buttons))
    return _around(drawn, Markup('<div class="actions" role="group" aria-label="Actions">{}</div>'))


def _button(button: Button) -> Markup:
    if address := opened(button):
        link = Markup('<a class="button primary" href="{}" target="_blank" rel="noopener">{}</a>')
        return link.format(address, clean(button.label))
    look = "" if button.style is Style.PLAIN else button.style.value
    return Markup('<button type="button" data-command="{}"{}{}{}>{}</button>').format(
        clean(button.command),
        _attribute("class", look),
        _attribute("data-confirm", button.confirm),
        _attribute("data-asks", button.asks),
        clean(button.label),
    )


def _form(form: Form) -> Markup:
    return Markup(
        '<form data-command="{}"><fieldset><legend>{}</legend>{}'
        '<button type="submit" class="primary">{}</button></fieldset></form>'
    ).format(
        clean(form.command), clean(form.title), _join(map(_input, form.inputs)), clean(form.submit)
    )


def _input(entry: Input) -> Markup:
    # The label holds its control: no ids, which would repeat when a form is shown twice.
    return Markup('<label><span class="label">{}{}</span>{}{}</label>').format(
        clean(entry.label),
        "" if entry.required else " (optional)",
        _control(entry),
        _if(entry.hint, Markup("<small>{}</small>")),
    )


def _control(entry: Input) -> Markup:
    required = Markup(" required") if entry.required else EMPTY
    if entry.kind is InputKind.LONG_TEXT:
        return Markup('<textarea name="{}" rows="4"{}>{}</textarea>').format(
            clean(entry.name), required, _area(entry.value)
        )
    if entry.kind is InputKind.CHOICE:
        return _choice(entry, required)
    return Markup('<input type="text" name="{}" value="{}" autocomplete="off"{}>').format(
        clean(entry.name), clean(entry.value), required
    )


def _choice(entry: Input, required: Markup) -> Markup:
    options = _join(
        Markup('<option value="{}"{}>{}</option>').format(
            clean(choice), Markup(" selected") if choice == entry.value else EMPTY, clean(choice)
        )
        for choice in entry.choices
    )
    return Markup('<select name="{}"{}><option value="">Choose</option>{}</select>').format(
        clean(entry.name), required, options
    )


def _area(value: str) -> str:
    # A browser drops the first newline inside a textarea.
    return "\n" + clean(value) if value.startswith("\n") else clean(value)


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, clean(value)) if value else EMPTY


def _if(said: str, template: Markup) -> Markup:
    return template.format(clean(said)) if said.strip() else EMPTY


def _around(inner: Markup, template: Markup) -> Markup:
    return template.format(inner) if inner else EMPTY


def _join(parts: Iterable[Markup], between: Markup = EMPTY) -> Markup:
    return between.join(parts)
