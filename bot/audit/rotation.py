"""Which key may sign which sizes of the log, and how one key follows another.

A rotation is an event of the kind `key` that names both keys; the checkpoint of its commit is
signed by both. The former key may sign sizes up to that event's number, the new one from it on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, text

from bot.audit.batch import POSTGRESQL, SQLITE, Author, Head, Sign, Statements, read_head, write
from bot.audit.entry import Entry
from bot.audit.keys import KeyStore
from bot.audit.note import VerifierKey
from bot.audit.reading import AUDIT, fetch, read_event, select_rows
from bot.audit.seal import Seal
from bot.audit.tree import Frontier
from bot.audit.verify import Findings
from bot.errors import AuditUnavailable, Conflict
from bot.model import Draft

_KEY: Final = "key"
_BEFORE: Final = "before"
_FROM: Final = "from"


@dataclass(frozen=True)
class KeyRange:
    """A key, and the smallest and largest size that it may sign; no `last` while it is in force."""

    key: VerifierKey
    first: int = 0
    last: int | None = None

    def __str__(self) -> str:
        sizes = f"{self.first or ''}..{'' if self.last is None else self.last}"
        return str(self.key) if sizes == ".." else f"{self.key}@{sizes}"


def ranges(connection: Connection, keys: KeyStore) -> list[KeyRange]:
    """Return every key of the log with the sizes it may sign, in order.

    As the log's own records say; a verifier that pins them need not believe the log later.
    """
    found: list[KeyRange] = []
    rows = select_rows(connection).where(text("kind = 'key'")).order_by(AUDIT.c.seq)
    for row in fetch(connection, rows):
        event = read_event(row)
        params = event.data.get("params") if event else None
        if event is None or not isinstance(params, dict):
            raise Conflict(f"Event {row[0]}, of a key, is damaged. Run `audit verify`.")
        before = params.get(_BEFORE)
        if before and not found:
            found.append(KeyRange(VerifierKey.parse(before)))
        if found:
            found[-1] = replace(found[-1], last=event.seq if before else event.seq - 1)
        found.append(KeyRange(VerifierKey.parse(params[_KEY]), event.seq))
    if not found:
        found = [KeyRange(key.key) for key in keys.load()[:1]]
    return found


def rotate(connection: Connection, keys: KeyStore, entry: Entry, author: Author) -> VerifierKey:
    """Let a new key follow the one in force, in the open transaction, as `entry` says.

    The caller puts it in force with `promote` once the transaction is committed. Where a rotation
    was cut off after its commit, that one is finished and nothing is written.
    """
    seal, head = Seal(keys), _head(connection)
    if not head.note:
        raise AuditUnavailable("the audit log has no checkpoint yet, so no key that could follow")
    had = keys.load()
    seal.prepare(head.frontier, head.note)
    if len(had) > 1 and seal.key == had[-1].key:
        return seal.key
    following = keys.make_next()
    names = {_BEFORE: str(seal.key), _KEY: str(following.key)}

    def sign(frontier: Frontier, root: bytes) -> str:
        return seal.note(frontier, root, following)

    _record(connection, head, entry, author, names, sign=sign)
    return following.key


def adopt(
    connection: Connection, keys: KeyStore, entry: Entry, author: Author, findings: Findings
) -> VerifierKey:
    """Sign the log as it stands with the key that there is, whoever signed it before.

    Only a log that is whole (`findings`); AuditUnavailable otherwise.
    """
    head = _head(connection)
    said = findings.size, findings.root
    if not findings.ok or said != (head.frontier.size, head.frontier.root().hex()):
        raise AuditUnavailable("the audit log is not whole, or grew meanwhile: nothing was signed")
    seal = Seal(keys)
    seal.adopt()
    _record(connection, head, entry, author, {_KEY: str(seal.key)}, sign=seal.note)
    return seal.key


def _head(connection: Connection) -> Head:
    return read_head(connection, _statements(connection).read_head)


def _statements(connection: Connection) -> Statements:
    return SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL


def _record(
    connection: Connection,
    head: Head,
    entry: Entry,
    author: Author,
    names: dict[str, str],
    *,
    sign: Sign,
) -> None:
    """Write the event of the keys, alone in its commit: its number is the size that is signed."""
    if not isinstance(entry.draft, Draft):
        raise TypeError("the event of a key is drafted beforehand")
    params = {**entry.draft.params, **names, _FROM: str(head.frontier.size + 1)}
    entry.draft = replace(entry.draft, params=params)
    _, answers = write(connection, _statements(connection), head, [entry], author, sign=sign)
    for _, answer in answers:
        if isinstance(answer, BaseException):
            raise answer
