"""Proves to somebody outside what is in the log; what is handed out was checked first."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

from bot.audit import proof
from bot.audit.nodes import hashes
from bot.audit.note import Checkpoint, unverified
from bot.audit.pruned import Pruned
from bot.audit.reading import read_event, read_row
from bot.errors import BadInput, Conflict
from bot.model import Proof, Reason
from bot.storage.database import Database

_LAST: Final = 2**53
_BROKEN: Final = "The audit log's tree does not lead to its checkpoint. Run `audit verify`."


class LogProver:
    """The `AuditProver` over a database; it needs no running log and no key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checkpoint(self) -> str:
        """Return the signed note of the log as it is now."""
        return await self._database.read(lambda connection: _head(connection)[0])

    async def countersigned(self) -> str:
        """Return the newest checkpoint that a key elsewhere signed too; "" where none did."""
        return await self._database.read(_countersigned)

    async def inclusion(self, seq: int) -> Proof | None:
        """Return the proof that an event is in the log, with its bytes."""
        return await self._database.read(lambda connection: _inclusion(connection, seq))

    async def consistency(self, old: int | str, new: int | None = None) -> Proof:
        """Return the proof that the log begins with an earlier one."""
        return await self._database.read(lambda connection: _consistency(connection, old, new))


def _head(connection: Connection) -> tuple[str, Checkpoint]:
    note = connection.execute(text("SELECT checkpoint FROM audit_head")).scalar() or ""
    if not note:
        raise BadInput(
            "The log has no checkpoint yet; its next event brings one.", reason=Reason.NOT_FOUND
        )
    try:
        return note, unverified(note)
    except ValueError as error:
        raise Conflict("The audit log's checkpoint is damaged. Run `audit verify`.") from error


def _countersigned(connection: Connection) -> str:
    note: str = connection.execute(text("SELECT countersigned FROM audit_head")).scalar() or ""
    return note


def _inclusion(connection: Connection, seq: int) -> Proof | None:
    row = read_row(connection, seq) if 0 < seq < _LAST else None
    if row is None:
        return None
    event = read_event(row)
    if event is None and not Pruned.read(connection).has(row):
        raise Conflict(
            f"Event {seq} is damaged: its bytes do not match its hash. Run `audit verify`."
        )
    note, head = _head(connection)
    if seq > head.size:
        raise Conflict(_BROKEN)
    path = proof.inclusion(hashes(connection), seq - 1, head.size)
    leaf = bytes(row[2])
    if not proof.includes(leaf, seq - 1, head.size, path, head.root):
        raise Conflict(_BROKEN)
    written = proof.Inclusion(seq - 1, tuple(path), note, event.body if event else b"")
    return Proof(written.text, head.size, head.root.hex(), event=event, leaf=leaf)


def _consistency(connection: Connection, old: int | str, new: int | None) -> Proof:
    note, head = _head(connection)
    size = head.size if new is None else new
    kept = _kept(old, head.origin) if isinstance(old, str) else None
    before = kept.size if kept else int(old)
    if kept and before > head.size:
        raise Conflict(
            f"ROLLBACK: the kept checkpoint is of {before} events, and the log has {head.size}."
        )
    if not 0 <= before <= size <= head.size:
        raise BadInput(
            f"The log has {head.size} events now: name two sizes up to that, the earlier one first."
        )
    hash_of = hashes(connection)
    roots = [proof.root(hash_of, each) for each in (before, size)]
    if kept and kept.root != roots[0]:
        raise Conflict(
            f"FORK: at {before} events this log had another root than the kept checkpoint says."
        )
    path = proof.consistency(hash_of, before, size)
    is_signed = size == head.size
    if (is_signed and roots[1] != head.root) or not proof.grew(
        before, roots[0], size, roots[1], path
    ):
        raise Conflict(_BROKEN)
    reached = note if is_signed else Checkpoint(head.origin, size, roots[1]).text
    return Proof(
        proof.Consistency(before, tuple(path), reached).text,
        size,
        roots[1].hex(),
        old=before,
        old_root=roots[0].hex(),
        is_signed=is_signed,
    )


def _kept(note: str, origin: str) -> Checkpoint:
    """Read a checkpoint that somebody kept; whose signature it has is for its keeper to know."""
    try:
        kept = unverified(f"{note.strip()}\n")
    except ValueError as error:
        raise BadInput(f"This is no signed checkpoint: {error}.") from error
    if kept.origin != origin:
        raise BadInput(f"This is the checkpoint of another log ({kept.origin}), not of {origin}.")
    return kept
