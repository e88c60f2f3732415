"""What lies between two commits, where that is long, cut off, or not in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.model import MOST_COMMITS, CiTarget, Relation
from bot.vendors.history import between
from bot.vendors.messages import LONGEST, authors, title
from tests.integrations.azure import vendor as azure
from tests.integrations.azure.organisation import COMMITS as VERSIONS
from tests.integrations.github import forge as github
from tests.integrations.github.vendor import PORTAL, asking
from tests.integrations.gitlab import vendor as gitlab

OLD = "0a" * 20
LONG = [f"{number:040x}" for number in range(1, MOST_COMMITS + 60)]
SIDE = "5d" * 20


def test_a_title_is_one_short_line_of_what_can_be_read() -> None:
    assert title("\n  Mend\tthe\x1b[31m banner \r\nand more") == "Mend the [31m banner"
    assert len(title("x" * 500)) == LONGEST
    assert title("") == ""


def test_co_authors_count_and_nobody_stands_in_for_an_author_without_an_address() -> None:
    said = "Fix\n\nCo-Authored-By: Bo <Bo@Hospital.test>\nco-authored-by: Bo <bo@hospital.test>"
    assert authors("Ada@Hospital.test", said) == ("ada@hospital.test", "bo@hospital.test")
    assert authors("", said) == ()


def lines() -> dict[str, list[str]]:
    """Return histories: a long one from OLD to its newest commit, and a branch of OLD's own."""
    return {OLD: [OLD], LONG[0]: [*LONG, OLD], LONG[9]: [*LONG[9:], OLD], SIDE: [SIDE, OLD]}


async def test_github_says_where_its_list_is_cut_off_and_gives_the_newest() -> None:
    async with asking(github.Forge(lines=lines())) as ci:
        found = await ci.between(PORTAL, OLD, LONG[0])
        apart = await ci.between(PORTAL, SIDE, LONG[0])
    assert (found.is_whole, found.relation) == (False, Relation.AHEAD)
    assert [one.id for one in found.commits] == LONG[:MOST_COMMITS]
    assert found.commits[0].authors == ("noor@hospital.example", "ada@hospital.example")
    assert found.url == f"https://github.com/acme/portal/compare/{OLD}...{LONG[0]}"
    assert apart.relation is Relation.DIVERGED


async def test_gitlab_reads_page_after_page_and_says_where_it_stopped() -> None:
    async with gitlab.forged(gitlab.Forge(lines=lines())) as ci:
        found = await ci.between(gitlab.SERVICE, OLD, LONG[0])
        some = await ci.between(gitlab.SERVICE, LONG[9], LONG[0])
        apart = await ci.between(gitlab.SERVICE, SIDE, LONG[0])
    assert (found.is_whole, found.relation) == (False, Relation.AHEAD)
    assert [one.id for one in found.commits] == LONG[:MOST_COMMITS]
    assert (some.is_whole, [one.id for one in some.commits]) == (True, LONG[:9])
    assert some.commits[0].authors == ("ada@hospital.test", "bo@hospital.test")
    assert some.url.startswith(f"{gitlab.HOST}/{gitlab.PROJECT}/-/compare/")
    assert apart.relation is Relation.DIVERGED


async def test_azure_reads_page_after_page_and_asks_for_messages_that_were_cut_off() -> None:
    newest = VERSIONS["1.5.0"]
    server = azure.Server(lines=lines(), cut_off={newest, LONG[0]})
    async with azure.served(server) as ci:
        found = await ci.between(azure.PORTAL, OLD, LONG[0])
        apart = await ci.between(azure.PORTAL, SIDE, LONG[0])
        told = await ci.between(azure.PORTAL, VERSIONS["1.4.2"], newest)
    assert (found.is_whole, found.relation) == (False, Relation.AHEAD)
    assert [one.id for one in found.commits] == LONG[:MOST_COMMITS]
    assert found.commits[0].authors == ()  # its whole message is not told
    assert found.commits[1].authors == ("engineer@hospital.example",)
    assert apart.relation is Relation.DIVERGED
    assert told.commits[0].authors == ("engineer@hospital.example", "engineer-2@hospital.example")


def _git(folder: Path, *words: str, stdin: str = "") -> str:
    who = ("-c", "user.name=t", "-c", "user.email=T@hospital.test")
    given = ["git", "-C", str(folder), *who, *words]
    done = subprocess.run(given, check=True, capture_output=True, text=True, input=stdin)
    return done.stdout.strip()


def _imported(folder: Path, number: int) -> str:
    """Make a repository with so many commits in one line, and return the newest."""
    _git(folder, "init", "-q", "-b", "main", ".")
    who = "committer T <t@hospital.test> {at} +0000\n"
    stream = "".join(
        f"commit refs/heads/main\n{who.format(at=1_700_000_000 + n)}data 6\nstep\n\n\n"
        for n in range(number)
    )
    _git(folder, "fast-import", "--quiet", stdin=stream)
    return _git(folder, "rev-parse", "main")


async def test_git_says_that_a_long_list_is_not_whole(tmp_path: Path) -> None:
    newest = _imported(tmp_path, MOST_COMMITS + 20)
    oldest = _git(tmp_path, "rev-list", "--max-parents=0", "main")
    near = _git(tmp_path, "rev-parse", "main~5")
    target = CiTarget("jenkins", "p", "d", str(tmp_path))

    far, some = await between(target, oldest, newest), await between(target, near, newest)

    assert (far.is_whole, len(far.commits)) == (False, MOST_COMMITS)
    assert far.relation is Relation.UNKNOWN
    assert (some.is_whole, len(some.commits), some.relation) == (True, 5, Relation.AHEAD)
    assert some.commits[0].id == newest
    assert {one.authors for one in some.commits} == {("t@hospital.test",)}


async def test_git_tells_a_history_that_was_rewritten_apart(tmp_path: Path) -> None:
    _imported(tmp_path, 3)
    _git(tmp_path, "checkout", "-q", "--orphan", "other")
    _git(tmp_path, "commit", "-q", "--allow-empty", "-m", "anew")
    new, old = _git(tmp_path, "rev-parse", "other"), _git(tmp_path, "rev-parse", "main")
    target = CiTarget("jenkins", "p", "d", str(tmp_path))

    found = await between(target, old, new)

    assert (found.relation, [one.title for one in found.commits]) == (Relation.DIVERGED, ["anew"])
    with pytest.raises(Rejected):
        await between(target, "f" * 40, new)
