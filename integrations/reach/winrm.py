"""Runs a cmdlet or a program on Windows over WinRM, by PowerShell's own remoting protocol.

A pipeline is made of a command, parameters and arguments, each of them data: no text of PowerShell
is put together, so there is nothing that a value could break out of.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from bot.api import Rejected, Unreachable

if TYPE_CHECKING:
    from bot.api import Script, ScriptCall, ScriptHost

CONNECT_SECONDS: Final = 10
POLL_SECONDS: Final = 1
READ_SECONDS: Final = 30
UNAUTHORISED: Final = 401
_PARAMETER: Final = re.compile(r"-[A-Za-z][A-Za-z0-9]*:?")
_TROUBLE: Final = (WinRMError, requests.exceptions.RequestException, OSError)


async def run(call: ScriptCall, take: Callable[[bytes], None]) -> int:
    """Run it; cancelling stops the pipeline. The code is 1 where it ended with an error."""
    if call.host is None:
        raise Rejected("it names no host.")
    stop = threading.Event()
    loop = asyncio.get_running_loop()

    def heard(data: bytes) -> None:
        loop.call_soon_threadsafe(take, data)

    work = loop.run_in_executor(None, _run, call, call.host, heard, stop)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({work})
        if not work.cancelled() and isinstance(error := work.exception(), Unreachable):
            raise error from None
        raise


async def look(script: Script) -> str:
    """Return that the host's certificate is good and it takes our credentials; nothing is run."""
    host = script.host
    if host is None:
        raise Rejected("it names no host.")
    await asyncio.to_thread(_look, host)
    return f"{host.name} has a trusted certificate and takes {host.user}"


def pipeline(pool: RunspacePool, call: ScriptCall) -> PowerShell:
    """Return the pipeline of a call: what the file says is a parameter's name is one, no value is.

    `-Name` in the file, with nothing or another such behind it, is a switch.
    """
    shell = PowerShell(pool)
    first, *rest = call.arguments
    shell.add_cmdlet(first.text)
    at = 0
    while at < len(rest):
        one = rest[at]
        if not (one.is_fixed and _PARAMETER.fullmatch(one.text)):
            shell.add_argument(one.text)
            at += 1
            continue
        name = one.text.strip("-:")
        value = rest[at + 1] if at + 1 < len(rest) else None
        if value is None or (value.is_fixed and _PARAMETER.fullmatch(value.text)):
            shell.add_parameter(name)
            at += 1
        else:
            shell.add_parameter(name, value.text)
            at += 2
    return shell


def _run(
    call: ScriptCall, host: ScriptHost, take: Callable[[bytes], None], stop: threading.Event
) -> int:
    with _opened(host) as pool:
        shell = pipeline(pool, call)
        try:
            shell.begin_invoke()
            is_good = _follow(shell, take, stop)
        except _TROUBLE as error:
            raise Unreachable(f"The connection to {host.name} broke while it ran.") from error
        return 0 if is_good and not shell.had_errors else 1


def _follow(shell: PowerShell, take: Callable[[bytes], None], stop: threading.Event) -> bool:
    """Take what it says until it has ended, or is to; say whether it told of no error."""
    is_good = True
    while shell.state == PSInvocationState.RUNNING:
        if stop.is_set():
            shell.stop()
            break
        shell.poll_invoke(timeout=POLL_SECONDS)
        for one in (*shell.output, *shell.streams.error):
            take(f"{one}\n".encode())
        is_good = is_good and not shell.streams.error
        shell.clear_streams()  # or those of an endless one would be held whole
    return is_good


def _look(host: ScriptHost) -> None:
    with _opened(host):
        return


@contextmanager
def _opened(host: ScriptHost) -> Iterator[RunspacePool]:
    """Open a runspace; nothing has been run where that fails."""
    client = WSMan(**_options(host))
    pool = RunspacePool(client)
    try:
        pool.open()
    except (AuthenticationError, WinRMTransportError, WSManFaultError) as error:
        raise Rejected(_why(host, error)) from error
    except requests.exceptions.SSLError as error:
        raise Rejected(
            f"{host.name} has a certificate that is not trusted. Find out why before you trust it."
        ) from error
    except _TROUBLE as error:
        raise Rejected(f"{host.name} is not reached ({type(error).__name__}).") from error
    try:
        yield pool
    finally:
        with suppress(*_TROUBLE):  # it ends there by itself, and what was run has its outcome
            pool.close()
        client.close()


def _why(host: ScriptHost, error: Exception) -> str:
    code = getattr(error, "code", None)
    if isinstance(error, AuthenticationError) or code == UNAUTHORISED:
        return f"{host.name} does not let {host.user} in."
    return f"{host.name} refuses to open PowerShell ({type(error).__name__})."


def _options(host: ScriptHost) -> dict[str, Any]:
    """Return how to connect: always TLS with a checked certificate, never through a proxy."""
    return {
        "server": host.host,
        "port": host.port,
        "username": host.user,
        "password": host.password,
        "ssl": True,
        "auth": host.proof.value,
        "cert_validation": host.ca or True,
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "no_proxy": True,
    }
