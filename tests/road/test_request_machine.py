"""Requests in any order, many at once, through crashes: each ends once, and none runs unapproved.

`tests/storage/test_request_endings.py` drives the rows alone; here the whole house is driven, by
what people type, over a CI server that counts what it is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bot.model import RequestState
from tests.examples import THOROUGH
from tests.road.requester import EVERYBODY, Act, Hospital
from tests.twins import GOOD, commit_of

DECIDERS = [
    "engineer",
    "engineer-2",
    "release-manager",
    "release-manager-2",
    "safety-officer",
    "service-desk",
]
SERVICES = ["portal", "lab-results", "pacs"]
DOORS = st.sampled_from(["terminal", "slack"])
PICKS = st.integers(1, 6)
TIMES = st.sampled_from([1, 1, 1, 3])
ASKING = st.builds(
    lambda who, service, door, times: Act(
        who, f"deploy {service} {GOOD} to production --reason try it", door=door, times=times
    ),
    st.sampled_from(["engineer", "engineer-2", "release-manager"]),
    st.sampled_from(SERVICES),
    DOORS,
    TIMES,
)
APPROVING = st.builds(
    lambda who, request, door, times: Act(who, "approve {request}", request, door, times),
    st.sampled_from(DECIDERS),
    PICKS,
    DOORS,
    TIMES,
)
ENDING = st.builds(
    Act,
    st.sampled_from(DECIDERS),
    st.sampled_from(["reject {request} --reason no", "cancel {request}"]),
    PICKS,
    DOORS,
    TIMES,
)
ACTS = st.one_of(ASKING, APPROVING, APPROVING, ENDING)


class Requests(RuleBasedStateMachine):
    """A house, everybody in it, and a clock."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.hospital = Hospital(self.template)

    def run(self, work: Coroutine[Any, Any, object]) -> None:
        self.runner.run(work)

    @initialize(asked=st.lists(ASKING, min_size=2, max_size=4), who=st.permutations(DECIDERS))
    def the_day_begins(self, asked: list[Act], who: list[str]) -> None:
        self.run(self.hospital.open())
        for act in asked:
            self.run(self.hospital.do([act]))
        self.run(self.hospital.do([Act(person, "approve {request}", 1) for person in who]))
        self.run(self.hospital.look())
        assert self.hospital.ended["REQ-1"].state is RequestState.APPROVED

    @rule(act=ACTS)
    def somebody_types(self, act: Act) -> None:
        self.run(self.hospital.do([act]))
        self.run(self.hospital.look())

    @rule(acts=st.lists(ACTS, min_size=2, max_size=6), expires=st.booleans())
    def many_type_at_once(self, acts: list[Act], expires: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        also = [self.hospital.expire()] if expires else []
        self.run(self.hospital.do(acts, *also))
        self.run(self.hospital.look())

    @rule(service=st.sampled_from(SERVICES), who=st.permutations(DECIDERS))
    def everybody_approves_the_same_at_once(self, service: str, who: list[str]) -> None:
        ask = f"deploy {service} {GOOD} to production --reason try it"
        self.run(self.hospital.do([Act("engineer", ask)]))
        newest = len(self.runner.run(self.hospital.requests()))
        acts = [Act(person, "approve {request}", newest) for person in who]
        self.run(self.hospital.do(acts))
        self.run(self.hospital.look())

    @rule(acts=st.lists(ACTS, min_size=1, max_size=4), milliseconds=st.integers(0, 60))
    def the_power_is_cut_while_they_type(self, acts: list[Act], milliseconds: int) -> None:
        self.run(self._cut(acts, milliseconds))
        self.run(self.hospital.look())

    async def _cut(self, acts: list[Act], milliseconds: int) -> None:
        typing = asyncio.create_task(self.hospital.do(acts))
        await asyncio.sleep(milliseconds / 1000)
        typing.cancel()
        await asyncio.gather(typing, return_exceptions=True)
        await self.hospital.reopen()

    @rule(minutes=st.sampled_from([1, 120, 239, 240]), looks=st.booleans())
    def time_goes_by(self, minutes: int, looks: bool) -> None:  # noqa: FBT001 - hypothesis gives it by name
        self.hospital.clock.turn(minutes=minutes)
        if looks:
            self.run(self.hospital.expire())
        self.run(self.hospital.look())

    @rule(service=st.sampled_from(SERVICES), acts=st.lists(APPROVING, min_size=1, max_size=3))
    def a_tag_moves_while_they_approve(self, service: str, acts: list[Act]) -> None:
        self.hospital.ci.moved[service, GOOD] = commit_of(service, "1.4.1")
        self.run(self.hospital.do(acts))
        self.run(self.hospital.look())
        del self.hospital.ci.moved[service, GOOD]

    @rule(who=st.sampled_from(DECIDERS), act=ACTS)
    def somebody_leaves_while_somebody_types(self, who: str, act: Act) -> None:
        left = {**self.hospital.roles[-1], who: frozenset[str]()}
        self.run(self.hospital.do([act], self.hospital.people(left)))
        self.run(self.hospital.look())

    @rule()
    def everybody_is_back(self) -> None:
        self.run(self.hospital.people(EVERYBODY))

    @rule(fault=st.sampled_from(["is_down", "swallow", "drop"]), who=st.permutations(DECIDERS))
    def the_ci_server_fails_while_they_approve(self, fault: str, who: list[str]) -> None:
        setattr(self.hospital.ci, fault, True)
        acts = [Act(person, "approve {request}", number) for number in (1, 2) for person in who]
        self.run(self.hospital.do(acts))
        self.run(self.hospital.look())
        setattr(self.hospital.ci, fault, False)

    def teardown(self) -> None:
        try:
            if hasattr(self.hospital, "chat"):
                self.run(self.hospital.settle())
                self.run(self.hospital.tell())
        finally:
            self.run(self.hospital.stack.aclose())
            self.runner.close()
            self.hospital.close()


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        pytest.param(2, 8, id="quick"),
        pytest.param(10, 20, id="thorough", marks=pytest.mark.thorough),
    ],
)
def test_in_any_order_each_request_ends_once_and_none_runs_twice_or_unapproved(
    launched_template: Path, examples: int, steps: int
) -> None:
    machine = type("Machine", (Requests,), {"template": launched_template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not THOROUGH,
            suppress_health_check=list(HealthCheck),
        ),
    )
