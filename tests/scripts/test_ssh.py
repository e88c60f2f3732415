"""Scripts over SSH, against a real server: who it must be, and what it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncssh
import pytest

from bot.errors import Rejected, Unreachable
from bot.model.scripts import Argument, Call, Reach, Script
from bot.scripts.carrying import End, carry
from integrations.reach import ssh
from tests.scripts.ssh_host import PASSWORD, Host, serving

if TYPE_CHECKING:
    from bot.model.scripts import ScriptHost

READS = Script(name="any", summary="x", owner="x", reach=Reach.SSH, command=("/bin/x",), reads=True)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A server of its own."""
    async with serving() as running:
        yield running


def call(host: ScriptHost, *words: str, **variables: str) -> Call:
    """Return a call of these words."""
    return Call(Reach.SSH, tuple(Argument(word) for word in words), host, variables)


async def test_one_command_is_executed_with_its_arguments_as_they_are_and_nothing_else(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nonexistent")
    said: list[bytes] = []
    words = ("printf", "%s|", "a b", "$(id)", "; exit 7", "it's", "*")
    code = await ssh.run(call(host.reached(), *words, SITE="north"), said.append)
    assert (code, b"".join(said)) == (0, b"a b|$(id)|; exit 7|it's|*|")
    assert host.lines == ["printf '%s|' 'a b' '$(id)' '; exit 7' 'it'\"'\"'s' '*'"]
    assert host.others == [], "no shell, no terminal, no subsystem"
    assert host.agents == [None], "the agent is not forwarded"
    assert host.variables == {"SITE": "north"}
    assert await ssh.run(call(host.reached(), "/bin/sh", "-c", "exit 3"), said.append) == 3


async def test_a_host_with_another_key_is_refused_before_anything_is_sent(host: Host) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    wrong = host.reached(fingerprint=other.get_fingerprint("sha256"))
    stranger = f"[127.0.0.1]:{host.port} {other.export_public_key().decode()}"
    elsewhere = host.known_hosts.replace("127.0.0.1", "127.0.0.9")
    for one in (
        wrong,
        host.reached(fingerprint=""),
        host.reached(fingerprint="", known_hosts=stranger),
        host.reached(fingerprint="", known_hosts=elsewhere),
    ):
        with pytest.raises(Rejected, match="another host key than the declared one"):
            await ssh.run(call(one, "true"), lambda _data: None)
    assert host.lines == []


async def test_known_hosts_and_a_key_let_in_and_wrong_credentials_do_not(host: Host) -> None:
    key = host.users.export_private_key().decode()
    by_key = host.reached(password="", key=key, fingerprint="", known_hosts=host.known_hosts)
    assert await ssh.run(call(by_key, "true"), lambda _data: None) == 0
    looked = await ssh.look(replace(READS, host=by_key))
    assert looked == "router has the known key and takes wardroom"
    with pytest.raises(Rejected, match="does not let wardroom in"):
        await ssh.look(replace(READS, host=host.reached(password=f"{PASSWORD}x")))
    assert host.lines == ["true"]


async def test_a_host_that_does_not_answer_was_asked_for_nothing() -> None:
    async with serving() as host:
        pass
    with pytest.raises(Rejected, match="is not reached"):
        await ssh.run(call(host.reached(), "true"), lambda _data: None)


async def test_a_connection_that_breaks_while_it_runs_leaves_it_unknown(host: Host) -> None:
    def heard(_data: bytes) -> None:
        for connection in host.connections:
            connection.abort()

    with pytest.raises(Unreachable, match="broke"):
        await ssh.run(call(host.reached(), "/bin/sh", "-c", "echo go; sleep 600"), heard)


@pytest.mark.thorough
async def test_stopping_signals_what_runs_there_and_says_when_nothing_tells_of_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ssh, "GRACE_SECONDS", 0.2)
    for ignores, signals, end in (
        (frozenset[str](), ["TERM"], End.STOPPED),
        (frozenset({"TERM"}), ["TERM", "KILL"], End.STOPPED),
        (frozenset({"TERM", "KILL"}), ["TERM", "KILL"], End.LOST),
    ):
        async with serving(Host(ignores=ignores)) as host:
            work = call(host.reached(), "sleep", "600")
            came = await carry(ssh, READS, work, host.begun)
            assert (came.end, host.signals) == (end, signals)
