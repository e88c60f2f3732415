"""Asking a vendor: reading again where it may help, changing once, and never another host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import respx

from bot.errors import Rejected, Throttled, Unreachable
from bot.vendors import Asked, NotThere, Vendor
from tests.serving import NO_TLS

URL = "https://forge.hospital.test/api"
RUNS = Asked("the runs of acme/portal", "Actions: read")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)


@pytest.fixture
async def forge() -> AsyncIterator[Vendor]:
    async def signed() -> dict[str, str]:
        return {"Authorization": "Bearer secret"}

    async with httpx.AsyncClient(verify=NO_TLS) as client:
        yield Vendor("Forge", "integrations.forge", URL, client, headers=signed)


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


async def test_reading_is_tried_again_after_a_failure_that_may_pass(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    answers: list[httpx.Response | Exception] = [
        httpx.Response(502),
        httpx.ConnectError("no"),
        httpx.Response(200, json={"n": 1}),
    ]
    route = wire.get(f"{URL}/runs").mock(side_effect=answers)
    assert (await forge.read("runs", RUNS)).object() == {"n": 1}
    assert route.call_count == 3
    assert route.calls.last.request.headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_a_refusal_is_not_asked_again(
    forge: Vendor, wire: respx.MockRouter, status: int
) -> None:
    route = wire.get(f"{URL}/runs").respond(status)
    with pytest.raises((Rejected, Throttled)):
        await forge.read("runs", RUNS)
    assert route.call_count == 1


async def test_what_hangs_is_waited_for_once(forge: Vendor, wire: respx.MockRouter) -> None:
    route = wire.get(f"{URL}/runs").mock(side_effect=httpx.ReadTimeout("slow"))
    with pytest.raises(Unreachable, match=r"Forge did not answer within 10 s when asked for the"):
        await forge.read("runs", RUNS)
    assert route.call_count == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(500), Unreachable),
        (httpx.ReadTimeout("slow"), Unreachable),
        (httpx.RemoteProtocolError("cut"), Unreachable),
        (httpx.ConnectError("no"), Rejected),
        (httpx.Response(409, json={"message": "there is one."}), Rejected),
        (httpx.Response(200, html="<p>Sign in</p>"), Unreachable),
    ],
)
async def test_a_change_is_sent_once_and_doubt_is_not_called_refusal(
    forge: Vendor,
    wire: respx.MockRouter,
    answer: httpx.Response | Exception,
    kind: type[Exception],
) -> None:
    route = wire.post(f"{URL}/runs").mock(side_effect=[answer])
    with pytest.raises(kind) as told:
        await forge.change("POST", "runs", RUNS, json={"ref": "main"})
    assert type(told.value) is not Throttled
    assert route.call_count == 1


async def test_what_the_vendor_gives_as_its_reason_is_quoted_shortly(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    why = {"errors": [], "message": "Workflow does not have\n  a dispatch trigger. " + "x" * 500}
    wire.post(f"{URL}/runs").respond(422, json=why)
    with pytest.raises(Rejected) as told:
        await forge.change("POST", "runs", RUNS, json={})
    assert "(it says: Workflow does not have a dispatch trigger. xxx" in told.value.text
    assert len(told.value.text) < 300


async def test_a_reason_in_a_list_of_errors_is_quoted_too(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    wire.post(f"{URL}/runs").respond(400, json={"errors": [{"message": "Missing revisions."}]})
    with pytest.raises(Rejected, match=r"\(it says: Missing revisions\)\.$"):
        await forge.change("POST", "runs", RUNS, json={})


async def test_what_is_hidden_names_the_permission(forge: Vendor, wire: respx.MockRouter) -> None:
    wire.get(f"{URL}/runs").respond(404)
    with pytest.raises(NotThere) as told:
        await forge.read("runs", RUNS)
    assert told.value.text == (
        "Forge does not have the runs of acme/portal (or hides it: the account needs "
        "Actions: read)."
    )


@pytest.mark.parametrize(
    ("headers", "low", "high"),
    [
        ({"retry-after": "17"}, 17, 17),
        ({"retry-after": "99999999"}, 3600, 3600),
        ({"retry-after": "soon"}, 60, 60),
        ({}, 60, 60),
    ],
)
async def test_how_long_to_stay_away_is_read_from_the_answer(
    forge: Vendor, wire: respx.MockRouter, headers: dict[str, str], low: int, high: int
) -> None:
    wire.get(f"{URL}/runs").respond(429, headers=headers)
    with pytest.raises(Throttled) as told:
        await forge.read("runs", RUNS)
    assert low <= told.value.seconds <= high


async def test_a_moment_and_the_rate_limit_headers_say_it_too(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(later.timestamp()))}
    for status, headers in ((429, {"retry-after": format_datetime(later)}), (403, reset)):
        wire.get(f"{URL}/runs").respond(status, headers=headers)
        with pytest.raises(Throttled) as told:
            await forge.read("runs", RUNS)
        assert 60 < told.value.seconds <= 101


async def test_pages_follow_the_link_at_the_same_host_alone(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    first = {"link": f'<{URL}/runs?page=2>; rel="next", <{URL}/runs?page=9>; rel="last"'}
    second = {"link": '<https://elsewhere.test/api/runs?page=3>; rel="next"'}
    wire.get(f"{URL}/runs", params={"page": "2"}).respond(json=[{"id": 2}], headers=second)
    wire.get(f"{URL}/runs").respond(json=[{"id": 1}], headers=first)
    found = [row["id"] async for page in forge.pages("runs", RUNS) for row in page.rows()]
    assert found == [1, 2]


async def test_pages_end_after_as_many_as_were_asked_for(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    route = wire.get(f"{URL}/runs").respond(
        json=[{"id": 1}], headers={"link": f'<{URL}/runs>; rel="next"'}
    )
    assert [page.status async for page in forge.pages("runs", RUNS, most=3)] == [200] * 3
    assert route.call_count == 3


async def test_an_address_of_another_host_is_not_asked(forge: Vendor) -> None:
    with pytest.raises(Unreachable, match="another host"):
        await forge.read("https://elsewhere.test/api/runs", RUNS)


async def test_a_file_kept_elsewhere_is_fetched_without_our_credentials(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    there = "https://blobs.test/log?sig=1"
    wire.get(f"{URL}/log").respond(302, headers={"location": there})
    blob = wire.get(there).respond(content=b"line 1\nline 2")
    assert await forge.fetch("log", Asked("the log")) == b"line 1\nline 2"
    assert "authorization" not in blob.calls.last.request.headers


async def test_a_redirect_is_followed_once_and_never_to_a_page(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    there = "https://login.test/"
    wire.get(f"{URL}/log").respond(302, headers={"location": there})
    for again in ({"status_code": 302, "headers": {"location": there}}, {"html": "<p>Hello</p>"}):
        wire.get(there).respond(**again)
        with pytest.raises(Rejected, match="led to another page"):
            await forge.fetch("log", Asked("the log"))


async def test_an_answer_is_read_as_far_as_it_may_be_long(wire: respx.MockRouter) -> None:
    wire.get(f"{URL}/log").respond(content=b"x" * 5000)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        small = Vendor("Forge", "integrations.forge", URL, client, largest=1000)
        assert len((await small.read("log", Asked("the log"), accept="text/plain")).body) == 1000


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
async def test_an_answer_of_another_shape_is_not_understood(
    forge: Vendor, wire: respx.MockRouter, body: str
) -> None:
    wire.get(f"{URL}/runs").respond(text=body, headers={"content-type": "application/json"})
    answer = await forge.read("runs", RUNS)
    with pytest.raises(Unreachable, match="not understood"):
        answer.object()


async def test_what_is_asked_ahead_of_a_change_was_surely_not_done_where_nobody_is_reached(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    route = wire.get(f"{URL}/jobs/7").mock(side_effect=httpx.ConnectError("refused"))
    with pytest.raises(Rejected, match="nothing was done there"):
        await forge.read("jobs/7", Asked("the job"), ahead=True)
    assert route.call_count == 3
    with pytest.raises(Unreachable):
        await forge.read("jobs/7", Asked("the job"))


async def test_an_empty_answer_is_no_page_whatever_it_is_called(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    kind = {"content-type": "text/html;charset=utf-8"}
    wire.post(f"{URL}/jobs").respond(201, headers={**kind, "location": f"{URL}/queue/7"})
    assert (await forge.change("POST", "jobs", Asked("the job"))).status == 201


async def test_a_refusal_that_is_hoped_for_may_be_a_page(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    wire.post(f"{URL}/jobs").respond(403, html="<p>No valid crumb</p>")
    answer = await forge.change("POST", "jobs", Asked("the job"), good=(201, 403))
    assert (answer.status, "crumb" in answer.text) == (403, True)


async def test_a_sign_in_page_in_place_of_an_answer_names_the_credential(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    page = httpx.Response(203, html="<!doctype html><title>Sign In</title>")
    reading = wire.get(f"{URL}/runs").mock(return_value=page)
    changing = wire.post(f"{URL}/runs").mock(return_value=page)
    for asking in (forge.read("runs", RUNS), forge.change("POST", "runs", RUNS)):
        with pytest.raises(Rejected, match=r"sign-in page.*integrations\.forge\.token_file"):
            await asking
    assert (reading.call_count, changing.call_count) == (1, 1)
    wire.get(f"{URL}/runs").respond(203, json={})
    with pytest.raises(Unreachable, match="HTTP 203"):
        await forge.read("runs", RUNS)


@pytest.mark.parametrize("status", [301, 308])
async def test_what_was_renamed_there_is_not_taken_for_a_sign_in_page(
    forge: Vendor, wire: respx.MockRouter, status: int
) -> None:
    wire.get(f"{URL}/runs").respond(status, headers={"location": f"{URL}/projects/81/runs"})
    with pytest.raises(Rejected, match=r"the runs of acme/portal under another name or address"):
        await forge.read("runs", RUNS)


async def test_a_refusal_may_be_what_is_hoped_for_from_reading(
    forge: Vendor, wire: respx.MockRouter
) -> None:
    wire.get(f"{URL}/runs").respond(401)
    assert (await forge.read("runs", RUNS, good=(200, 401))).status == 401
    with pytest.raises(Rejected):
        await forge.read("runs", RUNS)
