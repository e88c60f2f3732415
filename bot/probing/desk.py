"""Says what probes have found before; implements `bot.api.ProbeHistory`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import structlog

from bot.errors import StoreFailed
from bot.model import Reply, Standing
from bot.moments import written
from bot.probing.baseline import Usual, gap, hours, usual
from bot.probing.remembering import sample
from bot.probing.spans import lasting
from bot.probing.trend import LEGEND, drawn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Endpoint, Finding
    from bot.model.samples import Sample
    from bot.ports import Clock
    from bot.stores.samples import Samples

LOG = structlog.get_logger(__name__)
TOO_LITTLE: Final = (
    "What is usual in this hour of the week cannot be said yet: it takes 9 findings in 3 weeks."
)


@dataclass(frozen=True)
class HistoryDesk:
    """Reads what was kept; `zone` says whose clocks a service goes by."""

    samples: Samples
    zone: Callable[[str], ZoneInfo]
    clock: Clock

    async def usual(self, endpoint: Endpoint, found: Finding) -> tuple[str, Mapping[str, str]]:
        """Return what is usual in this hour of the week, and a sentence where this is not."""
        now = self.clock.now()
        taken = sample(endpoint, found, now)
        try:
            before = await self._hour(endpoint)
        except StoreFailed:
            LOG.warning("what is usual cannot be read", endpoint=endpoint.name)
            return "", {}
        figure = gap(taken)
        took, since = usual(before), usual(before, figure) if figure else None
        figures = {**_figures("usual_ms", took), **_figures("usual_gap_seconds", since)}
        if since is not None and since.is_strange(int(taken.figures[figure])):
            silent = lasting(int(taken.figures[figure]))
            return f"Nothing for {silent}; usual gap now {lasting(since.median)}.", figures
        if took is not None and found.is_passed and took.is_strange(taken.milliseconds):
            return f"It took {taken.milliseconds} ms; usual now {took.median} ms.", figures
        return "", figures

    async def show(self, endpoint: Endpoint, days: int) -> Reply:
        """Return the trend of so many days."""
        now = self.clock.now()
        begin = now - timedelta(days=days)
        end = now + timedelta(seconds=1)  # what was found just now is in it
        found = await self.samples.between(endpoint.name, [(begin, end)])
        asked = f"{endpoint.name} ({endpoint.kind.value}, {endpoint.service})"
        within = "in the last day" if days == 1 else f"in the last {days} days"
        if not found:
            return Reply(f"{asked} was not asked {within}: `probe {_line(endpoint)}` asks it.")
        counts = Counter(one.standing for one in found)
        said = ", ".join(f"{counts[one]} {one.value}" for one in Standing if counts[one])
        figure = gap(found[-1])
        return Reply(
            f"{asked} was asked {len(found)} times {within}: {said}.",
            title=f"{endpoint.name}: {within}",
            code=f"{drawn(found, begin, now, figure)}\n{figure or 'milliseconds'}; {LEGEND}",
            fields=(
                ("Stands", _stands(found)),
                ("Usual now", _said(usual(await self._hour(endpoint), figure), figure)),
            ),
            refs={
                "endpoint": endpoint.name,
                "standing": found[-1].standing.value,
                "asked": str(len(found)),
                **{one.value: str(counts[one]) for one in Standing},
            },
        )

    async def _hour(self, endpoint: Endpoint) -> Sequence[Sample]:
        zone = self.zone(endpoint.service)
        return await self.samples.between(endpoint.name, hours(self.clock.now(), zone))


def _line(endpoint: Endpoint) -> str:
    return f"{endpoint.kind.value} {endpoint.name}"


def _figures(name: str, found: Usual | None) -> dict[str, str]:
    return {} if found is None else {name: str(found.median), f"{name}_p95": str(found.p95)}


def _said(found: Usual | None, figure: str) -> str:
    if found is None:
        return TOO_LITTLE
    if figure:
        return f"{lasting(found.median)}, 95 of 100 at most {lasting(found.p95)}"
    return f"{found.median} ms, 95 of 100 at most {found.p95} ms"


def _stands(found: Sequence[Sample]) -> str:
    last = found[-1]
    same = [one for one in reversed(found) if one.standing is not last.standing]
    if not same:
        return f"{last.standing.value} all the time"
    begun = next(one for one in found if one.at > same[0].at)
    return f"{last.standing.value} since {written(begun.at)}, {same[0].standing.value} before"
