"""Messages on their way to chat; implements `bot.stores.Letters`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, select, update

from bot.model import Place
from bot.storage.database import Database, sql
from bot.storage.numbers import next_number
from bot.storage.tables import LETTERS, TOPICS
from bot.stores import Letter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Over, Row

    from bot.model import Reply
    from bot.ports import Effect, Transaction

_NUMBERS: Final = "letters"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WITH_TOPIC: Final = select(LETTERS, TOPICS.c.version).join(
    TOPICS, TOPICS.c.topic == LETTERS.c.topic
)
_WAITS: Final = and_(LETTERS.c.is_dead == 0, LETTERS.c.shown < TOPICS.c.version)


class SqlLetters:
    """One row for each topic and place; what waits is what shows an older version."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, topic: str, place: Place, *, due: datetime, urgent: bool = False) -> Effect[None]:
        """Have a topic shown in a place from `due` on; nothing where it has a letter there."""

        def effect(tx: Transaction) -> None:
            connection = sql(tx)
            if connection.execute(select(LETTERS.c.id).where(*_in(topic, place))).first() is None:
                _insert(connection, topic, place, due=due, urgent=int(urgent))

        return effect

    async def begin(self, topic: str, place: Place, *, due: datetime, urgent: bool = False) -> None:
        """Do as `add` says, in a transaction of its own."""
        await self._database.write(self.add(topic, place, due=due, urgent=urgent))

    async def shown(self, topic: str, place: Place, ref: str, version: int) -> None:
        """Note that a place shows a version of a topic as message `ref`, whoever posted it."""

        def write(connection: Connection) -> None:
            known = select(LETTERS.c.id).where(*_in(topic, place), LETTERS.c.ref.in_(("", ref)))
            row = connection.execute(known.order_by(LETTERS.c.ref.desc())).first()
            done = {"ref": ref, "shown": version, "due": _EPOCH, "tries": 0, "is_dead": 0}
            if row is None:
                _insert(connection, topic, place, **done)
            else:
                connection.execute(update(LETTERS).where(LETTERS.c.id == row.id).values(**done))

        await self._database.write(write)

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether message `ref` shows a topic, in whatever thread of the place's channel."""
        there = LETTERS.c.platform == place.platform, LETTERS.c.channel == place.channel
        query = select(LETTERS.c.id).where(LETTERS.c.topic == topic, *there, LETTERS.c.ref == ref)
        return await self._database.read(lambda tx: tx.execute(query).first() is not None)

    async def thread(self, topic: str, place: Place) -> str:
        """Return the thread below a topic's first message in the place's channel, "" for none."""
        there = LETTERS.c.platform == place.platform, LETTERS.c.channel == place.channel
        shown = LETTERS.c.topic == topic, *there, LETTERS.c.ref != ""
        query = select(LETTERS.c.thread, LETTERS.c.ref).where(*shown).order_by(LETTERS.c.id)
        row = await self._database.read(lambda tx: tx.execute(query.limit(1)).first())
        # A message that stands in a thread has none of its own.
        return "" if row is None else row.thread or row.ref

    async def withdraw(self, topic: str, place: Place) -> None:
        """Drop the letter of a topic in a place where it was never shown."""
        unsent = delete(LETTERS).where(*_in(topic, place), LETTERS.c.ref == "")
        await self._database.write(lambda tx: tx.execute(unsent))

    async def waiting(self, platforms: Sequence[str], *, limit: int = 200) -> Sequence[Letter]:
        """Return what waits for these platforms: of every thread the next one before any second.

        Of those, urgent ones come first, then one of each channel, then in the order they came: a
        slow channel in which much waits keeps nobody out.
        """
        if not platforms:
            return []
        came = LETTERS.c.urgent.desc(), LETTERS.c.id
        channel = LETTERS.c.platform, LETTERS.c.channel
        turns = (
            select(
                LETTERS.c.id,
                _turn(*channel, LETTERS.c.thread, order=came).label("in_thread"),
                _turn(*channel, order=came).label("in_channel"),
            )
            .join(TOPICS, TOPICS.c.topic == LETTERS.c.topic)
            .where(_WAITS, LETTERS.c.platform.in_(platforms))
            .subquery()
        )
        fair = turns.c.in_thread, LETTERS.c.urgent.desc(), turns.c.in_channel, LETTERS.c.id
        theirs = _WITH_TOPIC.join(turns, turns.c.id == LETTERS.c.id)
        query = theirs.order_by(*fair).limit(limit)
        return await self._database.read(lambda tx: [_letter(row) for row in tx.execute(query)])

    async def take(self, letter: Letter, until: datetime) -> tuple[Letter, Reply] | None:
        """Claim a letter until then; returns it with what it has to show by now.

        None when another replica has it or it changed. What it shows is read here alone: of all
        that waits, most is looked at many times before its turn comes.
        """
        same = LETTERS.c.id == letter.id, LETTERS.c.due == letter.due, LETTERS.c.ref == letter.ref
        claim = update(LETTERS).where(*same).values(due=until).returning(LETTERS.c.id)
        newest = select(TOPICS.c.version, TOPICS.c.reply).where(TOPICS.c.topic == letter.topic)

        def write(connection: Connection) -> tuple[Letter, Reply] | None:
            if connection.execute(claim).first() is None:
                return None
            version, reply = connection.execute(newest).one()
            return replace(letter, version=version), reply

        return await self._database.write(write)

    async def sent(self, letter: Letter, ref: str) -> None:
        """Note that the letter's version stands there as message `ref`."""
        done = {"ref": ref, "shown": letter.version, "due": letter.due, "tries": 0, "trouble": ""}
        await self._change(letter, **done)

    async def delay(self, letter: Letter, due: datetime, trouble: str) -> None:
        """Note a try that failed, and when the next one is made."""
        await self._change(letter, due=due, trouble=trouble, tries=letter.tries + 1)

    async def bury(self, letter: Letter, trouble: str) -> None:
        """Give a letter up, visibly: it is a dead letter until it is replayed."""
        await self._change(letter, trouble=trouble, tries=letter.tries + 1, is_dead=1)

    async def dead(self, *, limit: int = 50) -> Sequence[Letter]:
        """Return the dead letters, newest first."""
        query = _WITH_TOPIC.where(LETTERS.c.is_dead == 1).order_by(LETTERS.c.id.desc()).limit(limit)
        return await self._database.read(lambda tx: [_letter(row) for row in tx.execute(query)])

    def replay(self, letter_id: int, at: datetime) -> Effect[bool]:
        """Have a dead letter tried again from `at` on; False when there is none of that id."""
        again = (
            update(LETTERS)
            .where(LETTERS.c.id == letter_id, LETTERS.c.is_dead == 1)
            .values(is_dead=0, due=at, tries=0)
            .returning(LETTERS.c.id)
        )
        return lambda tx: sql(tx).execute(again).first() is not None

    async def count(self) -> Mapping[str, int]:
        """Return how many letters wait, by platform."""
        query = (
            select(LETTERS.c.platform, func.count())
            .select_from(LETTERS.join(TOPICS, TOPICS.c.topic == LETTERS.c.topic))
            .where(_WAITS)
            .group_by(LETTERS.c.platform)
        )
        return await self._database.read(lambda tx: dict(tx.execute(query).tuples().all()))

    async def _change(self, letter: Letter, **values: object) -> None:
        change = update(LETTERS).where(LETTERS.c.id == letter.id).values(**values)
        await self._database.write(lambda tx: tx.execute(change))


def _turn(*of: ColumnElement[Any], order: tuple[ColumnElement[Any], ...]) -> Over[int]:
    """Return the number of a letter among those that are the same in these columns."""
    return func.row_number().over(partition_by=of, order_by=order)


def _in(topic: str, place: Place) -> tuple[ColumnElement[bool], ...]:
    return (
        LETTERS.c.topic == topic,
        LETTERS.c.platform == place.platform,
        LETTERS.c.channel == place.channel,
        LETTERS.c.thread == place.thread,
    )


def _insert(connection: Connection, topic: str, place: Place, **values: object) -> None:
    fresh = {"ref": "", "shown": 0, "urgent": 0, "tries": 0, "trouble": "", "is_dead": 0}
    where = {"platform": place.platform, "channel": place.channel, "thread": place.thread}
    number = next_number(connection, _NUMBERS)
    row = {**fresh, **where, "topic": topic, "id": number, **values}
    connection.execute(LETTERS.insert().values(**row))


def _letter(row: Row[tuple[object, ...]]) -> Letter:
    return Letter(
        id=row.id,
        topic=row.topic,
        place=Place(row.platform, row.channel, row.thread),
        ref=row.ref,
        shown=row.shown,
        version=row.version,
        due=row.due,
        urgent=bool(row.urgent),
        tries=row.tries,
        trouble=row.trouble,
        is_dead=bool(row.is_dead),
    )
