"""What every test may ask for."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

import hypothesis
import pytest
import structlog

from tests.examples import THOROUGH, examples

# Imports make nothing that the collector could find, and it would take a quarter of their time.
gc.disable()
YOUNG = 20_000  # new objects until it looks, once there is something to find; as in the product

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

# Where the files of the tests are, if there is room: nothing waits there for a disk.
MEMORY, ROOM = Path("/dev/shm"), 2_000_000_000  # noqa: S108 - pytest makes a folder of its own in it

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
        signal.signal(signal.SIGINT, _interrupt)
    if not hasattr(config, "workerinput") and _is_roomy(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    if THOROUGH:
        config.option.loadscopereorder = False  # the order is that of the collection, below


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Do what Python does by itself; asyncio sets its own handler over no other, in every test."""
    raise KeyboardInterrupt


def _is_roomy(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM


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
    """Tell the collector that what is imported stays: it would look through it all, often.

    Not even once: that takes seconds, and the little that could be dropped may stay.
    """
    gc.freeze()
    gc.set_threshold(YOUNG)
    gc.enable()
