"""`wardroom serve`: the server."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from pathlib import Path

import click
import httpx

from bot import logs, serving, settings
from bot.cli import options
from bot.errors import ConfigurationError
from bot.settings import Server, Settings

LOOK_EVERY_SECONDS = 0.1
PERSONA = "engineer"


@click.command("serve", cls=options.Told)
@options.config
@click.option(
    "--prompt",
    is_flag=True,
    help="Log to wardroom.log beside the settings, say when it is up, and offer a prompt where "
    "this is a terminal. For the sandbox.",
)
def command(config: Path | None, *, prompt: bool) -> None:
    """Start Wardroom and run until it is told to stop (Ctrl-C or SIGTERM).

    It refuses to start on an unsafe or incomplete configuration, and says what to mend. It logs to
    standard error.
    """
    known = settings.here(config)
    _require_free(known.server)
    if not prompt:
        logs.configure(known.log_level)
        asyncio.run(serving.serve(known))
        return
    log = settings.place(config).resolve().parent / "wardroom.log"
    logs.configure(known.log_level, log)
    asyncio.run(_with_prompt(known, log))


def _require_free(server: Server) -> None:
    """Say that a port is taken while there is somebody to read it."""
    kind = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((server.host, server.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = "another program listens there; stop it, or choose another port"
            else:
                why = f"cannot listen on {server.host} ({error.strerror}); choose another"
            raise ConfigurationError(f"server.port {server.port}: {why}") from error


async def _with_prompt(known: Settings, log: Path) -> None:
    served = asyncio.ensure_future(serving.serve(known))
    talking = asyncio.ensure_future(_talk(known, log))
    await asyncio.wait({served, talking}, return_when=asyncio.FIRST_COMPLETED)
    if not served.done():
        # The way out that the server knows: it finishes what it is doing.
        os.kill(os.getpid(), signal.SIGTERM)
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking
    await served


async def _talk(known: Settings, log: Path) -> None:
    """Say where Wardroom is once it is up; return when the prompt has been left."""
    address = known.server.address
    await _up(f"http://{known.server.host}:{known.server.port}/readyz")
    has_prompt = sys.stdin.isatty()
    key = "Ctrl-D" if has_prompt else "Ctrl-C"
    click.echo(f"Wardroom is at {address}  ({key} stops it; its log: {log})")
    if not has_prompt:
        await asyncio.Event().wait()
    chat = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat", "--as", PERSONA, "--url", address)
    )
    try:
        await chat.wait()
    finally:
        if chat.returncode is None:
            chat.terminate()
            await chat.wait()


async def _up(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(LOOK_EVERY_SECONDS)
