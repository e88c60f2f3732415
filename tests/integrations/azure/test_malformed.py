"""Whatever an answer holds, it is understood, or nothing is known: nothing else ever escapes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.api import Build, IntegrationError
from bot.model import BuildState
from bot.ports import Ci
from integrations.azure.builds import build_id, build_of, is_asked_with, is_silent, place_of
from integrations.azure.rest import is_name
from integrations.azure.timeline import Timeline
from tests.integrations.azure.organisation import COMMITS, build_row
from tests.integrations.azure.timelines import timeline
from tests.integrations.azure.vendor import PORTAL, Server, served

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64).filter(is_name)
GREEN = COMMITS["1.4.2"]
ROW = build_row(Server().organisation.runs[1])
RECORDS = timeline(Server().organisation.runs[2])["records"]


@given(NAMES, st.integers(1, 2**31 - 1))
def test_an_id_says_which_project_and_run_it_is_and_has_no_spaces(project: str, run: int) -> None:
    made = build_id(project, run)
    assert place_of(made) == (project, run)
    assert not set(made.partition("/")[0]) & set("/ \t\n:")


@given(st.sampled_from(sorted(ROW)), JSON)
def test_a_build_with_one_odd_field_is_read_or_nothing_is_known(name: str, odd: Any) -> None:
    row = {**ROW, name: odd}
    is_silent(row)
    is_asked_with(row, "REQ-1-ab")
    try:
        build = build_of(row, "Clinical IT", "portal")
    except IntegrationError:
        return
    assert isinstance(build, Build)
    if (row["status"], row["result"]) != ("completed", "succeeded"):
        assert build.state is not BuildState.GREEN


@given(
    st.lists(st.tuples(st.integers(0, len(RECORDS) - 1), st.sampled_from(sorted(RECORDS[0])), JSON))
)
def test_a_timeline_with_odd_fields_still_has_its_stages(odd: list[tuple[int, str, Any]]) -> None:
    records = [dict(one) for one in RECORDS]
    for place, name, value in odd:
        records[place][name] = value
    found = Timeline("Clinical IT", records)
    found.stages({})
    found.checks()
    found.log()


ASKING: dict[str, Callable[[Ci], Awaitable[object]]] = {
    "git/repositories/portal/refs": lambda ci: ci.resolve(PORTAL, "1.4.2"),
    f"git/repositories/portal/commits/{GREEN}": lambda ci: ci.authors(PORTAL, GREEN),
    "build/builds": lambda ci: ci.builds(PORTAL, GREEN),
    "build/builds/103": lambda ci: ci.build("Clinical%20IT/103"),
    "build/builds/103/timeline": lambda ci: ci.build("Clinical%20IT/103"),
    "build/builds/103/logs": lambda ci: ci.log_tail("Clinical%20IT/103"),
    "test/runs": lambda ci: ci.build("Clinical%20IT/103"),
    "test/runs/9/results": lambda ci: ci.build("Clinical%20IT/103"),
    "pipelines/12/runs": lambda ci: ci.trigger(PORTAL, "1.4.2", correlation="c-1"),
}


@pytest.mark.parametrize("path", ASKING)
@settings(max_examples=12, deadline=None)
@given(odd=JSON, deep=st.sampled_from(["body", "value", "row", "records"]))
async def test_no_answer_makes_anything_else_than_an_answer_or_an_error_of_ours(
    path: str, odd: Any, deep: str
) -> None:
    bodies = {"value": {"value": odd}, "row": {"value": [odd]}, "records": {"records": [odd]}}
    server = Server()
    server.instead[path] = httpx.Response(200, json=bodies.get(deep, odd))
    async with served(server) as ci:
        with suppress(IntegrationError):
            await ASKING[path](ci)
    assert server.asked
