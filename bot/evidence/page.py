"""The evidence of a change as a document to print: every line names the event that it is from.

What stands in no event is read from the row of the change and says so: a row can be altered by
whoever has the database, an event cannot without its proof failing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from bot.evidence.gathering import Gathered, texts
from bot.model import Change, Event, Kind, Reply, Table
from bot.moments import written

ROW: Final = "row"
WITHHELD: Final = "(withheld)"
# What people write freely: only for who may read it in the log.
FREE: Final = frozenset(
    {
        *("summary", "clinical impact", "implementation", "test evidence", "back-out plan"),
        *("despite", "closing note"),
    }
)
_COLUMNS: Final = ("Event", "When", "Who", "What", "Outcome", "Said")
_HASH: Final = 16  # hex digits of a hash that a table shows; the export has all of it
_ANSWERS: Final = frozenset(
    {Kind.OUTCOME.value, Kind.EFFECT_OUTCOME.value, Kind.REFUSED.value, Kind.ENDED.value}
)
Wanted: TypeAlias = Callable[[str, str], bool]


@dataclass(frozen=True)
class Section:
    """A part of the document: its title, which events it shows, and what to say without any."""

    title: str
    wanted: Wanted
    nothing: str
    params: tuple[str, ...] = ()


def _verb(*names: str) -> Wanted:
    return lambda verb, _kind: verb in names


def _answer(*names: str) -> Wanted:
    return lambda verb, kind: verb in names and kind in _ANSWERS


SECTIONS: Final = (
    Section(
        "Request and proposal",
        lambda verb, kind: verb in ("deploy", "rollback") and kind == Kind.OUTCOME.value,
        "No deploy was asked for under this change.",
        ("service", "version", "environment", "reason", "fact.*", "digest", "approved_by"),
    ),
    Section(
        "Approvals and decisions",
        _answer("approve", "reject", "cancel"),
        "Nobody decided anything.",
        ("reason", "signed*", "meaning", "name"),
    ),
    Section(
        "Freezes, locks and CI at the request and at the trigger",
        _verb("deploy gates"),
        "The record has no event about the gates.",
        ("*",),
    ),
    Section(
        "Checks before",
        _verb("deploy precheck"),
        "No checks are declared for this service, or none were made.",
        ("*",),
    ),
    Section(
        "Deploy steps and probes",
        lambda verb, kind: (
            verb in ("deploy progress", "deploy trigger", "deploy smoke", "deploy probe")
            or (verb in ("deploy", "rollback") and kind in (Kind.EFFECT.value, Kind.ENDED.value))
            or (verb in ("deploy", "rollback") and kind == Kind.EFFECT_OUTCOME.value)
        ),
        "Nothing was deployed.",
        ("build", "version", "commit", "approved_by"),
    ),
    Section(
        "Clinical validation",
        lambda verb, _kind: "validat" in verb,
        "Nobody validated, and no validator is declared.",
        ("*",),
    ),
    Section(
        "Review of the emergency",
        _answer("task close", "break-glass"),
        "No review is recorded.",
        ("findings", "task"),
    ),
    Section("Closure", _answer("change close"), "Nobody closed it by hand.", ("result", "note")),
)


def document(
    change: Change | None, gathered: Gathered, *, at: datetime, reader: str, complete: bool
) -> Sequence[Reply]:
    """Return the sheets of the document; texts in `gathered` are those that `reader` may read."""
    said = [
        _heading(change, gathered, at, reader, complete=complete),
        _change(change, gathered, complete=complete),
    ]
    said += [_section(section, gathered.events) for section in SECTIONS]
    return [*said, _policy(gathered.events), _record(gathered.events)]


def _heading(
    change: Change | None, gathered: Gathered, at: datetime, reader: str, *, complete: bool
) -> Reply:
    made = (
        f"Made {written(at, to_the_second=True)} for {reader}, from {len(gathered.events)} events "
        "of the audit log. The number before a line is its event; audit.jsonl beside this page "
        "holds all of them with the proof of each, and README.txt says how to verify them."
    )
    lines = [made]
    if not complete:
        lines.append("What people wrote freely is withheld: this reader may not read all of it.")
    if gathered.pruned:
        lines.append(
            f"Events up to {gathered.pruned} were pruned from the log; they are in its archives."
        )
    if gathered.damaged:
        numbers = ", ".join(map(str, gathered.damaged))
        lines.append(f"Damaged events, which prove nothing: {numbers}.")
    state = f", {change.state.value}" if change else ""
    return Reply("\n\n".join(lines), title=f"Evidence of {gathered.change}{state}")


def _change(change: Change | None, gathered: Gathered, *, complete: bool) -> Reply:
    """Return the change itself: what its opening recorded, then what only the row says."""
    opening = next(
        (
            event
            for event in gathered.events
            if event.data.get("verb") == "change open" and event.data.get("kind") == "outcome"
        ),
        None,
    )
    rows: list[tuple[str, str, str]] = []
    known: set[str] = set()
    if opening is not None:
        for name, value in texts(opening.data.get("params")).items():
            rows.append((str(opening.seq), name.rstrip("_").replace("_", " "), str(value)))
            known.add(str(value))
        rows.append((str(opening.seq), "said", str(opening.data.get("text", ""))))
    for name, value in _row(change):
        if value and value not in known:
            rows.append((ROW, name, value if complete or name not in FREE else WITHHELD))
    text = "" if change else "The register has no such change; this is from the log alone."
    return Reply(text, title="Change", table=Table(("Source", "Field", "Value"), tuple(rows)))


def _row(change: Change | None) -> Iterable[tuple[str, str]]:
    if change is None:
        return
    yield "type", change.type.value
    yield "state", change.state.value
    yield "service", change.service
    yield "environment", change.environment
    yield "summary", change.summary
    yield "requester", change.requester
    yield "sites", ", ".join(change.sites)
    yield "risk", change.risk
    yield "clinical impact", change.clinical_impact
    yield "implementation", change.implementation
    yield "test evidence", change.test_evidence
    yield "back-out plan", change.backout
    yield "validator", change.validator
    yield "window", f"{written(change.window_start)} to {written(change.window_end)}"
    yield "template", " ".join([change.template, *change.parameters]).strip()
    yield "incident", change.incident
    yield "despite", ", ".join(change.despite)
    yield "request", change.request
    yield "deploy", change.deploy
    yield "result", change.result.value if change.result else ""
    yield "closing note", change.close_note


def _section(section: Section, events: Sequence[Event]) -> Reply:
    found = [event for event in events if section.wanted(*_what(event))]
    if not found:
        return Reply(section.nothing, title=section.title)
    rows = tuple(_line(event, section.params) for event in found)
    return Reply("", title=section.title, table=Table(_COLUMNS, rows))


def _policy(events: Sequence[Event]) -> Reply:
    """Return which rules decided, of which version of the policies."""
    rows = []
    for event in events:
        decision = texts(event.data.get("decision"))
        rules = decision.get("policies")
        if isinstance(rules, list) and rules:
            verb, kind = _what(event)
            named = ", ".join(map(str, rules))
            said = (str(event.seq), f"{verb} {kind}", named, str(decision.get("version", "")))
            rows.append(said)
    if not rows:
        return Reply("No rule of the policies had anything to say.", title="Policy decisions")
    columns = ("Event", "What", "Rules", "Version of the policies")
    return Reply("", title="Policy decisions", table=Table(columns, tuple(rows)))


def _record(events: Sequence[Event]) -> Reply:
    """Return every event with its hash, to hold beside the export."""
    rows = tuple(
        (
            str(event.seq),
            written(event.at, to_the_second=True),
            _who(event),
            " ".join(_what(event)),
            str(event.data.get("reason", "")),
            event.leaf.hex()[:_HASH],
        )
        for event in events
    )
    columns = ("Event", "When", "Who", "What", "Outcome", "Leaf hash (begins)")
    return Reply("", title="Every event", table=Table(columns, rows))


def _line(event: Event, wanted: Sequence[str]) -> tuple[str, ...]:
    params = texts(event.data.get("params"))
    shown = [f"{name}: {value}" for name, value in params.items() if _is_named(name, wanted)]
    text = str(event.data.get("text", ""))
    return (
        str(event.seq),
        written(event.at, to_the_second=True),
        _who(event),
        " ".join(_what(event)),
        str(event.data.get("reason", "")),
        "\n".join(filter(None, [text, *shown])),
    )


def _is_named(name: str, wanted: Sequence[str]) -> bool:
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in wanted)


def _what(event: Event) -> tuple[str, str]:
    return str(event.data.get("verb", "")), str(event.data.get("kind", ""))


def _who(event: Event) -> str:
    actor = texts(event.data.get("actor"))
    return str(actor.get("person") or actor.get("account") or "wardroom")
