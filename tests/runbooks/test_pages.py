"""All runbooks as pages in a folder: by hand, and every night."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot.cli.runbook import command
from bot.runbooks.binder import CONTENTS, bind
from bot.runbooks.page import page
from bot.runbooks.shelf import SHIPPED, Shelf
from tests.databases import NOON
from tests.house import Chat, opened, write_site
from tests.runbooks.books import book, write


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A site's own runbooks."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    write(folder)
    return folder


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_every_runbook_is_a_page_and_the_contents_say_so(tmp_path: Path, shelf: Path) -> None:
    books = Shelf((SHIPPED, shelf))
    bound = bind(books, tmp_path / "paper", NOON)

    volume = books.get("late-results")
    assert volume is not None
    assert volume.book is not None
    paper = tmp_path / "paper"
    assert (paper / "late-results.txt").read_text() == page(volume.book, volume.digest)
    assert names(paper) == {CONTENTS, *(f"{name}.txt" for name in books.all())}
    assert bound.pages == len(books.all())
    said = (paper / CONTENTS).read_text()
    assert "late-results.txt  Results come late (severity 2, interfaces, " in said


def test_the_page_of_what_is_no_more_is_removed_and_nothing_else(
    tmp_path: Path, shelf: Path
) -> None:
    paper = tmp_path / "paper"
    (shelf / "gone-soon.yaml").write_text(yaml.safe_dump(book(name="gone-soon")))
    bind(Shelf((shelf,)), paper, NOON)
    (paper / "telephones.txt").write_text("mine")
    (shelf / "gone-soon.yaml").unlink()
    bound = bind(Shelf((shelf,)), paper, NOON)

    assert bound.removed == ("gone-soon",)
    assert names(paper) == {CONTENTS, "late-results.txt", "telephones.txt"}


def test_one_that_cannot_be_read_keeps_the_page_it_had(tmp_path: Path, shelf: Path) -> None:
    paper = tmp_path / "paper"
    bind(Shelf((shelf,)), paper, NOON)
    (shelf / "late-results.yaml").write_text("name: late-results\nsteps: no\n")
    bound = bind(Shelf((shelf,)), paper, NOON)

    assert bound.kept == ("late-results",)
    assert (paper / "late-results.txt").read_text().startswith("RESULTS COME LATE")
    assert "CANNOT BE READ NOW" in (paper / CONTENTS).read_text()
    again = bind(Shelf((shelf,)), paper, NOON)
    assert again.removed == (), "it is in the contents still"


def test_a_reader_never_sees_half_a_page(tmp_path: Path, shelf: Path) -> None:
    paper, books = tmp_path / "paper", Shelf((shelf,))
    bind(books, paper, NOON)
    whole = (paper / "late-results.txt").read_text()
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add((paper / "late-results.txt").read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        bind(books, paper, NOON)
    done.set()
    reader.join()
    assert seen <= {whole}


def test_it_is_done_by_hand_with_no_server(tmp_path: Path) -> None:
    paper = tmp_path / "paper"
    done = CliRunner().invoke(command, ["export", str(paper)])
    assert done.exit_code == 0, done.output
    assert "pacs-unreachable.txt" in names(paper)

    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(command, ["export", str(tmp_path / "file" / "paper")])
    assert refused.exit_code != 0


async def test_every_night_one_replica_writes_the_pages_once(
    launched_url: str, tmp_path: Path, shelf: Path
) -> None:
    async with opened(_site(launched_url, tmp_path, shelf)) as chat:
        pages = chat.house.procedures.pages
        assert pages is not None
        await asyncio.gather(*(pages.look() for _ in range(4)))
        assert "late-results.txt" in names(tmp_path / "paper")
        assert await exports(chat) == [None, "ok"], "that it begins, and how it ended"
        (tmp_path / "paper" / "late-results.txt").unlink()
        await pages.look()
        assert len(await exports(chat)) == 2
        chat.clock.turn(hours=24)
        await pages.look()
        assert "late-results.txt" in names(tmp_path / "paper")


async def test_a_folder_that_cannot_be_written_is_said_and_tried_again(
    launched_url: str, tmp_path: Path, shelf: Path
) -> None:
    (tmp_path / "paper").write_text("a file where the folder should be")
    async with opened(_site(launched_url, tmp_path, shelf)) as chat:
        pages = chat.house.procedures.pages
        assert pages is not None
        await pages.look()
        await pages.look()
        assert await exports(chat) == [None, "failed"], "an hour passes between two tries"
        (tmp_path / "paper").unlink()
        chat.clock.turn(hours=1)
        await pages.look()
        assert await exports(chat) == [None, "failed", None, "ok"]


async def exports(chat: Chat) -> list[object]:
    return [event.data.get("reason") for event in await chat.events(verb="runbook export")]


def _site(url: str, tmp_path: Path, shelf: Path) -> Path:
    block = {"folder": str(tmp_path / "paper"), "at": "02:00"}
    return write_site(tmp_path, url, runbooks=[str(shelf)], runbooks_export=block)
