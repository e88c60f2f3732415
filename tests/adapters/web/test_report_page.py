"""The monthly report as a page: down the road, without scripts, one sheet of paper."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.model import Reason, Reply, Table
from tests.adapters.web.accessible import problems
from tests.adapters.web.house import House
from tests.serving import NO_TLS

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS = tuple(
    (f"Figure number {number}", str(number), "never-the-requester 1, role-needed 2, <b>")
    for number in range(17)
)


def report(whose: str) -> Reply:
    return Reply(
        f"2026-10, {whose}: 12 deploys.",
        title=f"Audit report 2026-10: {whose}",
        fields=(("Log", f"300112 events, root {'ab' * 32}"),),
        table=Table(("Figure", "Number", "Of which"), ROWS),
        refs={"month": "2026-10", "services": "lab-results,portal"},
    )


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False, verify=NO_TLS) as made:
        await made.post("/persona", data={"as": "safety-officer"})
        yield made


async def test_a_month_is_counted_down_the_road_and_leads_to_its_services(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["audit report --month 2026-10"] = report("all services")
    answer = await client.get("/audit/report", params={"month": "2026-10"})
    assert answer.status_code == 200
    assert "2026-10, all services: 12 deploys." in answer.text
    assert "&lt;b&gt;" in answer.text
    assert 'href="/audit/report?month=2026-10&amp;service=portal"' in answer.text
    assert house.road.heard[0].account.user == "safety-officer"


async def test_one_service_has_a_page_of_its_own(house: House, client: httpx.AsyncClient) -> None:
    line = "audit report --month 2026-10 --service portal"
    house.say[line] = report("portal")
    answer = await client.get("/audit/report", params={"month": "2026-10", "service": "portal"})
    assert house.road.lines == [line]
    assert 'aria-current="page">portal</a>' in answer.text
    assert 'href="/audit/report?month=2026-10">All services' in answer.text


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-10 --service x"},
        {"month": "October"},
        {"month": "2026-10", "service": "--help"},
        {"month": "2026-10", "service": "portal --month 2020-01"},
        {"month": "2026-10\n"},
    ],
)
async def test_an_address_can_not_smuggle_words(
    house: House, client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get("/audit/report", params=query)
    assert all(len(line.split()) == 4 for line in house.road.lines)
    assert answer.status_code == (200 if house.road.lines else 400)


async def test_opening_the_page_alone_counts_nothing(
    house: House, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/audit/report")
    assert 'type="month"' in answer.text
    assert house.road.lines == []


async def test_who_may_not_is_told_and_sees_no_figure(
    house: House, client: httpx.AsyncClient
) -> None:
    refused = Reply("Not allowed: `audit report` needs the role auditor.", Reason.NOT_AUTHORISED)
    house.say["audit report --month 2026-10"] = refused
    answer = await client.get("/audit/report", params={"month": "2026-10"})
    assert "needs the role auditor" in answer.text
    assert "<table" not in answer.text


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 360])
async def test_the_report_is_accessible_at_every_width(
    house: House, page: Page, width: int
) -> None:
    house.say["audit report --month 2026-10"] = report("all services")
    await page.set_viewport_size({"width": width, "height": 640})
    for path in ("/audit/report", "/audit/report?month=2026-10"):
        await page.goto(house.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await problems(page) == []


@pytest.mark.browser
async def test_the_report_is_printed_on_one_sheet_without_the_console(
    house: House, page: Page
) -> None:
    house.say["audit report --month 2026-10"] = report("all services")
    await page.goto(f"{house.url}/audit/report?month=2026-10")
    await page.emulate_media(media="print")
    await expect(page.get_by_label("You are")).to_be_hidden()
    await expect(page.get_by_label("Month", exact=True)).to_be_hidden()
    await expect(page.get_by_role("row")).to_have_count(len(ROWS) + 1)
    pdf = await page.pdf(format="A4", print_background=True)
    assert re.findall(rb"/Count (\d+)", pdf) == [b"1"], "sheets of paper"
