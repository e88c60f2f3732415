"""Scripts on Windows: what the pipeline is made of, and a host that is not trusted or not there.

No Windows answers here. The pipeline is looked at where it is handed to the library; that a server
runs it is not shown by these tests.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import WSMan

from bot.errors import Rejected
from bot.model.scripts import Argument, Call, Proof, Reach, Script, ScriptHost
from integrations.reach import winrm
from tests.integrations.authority import Authority

HOST = ScriptHost(
    "viewer", Reach.WINRM, "127.0.0.1", 5986, "wardroom", "a-password", proof=Proof.BASIC
)
READS = Script(
    name="any", summary="x", owner="x", reach=Reach.WINRM, command=("Get-Date",), reads=True
)
POOL = RunspacePool(WSMan("127.0.0.1", username="w", password="p", auth="basic"))
POOL.protocol_version = "2.3"  # what a host says as soon as it is connected


def made(*words: Argument) -> list[tuple[str | None, object]]:
    """Return the parameters and arguments of the one command in the pipeline of a call."""
    (command,) = winrm.pipeline(POOL, Call(Reach.WINRM, words, HOST)).commands
    assert (command.cmd, command.is_script) == (words[0].text, False)
    return [(one.name, one.value) for one in command.args]


def test_names_are_parameters_where_the_file_says_so_and_values_never_are() -> None:
    value = Argument("-Force; Remove-Item C:\\", is_fixed=False)
    words = [Argument("Restart-Service"), Argument("-Name"), value, Argument("-PassThru")]
    assert made(*words) == [("Name", value.text), ("PassThru", None)]
    plain = [Argument("C:\\ops\\restart.exe"), Argument("/all"), value, Argument("-5")]
    assert made(*plain) == [(None, "/all"), (None, value.text), (None, "-5")]
    switches = [Argument("Get-Item"), Argument("-Force"), Argument("-Path:"), value]
    assert made(*switches) == [("Force", None), ("Path", value.text)]


@given(value=st.text(max_size=40))
def test_whatever_a_value_holds_it_is_one_value(value: str) -> None:
    words = [Argument("Restart-Service"), Argument("-Name"), Argument(value, is_fixed=False)]
    assert made(*words) == [("Name", value)]
    assert made(words[0], words[2]) == [(None, value)]


@asynccontextmanager
async def serving(authority: Authority, asked: list[bytes]) -> AsyncIterator[ScriptHost]:
    """Run a server that lets nobody in."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n")
            writer.write(b"WWW-Authenticate: Basic\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # it did not trust us
        finally:
            writer.close()

    context = authority.server(names=("localhost",))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield ScriptHost(**{**vars(HOST), "host": "localhost", "port": port})


async def test_nothing_is_said_to_a_host_that_is_not_trusted_and_a_refusal_starts_nothing(
    tmp_path: Path,
) -> None:
    authority, asked = Authority.made(tmp_path), list[bytes]()
    call: Callable[[ScriptHost], Call] = lambda host: Call(  # noqa: E731 - one line of three tests
        Reach.WINRM, (Argument("Get-Date"),), host
    )
    async with serving(authority, asked) as host:
        with pytest.raises(Rejected, match="a certificate that is not trusted"):
            await winrm.run(call(host), lambda _data: None)
        assert asked == []
        known = ScriptHost(**{**vars(host), "ca": str(authority.file)})
        with pytest.raises(Rejected, match="does not let wardroom in"):
            await winrm.run(call(known), lambda _data: None)
        assert base64.b64encode(b"wardroom:a-password") in asked[0]
        elsewhere = ScriptHost(**{**vars(known), "host": "127.0.0.1"})
        with pytest.raises(Rejected, match="a certificate that is not trusted"):
            await winrm.look(Script(**{**vars(READS), "host": elsewhere}))
    with pytest.raises(Rejected, match="is not reached"):
        await winrm.run(call(known), lambda _data: None)
