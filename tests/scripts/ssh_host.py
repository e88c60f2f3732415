"""A real SSH server on loopback that executes what it is told, by a shell, as servers do."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from bot.model.scripts import Reach, ScriptHost

USER, PASSWORD = "wardroom", "a-password-of-ours"


@dataclass
class Host:
    """What a server saw, and how to reach it."""

    port: int = 0
    key: asyncssh.SSHKey = field(
        default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519")
    )
    users: asyncssh.SSHKey = field(
        default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519")
    )
    lines: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    agents: list[object] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    ignores: frozenset[str] = frozenset()
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    runs: asyncio.Event = field(default_factory=asyncio.Event)

    def reached(self, **over: object) -> ScriptHost:
        """Return how a script reaches it; by its fingerprint and a password unless said."""
        given: dict[str, Any] = {
            "name": "router",
            "reach": Reach.SSH,
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "fingerprint": self.key.get_fingerprint("sha256"),
        }
        return ScriptHost(**{**given, **over})

    def kill(self) -> None:
        """End whatever runs."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    async def end(self) -> None:
        """End whatever runs, and wait until it has."""
        for task in self.tasks:
            while not task.done():
                self.kill()
                await asyncio.wait({task}, timeout=0.1)

    async def begun(self) -> None:
        """Wait until something runs."""
        await self.runs.wait()

    @property
    def known_hosts(self) -> str:
        """Return the line that has its key."""
        return f"[127.0.0.1]:{self.port} {self.key.export_public_key().decode()}"


class Session(asyncssh.SSHServerSession[bytes]):
    """One channel: only a command is executed."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._line = ""

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._chan = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        del term_size, term_modes
        self._host.others.append(f"pty {term_type}")
        return False

    def shell_requested(self) -> bool:
        self._host.others.append("shell")
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        self._host.others.append(subsystem)
        return False

    def exec_requested(self, command: str) -> bool:
        self._line = command
        self._host.lines.append(command)
        return True

    def session_started(self) -> None:
        self._host.variables |= dict(self._chan.get_environment())
        self._host.agents.append(self._chan.get_agent_path())
        self._host.tasks.append(asyncio.create_task(self._run()))

    def signal_received(self, signal: str) -> None:
        self._host.signals.append(signal)
        if signal not in self._host.ignores:
            self._host.kill()

    def eof_received(self) -> bool:
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._host.kill()

    async def _run(self) -> None:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            self._line,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._host.pids.append(process.pid)
        self._host.runs.set()
        assert process.stdout is not None
        while data := await process.stdout.read(4096):
            with suppress(OSError):  # whoever asked may have gone
                self._chan.write(data)
        code = await process.wait()
        with suppress(OSError):
            if code < 0:
                self._chan.exit_with_signal("KILL")
            else:
                self._chan.exit(code)


class Server(asyncssh.SSHServer):
    """Lets one user in, by the key or the password."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._host.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self._host.users.convert_to_public()

    def session_requested(self) -> Session:
        return Session(self._host)


@asynccontextmanager
async def serving(host: Host | None = None) -> AsyncIterator[Host]:
    """Run a server until the block ends."""
    host = host or Host()
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[host.key],
        server_factory=lambda: Server(host),
        encoding=None,
        agent_forwarding=True,
    )
    host.port = server.get_port()
    try:
        yield host
    finally:
        server.close()
        for connection in host.connections:
            connection.abort()
        await host.end()
        await server.wait_closed()
