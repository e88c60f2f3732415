"""Column types that hold values of ours, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import DateTime, String, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

    from bot.storage.codec import Codec

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Utc(TypeDecorator[datetime]):
    """An aware time, kept in UTC without its zone and given it back when read."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody knows which one it is."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class Encoded(TypeDecorator[T], Generic[T]):
    """A value of ours as JSON text."""

    impl = Text
    cache_ok = True

    def __init__(self, codec: Codec[T]) -> None:
        super().__init__()
        self.codec = codec

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """Encode."""
        del dialect
        return None if value is None else self.codec.encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """Decode, strictly."""
        del dialect
        return None if value is None else self.codec.decode(value)


class Word(TypeDecorator[E], Generic[E]):
    """One of a closed list of words."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__(32)
        self.words = words

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """Keep the word."""
        del dialect
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """Find it in the list again; ValueError when it is not there."""
        del dialect
        return None if value is None else self.words(value)


class Blank(TypeDecorator[str]):
    """Text where "" is kept as NULL, so that a unique key applies to what is said only."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Keep nothing for nothing."""
        del dialect
        return value or None

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        """Give "" back."""
        del dialect
        return value or ""
