"""Databases: a real PostgreSQL, and a peer that shakes hands as a SQL Server does."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from sqlalchemy import make_url

from bot.api import Login
from integrations.probes import databases, tds
from integrations.probes.wire import Unwell
from tests.integrations.authority import Authority
from tests.integrations.endpoint_peers import (
    FAILED,
    PASSED,
    PASSWORD,
    UNKNOWN,
    Talk,
    asked,
    closed,
    endless,
    garbage,
    hangs_up,
    said,
    silent,
)

ACCOUNT = Login("wardroom", PASSWORD)
POSTGRES: dict[str, Any] = {"system": "postgresql", "database": "lab"}
SQL_SERVER: dict[str, Any] = {"system": "sqlserver"}


def at(url: str) -> dict[str, Any]:
    """Return where a server of the tests listens: a folder with its socket."""
    found = make_url(url)
    host = found.query.get("host") or found.host
    return {
        "host": host,
        "port": found.port or 5432,
        "system": "postgresql",
        "database": found.database,
        "account": Login(found.username or "", found.password or PASSWORD),
    }


@pytest.mark.postgres
async def test_a_database_answers_as_what_it_is(postgres_url: str) -> None:
    here = at(postgres_url)
    found = await asked("database", **here)
    assert (found.standing, found.detail) == (PASSED, "answers as a primary")
    wanted = await asked("database", **here, role="standby")
    assert (wanted.standing, wanted.figures["why"]) == (FAILED, "role")
    gone = await asked("database", **{**here, "database": "zztest"})
    assert (gone.standing, gone.figures["why"]) == (FAILED, "no_database")
    stranger = await asked("database", **{**here, "account": Login("nobody", PASSWORD)})
    assert (stranger.standing, stranger.figures["why"]) == (FAILED, "credentials")


def refusing(message: str) -> Talk:
    """Return a server that ends the start of a session with an error, as PostgreSQL writes it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        startup = await reader.readexactly(size - 4)
        assert PASSWORD.encode() not in startup
        fields = f"SFATAL\0VFATAL\0CXX000\0M{message}\0\0".encode()
        writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ('password authentication failed for user "ZZTEST"', "credentials"),
        ('role "ZZTEST" is not permitted to log in', "credentials"),
        ('no pg_hba.conf entry for host "10.0.0.1", user "ZZTEST"', "not_allowed"),
        ("the database system is starting up", "not_ready"),
        ("sorry, too many clients already", "full"),
        ('database "lab" does not exist', "no_database"),
        ("Passwort-Authentifizierung fehlgeschlagen ZZTEST", "refused_session"),
    ],
)
async def test_why_nobody_is_let_in_is_told_and_nothing_else(message: str, why: str) -> None:
    found = await said("database", refusing(message), account=ACCOUNT, **POSTGRES)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_server_that_wants_the_password_in_the_clear_does_not_get_it() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        await reader.readexactly(size - 4)
        writer.write(b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big"))
        await writer.drain()
        seen.append(await reader.read())

    found = await said("database", talk, account=ACCOUNT, **POSTGRES)
    assert (found.standing, found.figures["why"]) == (FAILED, "encryption")
    assert PASSWORD.encode() not in b"".join(seen)


async def test_a_server_without_tls_is_not_spoken_to_in_the_clear() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        await writer.drain()

    found = await said("database", talk, account=ACCOUNT, tls=True, **POSTGRES)
    assert (found.standing, found.figures["why"]) == (FAILED, "no_tls")


async def test_over_tls_the_certificate_of_a_database_has_to_hold(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    authority = Authority.made(tmp_path_factory.mktemp("ca"))
    trusted = {"ca_file": str(authority.file)}

    def showing(context: ssl.SSLContext) -> Talk:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.readexactly(8) == bytes.fromhex("0000000804d2162f")  # SSLRequest
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            await refusing("the database system is shutting down")(reader, writer)

        return talk

    for context, keys, why in (
        (authority.server(), trusted, "not_ready"),
        (authority.server(), {}, "untrusted"),
        (authority.server(days=-2), trusted, "untrusted"),
        (authority.server(names=("other.test",)), trusted, "name_mismatch"),
    ):
        talk = showing(context)
        found = await said("database", talk, account=ACCOUNT, tls=True, **keys, **POSTGRES)
        assert (found.standing, found.figures["why"]) == (FAILED, why)


def test_an_answer_to_another_question_is_none() -> None:
    assert databases.judged((1, True), "").figures == {"role": "standby"}
    with pytest.raises(Unwell):
        databases.judged((2, True), "")


# Whatever the system


def answering(body: bytes, *, kind: int = tds.ANSWER, status: int = tds.LAST) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(tds.HEADER.size)
        asked_kind, _, length, _, _, _ = tds.HEADER.unpack(header)
        assert asked_kind == tds.PRELOGIN
        await reader.readexactly(length - tds.HEADER.size)
        writer.write(tds.HEADER.pack(kind, status, tds.HEADER.size + len(body), 0, 1, 0) + body)
        await writer.drain()

    return talk


def test_what_is_sent_is_what_the_specification_shows() -> None:
    """As [MS-TDS] 4.1 has it, without MARS: four options, their places, their values."""
    assert tds.asking().hex() == (
        "1201002900000100000015000601001b000102001c000103001d0004ff0b0000000000020000000000"
    )


# [MS-TDS] 4.2, an answer to a PRELOGIN: version, encryption, instance, thread, MARS.
ANSWER = bytes.fromhex("00001a00060100200001020021000103002200000400220001ff0c0010000000030000")


async def test_a_sql_server_shakes_hands() -> None:
    found = await said("database", answering(ANSWER), **SQL_SERVER)
    assert (found.standing, found.detail) == (PASSED, "answers as SQL Server 12.0.4096")
    assert found.figures["encryption"] == "required"


@pytest.mark.parametrize(
    "talk",
    [
        answering(ANSWER[:20]),
        answering(b"\xff"),
        answering(ANSWER, kind=0x12),
        answering(ANSWER, status=0),
        answering(ANSWER.replace(b"\x03\x00\x00", b"\x09\x00\x00")),
    ],
)
async def test_half_a_handshake_is_none(talk: Talk) -> None:
    found = await said("database", talk, **SQL_SERVER)
    assert (found.standing, found.figures["why"]) == (FAILED, "garbage")


@pytest.mark.parametrize("keys", [{**POSTGRES, "account": ACCOUNT}, SQL_SERVER])
async def test_a_silent_a_closed_and_a_strange_one_are_told_apart(keys: dict[str, Any]) -> None:
    quiet = await said("database", silent, seconds=0.1, **keys)
    assert (quiet.standing, quiet.figures["why"]) == (FAILED, "timeout")
    shut = await asked("database", closed(), **keys)
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")
    nobody = await asked("database", 1433, host="nobody.invalid", **keys)
    assert (nobody.standing, nobody.figures["why"]) == (UNKNOWN, "name")
    for talk, why in ((garbage, "garbage"), (endless, "garbage"), (hangs_up, "closed")):
        found = await said("database", talk, **keys)
        assert (found.standing, found.figures["why"]) == (FAILED, why)
