"""Opens an SSH connection to a host that is known, and runs one fixed command there.

Nothing of this machine is used but what the settings name: no agent, no keys or configuration of
the account that Wardroom runs under, nothing is forwarded.
"""

from __future__ import annotations

import asyncio
import shlex
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncssh

from bot.api import Standing
from integrations.probes.program import MOST_BYTES
from integrations.probes.wire import Unwell, unconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.api import Endpoint, Login

PORT: Final = 22
NOBODY: Final = ((), (), ())  # no key is trusted beforehand; an empty list would mean ~/.ssh
ENDED_BY_A_SIGNAL: Final = 255


@dataclass(eq=False)
class _Knowing(asyncssh.SSHClient):  # asyncssh wants to be inherited from
    """Trusts the one host key whose fingerprint the estate file has."""

    fingerprint: str

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Say whether it is that key; asyncssh has the server prove that it holds it."""
        del host, addr, port
        return bool(self.fingerprint) and key.get_fingerprint() == self.fingerprint


@asynccontextmanager
async def connected(
    endpoint: Endpoint, login: Login
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Connect and sign in, and close in any case; raises `Unwell`."""
    key = await _key(login)
    known = await _known(endpoint)
    try:
        connection = await asyncssh.connect(
            endpoint.host,
            endpoint.port or PORT,
            client_factory=lambda: _Knowing(endpoint.host_key),
            known_hosts=known,
            username=login.user,
            password=login.password or None,
            client_keys=[key] if key else None,
            config=[],
            agent_path=None,
            host_based_auth=False,
            gss_kex=False,
            gss_auth=False,
            x509_trusted_certs=None,
            pkcs11_provider=None,
        )
    except asyncssh.Error as error:
        raise _unwell(error) from error
    except OSError as error:
        raise unconnected(error) from error
    except ValueError as error:
        text = "cannot be asked: this machine's own account has no name"
        raise Unwell(text, "no_account", Standing.UNKNOWN) from error
    try:
        yield connection
    except asyncssh.Error as error:
        raise _unwell(error) from error
    except OSError as error:
        raise Unwell("closed the connection in the middle", "closed") from error
    finally:
        connection.abort()  # a peer that reads nothing must not keep us waiting


async def ran(endpoint: Endpoint, login: Login, command: Sequence[str]) -> tuple[int, str]:
    """Return the exit status of a command and what it printed there.

    A server has a shell read the line, so each word is quoted for it.
    """
    async with (
        connected(endpoint, login) as connection,
        connection.create_process(shlex.join(command), encoding=None) as process,
    ):
        try:
            await process.stdout.readexactly(MOST_BYTES)
        except asyncio.IncompleteReadError as error:
            await process.wait_closed()
            status = process.exit_status
            said = error.partial.decode("utf-8", "replace")
            return ENDED_BY_A_SIGNAL if status is None else status, said
        raise Unwell("answers far more than was asked for", "garbage")


async def _known(endpoint: Endpoint) -> asyncssh.SSHKnownHosts | tuple[tuple[()], ...]:
    if not endpoint.known_hosts:
        return NOBODY
    try:
        text = await asyncio.to_thread(Path(endpoint.known_hosts).read_text, "utf-8")
        return asyncssh.import_known_hosts(text)
    except (OSError, ValueError) as error:
        said = "cannot be asked: its known_hosts cannot be read"
        raise Unwell(said, "known_hosts", Standing.UNKNOWN) from error


async def _key(login: Login) -> asyncssh.SSHKey | None:
    if not login.key:
        return None
    try:
        # A key that is locked takes a while to unlock, by design.
        return await asyncio.to_thread(
            asyncssh.import_private_key, f"{login.key}\n", login.passphrase or None
        )
    except ValueError as error:
        text = "cannot be asked: the key of its login cannot be read, or not unlocked"
        raise Unwell(text, "key", Standing.UNKNOWN) from error


def _unwell(error: asyncssh.Error) -> Unwell:
    for kind, text, why in (
        (asyncssh.HostKeyNotVerifiable, "has another host key than the known one", "host_key"),
        (asyncssh.PermissionDenied, "does not let the account in", "credentials"),
        (asyncssh.KeyExchangeFailed, "agrees on no cipher or kind of key with us", "no_cipher"),
        (asyncssh.ConnectionLost, "breaks the connection off", "closed"),
        (asyncssh.ChannelOpenError, "lets the account in, but to do nothing", "not_allowed"),
    ):
        if isinstance(error, kind):
            return Unwell(text, why)
    return Unwell("answers something that is no SSH", "garbage")
