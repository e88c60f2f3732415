"""What GitHub's security alerts say of a commit, and of what a repository depends on.

Sources: docs.github.com/rest, "Code scanning" (alerts and analyses) and "Dependabot alerts".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.api import Alerts
from bot.vendors import NotThere

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from integrations.github.rest import Rest, Row

KNOWN: Final = frozenset({"low", "medium", "high", "critical"})
# What GitHub gives to rules that are not about security.
PLAIN: Final[Mapping[object, str]] = {
    "error": "high",
    "warning": "low",
    "note": "low",
    "none": "low",
}
TAG: Final = "refs/tags/"
BRANCH: Final = "refs/heads/"


async def of_code(rest: Rest, repo: str, tags: Sequence[str], commit: str) -> Alerts:
    """Count the open alerts of the tag, else of the branch, whose newest analyses are of a commit.

    GitHub keeps alerts by ref, as its newest analyses left them. So they are a commit's only while
    no analysis of that ref is of another.
    """
    short = commit[:12]
    ref, rows = await _analysed(rest, repo, tags, commit)
    if not ref:
        why = (
            f"is not told: GitHub has no analysis of commit {short} among its newest; have code "
            "scanning run on tags"
        )
        return Alerts(unknown=why)
    newest = _newest(rows)
    if any(row.get("error") for row in newest):
        return Alerts(unknown=f"is not told: an analysis of {_short(ref)} failed on GitHub")
    if any(row.get("commit_sha") != commit for row in newest):
        why = (
            f"is not told: not all of the newest analyses of {_short(ref)} are of commit {short}; "
            "have code scanning run on tags"
        )
        return Alerts(unknown=why)
    alerts, is_all = await rest.code_alerts(repo, ref)
    if not is_all:
        return Alerts(unknown=f"is not told: {len(alerts)} alerts and more are open")
    severities = [_of_rule(row.get("rule")) for row in alerts]
    return _counted(severities, f"in commit {short}, analysed on {_short(ref)}")


async def of_dependencies(rest: Rest, repo: str) -> Alerts:
    """Count the open Dependabot alerts, which are of the default branch as it is now."""
    alerts, is_all = await rest.dependency_alerts(repo)
    if not is_all:
        return Alerts(unknown=f"is not told: {len(alerts)} alerts and more are open")
    severities = [_of_vulnerability(row.get("security_vulnerability")) for row in alerts]
    return _counted(severities, "on the default branch as it is now")


async def _analysed(
    rest: Rest, repo: str, tags: Sequence[str], commit: str
) -> tuple[str, list[Row]]:
    """Return a ref at which a commit was analysed, and the newest analyses of that ref."""
    for tag in tags:
        try:
            rows = await rest.analyses(repo, f"refs/{tag}")
        except NotThere:
            continue  # nothing was analysed there; whether we may read at all is told below
        if any(row.get("commit_sha") == commit for row in rows):
            return f"refs/{tag}", rows
    refs = (
        str(row.get("ref") or "")
        for row in await rest.analyses(repo)
        if row.get("commit_sha") == commit
    )
    # A pull request's analysis is of a merge with another commit, whatever it is listed with.
    ref = next((one for one in refs if one.startswith((TAG, BRANCH))), "")
    return ref, await rest.analyses(repo, ref) if ref else []


def _newest(rows: Iterable[Row]) -> list[Row]:
    """Return the newest analysis by each tool and category; they are listed newest first."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        tool = row.get("tool")
        name = str(tool.get("name")) if isinstance(tool, dict) else ""
        category = row.get("category") or f"{row.get('analysis_key')} {row.get('environment')}"
        found.setdefault((name, str(category)), row)
    return list(found.values())


def _of_rule(rule: object) -> str:
    if not isinstance(rule, dict):
        return "critical"  # a severity that cannot be read is not taken for a small one
    level = rule.get("security_severity_level")
    if level is None:
        return PLAIN.get(rule.get("severity"), "critical")
    return str(level) if level in KNOWN else "critical"


def _of_vulnerability(found: object) -> str:
    level = found.get("severity") if isinstance(found, dict) else None
    return str(level) if level in KNOWN else "critical"


def _counted(severities: Sequence[str], of: str) -> Alerts:
    return Alerts(severities.count("critical"), severities.count("high"), of)


def _short(ref: str) -> str:
    """Return a ref's name as people read it; a name of the vendor's is not longer than a line."""
    return ref.removeprefix(TAG).removeprefix(BRANCH)[:60]
