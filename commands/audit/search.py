"""Search the audit log: words, deplo*, -word, and filters such as by:engineer env:test since:2h."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from bot.api import (
    AuditCount,
    AuditPage,
    AuditQuery,
    AuditReader,
    Button,
    Caller,
    Command,
    Disclosures,
    Event,
    FreeText,
    QueryLanguage,
    Reply,
    Risk,
    Table,
    Word,
    args,
    written,
)

COLUMNS = ("No.", "Time", "Who", "What", "Target", "Outcome", "Links", "Text")
LINKS = ("request", "deploy", "change", "incident")
MOST, COUNTED = 100, 1_000


class Args(args):
    """What to look for; `--before N` goes on, `--count` counts all, `--best` ranks the newest."""

    query: Annotated[
        str, Word("for"), FreeText("words, deplo*, -word, by: service: env: verb: since: ...")
    ] = ""
    before: int | None = None
    limit: int = 20
    count: bool = False
    best: bool = False


async def run(
    arguments: Args,
    caller: Caller,
    audit: AuditReader,
    language: QueryLanguage,
    disclosures: Disclosures,
) -> Reply:
    """Answer newest first; the search itself is in the log too, like every command."""
    limit, may_read = max(1, min(arguments.limit, MOST)), disclosures.may_read(caller.principal)
    query = language(arguments.query)
    query = replace(query, before=arguments.before, limit=limit, sensitive=may_read)
    if arguments.count:
        return Reply(_counted(await audit.count(query), arguments.query))
    page = await audit.search(replace(query, best=arguments.best))
    events = await disclosures.shown(caller.principal, page.events)
    text = f"No event matches{_of(arguments.query)}"
    if page.events:
        order = "best" if arguments.best else "newest"
        text = f"{await _many(page, query, audit)} events{_of(arguments.query)}, {order} first"
    back_to = page.searched_back_to
    if back_to is not None:
        at = written(back_to, to_the_second=True)
        text += (
            f"; of those since {at}" if arguments.best else f"; searched back to {at}, continue?"
        )
    return Reply(
        text=f"{text}{'' if back_to else '.'}{_left_out(page)}",
        title="Audit log" if page.events else "",
        table=Table(COLUMNS, tuple(map(_row, events))) if page.events else None,
        buttons=_older(page, arguments.query),
        refs={"next_before": str(page.next_before)} if page.next_before is not None else {},
    )


async def _many(page: AuditPage, query: AuditQuery, audit: AuditReader) -> str:
    """Say how many are shown, and of how many: no more than is quickly counted."""
    shown = len(page.events)
    if page.next_before is None or page.searched_back_to is not None:
        return str(shown)
    older = await audit.count(replace(query, before=page.next_before), most=COUNTED)
    found = shown + older.found
    is_more = older.is_capped or found > COUNTED
    return f"{shown} of {min(found, COUNTED) if is_more else found:,}{'+' if is_more else ''}"


def _counted(counted: AuditCount, query: str) -> str:
    found = f"{counted.found:,} events match{_of(query)}"
    if counted.searched_back_to is None:
        return f"{found}."
    back_to = written(counted.searched_back_to, to_the_second=True)
    return f"At least {found}; counted back to {back_to}."


def _older(page: AuditPage, query: str) -> tuple[Button, ...]:
    if page.next_before is None:
        return ()
    command = f"audit search {query} --before {page.next_before}"
    return (Button("Continue" if page.searched_back_to else "Older", " ".join(command.split())),)


def _of(query: str) -> str:
    return f" for `{query.strip()}`" if query.strip() else ""


def _left_out(page: AuditPage) -> str:
    said = f" Events up to {page.pruned} were pruned into archives." if page.pruned else ""
    if page.damaged:
        numbers = ", ".join(str(seq) for seq in page.damaged)
        said += f" WARNING: event {numbers} does not match its hash; run `audit verify`."
    return said


def _row(event: Event) -> tuple[str, ...]:
    data = event.data
    actor, target = _object(data.get("actor")), _object(data.get("target"))
    where = " ".join(target.get(name, "") for name in ("service", "environment")).strip()
    links = " ".join(str(data[name]) for name in LINKS if data.get(name))
    return (
        str(event.seq),
        written(event.at, to_the_second=True),
        actor.get("person") or "wardroom",
        str(data.get("verb", "")),
        where,
        f"{data.get('kind', '')} {data.get('reason', '')}".strip(),
        links,
        str(data.get("text", ""))[:120],
    )


def _object(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


command = Command(
    "audit search",
    Args,
    run,
    summary="Search the audit log.",
    role="reader",
    risk=Risk.READ,
    examples=("audit search REQ-12", "audit search person:engineer verb:deploy since:7d"),
)
