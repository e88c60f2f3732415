"""The prompt: completion, history, forms asked line by line, and what happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

import httpx
from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, WordCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout
from pydantic import ValidationError

from bot.adapters.terminal.client import Answer, Asking, Choice, Server
from bot.adapters.terminal.words import LEAVE, Shown, greeting, person_named, shown
from bot.model import Reason

MOST_LINES = 1000
AGAIN_AFTER = 1.0


def sized(path: Path | None) -> FileHistory | None:
    """Return the history kept in a file that only its owner can read; cut to the newest lines."""
    if path is None:
        return None
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        history = FileHistory(str(path))
        lines = list(history.load_history_strings())
        if len(lines) > MOST_LINES:
            path.write_text("", "utf-8")
            for line in reversed(lines[:MOST_LINES]):
                history.store_string(line)
        return history
    return None  # a prompt without a memory is better than none


class ServerCompleter(Completer):
    """Completes a line with what the server knows."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get_completions(
        self,
        document: Document,  # noqa: ARG002 - prompt_toolkit's signature
        complete_event: CompleteEvent,  # noqa: ARG002 - as above
    ) -> Iterable[Completion]:
        """Return nothing: the prompt is asynchronous and uses the method below."""
        return ()

    async def get_completions_async(
        self,
        document: Document,
        complete_event: CompleteEvent,  # noqa: ARG002 - as above
    ) -> AsyncGenerator[Completion, None]:
        """Yield whole lines in place of what is typed."""
        typed = document.text_before_cursor
        for line in await self._server.suggest(typed):
            yield Completion(line, start_position=-len(typed))


class Prompt:
    """A conversation at a terminal."""

    def __init__(
        self, server: Server, person: str, kept: FileHistory | None, *, as_json: bool
    ) -> None:
        self._server, self._person, self._kept = server, person, kept
        self._as_json = as_json
        self._shown = Shown()
        # Held from a command to its answer, so that its own edits are printed after it.
        self._talking = asyncio.Lock()
        lines = list(kept.load_history_strings()) if kept else []
        # The file is written after the answer: what the guard stopped is not kept anywhere.
        self._lines: PromptSession[str] = PromptSession(
            history=InMemoryHistory(lines[::-1]),
            completer=ServerCompleter(server),
            complete_while_typing=True,
        )
        self._inputs: PromptSession[str] = PromptSession()

    async def run(self) -> None:
        """Prompt until the person leaves."""
        with patch_stdout():
            _say(greeting(self._server.url, self._person))
            watching = asyncio.create_task(self._watch())
            try:
                while await self._turn():
                    pass
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching

    async def _turn(self) -> bool:
        try:
            line = (await self._lines.prompt_async(f"{self._person or 'nobody'} > ")).strip()
        except KeyboardInterrupt:
            return True  # the line is dropped, as in a shell
        except EOFError:
            return False
        if line in LEAVE:
            return False
        named = person_named(line)
        if named is not None:
            self._person = named
        elif line:
            await self._type(line)
        return True

    async def _type(self, line: str) -> None:
        async with self._talking:
            answer = await self._server.ask(line, self._person)
            if self._kept is not None and answer.reason is not Reason.PHI_BLOCKED:
                with contextlib.suppress(OSError):
                    self._kept.store_string(line)
            while answer.form is not None:
                _say(answer.text.partition("\n")[0])
                fields = await self._fill(answer.form)
                if fields is None:
                    _say("Nothing was sent.")
                    return
                answer = await self._server.ask(answer.form.command, self._person, fields)
            self._shown.note(answer)
            _say(shown(answer, as_json=self._as_json))

    async def _fill(self, form: Asking) -> dict[str, str] | None:
        """Return what was entered, or None when the person thought better of it."""
        _say(f"{form.title} (Ctrl-C sends nothing)")
        try:
            return {entry.name: await self._entered(entry) for entry in form.inputs}
        except (KeyboardInterrupt, EOFError):
            return None

    async def _entered(self, entry: Choice) -> str:
        label = entry.label if entry.required else f"{entry.label} (optional)"
        if entry.choices:
            _say(f"  one of: {', '.join(entry.choices)}")
        elif entry.hint:
            _say(f"  {entry.hint}")
        completer = WordCompleter(list(entry.choices)) if entry.choices else None
        while True:
            value = await self._inputs.prompt_async(
                f"  {label}: ", default=entry.value, completer=completer
            )
            if value.strip() or not entry.required:
                return value.strip()
            _say(f"  {entry.label} is needed.")

    async def _watch(self) -> None:
        """Print what happens meanwhile, for as long as the prompt is there."""
        last, is_lost = "", False
        while True:
            try:
                async for id_, answer in self._server.events(last):
                    last = id_
                    if is_lost:
                        _say("(connected again)")
                        is_lost = False
                    if answer is not None:
                        await self._tell(answer)
            except (httpx.HTTPError, ValidationError):
                pass  # said below, as for a stream that the server ended
            if not is_lost:
                _say("(not connected: what happens meanwhile is not shown)")
                is_lost = True
            await asyncio.sleep(AGAIN_AFTER)

    async def _tell(self, answer: Answer) -> None:
        async with self._talking:
            news = self._shown.news(answer)
        if news:
            _say(news)


def _say(text: str) -> None:
    print_formatted_text(text)
