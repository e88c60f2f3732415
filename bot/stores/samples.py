"""What probes have found before, as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model import Standing
    from bot.model.samples import Sample, Watched
    from bot.ports import Effect


class Samples(Protocol):
    """Measurements: they record no action of ours, so they are written without an audit event.

    `StoreFailed` where the database cannot be reached.
    """

    async def keep(self, sample: Sample) -> None:
        """Keep a sample; of two of one endpoint at one moment, the first."""
        ...

    async def between(
        self, endpoint: str, spans: Sequence[tuple[datetime, datetime]], *, limit: int = 20_000
    ) -> Sequence[Sample]:
        """Return an endpoint's samples of some spans of time (their ends left out), oldest first.

        Of more than `limit` the newest.
        """
        ...

    async def first(self, endpoint: str) -> datetime | None:
        """Return when an endpoint's oldest sample was taken."""
        ...

    async def forget(self, before: datetime) -> int:
        """Delete what is older; return how many."""
        ...


class Watching(Protocol):
    """How each endpoint stands, a row each; of several replicas one asks and one tells."""

    async def claim(self, endpoint: str, now: datetime, before: datetime) -> Watched | None:
        """Take an endpoint that nobody has asked since `before`; None where somebody has.

        One that was never asked counts as passed until it is found otherwise.
        """
        ...

    async def put(self, moved: Watched) -> bool:
        """Keep how it stands now; False where somebody else has claimed it since."""
        ...

    async def untold(self) -> Sequence[Watched]:
        """Return what stands otherwise than was told."""
        ...

    def tell(self, endpoint: str, was: Standing, standing: Standing) -> Effect[None]:
        """Note what is told in the transaction that says it; `Conflict` where it was told."""
        ...
