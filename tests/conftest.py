"""What every test may ask for."""

from __future__ import annotations

import gc
import importlib
from collections import Counter

import hypothesis
import pytest
import structlog

from tests.examples import THOROUGH, examples

# A busy machine is not a bug: no test fails for being slow.
hypothesis.settings.register_profile("wardroom", deadline=None, max_examples=examples(100))
hypothesis.settings.load_profile("wardroom")

# By default a traceback is drawn with every local variable in colour: seconds for each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Loaded once for all folders, so that a run has one hospital, one PostgreSQL and one template.
SHARED = ("tests.postgres", "tests.databases", "tests.sandbox.fixtures", "tests.replies.collect")

SLOW_TO_START = ("browser", "postgres")
# The group that lasts longest, and mostly sleeps.
LONGEST = "day"
# More than a run has workers, so that what is handed to the longest one's worker is one quick test.
QUICK = 16


def pytest_configure(config: pytest.Config) -> None:
    """Load the shared fixtures, except in the process that only hands the tests out."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", default=None):
        for name in SHARED:
            config.pluginmanager.register(importlib.import_module(name), name)
    if THOROUGH:
        config.option.loadscopereorder = False  # the order is that of the collection, below


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests together that share what takes seconds to start: one worker starts it."""
    for name in SLOW_TO_START:
        if item.get_closest_marker(name):
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a thorough run start first what lasts longest: the others are run meanwhile."""
    if not THOROUGH:
        return
    groups = {item: _group(item) for item in items}
    sizes = Counter(groups.values())
    alone = [item for item in items if not groups[item]]
    longest = [item for item in items if groups[item] == LONGEST]
    others = [item for item in items if groups[item] not in ("", LONGEST)]
    others.sort(key=lambda item: -sizes[groups[item]])
    items[:] = [*longest, *alone[:QUICK], *others, *alone[QUICK:]]


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker else ""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Tell the collector that what is imported stays: it would look through it all, often."""
    gc.collect()
    gc.freeze()
