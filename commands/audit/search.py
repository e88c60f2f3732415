"""Search the audit log: words, and qualifiers such as person:engineer service:portal since:2h."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from bot.api import (
    AuditReader,
    Button,
    Command,
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
MOST = 100


class Args(args):
    """What to look for; `--before N` continues an earlier page."""

    query: Annotated[
        str, Word("for"), FreeText("words, person: service: env: verb: since: ...")
    ] = ""
    before: int | None = None
    limit: int = 20


async def run(arguments: Args, audit: AuditReader, language: QueryLanguage) -> Reply:
    """Answer newest first; the search itself is in the log too, like every command."""
    query = replace(
        language(arguments.query),
        before=arguments.before,
        limit=max(1, min(arguments.limit, MOST)),
    )
    page = await audit.search(query)
    if not page.events:
        return Reply(f"No event matches{_of(arguments.query)}.{_damage(page.damaged)}")
    older: tuple[Button, ...] = ()
    if page.next_before is not None:
        command = f"audit search {arguments.query} --before {page.next_before}"
        older = (Button("Older", " ".join(command.split())),)
    return Reply(
        text=f"{len(page.events)} events{_of(arguments.query)}, newest first."
        f"{' There are more.' if older else ''}{_damage(page.damaged)}",
        title="Audit log",
        table=Table(COLUMNS, tuple(_row(event) for event in page.events)),
        buttons=older,
        refs={"next_before": str(page.next_before)} if page.next_before is not None else {},
    )


def _of(query: str) -> str:
    return f" for `{query.strip()}`" if query.strip() else ""


def _damage(damaged: tuple[int, ...]) -> str:
    if not damaged:
        return ""
    numbers = ", ".join(str(seq) for seq in damaged)
    return f" WARNING: event {numbers} does not match its hash; run `audit verify`."


def _row(event: Event) -> tuple[str, ...]:
    data = event.data
    actor, target = _object(data.get("actor")), _object(data.get("target"))
    where = " ".join(target.get(name, "") for name in ("service", "environment"))
    links = " ".join(str(data[name]) for name in LINKS if data.get(name))
    ended = f"{data.get('kind', '')} {data.get('reason', '')}".strip()
    return (
        str(event.seq),
        written(event.at, to_the_second=True),
        actor.get("person") or "wardroom",
        str(data.get("verb", "")),
        where.strip(),
        ended,
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
