"""What a run leaves behind to read: the end of a log, and the tests that failed.

Source: "Builds - Get Build Log", "Runs - List" and "Results - List" (Test) of the REST API 7.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.api import Rejected
from bot.vendors import Asked
from integrations.azure.builds import is_number
from integrations.azure.rest import READ_BUILDS, READ_TESTS

if TYPE_CHECKING:
    from integrations.azure.rest import Rest

MOST_RUNS: Final = 10  # test runs of one build that are looked at
MOST_TESTS: Final = 20
# Every line of a log begins with its moment, to the ten-millionth of a second.
STAMP: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ?")


async def log_tail(rest: Rest, project: str, number: int, log: int, lines: int) -> str:
    """Return the last lines of one log of a run."""
    asked = Asked(f"the logs of run {number}", READ_BUILDS)
    known = (await rest.get(project, f"build/builds/{number}/logs", asked)).rows("value")
    long = next((one.get("lineCount") for one in known if one.get("id") == log), None)
    # One line more than is shown: whether they count from 0 or from 1 is not said.
    query = {"startLine": max(0, long - lines - 1)} if isinstance(long, int) else {}
    path = f"build/builds/{number}/logs/{log}"
    answer = await rest.get(project, path, asked, query, accept="text/plain")
    if answer.is_page:
        answer.json()  # raises: a page in place of the log
    told = [STAMP.sub("", line) for line in answer.text.splitlines()]
    return "\n".join(told[-lines:])


async def failing_tests(rest: Rest, project: str, number: int) -> tuple[str, ...]:
    """Return the names of the tests that failed, none where they were not published.

    A build's state is known without them, so an account that may not read tests sees none.
    """
    asked = Asked(f"the tests of run {number}", READ_TESTS)
    query: dict[str, str | int] = {"buildUri": f"vstfs:///Build/Build/{number}", "$top": MOST_RUNS}
    names: list[str] = []
    try:
        runs = (await rest.get(project, "test/runs", asked, query)).rows("value")
        for run in runs[:MOST_RUNS]:
            if is_number(run.get("id")) and len(names) < MOST_TESTS:
                names += await _failed(rest, project, run["id"], asked)
    except Rejected:
        return ()
    return tuple(dict.fromkeys(names))[:MOST_TESTS]


async def _failed(rest: Rest, project: str, run: int, asked: Asked) -> list[str]:
    query: dict[str, str | int] = {"outcomes": "Failed", "$top": MOST_TESTS}
    rows = (await rest.get(project, f"test/runs/{run}/results", asked, query)).rows("value")
    titles = (one.get("testCaseTitle") or one.get("automatedTestName") for one in rows)
    return [title for title in titles if isinstance(title, str)]
