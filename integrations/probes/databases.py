"""Asks a database: signs in to PostgreSQL and selects 1, or shakes hands with a SQL Server."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import psycopg

from bot.api import Finding, Standing
from integrations.probes.tds import prelogin
from integrations.probes.wire import Unwell, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.api import Endpoint, Login

QUESTION: Final = "SELECT 1, pg_is_in_recovery()"
# What libpq and PostgreSQL say while somebody signs in; it has no code there, and a server that
# speaks another language than English matches none of them.
REFUSALS: Final = (
    (("password authentication failed", "no password supplied", "authentication failed for",
      "is not permitted to log in"),
     "does not let the account in", "credentials"),
    (("no pg_hba.conf entry", "pg_hba.conf rejects"),
     "does not let anybody in from here that way", "not_allowed"),
    (("the database system is",), "is starting, stopping or recovering", "not_ready"),
    (("too many clients", "too many connections", "remaining connection slots"),
     "has no connection left", "full"),
    (("does not support SSL",), "does not agree on TLS with us", "no_tls"),
    (("certificate verify failed", "unable to get local issuer"),
     "has a certificate that does not hold", "untrusted"),
    (("server certificate for",), "has a certificate for another name", "name_mismatch"),
    (("auth method", "authentication method requirement"),
     "asks for the password unencrypted, which it is not given", "encryption"),
    (("expected authentication request", "invalid response to SSL", "invalid SSL",
      "unsupported frontend protocol", "unexpected message", "message contents", "out of sync"),
     "answers something that is no PostgreSQL", "garbage"),
    (("server closed the connection unexpectedly", "SSL SYSCALL error: EOF"),
     "hangs up without an answer", "closed"),
)  # fmt: skip


async def database(endpoint: Endpoint, now: datetime, login: Login) -> Finding:
    """Ask by the system that it is."""
    del now
    if endpoint.system == "sqlserver":
        return await prelogin(endpoint)
    async with _signed_in(endpoint, login) as connection:
        try:
            cursor = await connection.execute(QUESTION)
            row = await cursor.fetchone()
        except psycopg.Error as error:
            raise Unwell("lets the account in, but answers no question", "no_answer") from error
    return judged(row, endpoint.role)


def judged(row: object, wanted: str) -> Finding:
    """Judge the answer, and which part of a pair it is where that was said."""
    if not isinstance(row, tuple) or len(row) != len("12") or row[0] != 1:
        raise Unwell("answers something else than was asked", "garbage")
    role = "standby" if row[1] else "primary"
    text = f"answers as a {role}"
    if wanted and role != wanted:
        figures = {"role": role, "why": "role"}
        return Finding(Standing.FAILED, f"{text}, and not as the {wanted}", role, figures)
    return Finding(Standing.PASSED, text, role, {"role": role})


@asynccontextmanager
async def _signed_in(
    endpoint: Endpoint, login: Login
) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """Sign in, and close in any case; the password never goes in the clear."""
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=endpoint.host,
            port=endpoint.port,
            dbname=endpoint.database,
            user=login.user,
            password=login.password,
            sslmode="verify-full" if endpoint.tls else "disable",
            # libpq's own "system" looks where its wheel was built.
            sslrootcert=endpoint.ca_file or ssl.get_default_verify_paths().cafile or "system",
            sslcertmode="disable",
            require_auth=None if endpoint.tls else "!password",
            gssencmode="disable",
            passfile="/dev/null",  # so that nobody's ~/.pgpass is read
            application_name="wardroom-probe",
            options="-c default_transaction_read_only=on",
            autocommit=True,
        )
    except psycopg.Error as error:
        raise await _refused(endpoint, login, str(error)) from error
    try:
        yield connection
    finally:
        connection.pgconn.finish()  # no goodbye: a peer that reads nothing must not keep us waiting


async def _refused(endpoint: Endpoint, login: Login, said: str) -> Unwell:
    """Return why nobody was let in; what the network says is asked of the network again."""
    for signs, text, why in REFUSALS:
        if any(sign in said for sign in signs):
            return Unwell(text, why)
    if f'role "{login.user}" does not exist' in said:
        return Unwell("does not let the account in", "credentials")
    if f'database "{endpoint.database}" does not exist' in said:
        return Unwell("has no such database", "no_database")
    try:
        async with opened(endpoint, is_plain=True):
            return Unwell("is there, but does not let the account in", "refused_session")
    except Unwell as error:
        return error
