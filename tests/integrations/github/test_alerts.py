"""GitHub's security alerts: of the very commit, or not told; counted by severity; each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import IntegrationError, Rejected
from bot.model import Alerts
from bot.ports import SecurityAlerts
from tests.contracts.faults import Fault
from tests.integrations.github import alert_shapes as shapes
from tests.integrations.github.forge import COMMITS, Forge
from tests.integrations.github.vendor import PORTAL, asking, failing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integrations.github.shapes import Row

COMMIT, OTHER = COMMITS["1.4.2"], COMMITS["1.5.0"]
TAG, MAIN = "refs/tags/v1.4.2", "refs/heads/main"
LEVELS = ("critical", "high", "high", "medium", "low")


def scanned(*rows: Row, of: str = TAG, levels: Iterable[str | None] = LEVELS) -> Forge:
    alerts = [shapes.code_alert(n, of, level) for n, level in enumerate(levels, 1)]
    return Forge(analyses=list(rows), alerts=alerts)


async def code(forge: Forge) -> Alerts:
    async with asking(forge) as github:
        return await github.code_alerts(PORTAL, "1.4.2", COMMIT)


async def test_the_open_alerts_of_the_tag_are_counted_once_that_commit_was_analysed() -> None:
    found = await code(scanned(shapes.analysis(TAG, COMMIT, 1)))
    assert found == Alerts(1, 2, f"in commit {COMMIT[:12]}, analysed on v1.4.2")


async def test_a_commit_that_was_analysed_on_a_branch_is_as_good_while_that_is_its_newest() -> None:
    row = shapes.analysis(MAIN, COMMIT, 1)
    found = await code(scanned(row, of=MAIN))
    assert found == Alerts(1, 2, f"in commit {COMMIT[:12]}, analysed on main")
    later = await code(scanned(shapes.analysis(MAIN, OTHER, 2), row, of=MAIN))
    assert "not all of the newest analyses of main are of commit" in later.unknown


async def test_without_an_analysis_of_the_commit_no_alert_means_nothing() -> None:
    for row in (
        shapes.analysis(MAIN, OTHER, 1),
        shapes.analysis("refs/pull/7/merge", COMMIT, 1),
        shapes.analysis(TAG, OTHER, 1),
    ):
        found = await code(scanned(row, levels=()))
        assert "GitHub has no analysis of commit" in found.unknown, row["ref"]


async def test_a_language_that_is_still_analysed_or_failed_is_not_told() -> None:
    done = shapes.analysis(TAG, COMMIT, 2)
    before = shapes.analysis(TAG, OTHER, 1, category="go")
    assert "not all" in (await code(scanned(done, before, levels=()))).unknown
    failed = shapes.analysis(TAG, COMMIT, 3, category="go", error="no build was found")
    assert "failed" in (await code(scanned(failed, done, levels=()))).unknown
    both = shapes.analysis(TAG, COMMIT, 3, category="go")
    # The newest of each counts, not what it was before.
    found = await code(scanned(both, done, before, levels=()))
    assert (found.critical, found.high, found.unknown) == (0, 0, "")


async def test_a_severity_that_is_not_understood_is_not_a_small_one() -> None:
    forge = scanned(shapes.analysis(TAG, COMMIT, 1), levels=("enormous",))
    forge.alerts += [shapes.code_alert(2, TAG, None, "error")]
    forge.alerts += [shapes.code_alert(3, TAG, None, "warning")]
    forge.alerts += [shapes.code_alert(4, TAG, None, "vast")]
    found = await code(forge)
    assert (found.critical, found.high) == (2, 1)


async def test_dependabots_alerts_are_of_the_default_branch_and_are_paged_by_a_cursor() -> None:
    levels = ["critical"] * 2 + ["high"] * 249 + ["medium"] * 50
    rows = [shapes.dependency_alert(n, level) for n, level in enumerate(levels, 1)]
    forge = Forge(dependencies=rows)
    async with asking(forge) as github:
        found = await github.dependency_alerts(PORTAL)
    assert found == Alerts(2, 249, "on the default branch as it is now")
    assert [dict(one.url.params).get("after") for one in forge.asked] == [None, "Y2", "Y3"]


async def test_more_alerts_than_are_read_are_not_told_as_fewer() -> None:
    rows = [shapes.dependency_alert(n, "high") for n in range(1_001)]
    async with asking(Forge(dependencies=rows)) as github:
        found = await github.dependency_alerts(PORTAL)
    assert found.unknown == "is not told: 1000 alerts and more are open"
    forge = scanned(shapes.analysis(TAG, COMMIT, 1), levels=["high"] * 1_001)
    assert "1000 alerts and more" in (await code(forge)).unknown


@pytest.mark.parametrize(
    ("part", "needs"),
    [("analyses", "Code scanning alerts: read"), ("alerts", "alerts: read")],
)
async def test_a_missing_permission_is_named(part: str, needs: str) -> None:
    forge = scanned(shapes.analysis(TAG, COMMIT, 1))
    forge.forbidden.add(part)
    with pytest.raises(Rejected) as told:
        await code(forge)
    assert needs in told.value.text
    if part == "alerts":
        async with asking(forge) as github:
            with pytest.raises(Rejected, match="Dependabot alerts: read"):
                await github.dependency_alerts(PORTAL)


@pytest.mark.parametrize("kind", ["code", "dependencies"])
async def test_each_fault_has_a_sentence_of_its_own(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)
    told: dict[Fault, str] = {}
    for fault in Fault:
        async with failing(fault) as (github, portal):
            assert isinstance(github, SecurityAlerts)
            asked = (
                github.code_alerts(portal, "1.4.2", COMMIT)
                if kind == "code"
                else github.dependency_alerts(portal)
            )
            with pytest.raises(IntegrationError) as error:
                await asked
        told[fault] = error.value.text
    assert len(set(told.values())) == len(Fault), told
    assert all(one.endswith(".") and len(one) < 400 for one in told.values())
