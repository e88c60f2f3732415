"""The audit log's pages: through the road, without scripts, addresses free of what is typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.adapters.web.audit import QUALIFIERS
from bot.audit.query import parse_query
from bot.model import AuditQuery, Invocation, Reason, Reply, Table
from tests.adapters.web.accessible import problems
from tests.adapters.web.house import NOW, House
from tests.serving import NO_TLS

pytestmark = pytest.mark.asyncio(loop_scope="session")

COLUMNS = ("No.", "Time", "Who", "What", "Target", "Outcome", "Links", "Text")
SIDEWAYS = """[...document.querySelectorAll(".scroll")]
    .map((region) => region.scrollWidth - region.clientWidth).filter((more) => more > 0)"""
TEXT = "Deploy portal <1.4.2> to production waits for release_manager, clinical_safety_officer"


def page_of(first: int, last: int) -> Reply:
    rows = tuple(
        (
            str(n),
            "2026-03-09 07:30:05 UTC",
            "release-manager",
            "deploy trigger",
            "medication-orders production",
            "outcome pending_approval",
            "REQ-12 DEP-3 CHG-7",
            TEXT,
        )
        for n in range(first, last, -1)
    )
    return Reply(f"{len(rows)} events for `deploy`.", table=Table(COLUMNS, rows))


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.url, trust_env=False, verify=NO_TLS) as made:
        await made.post("/persona", data={"as": "engineer"})
        yield made


async def test_a_search_goes_down_the_road_once(house: House, client: httpx.AsyncClient) -> None:
    house.say["audit search person:engineer deploy"] = page_of(40, 20)
    answer = await client.post(
        "/audit", data={"q": "person:engineer deploy"}, follow_redirects=True
    )
    assert answer.status_code == 200
    assert answer.url.params["q"] == "person:engineer deploy"
    assert 'href="/audit/40"' in answer.text
    assert "&lt;1.4.2&gt;" in answer.text
    assert "<p>20 events for <code>deploy</code>.</p>" in answer.text
    assert answer.text.count(" UTC") == 0  # the head of the column says it once
    assert '<time datetime="2026-03-09T07:30:05Z">2026-03-09 07:30:05</time>' in answer.text
    assert house.road.lines == ["audit search person:engineer deploy"]
    assert house.road.heard[0].account.user == "engineer"


async def test_older_events_are_a_page_away(house: House, client: httpx.AsyncClient) -> None:
    house.say["audit search verb:deploy"] = replace(page_of(40, 20), refs={"next_before": "21"})
    house.say["audit search verb:deploy --before 21"] = page_of(20, 0)
    first = await client.get("/audit", params={"q": "verb:deploy"})
    assert 'href="/audit?q=verb%3Adeploy&amp;before=21"' in first.text
    second = await client.get("/audit", params={"q": "verb:deploy", "before": "21"})
    assert 'href="/audit/1"' in second.text
    assert "Older events" not in second.text
    assert "Newest events" in second.text


async def test_every_example_is_understood_by_the_query_language() -> None:
    for _, example in QUALIFIERS:
        query = parse_query(example, now=NOW)
        assert query != AuditQuery()
        assert ":" not in example or query.words == ()


@pytest.mark.parametrize("before", ["7 --json", "x", "-1", "1" * 40, "--limit"])
async def test_an_address_can_not_smuggle_options(
    house: House, client: httpx.AsyncClient, before: str
) -> None:
    await client.get("/audit", params={"q": "deploy", "before": before})
    assert house.road.lines == ["audit search deploy"]


async def test_what_is_blocked_never_gets_into_an_address(
    house: House, client: httpx.AsyncClient
) -> None:
    canary = "MRN 00123456"
    house.say[f"audit search {canary}"] = Reply("That looks like an MRN.", Reason.PHI_BLOCKED)
    answer = await client.post("/audit", data={"q": canary})
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert "That looks like an MRN." in answer.text


async def test_a_refused_reader_sees_no_event(house: House, client: httpx.AsyncClient) -> None:
    refused = Reply("Reading the log needs the role auditor.", Reason.NOT_AUTHORISED)
    house.say["audit search all"] = house.say["audit show 7"] = refused
    assert refused.text in (await client.get("/audit", params={"q": "all"})).text
    answer = await client.get("/audit/7")
    assert refused.text in answer.text
    assert house.audit.leaf.hex() not in answer.text


async def test_who_may_read_the_log_sees_how_well_it_is_anchored(
    house: House, client: httpx.AsyncClient
) -> None:
    anchored = "Last anchored 42 s ago by 2 of 3."
    house.say["audit search all"] = Reply("No event matches.")
    assert anchored in (await client.get("/audit", params={"q": "all"})).text
    house.say["audit search none"] = Reply("Not for you.", Reason.NOT_AUTHORISED)
    assert anchored not in (await client.get("/audit", params={"q": "none"})).text
    assert anchored not in (await client.get("/audit")).text


async def test_opening_the_page_alone_searches_nothing(
    house: House, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/audit")
    assert "person:engineer" in answer.text
    assert house.road.lines == []


async def test_an_event_shows_its_stored_bytes_and_leaf_hash(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["audit show 7"] = Reply("Event 7.")
    answer = await client.get("/audit/7")
    assert "&#34;verb&#34;:&#34;deploy &lt;b&gt;&#34;" in answer.text
    assert house.audit.leaf.hex() in answer.text
    assert "hash to the leaf: SHA-256" in answer.text
    assert "<dt>actor person</dt><dd>engineer</dd>" in answer.text
    assert 'href="/audit?q=request%3AREQ-12"' in answer.text
    house.audit.leaf = bytes(32)
    assert "do not hash to the leaf" in (await client.get("/audit/7")).text


async def test_an_event_that_is_not_there_is_not_found(
    house: House, client: httpx.AsyncClient
) -> None:
    house.say["audit show 9"] = Reply("There is no event 9.", Reason.NOT_FOUND)
    assert (await client.get("/audit/9")).status_code == 404
    assert (await client.get("/audit/nine")).status_code == 400


@pytest.mark.browser
async def test_search_works_without_scripts(house: House, browser: Browser) -> None:
    def asked(invocation: Invocation) -> Reply:
        assert invocation.account.user == "safety-officer"
        return page_of(40, 20)

    house.say["audit search service:portal"] = asked
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{house.url}/audit")
    await page.get_by_label("You are").select_option("safety-officer")
    await page.get_by_role("button", name="Switch").click()
    await page.get_by_label("Search for").fill("service:portal")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("row")).to_have_count(21)
    await expect(page.get_by_role("columnheader")).to_have_text(["No.", "Time (UTC)", *COLUMNS[2:]])
    await expect(page.get_by_label("Search for")).to_have_value("service:portal")
    house.say["audit show 40"] = Reply("Event 40.", Reason.NOT_FOUND)
    await page.get_by_role("link", name="40", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Audit event 40")
    await page.go_back()
    await expect(page.get_by_role("row")).to_have_count(21)
    await context.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 1024, 360])
async def test_the_audit_pages_are_accessible_at_every_width(
    house: House, page: Page, width: int
) -> None:
    house.say["audit search verb:deploy"] = page_of(40, 20)
    house.say["audit show 7"] = Reply("Event 7.", fields=(("Kind", "intent"),))
    await page.set_viewport_size({"width": width, "height": 640})
    for path in ("/audit", "/audit?q=verb:deploy", "/audit/7"):
        await page.goto(house.url + path)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await page.evaluate(SIDEWAYS) == []
        assert await problems(page) == []
