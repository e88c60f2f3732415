"""Takes redacted texts out of the stores that keep them beside the log."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    func,
    or_,
    true,
    type_coerce,
    update,
)

from bot.storage.grants import GRANTS
from bot.storage.halts import HALTS
from bot.storage.numbers import next_number
from bot.storage.runs import RUNS
from bot.storage.scripts import SCRIPT_RUNS
from bot.storage.tables import (
    CHANGES,
    DELIVERIES,
    DEPLOYS,
    FREEZES,
    LOCKS,
    REQUESTS,
    SAVED_SEARCHES,
    TOPICS,
)
from bot.storage.tasks import TASKS

REDACTED: Final = "[redacted]"
SHORTEST: Final = 6
"""Characters: of a shorter text only what belongs to the redacted action is looked through."""

LOCK_TOPIC: Final = "LOCK-"
"""What begins the name of a message about a lock, which belongs to no request."""

VALIDATION_TOPIC: Final = "VALIDATE-"
"""What begins the name of the message that asks for the validation of a deploy."""

_NUMBERED: Final = (
    ("REQ-", REQUESTS, ("proposal", "needs", "why")),
    ("DEP-", DEPLOYS, ("reason", "outcome", "steps", "wish_why", "validation")),
    (
        "CHG-",
        CHANGES,
        (
            *("summary", "clinical_impact", "backout", "close_note"),
            *("implementation", "test_evidence", "despite_reason"),
        ),
    ),
)
# Of emergencies and runs there are few: all of them are looked through, and their messages.
_EMERGENCIES: Final = (
    (TASKS, "findings"),
    (GRANTS, "reason"),
    (HALTS, "reason"),
    (HALTS, "lifted_why"),
    (FREEZES, "reason"),
    (FREEZES, "lifted_why"),
    (RUNS, "values"),
    (RUNS, "why"),
    (RUNS, "results"),
    *((SCRIPT_RUNS, name) for name in ("given", "shown", "reason", "text", "output", "stop_why")),
)
_THEIR_TOPICS: Final = ("TASK-%", "BG-%", "HALT-%", "FREEZE-%", "RUN-%", "SCR-%")


def scrub(connection: Connection, texts: Collection[str], links: Collection[str]) -> None:
    """Replace texts in the rows of these requests, deploys and changes, and in their messages.

    Answers that were kept for deliveries name nothing that they belong to, nor does a saved search,
    a lock or an emergency, so all are looked through for a text that is long enough; answers are
    forgotten after two days.
    """
    forms = _forms(texts)
    for prefix, table, names in _NUMBERED:
        numbers = [int(link[len(prefix) :]) for link in links if _is_number(link, prefix)]
        for name in names if numbers else ():
            _replace(connection, table, name, forms, table.c.number.in_(numbers))
    if links:
        asking = [f"{VALIDATION_TOPIC}{link}" for link in links]
        _messages(connection, forms, TOPICS.c.topic.in_([*links, *asking]))
    long = _forms([each for each in texts if len(each) >= SHORTEST])
    if long:
        _replace(connection, DELIVERIES, "answer", long, DELIVERIES.c.answer.is_not(None))
        _replace(connection, SAVED_SEARCHES, "query", long, true())
        for table, name in _EMERGENCIES:
            _replace(connection, table, name, long, true())
        _messages(connection, long, or_(*(TOPICS.c.topic.like(like) for like in _THEIR_TOPICS)))
        _replace(connection, LOCKS, "reason", long, true())
        _messages(connection, long, TOPICS.c.topic.startswith(LOCK_TOPIC))


def _messages(connection: Connection, forms: Collection[str], where: ColumnElement[bool]) -> None:
    """A message that changes is a new version: the outbox shows it in every place again."""
    held = type_coerce(TOPICS.c.reply, String)
    has = or_(*(_position(connection, held, form) > 0 for form in forms))
    changed = next_number(connection, "topics")
    newer = {"version": TOPICS.c.version + 1, "changed": changed}
    connection.execute(update(TOPICS).where(where, has).values(newer))
    _replace(connection, TOPICS, "reply", forms, where)


def _replace(
    connection: Connection,
    table: Table,
    name: str,
    forms: Collection[str],
    where: ColumnElement[bool],
) -> None:
    column = table.c[name]
    held = type_coerce(column, String)
    for form in forms:
        has = _position(connection, held, form) > 0
        changed = type_coerce(func.replace(held, form, REDACTED), column.type)
        connection.execute(update(table).where(where, has).values({name: changed}))


def _position(connection: Connection, held: ColumnElement[str], form: str) -> ColumnElement[int]:
    if connection.dialect.name == "sqlite":
        return func.instr(held, form)
    return func.strpos(held, form)


def _forms(texts: Collection[str]) -> list[str]:
    """Return texts as they stand in a column: as they are, and as JSON writes them."""
    found = {
        form
        for each in texts
        for form in (each, json.dumps(each, ensure_ascii=False)[1:-1], json.dumps(each)[1:-1])
    }
    return sorted(found, key=len, reverse=True)


def _is_number(link: str, prefix: str) -> bool:
    return link.startswith(prefix) and link[len(prefix) :].isdigit()
