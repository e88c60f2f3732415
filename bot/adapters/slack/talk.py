"""Takes what somebody said down the road, and shows the reply where and to whom it belongs."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.adapters.slack.files import upload
from bot.adapters.slack.outgoing import DIRECT, answer_body
from bot.adapters.slack.payload import CHOICE, LINE, Question, Said, Sheet
from bot.adapters.slack.rooms import names
from bot.errors import IntegrationError, Rejected
from bot.model import (
    BELOW,
    AccountKind,
    Button,
    Form,
    Input,
    InputKind,
    Invocation,
    Reason,
    Reply,
    Style,
    Visibility,
)
from bot.render.blocks import ANSWER, RUN, modal
from bot.render.text import text
from bot.stores import letter_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.adapters.slack.accounts import Accounts
    from bot.adapters.slack.outgoing import AnswerUrl, Outgoing
    from bot.model import Account, Place
    from bot.ports import NoticeBoard, Road

LOG = structlog.get_logger(__name__)
# Slack gives 3 s; the rest of the second that we allow ourselves is for the way there and back.
PATIENCE = 0.7
SHORT = 40  # characters of a text that a file is named after
REMEMBERED = 4096  # deliveries whose public answer was shown
FIXED = (
    "(This message stays as it is: I am not in this channel. Invite me, to see here what follows.)"
)
FORM_BUTTON = "Fill in the form"
OUTSIDER = Reply(
    "I take commands from full members of this workspace only, and Slack does not say that you "
    "are one; ask a member, or try again in a minute if you are.",
    Reason.NOT_IDENTIFIED,
    visibility=Visibility.PRIVATE,
)


class Talk:
    """One conversation with all of Slack; holds nothing but which answers were shown."""

    def __init__(
        self,
        road: Road,
        notices: NoticeBoard,
        accounts: Accounts,
        outgoing: Outgoing,
        choices: Callable[[Account], Sequence[str]],
    ) -> None:
        self._road, self._notices = road, notices
        self._accounts, self._outgoing, self._choices = accounts, outgoing, choices
        self._shown: OrderedDict[str, None] = OrderedDict()

    async def ask(self, said: Said) -> Reply:
        """Take what was said down the road; outsiders learn nothing from what it answers.

        They go down it all the same, so that what they tried is on the record.
        """
        account = await self._accounts.account(said.speaker)
        is_member = account.kind is AccountKind.MEMBER
        place = (await self._placed(said)).place if is_member else said.place
        invocation = Invocation(said.text, account, place, said.delivery, said.fields)
        reply = await self._road.handle(invocation)
        return reply if is_member or reply.reason is Reason.PHI_BLOCKED else OUTSIDER

    def drawn(self, reply: Reply) -> dict[str, object]:
        """Return a reply as the body of a private answer to a command."""
        return answer_body(self._outgoing.draw(reply))

    async def converse(self, said: Said) -> None:
        """Ask, then show the answer."""
        await self.show(said, await self.ask(said))

    async def show_later(self, said: Said, asking: asyncio.Task[Reply]) -> None:
        """Show an answer that Slack's acknowledgement could not wait for."""
        await self.show(said, await asking)

    async def show(self, said: Said, reply: Reply) -> None:
        """Show a reply: as a form, to everybody, or to the person who asked."""
        url = self._outgoing.answer_url(said.answer_url)
        try:
            if reply.form is not None:
                await self._show_form(said, url, reply, reply.form)
            elif is_public(reply):
                await self._publish(said, url, reply)
            else:
                await self._whisper(said, url, reply)
        except IntegrationError as error:
            LOG.warning("a reply could not be shown in Slack", why=error.text)

    async def question(self, question: Question) -> None:
        """Ask for the one argument that a button needs."""
        if not await self._is_member(question.said):
            await self.converse(question.said)  # refused, and recorded
            return
        sheet = question.sheet
        name = sheet.asks.replace("_", " ").capitalize()
        asked = Input(sheet.asks, name, InputKind.LONG_TEXT)
        form = Form(sheet.command, question.label, (asked,), submit=question.label)
        view = modal(form, callback=ANSWER, metadata=sheet.dump())
        await self._ask_by(question.said, view)

    async def offer(self, said: Said) -> None:
        """Ask for any command, where a shortcut that stands for none was chosen."""
        account = await self._accounts.account(said.speaker)
        if account.kind is not AccountKind.MEMBER:
            await self.show(said, OUTSIDER)
            return
        view = modal(
            _any_command(self._choices(account)),
            callback=RUN,
            metadata=Sheet("", said.place).dump(),
        )
        await self._ask_by(said, view)

    async def _ask_by(self, said: Said, view: Mapping[str, object]) -> None:
        try:
            await self._outgoing.open(said.trigger, view)
        except IntegrationError as error:
            LOG.warning("a question could not be asked in Slack", why=error.text)

    async def _is_member(self, said: Said) -> bool:
        return (await self._accounts.account(said.speaker)).kind is AccountKind.MEMBER

    async def _placed(self, said: Said) -> Said:
        """Return what was said outside a channel as said in the person's own chat with us."""
        if said.place.channel:
            return said
        channel = await self._outgoing.direct(said.speaker.user) or said.speaker.user
        return replace(said, place=replace(said.place, channel=channel, thread=""))

    async def _threaded(self, said: Said, reply: Reply) -> Said:
        """Return what was said as said in the thread that its answer belongs in."""
        if not reply.thread or reply.topic:
            return said
        if reply.thread == BELOW:
            thread = said.place.thread or said.message
        else:
            thread = await self._notices.thread(reply.thread, said.place) or said.place.thread
        return replace(said, place=replace(said.place, thread=thread))

    async def _show_form(self, said: Said, url: AnswerUrl, reply: Reply, form: Form) -> None:
        if said.trigger:
            sheet = Sheet(form.command, said.place)
            try:
                await self._outgoing.open(said.trigger, modal(form, metadata=sheet.dump()))
            except IntegrationError as error:
                LOG.warning("a form could not be opened in Slack", why=error.text)
            else:
                return
        # Only a press or a command may open a form, and only for three seconds.
        button = Button(FORM_BUTTON, form.command, Style.PRIMARY)
        await self._whisper(said, url, replace(reply, form=None, buttons=(*reply.buttons, button)))

    async def _publish(self, said: Said, url: AnswerUrl, reply: Reply) -> None:
        if not self._is_first(said.delivery):
            return
        said = await self._placed(said)
        if said.is_press and await self._edited(said, reply):
            if not reply.topic:
                await self._whisper(said, url, reply)
            return
        said = await self._threaded(said, reply)
        try:
            key = letter_key(reply.topic, said.place) if reply.topic else ""
            ref = await self._outgoing.post(said.place, reply, key=key)
        except Rejected as refused:
            # Not a member of the channel, mostly: the request's own address still works there,
            # but what it shows can not be edited later.
            LOG.warning("a message could not be posted in Slack", why=refused.text)
            if reply.topic:
                await self._notices.withdraw(reply.topic, said.place)
            fixed = replace(reply, text=f"{reply.text} {FIXED}") if reply.topic else reply
            if not await self._outgoing.answer(url, fixed, is_public=True):
                await self._whisper(said, url, fixed)
            return
        if reply.topic:
            await self._notices.shown(reply.topic, said.place, ref, reply)
        else:
            await self._hand_over(replace(said.place, thread=said.place.thread or ref), reply)

    async def _edited(self, said: Said, reply: Reply) -> bool:
        """Say whether a pressed message tells everybody by being edited itself.

        Its topic is shown here unless it never was; then another message would only be noise.
        On Home there is no message: the tab is drawn again, and only a new topic needs one.
        """
        if said.is_home:
            return not reply.topic
        topic = reply.topic or reply.request or ""
        if not topic or await self._notices.current(topic) is None:
            return False
        await self._notices.announce(topic, said.place)
        return True

    async def _whisper(self, said: Said, url: AnswerUrl, reply: Reply) -> None:
        if said.speaker.is_bot:
            return  # nobody reads a whisper to a program
        if not await self._outgoing.answer(url, reply, thread=said.place.thread):
            await self._outgoing.whisper(said.place, said.speaker.user, reply)
        await self.whispered(said, reply)

    async def whispered(self, said: Said, reply: Reply) -> None:
        """Give the rest of what was told in somebody's own chat with us, and only there.

        Elsewhere a file is seen by everybody, and what is private has the console for its rest.
        """
        if self.leaves_a_rest(said, reply):
            await self._hand_over(said.place, reply)

    def leaves_a_rest(self, said: Said, reply: Reply) -> bool:
        """Say whether `whispered` may have anything to give."""
        return bool(reply.code or reply.table) and said.place.channel.startswith(DIRECT)

    async def _hand_over(self, place: Place, reply: Reply) -> None:
        """Give the whole of a message that Slack shows a part of, as a file beside it."""
        if not (reply.code or reply.table) or not self._outgoing.draw(reply).is_cut:
            return
        name = f"{next(names(reply.title or reply.text[:SHORT]))}.txt"
        try:
            await upload(self._outgoing, place, name, text(reply).encode())
        except IntegrationError as error:
            LOG.warning("a file could not be handed over in Slack", why=error.text)

    def _is_first(self, delivery: str) -> bool:
        """Say whether this delivery's answer is still to be shown: the road repeats answers."""
        if delivery in self._shown:
            return False
        self._shown[delivery] = None
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return True


def _any_command(choices: Sequence[str]) -> Form:
    hint = "Such as: deploy status DEP-3. `help` says what you can type."
    line = Input(LINE, "Command", required=not choices, hint=hint)
    if not choices:
        return Form("", "Run a command", (line,))
    chosen = Input(CHOICE, "Or choose one", InputKind.CHOICE, tuple(choices), required=False)
    return Form("", "Run a command", (line, chosen))


def is_public(reply: Reply) -> bool:
    """Say whether everybody in the place sees a reply; what was stopped at the guard never is."""
    if reply.reason is Reason.PHI_BLOCKED:
        return False
    if reply.visibility is not None:
        return reply.visibility is Visibility.PUBLIC
    return bool(reply.topic) and reply.reason in (Reason.OK, Reason.PENDING_APPROVAL)
