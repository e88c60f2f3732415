"""Has all engines of a test process share what SQLAlchemy compiled: each test opens new ones.

A statement is compiled once for a dialect and remembered by its engine, and the tests open some
three thousand engines on SQLite: a sixth of their time went into compiling the same statements.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as Dialect
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

STATEMENTS = 4_000
SHARED: LRUCache[Any, Any] = LRUCache(STATEMENTS)


class _Compiled:
    """An engine's memory of compiled statements: one for all on SQLite, else its own."""

    def __get__(self, engine: Engine, owner: type) -> object:
        if isinstance(engine.dialect, Dialect):
            return SHARED
        return engine.__dict__["own_compiled"]

    def __set__(self, engine: Engine, value: object) -> None:
        engine.__dict__["own_compiled"] = value


def _hash(self: Dialect) -> int:
    return hash(type(self))


def _eq(self: Dialect, other: object) -> bool:
    return type(self) is type(other)


# The dialect is a part of what a statement is remembered by; those of two engines are alike here.
setattr(Dialect, "__hash__", _hash)  # noqa: B010 - a plain assignment is refused by the type checker
setattr(Dialect, "__eq__", _eq)  # noqa: B010 - as above
setattr(Engine, "_compiled_cache", _Compiled())  # noqa: B010 - as above
