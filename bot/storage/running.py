"""Which version is where, read from the history of deploys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.model import Batch, BatchState, DeployState, Running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.model import Deploy

_GOOD = frozenset({DeployState.SUCCEEDED, DeployState.VALIDATING})


def running(newest_first: Iterable[Deploy]) -> Sequence[Running]:
    """Return what the newest deploy that touched each place left there."""
    found: dict[tuple[str, str], Running] = {}
    for deploy in newest_first:
        for one in _left(deploy):
            everywhere = (one.environment, "") in found
            if not everywhere:
                found.setdefault((one.environment, one.site), one)
    return [found[place] for place in sorted(found)]


def _left(deploy: Deploy) -> Iterator[Running]:
    if deploy.state is DeployState.SCHEDULED:
        return
    since = deploy.finished or deploy.created
    for batch in deploy.batches or (_old(deploy),):
        before = dict(batch.before)
        for site in batch.sites or ("",):
            back = batch.state is BatchState.ROLLED_BACK
            version = before.get(site, "") if back else deploy.version
            if batch.state is not BatchState.WAITING and version:
                certain = batch.state in (BatchState.DONE, BatchState.ROLLED_BACK)
                yield Running(deploy.environment, site, version, deploy.id, since, certain)


def _old(deploy: Deploy) -> Batch:
    """Return the one batch of a deploy that was made before there were any."""
    if deploy.state is DeployState.STOPPED:
        return Batch()
    return Batch(state=BatchState.DONE if deploy.state in _GOOD else BatchState.FAILED)
