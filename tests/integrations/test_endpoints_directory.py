"""Binding to a directory over real sockets: each result in LDAP's words, nothing else of it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest

from bot.api import Login
from integrations.probes import ldap
from tests.integrations.authority import Authority
from tests.integrations.endpoint_peers import (
    FAILED,
    PASSED,
    PASSWORD,
    SECRET,
    UNKNOWN,
    Talk,
    asked,
    closed,
    endless,
    garbage,
    hangs_up,
    listening,
    said,
    silent,
)

ACCOUNT = Login("CN=wardroom,DC=hospital,DC=example", PASSWORD)
# What Active Directory adds to a result: why, which is nobody's business in a chat.
DIAGNOSTIC = f"80090308: LdapErr: DSID-0C09, comment: {SECRET}, data 52e, v4563"
Answer = Callable[[int, bytes], bytes]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("ca"))


def answer(number: int, tag: int, code: int) -> bytes:
    """Return an LDAPMessage with a result, as a server writes it (lengths in the long form too)."""
    text = DIAGNOSTIC.encode()
    content = bytes((0x0A, 1, code, 0x04, 0)) + bytes((0x04, 0x81, len(text))) + text
    operation = bytes((tag, 0x82, *len(content).to_bytes(2, "big"))) + content
    counted = number.to_bytes(4, "big", signed=True)
    body = bytes((0x02, len(counted))) + counted + operation
    return bytes((0x30, 0x84, *len(body).to_bytes(4, "big"))) + body


async def request(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    """Read one request: its number, its operation's tag, and the operation."""
    _, length = await reader.readexactly(2)
    _, number, rest = ldap.taken(await reader.readexactly(length))
    tag, operation, _ = ldap.taken(rest)
    return int.from_bytes(number, "big", signed=True), tag, operation


def directory(code: int = 0, *, password: str = PASSWORD) -> Talk:
    """Return a directory that lets one account and nobody in, or answers a code to everybody."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, tag, operation = await request(reader)
        assert tag == ldap.BIND
        _, version, rest = ldap.taken(operation)
        _, name, rest = ldap.taken(rest)
        _, given, _ = ldap.taken(rest)
        assert version == b"\x03"
        is_known = (name, given) in ((ACCOUNT.user.encode(), password.encode()), (b"", b""))
        writer.write(answer(number, ldap.BOUND, code or (0 if is_known else 49)))
        await writer.drain()
        assert (await request(reader))[1] == ldap.UNBIND

    return talk


async def test_an_account_binds_and_so_does_nobody() -> None:
    found = await said("ldap", directory(), account=ACCOUNT)
    assert (found.standing, found.detail) == (PASSED, "lets the account bind")
    anonymous = await said("ldap", directory())
    assert (anonymous.standing, anonymous.detail) == (PASSED, "answers an anonymous bind")
    assert anonymous.figures["result"] == "0 success"


def test_what_is_sent_is_what_the_standard_says() -> None:
    """The bytes are those that other clients send: an anonymous bind, and the start of TLS."""
    assert ldap._message(1, ldap.bind("", "")).hex() == "300c020101600702010304008000"
    oid = "312e332e362e312e342e312e313436362e3230303337"
    start = ldap._framed(ldap.EXTENDED, ldap._framed(ldap.NAME, ldap.START_TLS_OID))
    assert ldap._message(1, start).hex() == f"301d02010177188016{oid}"
    assert ldap.result(bytes.fromhex("02010161070a010004000400"), 1, ldap.BOUND) == 0


async def test_an_account_that_the_settings_do_not_have_is_not_replaced_by_nobody() -> None:
    async with listening(directory()) as port:
        found = await asked("ldap", port, login="forgotten")
    assert (found.standing, found.figures["why"]) == (UNKNOWN, "login")


async def test_a_wrong_password_is_told_without_what_the_directory_adds() -> None:
    found = await said("ldap", directory(password="another"), account=ACCOUNT)
    assert (found.standing, found.figures["why"]) == (FAILED, "credentials")
    assert found.detail == "refuses the bind: 49 invalidCredentials"
    assert "52e" not in repr(found)


@pytest.mark.parametrize(
    ("code", "words", "why"),
    [
        (51, "51 busy", "busy"),
        (52, "52 unavailable", "unavailable"),
        (53, "53 unwillingToPerform", "refused_bind"),
        (8, "8 strongerAuthRequired", "encryption"),
        (99, "99 unknown to LDAP", "refused_bind"),
    ],
)
async def test_each_result_has_the_words_of_ldap(code: int, words: str, why: str) -> None:
    found = await said("ldap", directory(code), account=ACCOUNT)
    assert (found.standing, found.figures["result"], found.figures["why"]) == (FAILED, words, why)


async def test_over_tls_the_certificate_has_to_hold(authority: Authority) -> None:
    async with listening(directory(), authority.server()) as port:
        trusted = {"tls": True, "ca_file": str(authority.file)}
        found = await asked("ldap", port, account=ACCOUNT, **trusted)
        assert found.standing is PASSED
        stranger = await asked("ldap", port, account=ACCOUNT, tls=True)
    assert (stranger.standing, stranger.figures["why"]) == (FAILED, "untrusted")


def starting_tls(context: ssl.SSLContext, code: int = 0) -> Talk:
    """Return a directory that takes a password under TLS alone."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, tag, operation = await request(reader)
        assert (tag, ldap.taken(operation)[1]) == (ldap.EXTENDED, ldap.START_TLS_OID)
        writer.write(answer(number, ldap.EXTENDED_ANSWER, code))
        await writer.drain()
        await writer.start_tls(context)
        await directory()(reader, writer)

    return talk


async def test_tls_is_started_before_the_password_is_sent(authority: Authority) -> None:
    keys = {"start_tls": True, "ca_file": str(authority.file)}
    talk = starting_tls(authority.server())
    found = await said("ldap", talk, account=ACCOUNT, **keys)
    assert found.standing is PASSED
    other = starting_tls(authority.server(names=("other.test",)))
    found = await said("ldap", other, account=ACCOUNT, **keys)
    assert (found.standing, found.figures["why"]) == (FAILED, "name_mismatch")


async def test_a_directory_that_starts_no_tls_gets_no_password(authority: Authority) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, _, _ = await request(reader)
        writer.write(answer(number, ldap.EXTENDED_ANSWER, 52))
        await writer.drain()
        seen.append(await reader.read())

    found = await said("ldap", talk, account=ACCOUNT, start_tls=True)
    assert (found.standing, found.figures["why"]) == (FAILED, "no_tls")
    assert found.detail == "does not start TLS: 52 unavailable"
    assert PASSWORD.encode() not in b"".join(seen)


async def test_an_answer_that_came_before_tls_is_not_the_one_to_the_bind(
    authority: Authority,
) -> None:
    """Somebody on the way adds it to the last thing that goes in the clear."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, _, _ = await request(reader)
        forged = answer(number + 1, ldap.BOUND, 0)
        writer.write(answer(number, ldap.EXTENDED_ANSWER, 0) + forged)
        await writer.drain()
        await writer.start_tls(authority.server())
        await directory(password="another")(reader, writer)

    keys = {"start_tls": True, "ca_file": str(authority.file)}
    found = await said("ldap", talk, account=ACCOUNT, **keys)
    assert (found.standing, found.figures["why"]) == (FAILED, "garbage")


def sending(data: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(data)
        await writer.drain()

    return talk


def echoing(tag: int, *, cut: int | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, _, _ = await request(reader)
        writer.write(answer(number, tag, 0)[:cut])
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (garbage, "garbage"),
        (endless, "garbage"),
        (hangs_up, "closed"),
        (sending(answer(7, ldap.BOUND, 0)), "garbage"),
        (echoing(ldap.EXTENDED_ANSWER), "garbage"),
        (echoing(ldap.BOUND, cut=20), "garbage"),
        (sending(bytes((0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF))), "garbage"),
        (sending(bytes((0x30, 0x80))), "garbage"),
        (sending(answer(0, ldap.EXTENDED_ANSWER, 52)), "unavailable"),
    ],
)
async def test_what_is_no_answer_to_the_bind_is_told_apart(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], why: str
) -> None:
    found = await said("ldap", talk, account=ACCOUNT)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_silent_a_closed_and_an_unknown_one_are_told_apart() -> None:
    quiet = await said("ldap", silent, seconds=0.1)
    assert (quiet.standing, quiet.figures["why"]) == (FAILED, "timeout")
    shut = await asked("ldap", closed())
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")
    nobody = await asked("ldap", 389, host="nobody.invalid")
    assert (nobody.standing, nobody.figures["why"]) == (UNKNOWN, "name")
