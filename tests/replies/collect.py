"""Collects what the product says while its tests run, and fails the test whose reply is refused.

The road's end and the notice board are watched in the test process. What was said is drawn when
the test is over, so that drawing delays nothing; what differs in numbers alone is drawn once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from slack_sdk.errors import SlackObjectFormationError

from bot.dispatch.outbound import masked
from bot.dispatch.pipeline import Pipeline
from bot.notices import TopicNotices
from tests.examples import THOROUGH
from tests.replies.drawn import WAYS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Invocation, Reply
    from bot.ports import Effect

ALIKE = re.compile(r"\d+" if THOROUGH else r"\w+")
"""What may differ between two replies of which one is drawn."""

REFUSALS = (AssertionError, ValueError, jsonschema.ValidationError, SlackObjectFormationError)


@dataclass
class Collector:
    """Holds what was said and is not judged yet, and the shapes that were found good."""

    said: list[Reply] = field(default_factory=list)
    good: set[int] = field(default_factory=set)

    def judge(self) -> list[str]:
        """Return what is wrong with what was said since the last time, each with its reply."""
        said, self.said = self.said, []
        wrong: list[str] = []
        for reply in said:
            shape = hash(ALIKE.sub("0", repr(reply)))
            if shape in self.good:
                continue
            found = refusals(reply)
            wrong += found
            if not found:
                self.good.add(shape)
        return wrong


def refusals(reply: Reply) -> list[str]:
    """Return why the reply would be refused, by each platform that would."""
    wrong: list[str] = []
    for way in WAYS:
        try:
            way(reply)
        except REFUSALS as error:
            wrong.append(f"{way.__name__}: {error!r} in {reply!r}")
    return wrong


COLLECTED = Collector()


def watch(collector: Collector) -> None:
    """Have everything collected that the road answers and the board of a house is given.

    A board without the house's guard is a test's own, and so is what it is given.
    """
    patch = pytest.MonkeyPatch()  # for as long as the process lives
    patch.setattr(Pipeline, "handle", _heard(Pipeline.handle, collector))
    patch.setattr(TopicNotices, "publish", _told(TopicNotices.publish, collector))
    patch.setattr(TopicNotices, "keep", _kept(TopicNotices.keep, collector))


def _heard(
    handle: Callable[[Pipeline, Invocation], Awaitable[Reply]], collector: Collector
) -> Callable[[Pipeline, Invocation], Awaitable[Reply]]:
    @functools.wraps(handle)
    async def watched(self: Pipeline, invocation: Invocation) -> Reply:
        reply = await handle(self, invocation)
        collector.said.append(reply)
        return reply

    return watched


def _told(
    publish: Callable[[TopicNotices, str, Reply], Awaitable[None]], collector: Collector
) -> Callable[[TopicNotices, str, Reply], Awaitable[None]]:
    @functools.wraps(publish)
    async def watched(self: TopicNotices, topic: str, reply: Reply) -> None:
        if self.guard is masked:
            collector.said.append(reply)
        await publish(self, topic, reply)

    return watched


def _kept(
    keep: Callable[[TopicNotices, str, Reply], Effect[None]], collector: Collector
) -> Callable[[TopicNotices, str, Reply], Effect[None]]:
    @functools.wraps(keep)
    def watched(self: TopicNotices, topic: str, reply: Reply) -> Effect[None]:
        if self.guard is masked:
            collector.said.append(reply)
        return keep(self, topic, reply)

    return watched


watch(COLLECTED)  # a plugin is loaded once in a process, before any test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    """Fail a test in which something was said that a platform would refuse."""
    result = yield
    wrong = COLLECTED.judge()
    assert not wrong, "\n".join(wrong)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    """Judge what a house still said while it was closing."""
    result = yield
    wrong = COLLECTED.judge()
    assert not wrong, "\n".join(wrong)
    return result
