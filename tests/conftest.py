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
SHARED = (
    "tests.compiled_sql",
    "tests.decided_once",
    "tests.postgres",
    "tests.databases",
    "tests.sandbox.fixtures",
    "tests.replies.collect",
)

# Where the files of the tests are, if there is room: nothing waits there for a disk.
MEMORY, ROOM = Path("/dev/shm"), 2_000_000_000  # noqa: S108 - pytest makes a folder of its own in it

SLOW_TO_START = ("browser", "postgres")
# What the engine asks of a database is asked of both at the keyboard; what stands on it, in CI.
ABOUT_DATABASES = (
    "tests/storage/",
    "tests/audit/test_append_only.py",
    "tests/audit/test_log.py",
    "tests/road/test_on_postgresql.py",
)
# The group that lasts longest, and mostly sleeps.
LONGEST = "day"
# More than a run has workers, so that what is handed to the longest one's worker is one quick test.
QUICK = 16
LEFT = (
    "The longest tests are left to CI, as are most of PostgreSQL's: "
    "`make test-thorough` runs all of them."
)


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
    if item.get_closest_marker("postgres") and not item.nodeid.startswith(ABOUT_DATABASES):
        item.add_marker(pytest.mark.thorough)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to a thorough run what only it runs; there, start first what lasts longest."""
    if not THOROUGH:
        _leave(config, items)
        return
    groups = {item: _group(item) for item in items}
    sizes = Counter(groups.values())
    alone = [item for item in items if not groups[item]]
    longest = [item for item in items if groups[item] == LONGEST]
    others = [item for item in items if groups[item] not in ("", LONGEST)]
    others.sort(key=lambda item: -sizes[groups[item]])
    items[:] = [*longest, *alone[:QUICK], *others, *alone[QUICK:]]


def _leave(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _is_chosen(config):
        return
    left = [item for item in items if item.get_closest_marker("thorough")]
    items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=left)


def _is_chosen(config: pytest.Config) -> bool:
    """Say whether somebody asked for these very tests: then all of them are run."""
    named = any(".py" in one for one in config.args)
    return named or bool(config.option.keyword or config.option.markexpr)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what a run at the keyboard leaves to CI."""
    if not THOROUGH and not _is_chosen(config):
        terminalreporter.write_line(LEFT)


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
