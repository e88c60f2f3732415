"""`wardroom audit`: the log of a data folder, with or without a running server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from bot.audit import verify
from bot.audit.export import Exported, Format, Part
from bot.audit.query import parse_query
from bot.cli import anchoring, options, proofs, pruning, residue, verifying
from bot.cli.log_folder import opened
from bot.cli.machine import MachineClock
from bot.cli.reporting import report
from bot.dispatch.phi import Tier, explain, mask, scan
from bot.errors import Refused
from bot.model import AuditCount, AuditPage, AuditQuery, Event
from bot.render.plain import clean

FILTERS = (
    *("person", "service", "environment", "verb", "outcome", "kind"),
    *("request", "deploy", "change", "incident", "since", "until"),
)
REFUSED = 2
IN_ARCHIVES = "in archives: wardroom audit search --in ARCHIVE/audit.jsonl"


@click.group("audit", cls=options.ToldGroup)
def command() -> None:
    """Search, show, verify and export the audit log.

    Works on the database of the settings, with or without a running server. What is shown is
    recorded as read, under the name of this machine's account.
    """


for _each in (
    *verifying.COMMANDS,
    *proofs.COMMANDS,
    *anchoring.COMMANDS,
    *pruning.COMMANDS,
    *residue.COMMANDS,
):
    command.add_command(_each)
command.add_command(report)


def _filters(function: click.decorators.FC) -> click.decorators.FC:
    for name in reversed(FILTERS):
        function = click.option(f"--{name}", metavar="WORD", help=f"The same as {name}:WORD.")(
            function
        )
    return function


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@_filters
@click.option("--before", type=int, metavar="N", help="Only events before N: the next page.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option(
    "--in",
    "archive",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Search an archive of pruned events instead: the audit.jsonl in its folder.",
)
@click.option("--count", "is_count", is_flag=True, help="Say how many there are, all of them.")
@click.option("--json", "as_json", is_flag=True, help="Print one object: events, next_before.")
@options.config
def search(
    query: tuple[str, ...],
    before: int | None,
    limit: int,
    config: Path | None,
    archive: Path | None,
    *,
    is_count: bool,
    as_json: bool,
    **filters: str | None,
) -> None:
    """Find events, newest first.

    QUERY is words that must all occur, deplo* for a word that begins so, and filters: person: (or
    by:) service: env: verb: outcome: kind: request: deploy: change: incident: since: until:
    before:. With a minus in front, none of it: -timeout -outcome:ok. Times are a day (2026-11-01),
    a time in UTC (2026-11-01T09:30) or how long ago (30m, 2h, 7d).

    \b
    Examples:
        wardroom audit search REQ-12
        wardroom audit search person:engineer verb:deploy since:7d
        wardroom audit search timeout --service lab-results --json
    """  # noqa: D301 - click's mark for lines that stay as they are
    unknown = next((word for word in query if word.startswith("--") and word != "--"), None)
    if unknown is not None:
        raise click.NoSuchOption(unknown)  # a word may begin with one minus: `-word` is none of it
    if is_count:
        counted = asyncio.run(_count(config, _typed(query, filters)))
        click.echo(_counted(counted, as_json=as_json))
        return
    page = asyncio.run(_search(config, _typed(query, filters), before, limit, archive))
    click.echo(_object(page) if as_json else _lines(page))
    if page.damaged:
        _warn(page.damaged)


@command.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print one object.")
@options.config
def show(number: int, config: Path | None, *, as_json: bool) -> None:
    """Show one event: its stored bytes and their hash."""
    event = asyncio.run(_show(config, number))
    if event is None:
        click.echo(f"There is no event {number}.", err=True)
        raise click.exceptions.Exit(REFUSED)
    stored = event.body.decode("ascii")
    click.echo(json.dumps(_event(event)) if as_json else f"{stored}\nleaf {event.leaf.hex()}")


@command.command()
@click.option("--format", "form", type=click.Choice([form.value for form in Format]), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE")
@click.argument("query", nargs=-1)
@click.option(
    "--from", "first", type=click.IntRange(1), default=1, metavar="N", help="From event N."
)
@click.option("--to", "last", type=click.IntRange(1), metavar="N", help="To event N.")
@click.option(
    "--with-openings", is_flag=True, help="Also what the record has digests of, in FILE.openings."
)
@_filters
@options.config
def export(
    form: str,
    out: Path,
    query: tuple[str, ...],
    config: Path | None,
    *,
    first: int,
    last: int | None,
    with_openings: bool,
    **filters: str | None,
) -> None:
    """Write the log to a new file, with a manifest to verify it by.

    The whole log; or a part of it, from one event to another, or what QUERY and the filters of
    `wardroom audit search` find. Formats: jsonl (the stored bytes), csv (for a spreadsheet), fhir
    (R4 AuditEvents, NDJSON), ocsf, cef (one event a line), atna (DICOM audit messages in syslog).

    \b
    Examples:
        wardroom audit export --format jsonl --out audit.jsonl
        wardroom audit verify audit.jsonl
        wardroom audit export --format fhir --out inc-7.ndjson incident:INC-7
    """  # noqa: D301 - click's mark for lines that stay as they are
    part = _part(first, last, _typed(query, filters))
    try:
        made = asyncio.run(_export(config, out, Format(form), part, with_openings=with_openings))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"cannot write {error.filename or out}: {why}") from error
    said = f"{made.size} events" if part.is_whole else f"{made.count} of {made.size} events"
    files = "\n".join(map(str, made.files))
    click.echo(f"{said}, root {made.root}\n{files}")
    if made.pruned:
        click.echo(f"{made.pruned} of the events up to {made.minimum} were pruned: {IN_ARCHIVES}")
    if made.damaged:
        _warn(made.damaged)


def _typed(query: tuple[str, ...], filters: Mapping[str, str | None]) -> str:
    """Return the words and filters of a command line as one query."""
    named = [f'{name}:"{value}"' for name, value in filters.items() if value]
    return " ".join([*query, *named])


def _parsed(text: str) -> AuditQuery:
    """Read a query; the command ends where it is wrong, or names a patient."""
    verdict = scan(text)
    if verdict.tier is Tier.BLOCK:
        click.echo(explain(verdict), err=True)
        raise click.exceptions.Exit(REFUSED)
    try:
        return parse_query(text, now=MachineClock().now())
    except Refused as error:
        raise click.UsageError(f"{error.text} {error.hint}".strip()) from error


def _part(first: int, last: int | None, text: str) -> Part:
    if last is not None and last < first:
        raise click.UsageError(f"--to {last} comes before --from {first}")
    query = _parsed(text) if text else None
    return Part(first, last, query, mask(text)[0])


def _warn(damaged: Sequence[int]) -> NoReturn:
    numbers = ", ".join(map(str, damaged))
    click.echo(f"WARNING: event {numbers} is damaged; run: wardroom audit verify", err=True)
    raise click.exceptions.Exit(1)


async def _search(
    config: Path | None, text: str, before: int | None, limit: int, archive: Path | None
) -> AuditPage:
    query = replace(_parsed(text), before=before, limit=limit)
    async with opened(config) as log:
        if archive is None:
            return await log.search(query, asked=mask(text)[0])
        try:
            return await log.search_archive(archive, query, asked=mask(text)[0])
        except verify.Unreadable as error:
            raise click.ClickException(str(error)) from error


async def _count(config: Path | None, text: str) -> AuditCount:
    query = _parsed(text)
    async with opened(config) as log:
        return await log.count(query, asked=mask(text)[0])


async def _show(config: Path | None, number: int) -> Event | None:
    async with opened(config) as log:
        return await log.show(number)


async def _export(
    config: Path | None, out: Path, form: Format, part: Part, *, with_openings: bool
) -> Exported:
    async with opened(config) as log:
        return await log.export(out, form, part, with_openings=with_openings)


def _object(page: AuditPage) -> str:
    found = {
        "events": [_event(event) for event in page.events],
        "next_before": page.next_before,
        "searched_back_to": page.searched_back_to.isoformat() if page.searched_back_to else None,
        "damaged": page.damaged,
        "pruned": page.pruned,
    }
    return json.dumps(found)


def _event(event: Event) -> dict[str, object]:
    return {
        "seq": event.seq,
        "at": event.at.isoformat(),
        "leaf": event.leaf.hex(),
        "data": dict(event.data),
    }


def _counted(counted: AuditCount, *, as_json: bool) -> str:
    back_to = counted.searched_back_to
    if as_json:
        at = back_to.isoformat() if back_to else None
        said = {"count": counted.found, "capped": counted.is_capped, "searched_back_to": at}
        return json.dumps(said)
    if back_to:
        return f"At least {counted.found:,} events match: counted back to {_second(back_to)}."
    return f"{counted.found:,} events match."


def _lines(page: AuditPage) -> str:
    lines = [_line(event) for event in page.events]
    if page.searched_back_to is not None:
        lines.append(f"Searched back to {_second(page.searched_back_to)}, and time was up.")
        lines.append(f"Continue: --before {page.next_before}")
    elif page.next_before is not None:
        lines.append(f"Older ones: --before {page.next_before}")
    lines = lines or ["No event matches."]
    if page.pruned:
        lines.append(f"What was pruned of the events up to {page.pruned} is {IN_ARCHIVES}")
    return "\n".join(lines)


def _second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _line(event: Event) -> str:
    data = event.data
    actor, target = data.get("actor"), data.get("target")
    who = actor.get("person", "") if isinstance(actor, dict) else ""
    where = target if isinstance(target, dict) else {}
    parts = [
        f"{event.seq:>6}  {event.at:%Y-%m-%d %H:%M:%S}",
        str(who or "wardroom"),
        f"{data.get('verb', '')} {data.get('kind', '')}",
        " ".join(str(where[name]) for name in ("service", "environment") if where.get(name)),
        str(data.get("reason", "")),
        " ".join(str(data[name]) for name in ("request", "deploy", "change") if data.get(name)),
        clean(str(data.get("text", "")))[:100],
    ]
    return "  ".join(part for part in parts if part)
