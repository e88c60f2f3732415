"""Verifies the log in the database: its events, its checkpoint, and whether a search finds them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from bot.audit import verify
from bot.audit.disclosure.checking import check_openings
from bot.audit.disclosure.vault import Vault
from bot.audit.keys import KeyStore
from bot.audit.reading import read_log_head, stored_rows
from bot.errors import AuditUnavailable
from bot.model import Verdict
from bot.storage.database import DRIVER_ERRORS

_NOTE: Final = "SELECT checkpoint FROM audit_head"
_INTACT: Final = "ok"


def pinned(keys: KeyStore | None) -> list[verify.Key]:
    """Return what a verifier needs of the keys on this machine; none where there are none."""
    with contextlib.suppress(AuditUnavailable):
        return [verify.Key.parse(str(each.key)) for each in (keys.load() if keys else ())]
    return []


def verify_log(
    connection: Connection,
    kept: Sequence[verify.Head] = (),
    keys: Sequence[verify.Key] = (),
    vault: Vault | None = None,
) -> verify.Findings:
    """Verify the log on one snapshot of it, and with a vault the openings beside it.

    `kept` are checkpoints that were kept elsewhere; where keys are given, one of them must have
    signed the checkpoint that the log has of itself.
    """
    findings = verify.Findings()
    try:
        said = read_log_head(connection)
        head = _signed(connection, said, keys, findings)
        if (head.size, head.root) != (said.size, said.root):
            findings.add("HASHES", "the head of the log does not say what its checkpoint says")
        verify.check(stored_rows(connection), head, kept, findings)
        _look_at_indexes(connection, findings)
        if vault is not None and findings.ok:
            check_openings(connection, vault, findings)
    except (DatabaseError, *DRIVER_ERRORS) as error:
        why = _damage(error)
        if not why:
            raise
        findings.add("DATABASE", f"the database cannot be read to its end: {why}", always=True)
    return findings


def _damage(error: Exception) -> str:
    """Return the name of an error that says that the database's own files are damaged."""
    said = error.orig if isinstance(error, DatabaseError) else error
    if isinstance(said, psycopg.errors.InternalError):
        return type(said).__name__
    name = getattr(said, "sqlite_errorname", "")
    return name if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) else ""


def _signed(
    connection: Connection,
    head: verify.Head,
    keys: Sequence[verify.Key],
    findings: verify.Findings,
) -> verify.Head:
    """Return what the log's checkpoint says; a log that nothing was added to since has none."""
    note = connection.execute(text(_NOTE)).scalar() or ""
    if note:
        return verify.believed(note.encode(), head, keys, findings, "the checkpoint")
    if keys and head.size:
        findings.add("SIGNATURE", "the log has no checkpoint: nobody signed it", always=True)
    return head


def _look_at_indexes(connection: Connection, findings: verify.Findings) -> None:
    """Note where SQLite's indexes and the events say two things; a search would miss some."""
    if connection.dialect.name != "sqlite":
        return
    for (said,) in connection.execute(text("PRAGMA integrity_check(audit)")):
        if said != _INTACT:
            findings.add("DATABASE", f"the database's own check says: {said}")


def verdict(findings: verify.Findings) -> Verdict:
    """Return what was found, for people."""
    integrity, completeness, *_ = verify.report(findings)
    return Verdict(
        ok=findings.ok,
        size=findings.size,
        root=findings.root,
        problems=tuple(findings.problems),
        first_bad=findings.first_bad,
        integrity=integrity.partition(": ")[2],
        completeness=completeness.partition(": ")[2],
    )
