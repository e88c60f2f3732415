"""What every test may ask for."""

from __future__ import annotations

import gc
import importlib

import hypothesis
import pytest
import structlog

from tests.examples import examples

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


def pytest_configure(config: pytest.Config) -> None:
    """Load the shared fixtures, except in the process that only hands the tests out."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", default=None):
        for name in SHARED:
            config.pluginmanager.register(importlib.import_module(name), name)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests together that share what takes seconds to start: one worker starts it."""
    for name in SLOW_TO_START:
        if item.get_closest_marker(name):
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Tell the collector that what is imported stays: it would look through it all, often."""
    gc.collect()
    gc.freeze()
