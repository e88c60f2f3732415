"""Work after the acknowledgement: waited for, and stopped when it does not end."""

from __future__ import annotations

import asyncio

import pytest

from bot.background import Tasks, described


async def test_closing_waits_for_work_and_for_the_work_it_starts() -> None:
    tasks, done = Tasks(), []

    async def second() -> None:
        await asyncio.sleep(0)
        done.append("second")

    async def first() -> None:
        tasks.begin(second())
        done.append("first")

    tasks.begin(first())
    await tasks.close(60)
    assert done == ["first", "second"]


async def test_work_that_does_not_end_is_stopped_when_its_grace_is_over() -> None:
    tasks = Tasks()
    endless = tasks.begin(asyncio.Event().wait())
    await tasks.close(0)
    assert endless.cancelled()


async def test_a_failure_is_told_by_kind_and_place_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tasks = Tasks()

    async def failing() -> None:
        raise ValueError("MRN 8675309")

    tasks.begin(failing())
    await tasks.close(60)
    await asyncio.sleep(0)
    out = capsys.readouterr().out
    assert "ValueError" in out
    assert "test_tasks.py" in out
    assert "8675309" not in out


def test_an_error_without_a_traceback_is_described_too() -> None:
    assert described(ValueError("x")) == "ValueError at "
