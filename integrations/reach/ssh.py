"""Runs a program over SSH: the host's key is checked, one command is executed, nothing forwarded.

An SSH server hands the command line to the user's login shell, whatever is asked for. So every
argument is quoted by the POSIX rules: the shell takes each as one word, as it is.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import asyncssh

from bot.api import Rejected, Unreachable

if TYPE_CHECKING:
    from bot.api import Script, ScriptCall, ScriptHost

CONNECT_SECONDS: Final = 10.0
GRACE_SECONDS: Final = 5.0
ALIVE_SECONDS: Final = 15.0
CHUNK: Final = 65_536


class _Pinned(asyncssh.SSHClient):
    """Takes the key with the declared fingerprint, and no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Say whether it is that key; asked only where no known_hosts has it."""
        del host, addr, port
        return bool(self._fingerprint) and key.get_fingerprint("sha256") == self._fingerprint


def line(call: ScriptCall) -> str:
    """Return the command line that a POSIX shell reads back as exactly these arguments."""
    return shlex.join(argument.text for argument in call.arguments)


async def run(call: ScriptCall, take: Callable[[bytes], None]) -> int:
    """Run it; cancelling signals the program there, then closes the channel."""
    if call.host is None:
        raise Rejected("it names no host.")
    async with _connected(call.host) as connection:
        try:
            process: asyncssh.SSHClientProcess[bytes] = await connection.create_process(
                line(call),
                env=dict(call.variables),
                stdin=asyncssh.DEVNULL,
                stderr=asyncssh.STDOUT,
                encoding=None,
                term_type=None,
            )
        except asyncssh.ChannelOpenError as error:
            raise Rejected(f"{call.host.name} refuses to run a command.") from error
        except (asyncssh.Error, OSError) as error:
            raise Unreachable(f"The connection to {call.host.name} broke at its start.") from error
        try:
            return await _followed(process, take, call.host.name)
        except asyncio.CancelledError:
            await _end(process, call.host.name)
            raise


async def look(script: Script) -> str:
    """Return that the host is who it says, and takes our credentials; nothing is run."""
    if script.host is None:
        raise Rejected("it names no host.")
    async with _connected(script.host):
        return f"{script.host.name} has the known key and takes {script.host.user}"


@asynccontextmanager
async def _connected(host: ScriptHost) -> AsyncIterator[asyncssh.SSHClientConnection]:
    try:
        connection = await asyncssh.connect(**_options(host))
    except asyncssh.HostKeyNotVerifiable as error:
        raise Rejected(
            f"{host.name} has another host key than the declared one. Find out why before you "
            "trust it."
        ) from error
    except asyncssh.PermissionDenied as error:
        raise Rejected(f"{host.name} does not let {host.user} in.") from error
    except (asyncssh.Error, OSError, TimeoutError, ValueError) as error:
        raise Rejected(f"{host.name} is not reached ({type(error).__name__}).") from error
    try:
        yield connection
    finally:
        connection.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await connection.wait_closed()


def _options(host: ScriptHost) -> dict[str, Any]:
    """Return how to connect: by what is declared alone, nothing of this machine's user."""
    keys = []
    if host.key:
        keys = [asyncssh.import_private_key(host.key, host.passphrase or None)]
    # Empty text would make the library read ~/.ssh/known_hosts: lists that hold no key do not.
    known: Any = asyncssh.import_known_hosts(host.known_hosts) if host.known_hosts else ([], [], [])
    return {
        "host": host.host,
        "port": host.port,
        "username": host.user,
        "password": host.password or None,
        "client_keys": keys,
        "known_hosts": known,
        "client_factory": lambda: _Pinned(host.fingerprint),
        "config": None,
        "agent_path": None,
        "agent_forwarding": False,
        "x509_trusted_certs": None,
        "gss_host": None,
        "gss_kex": False,
        "gss_auth": False,
        "kbdint_auth": False,
        "host_based_auth": False,
        "compression_algs": None,
        "connect_timeout": CONNECT_SECONDS,
        "login_timeout": CONNECT_SECONDS,
        "keepalive_interval": ALIVE_SECONDS,
    }


async def _followed(
    process: asyncssh.SSHClientProcess[bytes], take: Callable[[bytes], None], name: str
) -> int:
    try:
        while data := await process.stdout.read(CHUNK):
            take(data)
        await process.wait_closed()
    except (asyncssh.Error, OSError) as error:
        raise Unreachable(f"The connection to {name} broke while it ran.") from error
    if process.exit_signal is not None:
        take(f"\nended there by signal {process.exit_signal[0]}\n".encode())
        return 128
    if process.exit_status is None:
        raise Unreachable(f"The connection to {name} broke before it said how it ended.")
    return process.exit_status


async def _end(process: asyncssh.SSHClientProcess[bytes], name: str) -> None:
    """Have it end there; `Unreachable` where nothing says that it did."""
    for signal in ("TERM", "KILL"):
        with suppress(asyncssh.Error, OSError):
            process.send_signal(signal)
        with suppress(TimeoutError, asyncssh.Error, OSError):
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait_closed()
                return
    process.close()
    raise Unreachable(f"{name} does not say that it ended.")
