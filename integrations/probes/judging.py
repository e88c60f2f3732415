"""What a good answer is, by kind of check; nothing of an answer is said but numbers and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing, written
from integrations.probes.answers import Unanswered, at, count_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.api import Probe
    from integrations.probes.answers import Json

VERSION: Final = re.compile(r"[0-9A-Za-z][\w.+-]{0,59}")
SHORTEST_COMMIT: Final = 7


def http(probe: Probe, answer: Json, now: datetime) -> Finding:
    """Judge a state: the text, number or truth at a place is the expected one."""
    del now
    found = at(answer, probe.at)
    if found is None or isinstance(found, dict | list):
        raise Unanswered(f"has no state at `{probe.at}`")
    said = str(found).lower() if isinstance(found, bool) else str(found)
    if said == probe.says:
        return Finding(Standing.PASSED, f"says {probe.says}", probe.says)
    return Finding(Standing.FAILED, f"does not say `{probe.says}` at `{probe.at}`")


def version(probe: Probe, answer: Json, now: datetime) -> Finding:
    """Judge which version answers; without an expected one, any will do."""
    del now
    found = at(answer, "version")
    if not isinstance(found, str) or not VERSION.fullmatch(found):
        raise Unanswered("names no version")
    if probe.says and found != probe.says:
        return Finding(Standing.FAILED, f"answers version {found}, not {probe.says}", found)
    return Finding(Standing.PASSED, f"answers version {found}", found)


def queue(probe: Probe, answer: Json, now: datetime) -> Finding:
    """Judge how many wait: fewer than the bound."""
    del now
    waiting = count_at(answer, probe.at)
    said = f"{waiting:g}" if isinstance(waiting, float) else str(waiting)
    if waiting < probe.below:
        return Finding(Standing.PASSED, f"{said} wait, fewer than {probe.below}", said)
    return Finding(Standing.FAILED, f"{said} wait, which is not below {probe.below}", said)


def backup(probe: Probe, answer: Json, now: datetime) -> Finding:
    """Judge when the newest backup was made; one of the future is a clock that is wrong."""
    made = _time(at(answer, probe.at), probe.at)
    if made > now:
        raise Unanswered(f"names a time in the future ({written(made)}): one of the clocks is off")
    most = _span(probe.oldest)
    if now - made <= probe.oldest:
        return Finding(
            Standing.PASSED, f"is of {written(made)}, at most {most} old", made.isoformat()
        )
    return Finding(Standing.FAILED, f"is of {written(made)}, older than {most}", made.isoformat())


def scan(probe: Probe, answer: Json, now: datetime) -> Finding:
    """Judge what a security scan of this very release found."""
    del now
    _require_release(probe, answer)
    found = {
        "critical": (count_at(answer, probe.critical_at), probe.critical),
        "high": (count_at(answer, probe.high_at), probe.high),
    }
    said = ", ".join(f"{number:g} {name}" for name, (number, _) in found.items())
    over = [f"{most} {name}" for name, (number, most) in found.items() if number > most]
    if over:
        return Finding(Standing.FAILED, f"found {said}, at most {' and '.join(over)} may be", said)
    return Finding(Standing.PASSED, f"found {said}", said)


JUDGES: Final[Mapping[str, Callable[[Probe, Json, datetime], Finding]]] = {
    "version": version,
    "http": http,
    "queue": queue,
    "backup": backup,
    "scan": scan,
}


def _require_release(probe: Probe, answer: Json) -> None:
    """Let pass an answer about the asked release, or one that does not say which it is of."""
    of_version = at(answer, probe.version_at or "version")
    if of_version is None and probe.version_at:
        raise Unanswered(f"names no version at `{probe.version_at}`")
    if of_version is not None and probe.version and of_version != probe.version:
        raise Unanswered(f"is not of version {probe.version}")
    of_commit = at(answer, probe.commit_at or "commit")
    if of_commit is None and probe.commit_at:
        raise Unanswered(f"names no commit at `{probe.commit_at}`")
    if of_commit is not None and probe.commit and not _is_commit(of_commit, probe.commit):
        raise Unanswered(f"is not of commit {probe.commit[:12]}")


def _is_commit(said: Json, commit: str) -> bool:
    return isinstance(said, str) and len(said) >= SHORTEST_COMMIT and commit.startswith(said)


def _time(found: Json, place: str) -> datetime:
    """Read a time as ISO 8601 with its zone, or as seconds since 1970."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        try:
            return datetime.fromtimestamp(found, UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise Unanswered(f"has no time at `{place}`") from error
    try:
        made = datetime.fromisoformat(found if isinstance(found, str) else "")
    except ValueError as error:
        raise Unanswered(f"has no time at `{place}`") from error
    if made.tzinfo is None:
        raise Unanswered(f"names a time without its zone at `{place}`")
    try:
        return made.astimezone(UTC)
    except OverflowError as error:
        raise Unanswered(f"has no time at `{place}`") from error


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)
